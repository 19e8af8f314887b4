import type { MonoMs } from '#base/units.ts';
import { capsWithin, type GenerationTrack, latestGeneration, longestDead, slope } from './generation.ts';
import { excessAfter } from './excess.ts';
import { quantumOf, type Stand, withStand } from './quantum.ts';
import { type AnswerState, type DeadTime, deadTimeOf, lagOf, NOTHING_SEEN, withAnswer, withCut } from './response.ts';

/** The trim may correct an inverter or a reading by ten per cent, never more (design D6). */
export const GAIN_MIN = 0.9;
export const GAIN_MAX = 1.1;
/** Ratios further out are no gain error: the plant has not moved yet, or the sun limits it. */
const PLAUSIBLE = 0.13;
const LEARN_DOWN = 0.6;
const LEARN_UP = 0.25;
/** Of an inverter that does not tell that it throttles: less than asked at three caps in a row is its gain, not the sun. */
const LEARN_UP_UNTOLD = 0.1;
const UNTOLD_CHANGES = 2;
/** A gain that no second cap has shown is given up by as much with each settled reading that denies it: a tenth in some minutes. */
const GIVE_UP = 0.0004;
/** As far below one a gain is learned from a single cap. */
const UNSHOWN_LEAST = 0.97;
/** Ratios this near are one. */
const SAME_RATIO = 0.012;
/** Caps this part of the larger apart are two: an output that stands still has two ratios at them. */
const OTHER_CAP = 0.04;
/** An output that went by no more than this part of what its cap did stood still. */
const STOOD_PART = 0.25;
/** So long an output must have rested under a cap. */
const DENIED_AFTER_MS = 5000;
const SETTLE_MIN_MS = 2500;
const SETTLE_MAX_MS = 30_000;
/** A change is over after its dead time and so many lags, and it may be slower by so much than any before. */
const LAGS = 4;
const SLOWER_MS = 1000;

/** A ratio of output to cap that was seen at rest, and how often the cap changed since without it. */
export interface RestingRatio {
  readonly ratio: number;
  /** The last of these caps, watts. */
  readonly cap: number;
  readonly changes: number;
  /** The cap under which the output began to stand as it does, watts. Absent: this one, or in a tape of an earlier release. */
  readonly since?: number;
}

/**
 * What the inverter delivers per watt of cap, learned while the cap binds and the output is settled; and how long it takes to
 * settle. Dividing by it removes the inverter's gain error and a disagreement of its reading with the meter alike.
 */
export interface GainState {
  readonly gain: number;
  /** Time a cap change takes to show in full; learned, bounded. */
  readonly settleMs: number;
  /** A cap change whose effect is being timed. */
  readonly timing: { readonly at: MonoMs; readonly from: number; readonly to: number } | null;
  readonly learnedAt: MonoMs | null;
  /** The newest ratio at rest. Absent: none, or in a tape of an earlier release. */
  readonly rest?: RestingRatio;
  /** What two caps have shown of it, or less: the output went with them. Absent: nothing. */
  readonly shown?: number;
  /** The cuts that it was seen to answer, and what follows of them once confirmed. Absent: in a tape of an earlier release. */
  readonly answers?: AnswerState;
  readonly deadTime?: DeadTime | null;
  readonly lagMs?: number | null;
  /** Where it stood under the newest caps, and the step that follows of them, watts. Absent: in a tape of an earlier release. */
  readonly stands?: readonly Stand[];
  readonly quantum?: number | null;
  /** What it delivers at rest above what the gain makes of its cap, where no gain explains it, watts. Absent: nothing. */
  readonly excess?: number;
}

export const UNTRIMMED: GainState = { gain: 1, settleMs: 5000, timing: null, learnedAt: null };

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

const withAnswers = (state: GainState, answers: AnswerState): GainState =>
  answers === state.answers ? state : { ...state, answers, deadTime: deadTimeOf(answers), lagMs: lagOf(answers) };

/** A new cap was confirmed: starts timing the plant when the step is worth it. */
export const withCapChange = (before: GainState, track: GenerationTrack, from: number, to: number, now: MonoMs): GainState => {
  const output = track.readings.at(-1)?.generation;
  if (output === undefined || Math.abs(to - from) < 0.01 * track.maxPower) return before;
  const cut = { output, to: to * before.gain, isSteady: isSteady(track) };
  const state = withAnswers(before, withCut(before.answers ?? NOTHING_SEEN, track, cut, now));
  // On its way from an earlier cap it would be there too soon.
  const worth = output - to > 0.05 * track.maxPower && cut.isSteady;
  return { ...state, timing: worth ? { at: now, from: output, to } : null };
};

const timed = (state: GainState, track: GenerationTrack): GainState => {
  const newest = track.readings.at(-1);
  if (state.timing === null || newest === undefined || newest.at < state.timing.at) return state;
  const done = (state.timing.from - newest.generation) / (state.timing.from - state.timing.to);
  if (done < 0.5) return state;
  // Half the way takes dead time + 0.7 lags, or half the slew: two and a half times that is all of it.
  const took = 2.5 * (newest.at - state.timing.at);
  const settleMs = clamp(Math.max(took, 0.9 * state.settleMs), SETTLE_MIN_MS, SETTLE_MAX_MS);
  return { ...state, settleMs, timing: null };
};

