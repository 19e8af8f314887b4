import { type DurationMs, type MonoMs, type Watts, watts } from '#base/units.ts';
import type { MeterSample } from '#site/sample.ts';
import { type Envelope, envelope, type GenerationTrack, type Response } from './generation.ts';
import { levelBeside, type NoiseLevel, type NoiseState, withNoisyLoad } from './noise.ts';

/** A load must have been there this long before the whole of it is relied on (a kettle comes and goes). */
export const PROVING_MS = 8000;
/** Of a load that rose by more than that, this fraction of the rating is relied on at once: it stays inside the band if it goes again. */
const BONUS_FRACTION = 0.0102;
/** The first estimate wants the output known to within this fraction of the rating. */
const FIRST_WIDTH_FRACTION = 0.005;
/** A refresh shows a load that lies no further above the least it allows, a fraction of the rating: noise makes as much. */
const SHOWN_FRACTION = 0.02;
const HISTORY_MAX = 64;

/** One refresh of the meter's registers, which happened after `from` and not after `to`. */
interface Refresh {
  readonly netImport: Watts;
  readonly from: MonoMs;
  readonly to: MonoMs;
  /** The estimate before this refresh: where it stays inside what the refresh allows. */
  readonly base: Watts | null;
}

/** What the load was taken to be at a refresh. */
interface PastLoad {
  readonly at: MonoMs;
  readonly load: Watts;
  /** What of it that refresh showed, or was relied on before: the rest it only did not deny. Absent: all of it, or in a tape of an earlier release. */
  readonly shown?: Watts;
}

/**
 * The site's load, estimated from each meter refresh and the inverter output at that instant.
 * A refresh gives an interval, as wide as the output's uncertainty at that instant; the estimate moves only as far as the interval
 * forces it. So a fast cut (wide intervals) leaves the load alone, and a settled plant (narrow ones) follows it at once.
 */
export interface LoadState {
  readonly polledAt: MonoMs | null;
  readonly fingerprint: number | null;
  readonly refresh: Refresh | null;
  /** The one before it, where the output was not read after it before the next one came. Absent: none, or in a tape of an earlier release. */
  readonly earlier?: Refresh | undefined;
  readonly estimate: Watts | null;
  /** Of what the estimate rests on, what inverters may deliver that were not read then, watts. */
  readonly unread: number;
  /** One entry a refresh, oldest first, at most the last `PROVING_MS`. */
  readonly history: readonly PastLoad[];
  /** How noisy it is. Absent: not known, or in a tape of an earlier release. */
  readonly noise?: NoiseState | undefined;
}

export const NO_LOAD_KNOWN: LoadState = {
  polledAt: null,
  fingerprint: null,
  refresh: null,
  estimate: null,
  unread: 0,
  history: [],
};

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** How the inverters' output relates to their readings. */
export interface Timing {
  /** How old an inverter's registers may be when they are read. */
  readonly readingAge: DurationMs;
  readonly response: (track: GenerationTrack) => Response;
  /** Of an inverter that is not read: the most it may deliver, which nobody else is given; null: it is read, or not so bounded. */
  readonly unread: (track: GenerationTrack) => Watts | null;
  /** Part of each inverter's output that counts here; absent: all of it. */
  readonly share?: (track: GenerationTrack) => number;
}

/** What devices gave together between two instants. */
export interface Output extends Envelope {
  /** Of `high`, what inverters may deliver that are not read. */
  readonly unread: number;
}

/** Sum of the envelopes; null when some inverter's output is not known there. */
const sumEnvelopes = (tracks: readonly GenerationTrack[], from: MonoMs, to: MonoMs, timing: Timing): Output | null => {
  let low = 0;
  let unread = 0;
  let high = 0;
  let settled = true;
  for (const track of tracks) {
    const share = timing.share?.(track) ?? 1;
    const most = timing.unread(track);
    if (most !== null) {
      high += share * most;
      unread += share * most;
      continue;
    }
    const one = envelope(track, from, to, timing.readingAge, timing.response(track));
    if (one === null) return null;
    low += share * one.low;
    high += share * one.high;
    settled &&= one.settled;
  }
  return { low: watts(low), high: watts(high), settled, unread };
};

