import { SeededRandom } from '#base/random.ts';
import { type Point, steps } from '../rig/site/profile.ts';
import { siteOf } from '../rig/site/site.ts';
import { type RealGateway, startRealGateway } from './real-site.ts';
import { backInside, STEP_CASES, type StepKind, TRUTH_MS } from './step-trial.ts';
import { type LimitEvent, programSetOf, UTILITY_EPOCH } from './virtual-site.ts';

const WARM_UP_SECONDS = 28;
const HOLD_SECONDS = 12;
const PERIOD_SECONDS = 32;
const LIMIT_W = 1500;
const BAND_W = 100;
const START_SECONDS = 8;

export interface RealStep {
  readonly seconds: number;
  readonly trace: readonly (readonly [seconds: number, watts: number])[];
}

const until = async (gateway: RealGateway, seconds: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, seconds * 1000 - gateway.site.now())));
};

/** `count` steps of one kind, one after the other on one real line; the seed draws their phases. */
export const runRealSteps = async (kind: StepKind, count: number, seed: number): Promise<readonly RealStep[]> => {
  const random = new SeededRandom(seed, 'real');
  const { limitBefore, limitAfter, loadBefore, loadAfter } = STEP_CASES[kind];
  const phase = random.fraction();
  // Each trial draws its phase from a part of the meter's second of its own: so few trials would else crowd by chance.
  const times = Array.from({ length: count }, (_, index) => {
    const drawn = (index + random.fraction()) / count;
    return WARM_UP_SECONDS + index * PERIOD_SECONDS + random.integer(0, 2) + drawn;
  });
  const isLoad = limitBefore === limitAfter;
  const points: Point[] = [[0, loadBefore]];
  if (isLoad) for (const at of times) points.push([at, loadAfter], [at + HOLD_SECONDS, loadBefore]);
  const events = times.map(
    (at, index): LimitEvent => ({
      mRID: `step-${index}`,
      start: Math.round(UTILITY_EPOCH + at + phase),
      durationSeconds: HOLD_SECONDS,
      limitW: limitAfter,
    }),
  );
  const settings = siteOf({ plant: { load: steps(points), truthMs: TRUTH_MS }, seed });
  const gateway = await startRealGateway(settings, programSetOf(limitBefore, isLoad ? [] : events), phase);
  try {
    await until(gateway, (times.at(-1) ?? 0) + HOLD_SECONDS + 1);
  } finally {
    await gateway.stop();
  }
  return times.map((time, index) => {
    const at = isLoad ? time : (events[index]?.start ?? 0) - UTILITY_EPOCH - phase;
    return {
      seconds: backInside(gateway.truth, at, limitAfter, at + HOLD_SECONDS - 0.1),
      trace: gateway.truth
        .filter(({ t }) => t >= (at - 1) * 1000 && t <= (at + 6) * 1000)
        .map(({ t, netExport }) => [t / 1000 - at, Math.round(netExport)] as const),
    };
  });
};

export interface RealStart {
  readonly toWrite: number;
  readonly toInside: number;
}

/** Spawn of the process to the first correct write and to inside the limit; the inverter runs at full power until then. */
export const runRealStarts = async (
  count: number,
): Promise<{ readonly cold: readonly RealStart[]; readonly warm: readonly RealStart[] }> => {
  const settings = siteOf({ plant: { load: () => 1000, truthMs: TRUTH_MS }, seed: 7 });
  const gateway = await startRealGateway(settings, programSetOf(LIMIT_W, []), 0.3);
  const cold: RealStart[] = [];
  const warm: RealStart[] = [];
  const measured = async (): Promise<RealStart> => {
    const from = gateway.spawnedAt();
    await until(gateway, from / 1000 + START_SECONDS);
    const written = gateway.truth.find(({ t, cap }) => t >= from && cap !== null && cap <= LIMIT_W + 1000 + BAND_W);
    const last = gateway.truth.findLast(({ t, netExport }) => t >= from && netExport > LIMIT_W + BAND_W);
    return {
      toWrite: written === undefined ? Infinity : (written.t - from) / 1000,
      toInside: last === undefined ? 0 : (last.t + TRUTH_MS - from) / 1000,
    };
  };
  try {
    cold.push(await measured());
    for (let index = 1; index < 2 * count; index += 1) {
      await gateway.kill();
      if (index < count) await gateway.forget();
      // Power-cycled meanwhile: back at full power, no limit.
      gateway.site.site.inverter.restart(gateway.site.now(), 0);
      await until(gateway, gateway.site.now() / 1000 + 4);
      await gateway.start();
      (index < count ? cold : warm).push(await measured());
    }
  } finally {
    await gateway.stop();
  }
  return { cold, warm };
};