/** One that did not answer once takes long once: dead time and lag, once they are confirmed, say what it takes at most. */
const bounded = (state: GainState): GainState => {
  const { deadTime, lagMs, settleMs } = state;
  if (deadTime?.isConfirmed !== true || lagMs === undefined || lagMs === null) return state;
  const most = clamp(deadTime.most + LAGS * lagMs + SLOWER_MS, SETTLE_MIN_MS, SETTLE_MAX_MS);
  return settleMs <= most ? state : { ...state, settleMs: most };
};

/** An output at rest stays within this fraction of WMax. */
const STEADY_FRACTION = 0.004;

/** True when the newest readings (at least three, over at least 600 ms) stay within `fraction` of WMax. */
export const isSteady = (track: GenerationTrack, fraction = STEADY_FRACTION): boolean => {
  const newest = track.readings.at(-1);
  if (newest === undefined) return false;
  const recent = track.readings.filter((reading) => newest.at - reading.at <= Math.max(2500, 2.5 * (track.pollMs ?? 0)));
  const first = recent[0];
  if (first === undefined || recent.length < 3 || newest.at - first.at < 600) return false;
  return recent.every((reading) => Math.abs(reading.generation - newest.generation) <= fraction * track.maxPower);
};

const isOtherCap = (cap: number, than: number): boolean => Math.abs(cap - than) >= OTHER_CAP * Math.max(cap, than);

const resting = (rest: RestingRatio | undefined, ratio: number, cap: number, maxPower: number): RestingRatio => {
  if (rest === undefined) return { ratio, cap, changes: 0 };
  if (Math.abs(ratio - rest.ratio) <= SAME_RATIO)
    return isOtherCap(cap, rest.cap) ? { ratio: rest.ratio, cap, changes: rest.changes + 1 } : rest;
  const went = Math.abs(ratio * cap - rest.ratio * rest.cap);
  const stood = went <= Math.max(STOOD_PART * Math.abs(cap - rest.cap), STEADY_FRACTION * maxPower);
  return { ratio, cap, changes: 0, since: stood ? (rest.since ?? rest.cap) : cap };
};

/**
 * Less than asked by an output that stands where another cap had left it is an inverter that ignores its caps, whatever state it tells:
 * a gain learned of it would raise the next cap beyond the limit, to be obeyed one day.
 */
const isIgnored = ({ ratio, cap, since = cap }: RestingRatio, { gain }: GainState): boolean =>
  ratio < gain && isOtherCap(cap, since);

/**
 * More than asked is learned at once: it may break the limit. So is it from an inverter that stood still while its cap came down; what
 * no second cap has shown is therefore given up again. Less than asked may be the sun, unless the inverter says that it throttles, or
 * went with its cap.
 */
const gainAfter = ({ gain, shown = 1 }: GainState, ratio: number, rest: RestingRatio, tells: boolean): number => {
  if (ratio > gain) return gain + LEARN_DOWN * (ratio - gain);
  // One that stands still and calls it throttling has no such gain: another cap has to show it.
  const told = rest.changes > 0 ? ratio : Math.max(ratio, Math.min(gain, UNSHOWN_LEAST));
  if (tells) return gain + LEARN_UP * (told - gain);
  const least = Math.min(gain, Math.max(1, ratio));
  if (rest.changes >= UNTOLD_CHANGES) return gain + LEARN_UP_UNTOLD * (least - gain);
  return Math.min(gain, Math.max(least, shown, gain - GIVE_UP));
};

/** Output per watt of cap; null where it says nothing of the gain. A small change of cap disturbs nobody, yet it is followed late. */
const ratioOf = (
  { gain, settleMs, deadTime }: GainState,
  track: GenerationTrack,
  output: number,
  { now, restedMs }: { readonly now: MonoMs; readonly restedMs: number },
): number | null => {
  // Held against the new cap alone, each small cut would ask for another.
  const settled = restedMs > settleMs;
  const acting = capsWithin(track, now, settled ? Math.max(settleMs, deadTime?.most ?? 0) : restedMs - 1);
  if (acting === null) return null;
  const delivers = output / Math.max(...acting) > gain;
  if (!delivers && !settled) return null;
  const ratio = output / (delivers ? Math.max(...acting) : Math.min(...acting));
  // No output under a cap of none is no ratio at all.
  const isRatio = Number.isFinite(ratio) && Math.abs(ratio - 1) <= PLAUSIBLE;
  return !isRatio || (!delivers && ratio > gain) ? null : ratio;
};

/** A new cap is worth a look at the steps; more readings under one are not. */
const stepped = (
  { stands = [], quantum = null }: GainState,
  stand: Stand,
  { maxPower }: GenerationTrack,
): Pick<GainState, 'stands' | 'quantum'> => {
  if (stands.at(-1)?.cap === stand.cap) return {};
  const seen = withStand(stands, stand, maxPower);
  return { stands: seen, quantum: quantumOf(seen, maxPower, quantum) };
};