/** Takes a poll of the meter: a moved fingerprint is a refresh, the first poll of all counts as one. */
export const withPoll = (state: LoadState, sample: MeterSample): LoadState => {
  if (sample.netImport === null || (state.polledAt !== null && sample.takenAt <= state.polledAt)) return state;
  if (sample.fingerprint === state.fingerprint) return { ...state, polledAt: sample.takenAt };
  // A gap in polling hides when the refresh was; a meter answers the present value, so one second back is enough.
  const from = Math.max(state.polledAt ?? 0, sample.takenAt - 1100) as MonoMs;
  return {
    ...state,
    polledAt: sample.takenAt,
    fingerprint: sample.fingerprint,
    refresh: { netImport: sample.netImport, from, to: sample.takenAt, base: state.estimate },
    earlier: state.refresh ?? undefined,
    history: (state.estimate === null ? [] : [...state.history, { at: sample.takenAt, load: state.estimate }])
      .filter((entry) => sample.takenAt - entry.at <= PROVING_MS)
      .slice(-HISTORY_MAX),
  };
};

/** Nothing that was believed counts: the newest refresh is a first one. */
const forgotten = (state: LoadState): LoadState => ({
  ...state,
  refresh: state.refresh === null ? null : { ...state.refresh, base: null },
  earlier: undefined,
  estimate: null,
  unread: 0,
  history: [],
  noise: undefined,
});

const shownOf = ({ load, shown = load }: PastLoad): Watts => shown;
const loadOf = ({ load }: PastLoad): Watts => load;

/** The least of what was shown up to the refresh before the newest; null: there was none. */
const reliedBefore = (history: readonly PastLoad[]): number | null => {
  let least: number | null = null;
  for (let index = 0; index < history.length - 1; index += 1) {
    const shown = shownOf(history[index] as PastLoad);
    if (least === null || shown < least) least = shown;
  }
  return least;
};

/** What a refresh makes of the load, given the output that goes with it. */
interface Bounds {
  readonly low: number;
  readonly high: number;
  /** Of all inverters together, watts. */
  readonly rating: number;
}

/** The estimate after `refresh`; below 0 where something feeds the site that nobody accounts for: what the meter sees is limited, whoever makes it. */
const estimated = ({ base }: Refresh, { low, high }: Bounds): Watts => watts(clamp(base ?? low, low, high));

/** The refresh at `at` made this of the load. */
const revised = (state: LoadState, { to, base }: Refresh, estimate: Watts, { low, rating }: Bounds): LoadState['history'] => {
  const place = state.history.findIndex(({ at }) => at === to);
  if (place < 0) return state.history;
  const isShown = estimate - low <= SHOWN_FRACTION * rating;
  const relied = isShown ? estimate : (reliedBefore(state.history.slice(0, place + 1)) ?? base ?? low);
  const shown = watts(Math.min(estimate, Math.max(low, relied)));
  return state.history.with(place, { at: to, load: estimate, ...(shown < estimate ? { shown } : {}) });
};

/**
 * Where meter and inverters are read at one instant, a refresh is known well only when the next one is there already: what it says by then
 * is what the newest one starts from, or a load that went would hide behind an output that may rise.
 */
const withEarlier = (state: LoadState, outputBetween: (from: MonoMs, to: MonoMs) => Output | null, rating: number): LoadState => {
  const { earlier, refresh } = state;
  if (earlier === undefined || refresh === null || refresh.base === null || earlier.base === null) return state;
  const output = outputBetween(earlier.from, earlier.to);
  if (output === null || !output.settled) return state;
  const bounds = { low: output.low + earlier.netImport, high: output.high + earlier.netImport, rating };
  const estimate = estimated(earlier, bounds);
  const history = revised(state, earlier, estimate, bounds);
  return { ...state, earlier: undefined, refresh: { ...refresh, base: estimate }, history };
};

/** Evaluates the newest refresh with what is known of the output between its two instants; called again until that is settled. */
export const withEnvelope = (
  before: LoadState,
  outputBetween: (from: MonoMs, to: MonoMs) => Output | null,
  /** Of all of them together, watts: how wide a first estimate may be. */
  rating: number,
): LoadState => {
  const state = withEarlier(before, outputBetween, rating);
  const refresh = state.refresh;
  if (refresh === null) return state;
  const output = outputBetween(refresh.from, refresh.to);
  // A device that no longer answers: what it does now is unknown, and so is the load.
  if (output === null) return state.estimate === null ? state : forgotten(state);
  const bounds = { low: output.low + refresh.netImport, high: output.high + refresh.netImport, rating };
  // Nothing known before and the output on the move: a first guess would have to be undone. Until it settles no load is relied on.
  if (refresh.base === null && bounds.high - bounds.low - output.unread > FIRST_WIDTH_FRACTION * rating)
    return { ...state, refresh: output.settled ? null : refresh };
  const estimate = estimated(refresh, bounds);
  const history = revised(state, refresh, estimate, bounds);
  return { ...state, estimate, unread: output.unread, history, refresh: output.settled ? null : refresh };
};

