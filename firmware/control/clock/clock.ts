import type { Note } from '#base/ports.ts';
import type { MonoMs, UtilitySeconds, WallSeconds } from '#base/units.ts';

/** The relation of the monotonic clock to utility time as northd measures it; the link's message of this name has this shape. */
export interface ClockAnchor {
  readonly bootId: string;
  readonly mono: MonoMs;
  readonly utility: UtilitySeconds;
  /** Uncertainty, seconds. */
  readonly error: number;
}

/** One reading of this machine's clocks. */
export interface Instant {
  readonly bootId: string;
  readonly mono: MonoMs;
  readonly wall: WallSeconds;
}

/** Utility time as a function of the monotonic clock of one boot: `utility` at `mono`, then second for second, less `excess` worked off at half speed. */
interface Line {
  readonly bootId: string;
  readonly mono: MonoMs;
  readonly utility: UtilitySeconds;
  /** Seconds we were ahead at `mono`, >= 0: time runs at half speed until they are gone, never backwards (ieee2030_5 3.3). */
  readonly excess: number;
  /** `rtc`: taken over a reboot by the real-time clock, not yet confirmed by the utility. */
  readonly source: 'anchor' | 'rtc';
}

/** What wall clock and utility time read together; carries utility time over a reboot. */
interface Relation {
  readonly wall: WallSeconds;
  readonly utility: UtilitySeconds;
}

/** The estimate of utility time (design D7). Immutable; the same object while nothing changed that is worth storing. */
export interface ClockState {
  readonly line: Line | null;
  /** An anchor that contradicts the line, waiting for a second one that says the same. */
  readonly doubtful: ClockAnchor | null;
  readonly relation: Relation | null;
}

export interface ClockStep {
  readonly state: ClockState;
  readonly notes: readonly Note[];
}

/** Contradictions up to this are corrected at once (forward) or worked off (backward); beyond, a second anchor must agree. ieee2030_5 3.3. */
export const JUMP_SECONDS = 60;
/** The same while the estimate rests on a real-time clock, which drifts while the site is dark. */
export const RTC_JUMP_SECONDS = 3600;
/** Two anchors agree when they differ by no more than this and their uncertainties. */
export const AGREE_SECONDS = 5;
/** The relation to the wall clock is renewed this often, and at once when the wall clock stepped. */
export const RELATION_AGE_SECONDS = 600;
export const WALL_STEP_SECONDS = 2;
/** A real-time clock further ahead of the last stored time than this is not believed: no site is dark that long, but clocks do lose themselves. */
export const RTC_AHEAD_SECONDS = 31 * 86_400;
/** For so long after a boot, or after an anchor that contradicts it, the real-time clock alone ends nothing: the server is about to be heard. */
export const RTC_TRIAL_SECONDS = 90;
/** An anchor that claims to be less certain than this says nothing. */
const ANCHOR_ERROR_MAX = 60;
/** An anchor less certain than this does not move an estimate that it bears out: one slow answer would spoil a good clock. */
export const COARSE_SECONDS = 3;

export const unknownClock = (): ClockState => ({ line: null, doubtful: null, relation: null });

const utility = (value: number): UtilitySeconds => value as UtilitySeconds;

const onLine = (line: Line, mono: MonoMs): number => {
  const since = (mono - line.mono) / 1000;
  const workedOff = Math.min(line.excess, Math.max(0, since) / 2);
  return line.utility + since - workedOff;
};

const byRtc = (relation: Relation | null, wall: WallSeconds): number | null => {
  if (relation === null) return null;
  const since = wall - relation.wall;
  return since >= 0 && since <= RTC_AHEAD_SECONDS ? relation.utility + since : null;
};

/** Utility time with fractions of a second, for measuring; null: unknown. Of this boot's line, else by a plausible real-time clock. */
export const utilityExact = (state: ClockState, now: Instant): number | null => {
  if (state.line?.bootId === now.bootId) return onLine(state.line, now.mono);
  return byRtc(state.relation, now.wall);
};

/** Utility time in whole seconds (TimeType), for schedules; null: unknown. The wall clock plays no part once this boot has its line. */
export const utilityNow = (state: ClockState, mono: MonoMs, bootId: string, wall: WallSeconds): UtilitySeconds | null => {
  const exact = utilityExact(state, { bootId, mono, wall });
  return exact === null ? null : utility(Math.floor(exact));
};

/** Where the estimate comes from; for views and for the doctor. */
export const clockSource = (state: ClockState, now: Instant): 'anchor' | 'rtc' | 'unknown' => {
  if (state.line?.bootId === now.bootId) return state.line.source;
  return byRtc(state.relation, now.wall) === null ? 'unknown' : 'rtc';
};

/**
 * Whether schedules may go on by the estimate. Not while it rests on a real-time clock that has only just carried it over a reboot: one
 * that lost itself by hours would end every event that runs, for good, seconds before the server sets it right.
 */