/**
 * An output above what the gain says, and not on its way down, denies a gain below 1, however long the plant is thought to take and
 * though it still goes up with the sun: it was learned from an inverter that stood still under other caps, and each cap divided by it
 * breaks the limit. Never above 1, so that nothing wedges.
 */
const denied = (state: GainState, track: GenerationTrack, output: number, now: MonoMs): GainState | null => {
  if (state.gain >= 1 || now - (track.disturbedAt ?? now) < DENIED_AFTER_MS || slope(track) < 0) return null;
  const acting = capsWithin(track, now, DENIED_AFTER_MS);
  const ratio = acting === null ? 0 : output / Math.max(...acting);
  if (ratio <= state.gain + SAME_RATIO || ratio > 1 + PLAUSIBLE) return null;
  const gain = Math.min(ratio, 1);
  return { ...state, gain, shown: gain };
};

/** An output that moves by less than this fraction of WMax in some seconds has come to the end of the slowest lag. */
const STILL_FRACTION = 0.001;

/**
 * For how long the output has been at rest under its cap, milliseconds; null: it is not. One that does not move at all after its dead time
 * has arrived, however long the plant is thought to take: it was once given up for slow because it ignored a cap.
 */
const restedFor = (state: GainState, track: GenerationTrack, now: MonoMs): number | null => {
  const since = now - (track.disturbedAt ?? -Infinity);
  if (since > state.settleMs) return isSteady(track) ? since : null;
  return since > Math.max(DENIED_AFTER_MS, longestDead(state)) && isSteady(track, STILL_FRACTION) ? since : null;
};

/** A cap too small to divide by, fraction of WMax. */
const LEAST_CAP_FRACTION = 0.03;

/** What a reading teaches of the gain; null: nothing. */
const withTrim = (
  state: GainState,
  track: GenerationTrack,
  { cap, output, restedMs }: Stand & { readonly restedMs: number | null },
  now: MonoMs,
): GainState | null => {
  const ratio = restedMs === null ? null : ratioOf(state, track, output, { now, restedMs });
  if (ratio === null) return denied(state, track, output, now);
  const learnedAt = track.readings.at(-1)?.at ?? null;
  const rest = resting(state.rest, ratio, cap, track.maxPower);
  if (isIgnored(rest, state)) return { ...state, learnedAt, rest };
  const learned = gainAfter(state, ratio, rest, track.state === 'throttled');
  const gain = clamp(learned, GAIN_MIN, GAIN_MAX);
  const isShown = rest.changes > 0 && Math.abs(gain - rest.ratio) <= SAME_RATIO;
  const shown = isShown ? gain : Math.min(gain, state.shown ?? 1);
  return { ...state, gain, learnedAt, rest, shown, ...stepped(state, { cap, output }, track) };
};

/** What is left above the cap where the trim says nothing, or can no more. */
const withExcess = (state: GainState, { maxPower }: GenerationTrack, seen: Stand, isTrimmed: boolean): GainState => {
  const { gain, excess: before = 0 } = state;
  const excess = isTrimmed && gain < GAIN_MAX ? 0 : excessAfter(before, { ...seen, gain, maxPower });
  return excess === before ? state : { ...state, excess };
};

/** A reading arrived: learns the gain when the cap binds and everything has settled. */
export const withSettledReading = (before: GainState, track: GenerationTrack, now: MonoMs): GainState => {
  const cap = track.heldCap;
  // One that lost its cap may have been restarted, or replaced: how it answers is learned anew.
  const answers = cap === null ? NOTHING_SEEN : withAnswer(before.answers ?? NOTHING_SEEN, track);
  const state = bounded(withAnswers(timed(before, track), answers));
  const newest = track.readings.at(-1);
  if (newest === undefined || cap === null || state.learnedAt === newest.at) return state;
  const seen = { cap, output: newest.generation, restedMs: restedFor(state, track, now) };
  const trimmed = cap < LEAST_CAP_FRACTION * track.maxPower ? null : withTrim(state, track, seen, now);
  return seen.restedMs !== null ? withExcess(trimmed ?? state, track, seen, trimmed !== null) : (trimmed ?? state);
};

/** What an output may be above what the gain makes of its cap, fraction of WMax. */
const STANDS_FRACTION = 0.005;

/**
 * It delivers more than the trim makes of its cap, and no cap of its own mends it: the output stood where an earlier cap had left it,
 * or is further off than the trim may go. Too near its cap for `follow`, yet the site is over its limit by so much for as long.
 */
export const standsAbove = ({ gain, rest }: GainState, track: GenerationTrack, now: MonoMs): boolean => {
  if (rest === undefined || track.heldCap === null) return false;
  if (gain < GAIN_MAX && !isOtherCap(rest.cap, rest.since ?? rest.cap)) return false;
  const output = latestGeneration(track, now);
  return output !== null && output > gain * track.heldCap + STANDS_FRACTION * track.maxPower;
};
