import { SeededRandom } from '#base/random.ts';
import { benchCycle } from '../rig/scenario/play.ts';
import { noisy, steps } from '../rig/site/profile.ts';
import { gapMs } from '../rig/site/line.ts';
import { siteOf } from '../rig/site/site.ts';
import { type DropFigures, type FleetCase, runDrops, runFleetStep } from './fleet-trial.ts';
import { BAND_W, BENCH_PLANT, RATED_W, runStepTrial, type StepKind, type StepOutcome, type StepPlant } from './step-trial.ts';
import { type ImportStep, runImportStep } from './storage-trial.ts';
import { programSetOf, startVirtualSite } from './virtual-site.ts';

/** A piece of work for one worker. */
export type Job =
  | { readonly kind: 'steps'; readonly step: StepKind; readonly seeds: readonly number[]; readonly readingAgeMs: number }
  | { readonly kind: 'stability'; readonly step: StepKind; readonly seed: number; readonly plant: StepPlant }
  | { readonly kind: 'release'; readonly seeds: readonly number[] }
  | { readonly kind: 'silent'; readonly seeds: readonly number[] }
  | { readonly kind: 'noisyDrop'; readonly refreshMs: number; readonly seeds: readonly number[] }
  | { readonly kind: 'import'; readonly step: ImportStep; readonly seeds: readonly number[] }
  | {
      readonly kind: 'steady';
      readonly gainErrorPercent: number;
      readonly limitScale: -2 | 0;
      readonly noiseW: number;
      readonly seed: number;
    }
  | { readonly kind: 'cycling'; readonly seed: number }
  | { readonly kind: 'fleet'; readonly fleet: FleetCase; readonly seeds: readonly number[] }
  | { readonly kind: 'drops'; readonly fleet: FleetCase; readonly seed: number };

interface SteadyFigures {
  /** Mean of the flow above the limit, per cent of the limit. */
  readonly overPercent: number;
  readonly usedPercent: number;
  /** Generated, per cent of what load and limit would take. */
  readonly generatedPercent: number;
  readonly writesAnHour: number;
  readonly linePercent: number;
}

interface CyclingFigures {
  readonly overPercent: number;
  readonly longestSeconds: number;
  readonly usedPercent: number;
}

export type JobResult =
  | { readonly kind: 'steps'; readonly outcomes: readonly StepOutcome[] }
  | { readonly kind: 'stability'; readonly reversals: number; readonly seconds: number }
  | { readonly kind: 'seconds'; readonly seconds: readonly number[] }
  | ({ readonly kind: 'steady' } & SteadyFigures)
  | ({ readonly kind: 'cycling' } & CyclingFigures)
  | ({ readonly kind: 'drops' } & DropFigures);

const LIMIT_W = 1500;
const WARM_UP_SECONDS = 30;
/** As long as it takes to learn a noise. */
const NOISY_WARM_UP_SECONDS = 75;
const NOISE_W = 150;
const STEADY_SECONDS = 3600;
const CYCLING_SECONDS = 600;
/** Export back to within 4 % of setMaxW. */
const RELEASE_BAND_W = 0.04 * RATED_W;
/** Traces handed back of each bundle of trials: enough for the picture. */
const TRACES_KEPT = 4;

const release = async (seed: number): Promise<number> => {
  const random = new SeededRandom(seed, 'release');
  const at = WARM_UP_SECONDS + random.between(0, 3);
  const load = steps([
    [0, 500],
    [at, 2500],
  ]);
  const site = await startVirtualSite({ settings: siteOf({ plant: { load }, seed }), utilityPhase: random.fraction() });
  site.utility.say(programSetOf(LIMIT_W, []));
  await site.runTo(at + 40);
  const back = site.truth.find(({ t, netExport }) => t > at * 1000 + 50 && netExport >= LIMIT_W - RELEASE_BAND_W);
  return back === undefined ? Infinity : back.t / 1000 - at;
};

/** Seconds from the meter's silence until generation alone is inside the limit for good. */
const silent = async (seed: number): Promise<number> => {
  const random = new SeededRandom(seed, 'silent');
  const at = WARM_UP_SECONDS + random.between(0, 3);
  const site = await startVirtualSite({
    settings: siteOf({ plant: { load: () => 3000 }, seed }),
    utilityPhase: random.fraction(),
  });
  site.utility.say(programSetOf(LIMIT_W, []));
  await site.runTo(at);
  site.site.meter.fault(at * 1000, { silent: true });
  await site.runTo(at + 30);
  const last = site.truth.findLast(({ t, generation }) => t >= at * 1000 && generation > LIMIT_W + BAND_W);
  return last === undefined ? 0 : last.t / 1000 + 0.1 - at;
};

