import { type DurationMs, type MonoMs, monoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { InverterSample, InverterState } from '#site/sample.ts';
import type { DeadTime } from './response.ts';

/** Readings kept per inverter: six seconds of the fastest polling, with some to spare. */
const READINGS_MAX = 24;
const READINGS_SPAN_MS = 8000;
const READINGS_SPANNED = 4;
/** A reading this old no longer says what the inverter does, or one older than two turns of the line. */
const READING_STALE_MS = 3000;
const USUAL_POLL_MS = 1000;
/** How old an inverter's registers commonly are when they are read. */
const REGISTER_AGE_MS = 100;
/** And how old those of a slow one may be. */
const RENEWED_MS = 1000;
/** A raise of less, a fraction of WMax, makes them miss no more than noise does. */
const RISE = 0.03;
/** A write is read back within this time, or within two turns of a crowded line, or it was lost and is repeated. */
const IN_FLIGHT_MS = 1500;
/** A reading this shortly after an instant still speaks for it. */
const KNOWN_BEFORE_MS = 50;
/** Where no dead time is confirmed: half the way of a change takes it and more, so a cap left longer ago than that acts no more. */
const DEAD_PART = 0.4;
/** A dead time shorter than that is not worth foreseeing. */
const SHORT_DEAD_MS = 500;
/** A longer one cannot come from slow polling alone. */
const LONG_DEAD_MS = 2000;
/** Readings closer than that follow a jump. */
const FAST_POLL_MS = 600;
/** An output this far from its cap, a fraction of WMax, has yet to move. */
const MOVED = 0.015;
/** A cut may still show this late, whatever the plant took before: it may have become slower. */
const ANSWERED_MS = 15_000;
/** Caps remembered that were held before: with a dead time they go on acting. */
const LEFT_MAX = 6;
/** Cap changes below this fraction of WMax do not count as a disturbance of the plant. */
const DISTURBANCE_FRACTION = 0.004;

export interface GenerationReading {
  readonly at: MonoMs;
  readonly generation: Watts;
}

/** How an inverter was seen to answer a cap. */
export interface Response {
  /** Delivered for each watt of cap, 0.9 to 1.1. */
  readonly gain: number;
  /** Time a cap change takes to show in full. */
  readonly settleMs: number;
  /** From a cap until the output moves, once it was seen. */
  readonly deadTime?: DeadTime | null;
  /** As of a first-order lag, once it is confirmed. */
  readonly lagMs?: number | null;
}

/** What is known of one inverter's output over the last seconds, and of the cap it was last given. */
export interface GenerationTrack {
  readonly device: DeviceId;
  /** WMax of the inverter, the base of its cap. */
  readonly maxPower: Watts;
  /** Between two of its readings while nothing happens, milliseconds: more on a line with many inverters. Absent: a second. */
  readonly pollMs?: number;
  /** Oldest first, strictly increasing `at`. */
  readonly readings: readonly GenerationReading[];
  readonly state: InverterState;
  /** The cap that provably holds (written and read back), null while none does. */
  readonly heldCap: Watts | null;
  /** When the held cap last changed by more than 0.4 per cent of WMax. */
  readonly disturbedAt: MonoMs | null;
  /** When `heldCap` was last confirmed at a new value. */
  readonly heldSince: MonoMs | null;
  /** Caps held before, oldest first, and when each was left; none where there was no cap. Absent: in a tape of an earlier release. */
  readonly left?: readonly { readonly cap: Watts; readonly at: MonoMs }[];
  /** When a cap that provably held was found gone though nobody here asked for another; the newest two. Absent: never. */
  readonly lostAt?: readonly MonoMs[];
  /** A cap on its way to the inverter: it may act before it is read back. */
  readonly asked: {
    readonly cap: Watts;
    readonly at: MonoMs;
    /** Of all that was asked since a cap was last proven: each of them may be the one that acts. */
    readonly lowest: Watts;
    readonly highest: Watts;
  } | null;
}

export const newTrack = (device: DeviceId, maxPower: Watts, pollMs = USUAL_POLL_MS): GenerationTrack => ({
  device,
  maxPower,
  pollMs,
  readings: [],
  state: 'unknown',
  heldCap: null,
  disturbedAt: null,
  heldSince: null,
  asked: null,
});

/** How long its readings speak for it, milliseconds. */
export const staleAfter = ({ pollMs = USUAL_POLL_MS }: GenerationTrack): number => Math.max(READING_STALE_MS, 2 * pollMs);

/** Adds a reading; one that is older than the newest, or without a power, changes nothing but the state. */
export const withReading = (track: GenerationTrack, sample: InverterSample): GenerationTrack => {
  const newest = track.readings.at(-1);
  if (newest !== undefined && sample.takenAt <= newest.at) return track;
  if (sample.generation === null) return { ...track, state: sample.state };
  const span = Math.max(READINGS_SPAN_MS, READINGS_SPANNED * (track.pollMs ?? USUAL_POLL_MS));
  const kept = track.readings.filter((reading) => sample.takenAt - reading.at <= span).slice(-(READINGS_MAX - 1));
  return { ...track, state: sample.state, readings: [...kept, { at: sample.takenAt, generation: sample.generation }] };
};

const isProven = ({ asked, heldSince }: GenerationTrack): boolean =>
  asked === null || (heldSince !== null && heldSince >= asked.at);

/** A cap is read back rounded. */
const ROUNDING_W = 1;
/** One that loses its cap that often, within so long, is told by somebody else as well. */
const LOSSES = 2;
const LOSSES_WITHIN_MS = 30_000;

/** More is held than was asked for, after what was asked for had been proven. */
const isLost = (track: GenerationTrack, cap: Watts | null): boolean => {
  const { asked, heldCap } = track;
  if (asked === null || heldCap === null || heldCap > asked.cap + ROUNDING_W || !isProven(track)) return false;
  return cap === null || cap > asked.cap + ROUNDING_W;
};

/** Its cap is gone, as its registers or its output say. */
export const withLoss = (track: GenerationTrack, now: MonoMs): GenerationTrack => ({
  ...track,
  lostAt: [...(track.lostAt ?? []), now].slice(-LOSSES),
});

/** Its cap is taken away again and again: what it holds now says little of what it delivers in a moment. */
export const isContested = ({ lostAt = [] }: GenerationTrack, now: MonoMs): boolean =>
  lostAt.length >= LOSSES && lostAt.every((at) => now - at <= LOSSES_WITHIN_MS);

/** The highest of its readings of the last seconds; null where they say nothing. */
export const peakGeneration = (track: GenerationTrack, now: MonoMs): Watts | null =>
  latestGeneration(track, now) === null
    ? null
    : track.readings.reduce((peak, { generation }) => watts(Math.max(peak, generation)), watts(0));

/** Notes what the inverter now provably holds; null: nothing (refused, forgotten, never written). */
export const withHeldCap = (track: GenerationTrack, cap: Watts | null, now: MonoMs): GenerationTrack => {
  if (cap === track.heldCap) return track;
  const from = track.heldCap ?? track.maxPower;
  const to = cap ?? track.maxPower;
  const disturbs = Math.abs(to - from) > DISTURBANCE_FRACTION * track.maxPower;
  const left = track.heldCap === null ? [] : [...(track.left ?? []), { cap: track.heldCap, at: now }].slice(-LEFT_MAX);
  const held = { ...track, heldCap: cap, heldSince: now, left, disturbedAt: disturbs ? now : track.disturbedAt };
  return isLost(track, cap) ? withLoss(held, now) : held;
};

/** The cap that is held and those that were within `span` milliseconds; null: more than are remembered, or none is held. */
export const capsWithin = (track: GenerationTrack, now: MonoMs, span: number): readonly [Watts, ...Watts[]] | null => {
  if (track.heldCap === null) return null;
  const left = (track.left ?? []).filter(({ at }) => now - at <= span).map(({ cap }) => cap);
  return left.length >= LEFT_MAX ? null : [track.heldCap, ...left];
};

/** Notes that a cap was sent. */
export const withAskedCap = (track: GenerationTrack, cap: Watts, now: MonoMs): GenerationTrack => {
  const open = isProven(track) ? null : track.asked;
  const lowest = watts(Math.min(cap, open?.lowest ?? cap));
  return { ...track, asked: { cap, at: now, lowest, highest: watts(Math.max(cap, open?.highest ?? cap)) } };
};

/** The caps that may already act although none of them was read back yet; null: none. */
const capsInFlight = (track: GenerationTrack, at: MonoMs): { readonly low: Watts; readonly high: Watts } | null => {
  const { asked, pollMs = USUAL_POLL_MS } = track;
  const longest = pollMs > USUAL_POLL_MS ? Math.max(IN_FLIGHT_MS, 2 * pollMs) : IN_FLIGHT_MS;
  if (asked === null || isProven(track)) return null;
  // Of one of which no cap is proven nobody knows when what was asked for is written: once it can be reached again, say.
  if (track.heldCap !== null && at - asked.at > longest) return null;
  const held = track.heldCap ?? track.maxPower;
  const least = DISTURBANCE_FRACTION * track.maxPower;
  if (Math.abs(asked.lowest - held) <= least && Math.abs(asked.highest - held) <= least) return null;
  return { low: asked.lowest, high: asked.highest };
};

/** The newest reading while it is fresh, else null. */
export const latestGeneration = (track: GenerationTrack, now: MonoMs): Watts | null => {
  const newest = track.readings.at(-1);
  return newest !== undefined && now - newest.at <= staleAfter(track) ? newest.generation : null;
};

/** Watts a second over the last readings at least 150 ms apart; 0 when there are too few. */
export const slope = (track: GenerationTrack): number => {
  const newest = track.readings.at(-1);
  if (newest === undefined) return 0;
  const earlier = track.readings.findLast((reading) => newest.at - reading.at >= 150);
  return earlier === undefined ? 0 : ((newest.generation - earlier.generation) / (newest.at - earlier.at)) * 1000;
};

/**
 * Of an inverter that was seen to wait before it moves and to move as a lag does, before it moves: it is commanded a dead time ahead,
 * or an over-cut would go on for that long after it arrived. The least dead time and the longest lag are on the safe side.
 */
const foreseen = (track: GenerationTrack, output: Watts, at: number, { deadTime, lagMs }: Response): Watts => {
  if (track.disturbedAt === null || track.heldCap === null || output <= track.heldCap) return output;
  if (deadTime === undefined || deadTime === null || lagMs === undefined || lagMs === null) return output;
  const moves = Math.max(0, at - track.disturbedAt - deadTime.most);
  return watts(track.heldCap + (output - track.heldCap) * Math.exp(-moves / Math.max(1, lagMs)));
};

/**
 * Output expected `ahead` from now, when a cap that is changed now begins to act. A falling output is taken to approach the held cap exponentially, as a first-order lag does: a
 * straight line would announce the arrival too early, and an over-cut that ends early costs seconds.
 */
export const predicted = (track: GenerationTrack, now: MonoMs, actuation: DurationMs, response: Response): Watts | null => {
  const newest = track.readings.at(-1);
  if (newest === undefined || now - newest.at > staleAfter(track)) return null;
  const least = response.deadTime?.least ?? 0;
  const dead = least > SHORT_DEAD_MS ? least : 0;
  const ahead = actuation + dead;
  const floor = track.heldCap ?? 0;
  const earlier = track.readings.findLast((reading) => newest.at - reading.at >= 150);
  if (earlier === undefined || newest.generation <= floor || earlier.generation <= newest.generation)
    return dead > 0 ? foreseen(track, newest.generation, now + ahead, response) : newest.generation;
  const left = (newest.generation - floor) / (earlier.generation - floor);
  // Registers are renewed a few times a second: two readings may hold that much more or less of the fall than their times say. The
  // slower reading of them is believed, for an over-cut that ends early is crept out of with the plant's whole lag.
  const spans = Math.max(0, now + ahead - newest.at - REGISTER_AGE_MS) / (newest.at - earlier.at + REGISTER_AGE_MS);
  return watts(floor + (newest.generation - floor) * left ** spans);
};

/**
 * After a raise the output goes up, and registers that are renewed once a second tell it late: what they miss is no load that went. A
 * raise that comes between `since` and `at`, while the meter refreshes, is one.
 */
const isRising = (
  { disturbedAt, heldCap, maxPower, left = [] }: GenerationTrack,
  { since, at }: { readonly since: MonoMs; readonly at: MonoMs },
  { settleMs }: Response,
): boolean => {
  const from = left.at(-1);
  if (disturbedAt === null || heldCap === null || from === undefined) return false;
  return heldCap - from.cap > RISE * maxPower && from.at >= disturbedAt && at >= disturbedAt && since - disturbedAt <= settleMs;
};

export interface Envelope {
  readonly low: Watts;
  readonly high: Watts;
  /** True once readings cover the whole window, so that asking again later gives the same. */
  readonly settled: boolean;
}

const interpolate = (before: GenerationReading, later: GenerationReading, at: MonoMs): number =>
  before.generation + ((later.generation - before.generation) * (at - before.at)) / (later.at - before.at);

/** True while the output may still move towards a cap that changed less than `settleMs` ago. */
export const isMoving = (track: GenerationTrack, now: MonoMs, settleMs: number): boolean => {
  const newest = track.readings.at(-1);
  if (newest === undefined || track.disturbedAt === null || now - track.disturbedAt > settleMs) return false;
  return (
    newest.at <= track.disturbedAt || Math.abs(newest.generation - (track.heldCap ?? track.maxPower)) > MOVED * track.maxPower
  );
};

/** How long a cap that was left goes on acting, at most. */
export const longestDead = ({ deadTime, settleMs }: Response): number => {
  const seen = deadTime?.most ?? 0;
  return deadTime?.isConfirmed === true ? seen : Math.max(seen, DEAD_PART * settleMs);
};

/** The outputs that the caps which may still act ask for: the one held, and what a dead time leaves of those before. */
const actingCaps = (track: GenerationTrack, now: MonoMs, response: Response): { low: number; high: number } => {
  const { gain } = response;
  const held = track.heldCap ?? track.maxPower;
  const acting = (track.left ?? []).filter(({ at }) => now - at <= longestDead(response)).map(({ cap }) => cap);
  const most = Math.max(held, ...acting);
  return { low: Math.min(held, ...acting) * Math.min(1, gain), high: Math.min(track.maxPower, most * Math.max(1, gain)) };
};

/** It was raised and may not have answered yet: after a dead time that nobody knows it goes up late. */
const isRaiseAwaited = (track: GenerationTrack, { at, generation }: GenerationReading, response: Response): boolean => {
  const { disturbedAt, heldCap, maxPower, left = [] } = track;
  const from = left.at(-1);
  if (disturbedAt === null || heldCap === null || from === undefined || from.cap >= heldCap) return false;
  const { deadTime, settleMs } = response;
  const span = deadTime?.isConfirmed === true ? Math.min(ANSWERED_MS, deadTime.most + settleMs) : ANSWERED_MS;
  return at - disturbedAt <= span && generation < heldCap - MOVED * maxPower;
};

/** Where the output may be after the newest reading, `gap` milliseconds on. */
const beyond = (
  track: GenerationTrack,
  newest: GenerationReading,
  gap: number,
  response: Response,
): { low: number; high: number } => {
  const value = newest.generation;
  const { settleMs } = response;
  const cap = track.heldCap ?? track.maxPower;
  const inFlight = capsInFlight(track, monoMs(newest.at + gap));
  if (inFlight !== null) {
    const most = Math.max(value, Math.min(Math.max(cap, inFlight.high), track.maxPower));
    return { low: Math.min(value, cap, inFlight.low), high: inFlight.high < value ? value : most };
  }
  const justLeft = (track.left ?? []).some(({ at }) => newest.at - at <= longestDead(response));
  const awaited =
    track.disturbedAt !== null && newest.at - track.disturbedAt <= ANSWERED_MS && value > cap + MOVED * track.maxPower;
  const underWay =
    justLeft ||
    awaited ||
    isRaiseAwaited(track, newest, response) ||
    isMoving(track, newest.at, settleMs) ||
    (track.disturbedAt !== null && track.disturbedAt >= newest.at);
  if (underWay) {
    const acting = actingCaps(track, newest.at, response);
    return { low: Math.min(value, acting.low), high: Math.max(value, acting.high) };
  }
  const rate = slope(track);
  const drift = (Math.abs(rate) * 1.5 * gap) / 1000;
  if (drift < 0.002 * track.maxPower) return { low: value, high: value };
  return rate < 0 ? { low: Math.max(0, value - drift), high: value } : { low: value, high: value + drift };
};

/** After a long dead time it moves at an instant that nobody knows: two readings far apart in time then say nothing of what is between. */
const mayJump = (track: GenerationTrack, before: GenerationReading, later: GenerationReading, { deadTime }: Response): boolean =>
  (deadTime?.most ?? 0) > LONG_DEAD_MS &&
  later.at - before.at > FAST_POLL_MS &&
  Math.abs(later.generation - before.generation) > MOVED * track.maxPower;

/** It was not heard for seconds and its cap is gone, or was changed since: it may have started anew in between. */
const wasAway = (track: GenerationTrack, earlier: GenerationReading, later: GenerationReading): boolean =>
  later.at - earlier.at > staleAfter(track) && (track.heldCap === null || (track.disturbedAt ?? 0) > earlier.at);

/**
 * The lowest and highest output the inverter may have had between `from` and `to`, when its registers may be up to
 * `readingAge` old when read and it answers a cap as `response` says. Null without a usable reading. Values of one age only: this is what lets a meter refresh
 * be paired with the output *at that instant*.
 */
export const envelope = (
  track: GenerationTrack,
  from: MonoMs,
  to: MonoMs,
  readingAge: DurationMs,
  response: Response,
): Envelope | null => {
  const newest = track.readings.at(-1);
  if (newest === undefined || from - newest.at > staleAfter(track)) return null;
  const end = (to +
    (isRising(track, { since: from, at: to }, response) ? Math.max(readingAge, RENEWED_MS) : readingAge)) as MonoMs;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const include = (value: number): void => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  const includeAt = (earlier: GenerationReading, later: GenerationReading, at: MonoMs): void => {
    if (wasAway(track, earlier, later)) {
      include(0);
      include(track.maxPower);
    }
    const jumps = mayJump(track, earlier, later, response);
    for (const value of jumps ? [earlier.generation, later.generation] : [interpolate(earlier, later, at)]) include(value);
  };
  let before: GenerationReading | null = null;
  for (const reading of track.readings) {
    if (before !== null) {
      if (before.at < from && reading.at > from) includeAt(before, reading, from);
      if (before.at < end && reading.at > end) includeAt(before, reading, end);
    }
    if (reading.at >= from && reading.at <= end) include(reading.generation);
    before = reading;
  }
  const covered = newest.at >= end;
  if (!covered) {
    const reach = beyond(track, newest, end - newest.at, response);
    include(newest.generation);
    include(reach.low);
    include(reach.high);
  }
  const oldest = track.readings[0];
  if (oldest !== undefined && oldest.at > from + KNOWN_BEFORE_MS) {
    // Before the first reading the output may have been anything.
    include(0);
    include(track.maxPower);
  }
  return { low: watts(low), high: watts(high), settled: covered };
};