export const isVouched = (state: ClockState, now: Instant): boolean => {
  const { line, doubtful } = state;
  if (line === null || line.bootId !== now.bootId || line.source === 'anchor') return true;
  const since = (mono: MonoMs): number => (now.mono - mono) / 1000;
  return since(line.mono) >= RTC_TRIAL_SECONDS && (doubtful === null || since(doubtful.mono) >= RTC_TRIAL_SECONDS);
};

/**
 * Called once at the start of the process. Same boot: the stored line goes on. Another boot: a real-time clock that is not before the
 * last stored time and not absurdly far ahead carries utility time over, and from here on the monotonic clock does.
 */
export const startClock = (stored: ClockState, now: Instant): ClockStep => {
  if (stored.line === null || stored.line.bootId === now.bootId) return { state: stored, notes: [] };
  const estimate = byRtc(stored.relation, now.wall);
  if (estimate === null) {
    const text = 'utility time is unknown after the reboot: the real-time clock is not plausible';
    return { state: { ...stored, line: null, doubtful: null }, notes: [{ event: 'clock-unknown', level: 'warn', text }] };
  }
  const line: Line = { bootId: now.bootId, mono: now.mono, utility: utility(estimate), excess: 0, source: 'rtc' };
  const text = 'utility time was carried over the reboot by the real-time clock';
  return { state: { ...stored, line, doubtful: null }, notes: [{ event: 'clock-from-rtc', level: 'info', text }] };
};

const agree = (a: ClockAnchor, b: ClockAnchor): boolean => {
  const difference = b.utility - a.utility - (b.mono - a.mono) / 1000;
  return a.mono !== b.mono && Math.abs(difference) <= AGREE_SECONDS + a.error + b.error;
};

const refusal = (anchor: ClockAnchor, now: Instant): string | null => {
  if (anchor.bootId !== now.bootId) return 'it is of another boot';
  if (!Number.isFinite(anchor.mono) || !Number.isFinite(anchor.utility)) return 'it is not a number';
  if (!(anchor.error >= 0 && anchor.error <= ANCHOR_ERROR_MAX)) return `it is uncertain by ${anchor.error} s`;
  return anchor.mono > now.mono ? 'it lies ahead of the monotonic clock' : null;
};

const accept = (anchor: ClockAnchor, now: Instant, excess: number): ClockState => {
  const exact = anchor.utility + (now.mono - anchor.mono) / 1000;
  const line: Line = {
    bootId: anchor.bootId,
    mono: now.mono,
    utility: utility(exact + excess),
    excess,
    source: 'anchor',
  };
  return { line, doubtful: null, relation: { wall: now.wall, utility: utility(exact) } };
};

/**
 * A new anchor. The first of all is taken. One that differs from the estimate by up to 60 s (an hour, while that rests on the
 * real-time clock) corrects it: forward at once, backward by running at half speed. One that differs by more is refused until a second, other one agrees with it; then the estimate steps.
 */
export const applyAnchor = (state: ClockState, anchor: ClockAnchor, now: Instant): ClockStep => {
  const wrong = refusal(anchor, now);
  if (wrong !== null) {
    return { state, notes: [{ event: 'clock-anchor-refused', level: 'warn', text: `clock anchor refused: ${wrong}` }] };
  }
  const estimate = utilityExact(state, now);
  if (estimate === null) {
    return {
      state: accept(anchor, now, 0),
      notes: [{ event: 'clock-set', level: 'info', text: 'utility time is known' }],
    };
  }
  const ahead = estimate - (anchor.utility + (now.mono - anchor.mono) / 1000);
  const isAnchored = clockSource(state, now) === 'anchor';
  if (isAnchored && anchor.error > COARSE_SECONDS && Math.abs(ahead) <= anchor.error) return { state, notes: [] };
  const bound = isAnchored ? JUMP_SECONDS : RTC_JUMP_SECONDS;
  if (Math.abs(ahead) <= bound) return { state: accept(anchor, now, Math.max(0, ahead)), notes: [] };
  const detail = { seconds: Math.round(-ahead) };
  if (state.doubtful !== null && agree(state.doubtful, anchor)) {
    const text = `utility time stepped by ${Math.round(-ahead)} s, confirmed by a second anchor`;
    return { state: accept(anchor, now, 0), notes: [{ event: 'clock-stepped', level: 'warn', text, detail }] };
  }
  const text = `clock anchor differs by ${Math.round(-ahead)} s: refused until a second one agrees`;
  return { state: { ...state, doubtful: anchor }, notes: [{ event: 'clock-anchor-doubtful', level: 'warn', text, detail }] };
};

/**
 * Called now and then (each tick will do): renews what the next boot will need. Returns the same object while there is nothing to
 * store: the relation is younger than ten minutes and the wall clock did not step.
 */
export const noteWall = (state: ClockState, now: Instant): ClockState => {
  if (state.line?.bootId !== now.bootId) return state;
  const exact = onLine(state.line, now.mono);
  const known = state.relation;
  if (known !== null) {
    const stepped = Math.abs(now.wall - known.wall - (exact - known.utility)) > WALL_STEP_SECONDS;
    if (!stepped && exact - known.utility < RELATION_AGE_SECONDS) return state;
  }
  return { ...state, relation: { wall: now.wall, utility: utility(exact) } };
};
