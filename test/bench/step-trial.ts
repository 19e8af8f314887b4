import { SeededRandom } from '#base/random.ts';
import { steps } from '../rig/site/profile.ts';
import { siteOf } from '../rig/site/site.ts';
import type { Truth } from '../rig/site/plant.ts';
import { programSetOf, startVirtualSite, UTILITY_EPOCH } from './virtual-site.ts';

export const STEP_KINDS = ['limit 5 -> 1.5 kW', 'limit 9 -> 1.5 kW', 'load -1 kW', 'load -4.5 kW'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** Loads and limits before and after a step, watts; the plant of the peer's measurements. */
interface StepCase {
  readonly limitBefore: number;
  readonly limitAfter: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export const STEP_CASES: Readonly<Record<StepKind, StepCase>> = {
  'limit 5 -> 1.5 kW': { limitBefore: 5000, limitAfter: 1500, loadBefore: 1000, loadAfter: 1000 },
  'limit 9 -> 1.5 kW': { limitBefore: 9000, limitAfter: 1500, loadBefore: 1000, loadAfter: 1000 },
  'load -1 kW': { limitBefore: 5000, limitAfter: 5000, loadBefore: 2000, loadAfter: 1000 },
  'load -4.5 kW': { limitBefore: 5000, limitAfter: 5000, loadBefore: 5000, loadAfter: 500 },
};

export const RATED_W = 10_000;
/** min(4 % of setMaxW, 100 W). */
export const BAND_W = 100;
/** Truth is logged this often in the bench, milliseconds. */
export const TRUTH_MS = 50;
const WARM_UP_SECONDS = 30;
const WATCH_SECONDS = 20;

export interface StepPlant {
  readonly lagSeconds: number;
  readonly deadSeconds: number;
  readonly slewPercentPerSecond: number;
  readonly readingAgeMs: number;
  readonly gainErrorPercent: number;
  readonly limitScale: -2 | 0;
  /** Absent: a second. */
  readonly meterRefreshMs?: number | undefined;
}

export const BENCH_PLANT: StepPlant = {
  lagSeconds: 1,
  deadSeconds: 0,
  slewPercentPerSecond: Infinity,
  readingAgeMs: 0,
  gainErrorPercent: 0,
  limitScale: -2,
};

export interface StepOutcome {
  readonly seed: number;
  /** Seconds from the step until the flow is inside for good; Infinity: not within the time watched. */
  readonly seconds: number;
  /** Export around the step: seconds since it, watts. */
  readonly trace: readonly (readonly [seconds: number, watts: number])[];
  readonly reversals: number;
}

/** Seconds from the step until the export is inside limit and band for good. */
export const backInside = (truth: readonly Truth[], stepSeconds: number, limitW: number, untilSeconds: number): number => {
  const inTime = truth.filter(({ t }) => t >= stepSeconds * 1000 && t < untilSeconds * 1000);
  const last = inTime.findLast(({ netExport }) => netExport > limitW + BAND_W);
  if (last === undefined) return 0;
  return last === inTime.at(-1) ? Infinity : (last.t + TRUTH_MS) / 1000 - stepSeconds;
};

/** Turns of the export of more than `leastW` from one extreme to the next. */
export const reversalsIn = (values: readonly number[], leastW: number): number => {
  let direction = 0;
  let extreme = values[0] ?? 0;
  let turns = 0;
  for (const value of values) {
    if (direction === 0) {
      if (Math.abs(value - extreme) > leastW) {
        direction = Math.sign(value - extreme);
        extreme = value;
      }
    } else if ((value - extreme) * direction > 0) extreme = value;
    else if ((extreme - value) * direction > leastW) {
      turns += 1;
      direction = -direction;
      extreme = value;
    }
  }
  return turns;
};

/** One step in virtual time; the seed draws the phases of step, meter refresh, poll and utility clock. */
export const runStepTrial = async (
  kind: StepKind,
  seed: number,
  plant: StepPlant = BENCH_PLANT,
  watchSeconds = WATCH_SECONDS,
): Promise<StepOutcome> => {
  const random = new SeededRandom(seed, 'trial');
  const { limitBefore, limitAfter, loadBefore, loadAfter } = STEP_CASES[kind];
  const utilityPhase = random.fraction();
  const startsAt = UTILITY_EPOCH + WARM_UP_SECONDS + random.integer(0, 3);
  const slow = plant.deadSeconds + 3 * plant.lagSeconds + 100 / plant.slewPercentPerSecond;
  const stepSeconds =
    (loadBefore === loadAfter ? startsAt - UTILITY_EPOCH - utilityPhase : WARM_UP_SECONDS + 3 * random.fraction()) + 2 * slow;
  const event = {
    mRID: 'step',
    start: Math.round(stepSeconds + UTILITY_EPOCH + utilityPhase),
    durationSeconds: 3600,
    limitW: limitAfter,
  };
  const at = limitBefore === limitAfter ? stepSeconds : event.start - UTILITY_EPOCH - utilityPhase;
  const settings = siteOf({
    plant: {
      load: steps([
        [0, loadBefore],
        [at, loadAfter],
      ]),
      lagSeconds: plant.lagSeconds,
      deadSeconds: plant.deadSeconds,
      slewPercentPerSecond: plant.slewPercentPerSecond,
      gainErrorPercent: plant.gainErrorPercent,
      truthMs: TRUTH_MS,
    },
    inverter: { readingAgeMs: plant.readingAgeMs, limitScale: plant.limitScale },
    ...(plant.meterRefreshMs === undefined ? {} : { meter: { refreshMs: plant.meterRefreshMs } }),
    seed,
  });
  const site = await startVirtualSite({ settings, utilityPhase });
  site.utility.say(programSetOf(limitBefore, limitBefore === limitAfter ? [] : [event]));
  const until = at + watchSeconds + slow;
  await site.runTo(until);
  site.controld.kill();
  const after = site.truth.filter(({ t }) => t >= at * 1000);
  return {
    seed,
    seconds: backInside(site.truth, at, limitAfter, until),
    trace: site.truth
      .filter(({ t }) => t >= (at - 1) * 1000 && t <= (at + 6) * 1000)
      .map(({ t, netExport }) => [t / 1000 - at, Math.round(netExport)] as const),
    reversals: reversalsIn(
      after.map(({ netExport }) => netExport),
      200,
    ),
  };
};
