import type { MonoMs } from '#base/units.ts';

/** Loads remembered, one a second: as long as it takes to tell noise from a load that came or went. */
const KEPT = 40;
const EVERY_MS = 900;
/** Fewer say nothing. */
const WANTED = 12;
/** Standard deviation of a normal noise for each watt of the median change from one load to the next. */
const SIGMA = 1.05;
/** Below this fraction of the rating noise costs nothing; beyond the most it is no noise. */
const LEAST_FRACTION = 0.0015;
const MOST_FRACTION = 0.02;
/** The load relied on is missed by so much of the noise on average: of a normal one, 6 % of the loads are below it. */
const MISSED = 0.025;
/** As much of the noise, missed in a run of loads, is a load that went. */
const GONE = 2.5;
/** A cap is left where it is until so much of the noise is missed, and never higher than the band around the limit has room for. */
const TOLERATED = 0.1;
const SLACK_FRACTION = 0.01;
const SLACK_W = 100;

/** What noise leaves of a load, watts. */
export interface NoiseLevel {
  /** May be relied on while nothing says that the load went. */
  readonly load: number;
  /** A cap is not cut for less than that: the next second would raise it again. */
  readonly slack: number;
  /** Standard deviation of the noise. */
  readonly sigma: number;
}

/** The loads since the load last changed by more than its noise, one a second. */
export interface NoiseState {
  readonly at: MonoMs;
  /** Oldest first. */
  readonly loads: readonly number[];
  /** By how much the newest of them missed what was relied on, in a run; watts. */
  readonly missed: number;
  /** Null: no noise worth a thought, or not known. */
  readonly level: NoiseLevel | null;
}

/** Ascending: an array of numbers alone sorts without a call for each pair, several times as fast. */
const ascending = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

const middle = (values: readonly number[]): number => ascending(values)[Math.floor(values.length / 2)] ?? 0;

/** The load that these loads, in ascending order, miss by `missed` watts on average; whatever their distribution is. */
const missedBy = (sorted: Float64Array, missed: number): number => {
  const budget = missed * sorted.length;
  let below = 0;
  for (let count = 1; count < sorted.length; count += 1) {
    below += sorted[count - 1] ?? 0;
    const next = sorted[count] ?? 0;
    // All of the lowest `count` loads are missed by this much together where the next one is relied on.
    if (count * next - below >= budget) return (budget + below) / count;
  }
  return sorted.at(-1) ?? 0;
};

/** Half of the changes are more than the least noise: told without sorting them, for a steady load is looked at each second as well. */
const isNoisy = (loads: readonly number[], ratedPower: number): boolean => {
  const least = (LEAST_FRACTION * ratedPower) / SIGMA;
  let below = 0;
  for (let index = 1; index < loads.length; index += 1)
    if (Math.abs((loads[index] ?? 0) - (loads[index - 1] ?? 0)) < least) below += 1;
  return below <= Math.floor((loads.length - 1) / 2);
};

const levelOf = (loads: readonly number[], ratedPower: number): NoiseLevel | null => {
  if (loads.length < WANTED || !isNoisy(loads, ratedPower)) return null;
  const changes = loads.slice(1).map((load, index) => Math.abs(load - (loads[index] ?? load)));
  const sigma = Math.min(SIGMA * middle(changes), MOST_FRACTION * ratedPower);
  if (sigma < LEAST_FRACTION * ratedPower) return null;
  const sorted = ascending(loads);
  const load = missedBy(sorted, MISSED * sigma);
  const slack = Math.min(missedBy(sorted, TOLERATED * sigma) - load, SLACK_FRACTION * ratedPower, SLACK_W);
  return { load, slack, sigma };
};

const missedAfter = ({ missed, level }: NoiseState, load: number): number =>
  level === null ? 0 : Math.max(0, missed + level.load - load);

/**
 * What may be relied on beside the newest load, which may still be revised, and the least of the last seconds; null: it went, or there is
 * no noise, or what there is was there before the load rose: noise comes down to what is relied on every few seconds.
 */
export const levelBeside = (
  state: NoiseState | undefined,
  { newest, least }: { readonly newest: number; readonly least: number },
): NoiseLevel | null => {
  if (state === undefined || state.level === null) return null;
  const { load, sigma } = state.level;
  return missedAfter(state, newest) > GONE * sigma || least - load > GONE * sigma ? null : state.level;
};

/**
 * Takes a load. One that went by more than noise begins anew, and so does one that came: `least`, the least load of the last seconds,
 * is above the middle of all.
 */
export const withNoisyLoad = (
  before: NoiseState | undefined,
  { at, load, least }: { readonly at: MonoMs; readonly load: number; readonly least: number },
  ratedPower: number,
): NoiseState => {
  if (before === undefined) return { at, loads: [load], missed: 0, level: null };
  if (at - before.at < EVERY_MS) return before;
  const missed = missedAfter(before, load);
  const { level } = before;
  const isOther = level !== null && (missed > GONE * level.sigma || least > middle(before.loads));
  if (isOther) return { at, loads: [load], missed: 0, level: null };
  const loads = [...before.loads, load].slice(-KEPT);
  return { at, loads, missed, level: levelOf(loads, ratedPower) };
};