/** The least of the last nine seconds, as far as it was shown. */
const leastOf = ({ estimate, history }: LoadState, now: MonoMs, of: (past: PastLoad) => Watts = shownOf): number | null => {
  if (estimate === null) return null;
  let least: number = estimate;
  for (const past of history) if (now - past.at <= PROVING_MS + 500) least = Math.min(least, of(past));
  return least;
};

/** The newest load that nothing revises any more says how noisy it is. */
const withNoise = (state: LoadState, rating: number): LoadState => {
  const open = (state.refresh === null ? 0 : 1) + (state.refresh === null || state.earlier === undefined ? 0 : 1);
  const newest = state.history.at(-1 - open);
  if (newest === undefined || (state.noise !== undefined && newest.at <= state.noise.at)) return state;
  const noise = withNoisyLoad(state.noise, { ...newest, least: leastOf(state, newest.at, loadOf) ?? newest.load }, rating);
  return noise === state.noise ? state : { ...state, noise };
};

/** The same of the inverters. */
export const withOutput = (state: LoadState, tracks: readonly GenerationTrack[], timing: Timing): LoadState => {
  const { share = () => 1 } = timing;
  const unread = tracks.reduce((sum, track) => sum + share(track) * (timing.unread(track) ?? 0), 0);
  // One that answers again: what was taken for load may have been counted for what it did not deliver.
  const known = unread < state.unread ? forgotten(state) : state;
  const rating = tracks.reduce((sum, track) => sum + share(track) * track.maxPower, 0);
  return withNoise(
    withEnvelope(known, (from, to) => sumEnvelopes(tracks, from, to, timing), rating),
    rating,
  );
};

/** Forgets the load when the meter is lost: nothing of it may be relied on (design D5). */
export const withoutMeter = (state: LoadState): LoadState => ({
  ...NO_LOAD_KNOWN,
  polledAt: state.polledAt,
  fingerprint: state.fingerprint,
});

/** A drift is believed where it went on over so many stretches of this length, one after the other: a step is none, and noise seldom. */
const STRETCH_MS = 1500;
const STRETCHES = 3;
/** What follows a slower one late stays inside the band; watts a second. */
const SLOW_RATE = 20;
/** From a refresh of the meter until a cap that follows from it is reached. */
const FOLLOWED_SECONDS = 4;

/** How fast the load drifts, watts a second: the least of the last stretches; 0 where they disagree. */
export const trend = (history: LoadState['history']): number => {
  let later = history.at(-1);
  let [slowest, fastest] = [Infinity, -Infinity];
  for (let count = 0; count < STRETCHES; count += 1) {
    const end = later;
    const start = end === undefined ? undefined : history.findLast(({ at }) => end.at - at >= STRETCH_MS);
    if (end === undefined || start === undefined) return 0;
    const slope = (1000 * (end.load - start.load)) / (end.at - start.at);
    [slowest, fastest] = [Math.min(slowest, slope), Math.max(fastest, slope)];
    later = start;
  }
  const rate = Math.max(0, slowest) + Math.min(0, fastest);
  return Math.abs(rate) > SLOW_RATE ? rate : 0;
};

/** The load that may be relied on, and by how much a cap may stand above what it leaves. */
export interface ProvenLoad {
  readonly load: Watts;
  /** Watts, of its noise; 0: there is none. */
  readonly slack: number;
}

/** Of noise one stretch is as long as the others and falls as they do now and then: a drift that counts is steeper. */
const isDrift = (rate: number, noise: NoiseLevel | null): boolean =>
  noise === null || (Math.abs(rate) * STRETCHES * STRETCH_MS) / 1000 > 3 * noise.sigma;

/**
 * The load that may be relied on: the least of the last nine seconds, and one per cent of the rating above it when the load rose by
 * more; what its noise leaves where that is known, until a run of loads says that it went. Falls at once with the load, and `ahead` of
 * one that goes on falling; a load that cycles is never counted on.
 */
export const provenLoad = (
  state: LoadState,
  now: MonoMs,
  { ratedPower, ahead }: { readonly ratedPower: Watts; readonly ahead: boolean },
): ProvenLoad | null => {
  const least = leastOf(state, now);
  if (state.estimate === null || least === null) return null;
  const noise = levelBeside(state.noise, { newest: state.estimate, least });
  const rate = ahead ? Math.min(0, trend(state.history)) : 0;
  const drift = isDrift(rate, noise) ? rate * FOLLOWED_SECONDS : 0;
  if (noise !== null) return { load: watts(drift + noise.load), slack: noise.slack };
  const bonus = BONUS_FRACTION * ratedPower;
  return { load: watts(drift + (state.estimate - least > bonus ? least + bonus : least)), slack: 0 };
};
