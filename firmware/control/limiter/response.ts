import type { MonoMs } from '#base/units.ts';
import type { GenerationTrack } from './generation.ts';

/** A change teaches only where the cap before it had time to act in full, and the plant was at rest. */
const QUIET_MS = 15_000;
/** Least fall of the output, as a fraction of WMax, that is worth timing. */
const STEP_FRACTION = 0.05;
/** The output has provably left where it was when it came down by that fraction of WMax, and that part of its way. */
const LEFT_FRACTION = 0.01;
const LEFT_PART = 0.04;
/** Of its way, where it was told to turn back before it was half way. */
const CERTAIN_PART = 0.25;
/** Changes remembered: an estimate is the worst of them, and wants two. */
const KEPT = 3;
const CONFIRMED = 2;
/** Nothing is believed for longer than a day, nor beyond these bounds. */
const FORGOTTEN_MS = 86_400_000;
const DEAD_MAX_MS = 12_000;
const LAG_MAX_MS = 20_000;
/** A reading is up to this much older or younger than the next change finds it. */
const DEAD_SLACK_MS = 300;
const DEAD_SLACK = 1.2;

/** From a cap that was confirmed until the output moves, milliseconds: not less, and not more. */
export interface DeadTime {
  readonly least: number;
  readonly most: number;
  /** Two changes showed it. Until then it may only lengthen what is assumed. */
  readonly isConfirmed: boolean;
}

interface Seen {
  readonly at: MonoMs;
  readonly low: number;
  readonly high: number;
}

/** A cut whose effect is being watched. */
interface Watched {
  readonly at: MonoMs;
  readonly from: number;
  readonly to: number;
  /** Newest reading that was still where the output had been. */
  readonly stoodAt: MonoMs;
  /** First reading that was not. */
  readonly left: { readonly at: MonoMs; readonly generation: number } | null;
  /** The cap was changed again before the output had moved: where it goes says nothing of the lag. */
  readonly isChanged: boolean;
}

/** How an inverter was seen to answer cuts: the newest of them, oldest first, and the one under way. */
export interface AnswerState {
  readonly watched: Watched | null;
  readonly deadTimes: readonly Seen[];
  readonly lags: readonly Seen[];
}

export const NOTHING_SEEN: AnswerState = { watched: null, deadTimes: [], lags: [] };

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

const another = (before: readonly Seen[], seen: Seen): readonly Seen[] =>
  [...before.filter(({ at }) => seen.at - at <= FORGOTTEN_MS), seen].slice(-KEPT);

/** From the cap until a reading, within what is believed. */
const since = ({ at }: Watched, until: MonoMs): number => clamp(until - at, 0, DEAD_MAX_MS);

/** The dead time of a cut that another cap followed, where the output had gone far enough for it to be no accident. */
const withLeft = (before: readonly Seen[], watched: Watched, output: number): readonly Seen[] => {
  const { from, to, stoodAt, left } = watched;
  if (left === null || from - output < CERTAIN_PART * (from - to)) return before;
  return another(before, { at: left.at, low: since(watched, stoodAt), high: since(watched, left.at) });
};

/** A new cap was confirmed while the output was `output`, and at rest if `isSteady`. */
export const withCut = (
  state: AnswerState,
  track: GenerationTrack,
  { output, to, isSteady }: { readonly output: number; readonly to: number; readonly isSteady: boolean },
  now: MonoMs,
): AnswerState => {
  const cuts = output - to > STEP_FRACTION * track.maxPower;
  const { watched } = state;
  // It leaves when the first of two cuts acts, however soon the second came.
  if (watched !== null && cuts && watched.left === null) return { ...state, watched: { ...watched, isChanged: true } };
  // An over-cut ends while the output is on its way: that it left is certain then, where it would have gone is not.
  if (watched !== null) return { ...state, watched: null, deadTimes: withLeft(state.deadTimes, watched, output) };
  const isQuiet = (track.left ?? []).every(({ at }) => at === now || now - at >= QUIET_MS);
  if (!cuts || !isSteady || !isQuiet) return state;
  return { ...state, watched: { at: now, from: output, to, stoodAt: now, left: null, isChanged: false } };
};

/** The lag from two readings on an exponential way; a fall between two readings took no longer than from one to the other. */
const lagSeen = ({ stoodAt, left, to }: Watched, at: MonoMs, generation: number, step: number): number => {
  if (left === null || left.at >= at) return (at - stoodAt) / 2;
  const rest = Math.max(generation - to, 0.02 * step);
  return (at - left.at) / Math.max(0.05, Math.log((left.generation - to) / rest));
};

/** A reading arrived, already in the track. */
export const withAnswer = (state: AnswerState, track: GenerationTrack): AnswerState => {
  const { watched } = state;
  const newest = track.readings.at(-1);
  if (watched === null || newest === undefined || newest.at <= watched.at) return state;
  const { at, generation } = newest;
  const step = watched.from - watched.to;
  const fell = watched.from - generation;
  if (watched.left === null && fell < Math.max(LEFT_FRACTION * track.maxPower, LEFT_PART * step)) {
    // It does not answer at all: that is for `follow`, no plant waits that long.
    return { ...state, watched: at - watched.at > DEAD_MAX_MS ? null : { ...watched, stoodAt: at } };
  }
  const moved = watched.left === null ? { ...watched, left: { at, generation } } : watched;
  if (fell < step / 2) return { ...state, watched: at - watched.at > 3 * DEAD_MAX_MS ? null : moved };
  const { left, stoodAt } = moved;
  const deadTimes = another(state.deadTimes, { at, low: since(watched, stoodAt), high: since(watched, left?.at ?? at) });
  if (watched.isChanged) return { ...state, watched: null, deadTimes };
  const lag = clamp(lagSeen(moved, at, generation, step), 0, LAG_MAX_MS);
  return { watched: null, deadTimes, lags: another(state.lags, { at, low: lag, high: lag }) };
};

/**
 * Dead time, null until a change showed one. The most grows with the change under way: an inverter that became slower is noticed
 * before it answers.
 */
export const deadTimeOf = ({ deadTimes, watched }: AnswerState): DeadTime | null => {
  const waited = watched === null || watched.left !== null ? 0 : watched.stoodAt - watched.at;
  if (deadTimes.length === 0 && waited === 0) return null;
  const most = clamp(DEAD_SLACK * Math.max(waited, ...deadTimes.map(({ high }) => high)) + DEAD_SLACK_MS, 0, DEAD_MAX_MS);
  const isConfirmed = deadTimes.length >= CONFIRMED;
  return { least: isConfirmed ? Math.min(...deadTimes.map(({ low }) => low)) : 0, most, isConfirmed };
};

/** The longest lag that was seen, milliseconds, as a first-order one; null until two changes showed it. */
export const lagOf = ({ lags }: AnswerState): number | null =>
  lags.length < CONFIRMED ? null : Math.max(...lags.map(({ high }) => high));