/** Seconds of the longest spell over limit and band after a load went out of a noise of 1.5 % of the rating. */
const noisyDrop = async (seed: number, refreshMs: number): Promise<number> => {
  const random = new SeededRandom(seed, 'drop');
  const at = NOISY_WARM_UP_SECONDS + 3 * random.fraction();
  const load = steps([
    [0, 2000],
    [at, 1000],
  ]);
  const settings = siteOf({ plant: { load: noisy(load, NOISE_W, seed) }, meter: { refreshMs }, seed });
  const site = await startVirtualSite({ settings, utilityPhase: random.fraction() });
  site.utility.say(programSetOf(LIMIT_W, []));
  await site.runTo(at + 20);
  let since: number | null = null;
  let longest = 0;
  for (const { t, netExport } of site.truth) {
    if (t < at * 1000 || netExport <= LIMIT_W + BAND_W) since = null;
    else longest = Math.max(longest, t + 100 - (since ??= t));
  }
  return longest / 1000;
};

const steady = async ({
  gainErrorPercent,
  limitScale,
  noiseW,
  seed,
}: Extract<Job, { kind: 'steady' }>): Promise<SteadyFigures> => {
  const settings = siteOf({
    plant: { load: noisy(() => 1040, noiseW, seed), gainErrorPercent },
    inverter: { limitScale },
    seed,
  });
  const site = await startVirtualSite({ settings });
  site.utility.say(programSetOf(LIMIT_W, []));
  const from = 120;
  await site.runTo(from);
  const writesBefore = site.site.inverter.writes;
  await site.runTo(from + STEADY_SECONDS);
  let over = 0;
  let used = 0;
  let generated = 0;
  let allowed = 0;
  let count = 0;
  for (const { t, netExport, generation, load } of site.truth) {
    if (t < from * 1000) continue;
    generated += generation;
    allowed += LIMIT_W + load;
    over += Math.max(0, netExport - LIMIT_W);
    used += netExport;
    count += 1;
  }
  const exchanges = site.site.line.exchanges;
  const span = (exchanges.at(-1)?.replyEnd ?? 0) - (exchanges[0]?.requestStart ?? 0);
  const busy = exchanges.reduce((sum, one) => sum + one.replyEnd - one.requestStart + gapMs(settings.line), 0);
  return {
    overPercent: (100 * over) / count / LIMIT_W,
    usedPercent: (100 * used) / count / LIMIT_W,
    generatedPercent: (100 * generated) / allowed,
    writesAnHour: ((site.site.inverter.writes - writesBefore) * 3600) / STEADY_SECONDS,
    linePercent: (100 * busy) / span,
  };
};

const cycling = async (seed: number): Promise<CyclingFigures> => {
  const site = await startVirtualSite({ settings: siteOf({ plant: { load: benchCycle(() => 500) }, seed }) });
  site.utility.say(programSetOf(LIMIT_W, []));
  const from = 60;
  await site.runTo(from + CYCLING_SECONDS);
  let over = 0;
  let spell = 0;
  let longest = 0;
  let used = 0;
  let allowed = 0;
  let count = 0;
  for (const { t, netExport, generation, load } of site.truth) {
    if (t < from * 1000) continue;
    count += 1;
    const isOver = netExport > LIMIT_W + BAND_W;
    over += isOver ? 1 : 0;
    spell = isOver ? spell + 1 : 0;
    longest = Math.max(longest, spell);
    used += generation;
    allowed += LIMIT_W + load;
  }
  return { overPercent: (100 * over) / count, longestSeconds: longest / 10, usedPercent: (100 * used) / allowed };
};

const eachOf = async <T>(seeds: readonly number[], run: (seed: number) => Promise<T>): Promise<readonly T[]> => {
  const results: T[] = [];
  for (const seed of seeds) results.push(await run(seed));
  return results;
};

/** Does one job; the same job gives the same result. */
export const runJob = async (job: Job): Promise<JobResult> => {
  switch (job.kind) {
    case 'steps': {
      const plant = { ...BENCH_PLANT, readingAgeMs: job.readingAgeMs };
      const outcomes = await eachOf(job.seeds, async (seed) => await runStepTrial(job.step, seed, plant));
      return { kind: 'steps', outcomes: outcomes.map((each, index) => (index < TRACES_KEPT ? each : { ...each, trace: [] })) };
    }
    case 'stability': {
      const outcome = await runStepTrial(job.step, job.seed, job.plant, 60);
      return { kind: 'stability', reversals: outcome.reversals, seconds: outcome.seconds };
    }
    case 'release':
      return { kind: 'seconds', seconds: await eachOf(job.seeds, release) };
    case 'import': {
      const { step, seeds } = job;
      return {
        kind: 'seconds',
        seconds: await eachOf(seeds, async (seed) => await runImportStep(step, seed % 2 === 0 ? 'window' : 'setpoint', seed)),
      };
    }
    case 'silent':
      return { kind: 'seconds', seconds: await eachOf(job.seeds, silent) };
    case 'noisyDrop': {
      const { refreshMs, seeds } = job;
      return { kind: 'seconds', seconds: await eachOf(seeds, async (seed) => await noisyDrop(seed, refreshMs)) };
    }
    case 'steady':
      return { kind: 'steady', ...(await steady(job)) };
    case 'cycling':
      return { kind: 'cycling', ...(await cycling(job.seed)) };
    case 'fleet':
      return { kind: 'seconds', seconds: await eachOf(job.seeds, async (seed) => await runFleetStep(job.fleet, seed)) };
    case 'drops':
      return { kind: 'drops', ...(await runDrops(job.fleet, job.seed)) };
  }
};
