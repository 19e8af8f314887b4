import { durationMs, type MonoMs, monoMs, seconds, type Watts } from '#base/units.ts';

/** An excursion longer than this is counted (G100 Issue 2: stage 2). */
const COUNTED_AFTER = seconds(15);
/** One this long locks the site out by itself (stage 3). */
const LOCKED_AFTER = seconds(60);
const SOON = seconds(600);
const SOON_MAX = 2;
const DAY = seconds(24 * 3600);
/** The sources differ between three and more than three a day: the stricter one is taken. */
const DAY_MAX = 3;
/** A site that is not domestic comes back by itself after four hours. */
const SELF_RESET_AFTER = seconds(4 * 3600);
const MONTH = seconds(30 * 24 * 3600);
/** A domestic user may reset fewer times than this in 30 days; then the installer must come. */
const USER_RESETS_MAX = 3;
/** Meter noise is no excursion: the lower of 4 % of the limit and 100 W (the laboratories' allowance). */
const BAND_FRACTION = 0.04;
const BAND_MAX_W = 100;

/** Who lives with the scheme decides who may lift its lock-out (UK ENA G100 Issue 2). */
export type SchemeClass = 'domestic' | 'non-domestic';

/** A limitation scheme of G100 class, of the export and where there is a limit of the import. */
export interface Scheme {
  /** Maximum export limit of the connection agreement. */
  readonly maxExport: Watts;
  /** Maximum import limit of the agreement; absent or null: none. */
  readonly maxImport?: Watts | null;
  readonly kind: SchemeClass;
}

/** Excursions and lock-outs of the export, oldest first; bounded by the rules themselves. */
export interface LockoutState extends SideState {
  /** Those of the import, by the same rules; absent: none yet. */
  readonly importing?: SideState;
}

/** One direction of the flow. */
export interface SideState {
  /** Since when the flow is beyond the limit; null: it is not. */
  readonly since: MonoMs | null;
  /** The present excursion was counted. */
  readonly counted: boolean;
  readonly excursions: readonly MonoMs[];
  readonly lockedAt: MonoMs | null;
  /** Lock-outs of the last 30 days. */
  readonly lockouts: readonly MonoMs[];
}

export const NOT_LOCKED: LockoutState = { since: null, counted: false, excursions: [], lockedAt: null, lockouts: [] };

const within = (instants: readonly MonoMs[], span: number, now: MonoMs): readonly MonoMs[] =>
  instants.filter((at) => now - at < span);

const lock = <S extends SideState>(state: S, now: MonoMs): S => ({
  ...state,
  since: null,
  counted: false,
  excursions: [],
  lockedAt: now,
  lockouts: [...within(state.lockouts, MONTH, now), now],
});

/** A flow beyond its limit, by more than a meter's noise. */
export const isBeyond = (limit: Watts, flow: number): boolean => flow > limit + Math.min(BAND_MAX_W, BAND_FRACTION * limit);

/** `isOver` null: blind; an excursion seen before goes on, for nobody saw it end. */
const watchSide = <S extends SideState>(state: S, kind: SchemeClass, isOver: boolean | null, now: MonoMs): S => {
  if (state.lockedAt !== null) {
    const over = kind === 'non-domestic' && now - state.lockedAt >= SELF_RESET_AFTER;
    return over ? { ...state, lockedAt: null } : state;
  }
  const beyond = isOver ?? state.since !== null;
  if (!beyond) return state.since === null ? state : { ...state, since: null, counted: false };
  const since = state.since ?? now;
  const lasted = now - since;
  if (lasted > LOCKED_AFTER) return lock(state, now);
  if (lasted <= COUNTED_AFTER || state.counted) return state.since === null ? { ...state, since } : state;
  const excursions = [...within(state.excursions, DAY, now), now];
  const often = excursions.length >= DAY_MAX || within(excursions, SOON, now).length >= SOON_MAX;
  return often ? lock(state, now) : { ...state, since, counted: true, excursions };
};

/** One look at the connection point; `netImport` null: blind. The state is the same object while nothing changed. */
export const watchFlow = (state: LockoutState, scheme: Scheme, netImport: Watts | null, now: MonoMs): LockoutState => {
  const { maxExport, maxImport = null, kind } = scheme;
  const exporting = watchSide(state, kind, netImport === null ? null : isBeyond(maxExport, 0 - netImport), now);
  if (maxImport === null) return exporting;
  const before = state.importing ?? NOT_LOCKED;
  const importing = watchSide(before, kind, netImport === null ? null : isBeyond(maxImport, netImport), now);
  return importing === before ? exporting : { ...exporting, importing };
};

/** Lifts a lock-out; null: this person may not (a domestic user too often, or a user of another site). */
export const resetLockout = (
  state: LockoutState,
  scheme: Scheme,
  who: 'user' | 'installer',
  now: MonoMs,
): LockoutState | null => {
  if (who === 'installer') return NOT_LOCKED;
  const { importing = NOT_LOCKED } = state;
  const lockouts = within([...state.lockouts, ...importing.lockouts], MONTH, now);
  if (scheme.kind !== 'domestic' || lockouts.length >= USER_RESETS_MAX) return null;
  const lifted = { ...state, lockedAt: null };
  return state.importing === undefined ? lifted : { ...lifted, importing: { ...importing, lockedAt: null } };
};

/** Ages instead of instants, milliseconds: monotonic time begins anew at each boot. */
export interface StoredLockout extends StoredSide {
  /** Absent: written by a release that knew none, or none yet. */
  readonly importing?: StoredSide;
}

export interface StoredSide {
  readonly excursions: readonly number[];
  readonly locked: number | null;
  readonly lockouts: readonly number[];
}

const storeSide = (state: SideState, now: MonoMs): StoredSide => ({
  excursions: within(state.excursions, DAY, now).map((at) => now - at),
  locked: state.lockedAt === null ? null : now - state.lockedAt,
  lockouts: within(state.lockouts, MONTH, now).map((at) => now - at),
});

export const storeLockout = (state: LockoutState, now: MonoMs): StoredLockout => ({
  ...storeSide(state, now),
  ...(state.importing === undefined ? {} : { importing: storeSide(state.importing, now) }),
});

/** Time without power does not count: a lock-out lasts longer, never shorter, for a power cut. */
export const restoreLockout = (stored: StoredLockout, now: MonoMs): LockoutState => ({
  ...restoreSide(stored, now),
  ...(stored.importing === undefined ? {} : { importing: restoreSide(stored.importing, now) }),
});

const restoreSide = (stored: StoredSide, now: MonoMs): SideState => {
  const ago = (age: number): MonoMs => monoMs(now - durationMs(age));
  return {
    since: null,
    counted: false,
    excursions: stored.excursions.map(ago),
    lockedAt: stored.locked === null ? null : ago(stored.locked),
    lockouts: stored.lockouts.map(ago),
  };
};
