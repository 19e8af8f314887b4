import type { FleetCase } from './fleet-trial.ts';
import type { Job } from './jobs.ts';
import { BENCH_PLANT, STEP_KINDS } from './step-trial.ts';
import { IMPORT_KINDS } from './storage-trial.ts';

const BUNDLE = 25;
const READING_AGES_MS = [0, 1000] as const;
const SHORT_TRIALS = 200;
const DEAD_SECONDS = [0.2, 1, 2.5, 5, 10] as const;
const LAG_SECONDS = [0, 1, 3, 8] as const;
const SLEWS_PERCENT = [5, 20, 100] as const;
/** Of the meter, where a load goes out of noise. */
const NOISY_REFRESHES_MS = [1000, 2000] as const;
const REFRESHES_MS = [100, 500, 1000, 2000] as const;

const FLEETS: readonly FleetCase[] = [
  { count: 2, baudRate: 9600, dead: false },
  { count: 2, baudRate: 9600, dead: true },
  { count: 8, baudRate: 9600, dead: false },
  { count: 32, baudRate: 19_200, dead: false },
];
const FLEET_SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

const bundlesOf = (count: number): readonly (readonly number[])[] => {
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  return Array.from({ length: Math.ceil(count / BUNDLE) }, (_, index) => seeds.slice(index * BUNDLE, (index + 1) * BUNDLE));
};

const stability = (): readonly Job[] => {
  const jobs: Job[] = [];
  for (const deadSeconds of DEAD_SECONDS) {
    for (const lagSeconds of LAG_SECONDS) {
      for (const slewPercentPerSecond of SLEWS_PERCENT) {
        for (const step of STEP_KINDS) {
          // Each plant meets each refresh, in another of the steps.
          const meterRefreshMs =
            REFRESHES_MS[(jobs.length + Math.floor(jobs.length / REFRESHES_MS.length)) % REFRESHES_MS.length];
          const plant = { ...BENCH_PLANT, deadSeconds, lagSeconds, slewPercentPerSecond, meterRefreshMs };
          jobs.push({ kind: 'stability', step, seed: jobs.length + 1, plant });
        }
      }
    }
  }
  return jobs;
};

/** All that is measured in virtual time, the long ones first. */
export const jobsOf = (trials: number): readonly Job[] => [
  ...[0, 2, 5].map((gainErrorPercent): Job => ({ kind: 'steady', gainErrorPercent, limitScale: -2, noiseW: 10, seed: 1 })),
  ...[0, 2, 5].map((gainErrorPercent): Job => ({ kind: 'steady', gainErrorPercent, limitScale: 0, noiseW: 10, seed: 2 })),
  ...[0, 30, 70, 150].map((noiseW): Job => ({ kind: 'steady', gainErrorPercent: 0, limitScale: -2, noiseW, seed: 3 })),
  ...[1, 2, 3, 4].map((seed): Job => ({ kind: 'cycling', seed })),
  ...NOISY_REFRESHES_MS.map((refreshMs): Job => ({ kind: 'noisyDrop', refreshMs, seeds: FLEET_SEEDS })),
  ...stability(),
  ...FLEETS.map((fleet): Job => ({ kind: 'fleet', fleet, seeds: FLEET_SEEDS })),
  ...IMPORT_KINDS.map((step): Job => ({ kind: 'import', step, seeds: FLEET_SEEDS })),
  ...[1, 2, 8].map((count): Job => ({ kind: 'drops', fleet: { count, baudRate: 9600, dead: false }, seed: count })),
  ...bundlesOf(Math.min(SHORT_TRIALS, trials)).flatMap((seeds): readonly Job[] => [
    { kind: 'release', seeds },
    { kind: 'silent', seeds },
  ]),
  ...READING_AGES_MS.flatMap((readingAgeMs) =>
    STEP_KINDS.flatMap((step) => bundlesOf(trials).map((seeds): Job => ({ kind: 'steps', step, seeds, readingAgeMs }))),
  ),
];
