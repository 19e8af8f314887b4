import type { Note } from '#base/ports.ts';
import { durationMs, type MonoMs, type UtilitySeconds, type WallSeconds } from '#base/units.ts';

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

/** An anchor that contradicts the line. */
interface Doubt extends ClockAnchor {
  /** When the first of the contradictions came that are not resolved yet. */
  readonly since: MonoMs;
}

/** The estimate of utility time (design D7). Immutable; the same object while nothing changed that is worth storing. */
export interface ClockState {
  readonly line: Line | null;
  /** An anchor that contradicts the line, waiting for a second one that says the same. */
  readonly doubtful: Doubt | null;
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
/**
 * So long after a boot nothing is settled on the word of a real-time clock alone: the utility may yet say what time it is. A site's modem
 * and northd are up within two minutes; an event that ended while the site was dark binds, and is answered, that much longer at most.
 */
export const RTC_GRACE = durationMs(120_000);
/** The same after an anchor that contradicts it, which a second one follows within seconds, or after a few attempts. */
export const RTC_DOUBT = durationMs(300_000);
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
 * True while only a real-time clock vouches for the time and the utility may yet be heard: then time ends nothing for good. One that lost
 * itself may be hours ahead, and what ended too early never comes back.
 */
export const isUnvouched = ({ line, doubtful }: ClockState, now: Instant): boolean => {
  if (line?.bootId !== now.bootId || line.source !== 'rtc') return false;
  return now.mono - line.mono < RTC_GRACE || (doubtful !== null && now.mono - doubtful.since < RTC_DOUBT);
};

/** The line of a boot that has none yet, by a plausible real-time clock; null: it is not. */
const carried = (state: ClockState, now: Instant): ClockState | null => {
  const estimate = byRtc(state.relation, now.wall);
  if (estimate === null) return null;
  const line: Line = { bootId: now.bootId, mono: now.mono, utility: utility(estimate), excess: 0, source: 'rtc' };
  return { ...state, line, doubtful: null };
};

/**
 * Called once at the start of the process. Same boot: the stored line goes on. Another boot: a real-time clock that is not before the
 * last stored time and not absurdly far ahead carries utility time over, and from here on the monotonic clock does.
 */
export const startClock = (stored: ClockState, now: Instant): ClockStep => {
  const isNew = stored.line === null && stored.relation === null;
  if (isNew || stored.line?.bootId === now.bootId) return { state: stored, notes: [] };
  const state = carried(stored, now);
  if (state === null) {
    const text = 'utility time is unknown after the reboot: the real-time clock is not plausible';
    return { state: { ...stored, line: null, doubtful: null }, notes: [{ event: 'clock-unknown', level: 'warn', text }] };
  }
  const text = 'utility time was carried over the reboot by the real-time clock';
  return { state, notes: [{ event: 'clock-from-rtc', level: 'info', text }] };
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
 * real-time clock) corrects it: forward at once, backward by running at half speed, but a real-time clock's lead is none of the utility's
 * time and is taken back at once: half speed would end events up to an hour early for two hours. One that differs by more is refused until a second, other one agrees with it; then the estimate steps.
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
  const excess = isAnchored ? Math.max(0, ahead) : 0;
  if (Math.abs(ahead) <= bound) return { state: accept(anchor, now, excess), notes: [] };
  const detail = { seconds: Math.round(-ahead) };
  if (state.doubtful !== null && agree(state.doubtful, anchor)) {
    const text = `utility time stepped by ${Math.round(-ahead)} s, confirmed by a second anchor`;
    return { state: accept(anchor, now, 0), notes: [{ event: 'clock-stepped', level: 'warn', text, detail }] };
  }
  const text = `clock anchor differs by ${Math.round(-ahead)} s: refused until a second one agrees`;
  const doubtful = { ...anchor, since: state.doubtful?.since ?? now.mono };
  return { state: { ...state, doubtful }, notes: [{ event: 'clock-anchor-doubtful', level: 'warn', text, detail }] };
};

/**
 * Called now and then (each tick will do): renews what the next boot will need. Returns the same object while there is nothing to
 * store: the relation is younger than ten minutes and the wall clock did not step.
 */
export const noteWall = (state: ClockState, now: Instant): ClockState => {
  // A real-time clock that is set only after the start: from here on this boot has its line too.
  if (state.line?.bootId !== now.bootId) return carried(state, now) ?? state;
  const exact = onLine(state.line, now.mono);
  const known = state.relation;
  if (known !== null) {
    const stepped = Math.abs(now.wall - known.wall - (exact - known.utility)) > WALL_STEP_SECONDS;
    if (!stepped && exact - known.utility < RELATION_AGE_SECONDS) return state;
  }
  return { ...state, relation: { wall: now.wall, utility: utility(exact) } };
};
