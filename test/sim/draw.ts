import { SeededRandom } from '#base/random.ts';
import { lines, noisy, type Point, steps } from '../rig/site/profile.ts';
import { siteOf, type SiteSettings } from '../rig/site/site.ts';

/** What can go wrong, and how long it lasts. */
export const FAULTS = [
  'meter-silent',
  'meter-frozen',
  'inverter-silent',
  'inverter-ignores',
  'inverter-late',
  'inverter-exception',
  'inverter-crc',
  'inverter-wrong-unit',
  'inverter-restarts',
  'cable-cut',
  'adapter-pulled',
  'controld-killed',
  'controld-killed-on-disk',
  'wall-steps',
  'disk-full',
  'disk-fails',
  'server-silent',
] as const;
/** And with batteries and switched loads. */
export const BESIDE_FAULTS = [
  'battery-silent',
  'battery-ignores',
  'battery-refuses',
  'battery-restarts',
  'battery-released',
  'battery-recounts',
  'load-silent',
  'load-ignores',
  'load-restarts',
] as const;
/** Those of the whole-gateway simulation alone: here they would change what the seeds before them mean. */
export const RARE_FAULTS = ['meter-late', 'meter-flipped', 'inverter-opens', 'second-master'] as const;
export type SiteFault = (typeof FAULTS)[number];
export type Fault = SiteFault | (typeof BESIDE_FAULTS)[number] | (typeof RARE_FAULTS)[number];

/** Seconds of the site's time, everywhere in a simulation. */
export interface FaultSpan {
  readonly fault: Fault;
  readonly from: number;
  readonly until: number;
  /** Of 0 to 1: how late, which exception, how far a clock steps. */
  readonly strength: number;
  /** Which inverter it befalls; absent: the first. */
  readonly inverter?: number;
  /** Which battery or switched load; absent: the first. */
  readonly beside?: number;
  /** Which line; absent: the meter's. */
  readonly line?: number;
}

export interface DrawnEvent {
  readonly mRID: string;
  readonly program: 0 | 1;
  readonly createdAt: number;
  readonly start: number;
  readonly durationSeconds: number;
  readonly limitW: number;
  /** Import limit, and power wanted of storage; absent: none. */
  readonly importW?: number;
  readonly targetW?: number;
  /** Null: never. */
  readonly cancelAt: number | null;
}

/** Everything a seed decides. */
export interface Simulation {
  readonly seed: number;
  readonly seconds: number;
  /** From here on nothing changes and nothing fails: the site must be used again. */
  readonly healedAt: number;
  readonly site: SiteSettings;
  readonly faults: readonly FaultSpan[];
  readonly events: readonly DrawnEvent[];
  /** Export limits of the two programs' default controls, watts; the first has the better primacy. */
  readonly defaults: readonly [number, number];
  /** Import limits of the same; absent: none. */
  readonly importDefaults?: readonly [number, number];
  readonly pollSeconds: number;
  readonly utilityPhase: number;
  readonly loadSteps: readonly number[];
}

export const RATED_W = 10_000;
const HEALING_SECONDS = 400;

/** What the sun offers a plant of the whole rating: days, clouds and nights, bright from a while before `healedAt` on. */
export const drawSun = (random: SeededRandom, healedAt: number): readonly Point[] => {
  const points: Point[] = [[0, RATED_W]];
  let at = random.between(60, 400);
  while (at < healedAt - 400) {
    const night = random.chance(0.08);
    const watts = night ? 0 : random.chance(0.5) ? RATED_W : random.between(500, RATED_W);
    points.push([at, watts]);
    at += random.between(5, 500);
    if (night) {
      points.push([at, 0]);
      at += random.between(30, 200);
    }
  }
  points.push([Math.max(at, healedAt - 200), RATED_W]);
  return points;
};

const drawLoad = (random: SeededRandom, healedAt: number): readonly Point[] => {
  const points: Point[] = [[0, random.between(200, 2000)]];
  const busy = random.between(40, 300);
  let at = random.between(20, 100);
  while (at < healedAt - 5) {
    points.push([at, random.chance(0.2) ? random.between(0, 200) : random.between(200, 6000)]);
    at += random.between(5, busy);
  }
  points.push([Math.max(at, healedAt), 1500]);
  return points;
};

const drawFaults = (random: SeededRandom, healedAt: number): readonly FaultSpan[] => {
  const faults: FaultSpan[] = [];
  const pause = random.between(120, 900);
  let at = 60 + random.between(0, pause);
  while (at < healedAt - 200) {
    const fault = FAULTS[random.integer(0, FAULTS.length - 1)] ?? 'meter-silent';
    const span = random.chance(0.5) ? random.between(1, 15) : random.between(15, 150);
    const until = Math.min(at + span, healedAt - 60);
    faults.push({ fault, from: at, until, strength: random.fraction() });
    // Now and then the next one comes before this one has gone.
    at = random.chance(0.2) ? at + span / 2 : until + random.between(20, pause);
  }
  return faults;
};

const drawEvents = (random: SeededRandom, healedAt: number): readonly DrawnEvent[] => {
  const events: DrawnEvent[] = [];
  const pause = random.between(200, 1200);
  let at = random.between(10, 200);
  while (at < healedAt - 100) {
    const start = Math.round(at + (random.chance(0.3) ? -random.between(0, 60) : random.between(0, 600)));
    const durationSeconds = Math.round(random.between(20, 1200));
    const cancelled = random.chance(0.2);
    const program = random.chance(0.5) ? 0 : 1;
    const end = start + durationSeconds;
    if (end < healedAt - 10) {
      events.push({
        mRID: `event-${events.length + 1}`,
        program,
        createdAt: Math.round(at),
        start,
        durationSeconds,
        limitW: random.chance(0.15) ? 0 : Math.round(random.between(100, 9000)),
        cancelAt: cancelled ? at + random.between(10, 600) : null,
      });
    }
    at += random.between(5, pause);
  }
  return events;
};

/** Plant, devices and line, sun and load; all well from `healedAt` on. */
export const drawSite = (
  random: SeededRandom,
  healedAt: number,
  seed: number,
): { readonly site: SiteSettings; readonly loadSteps: readonly number[] } => {
  const load = drawLoad(random, healedAt);
  const slow = random.chance(0.5);
  const noise = random.chance(0.5) ? 0 : random.between(1, 30);
  const noisyLoad = noisy(steps(load), noise, seed);
  const bad = random.chance(0.3);
  const site = siteOf({
    plant: {
      ratedW: RATED_W,
      sun: lines(drawSun(random, healedAt)),
      load: noisyLoad,
      lagSeconds: slow ? random.between(0, 5) : 1,
      deadSeconds: slow && random.chance(0.5) ? random.between(0, 5) : 0,
      slewPercentPerSecond: random.chance(0.7) ? Infinity : random.between(5, 100),
      gainErrorPercent: random.chance(0.5) ? 0 : random.between(-5, 5),
    },
    inverter: {
      limitScale: random.chance(0.3) ? 0 : -2,
      readingAgeMs: random.chance(0.7) ? 0 : random.between(0, 1000),
      wakes: random.chance(0.5) ? 'uncapped' : 'keeps',
    },
    line: { loss: bad ? random.between(0, 0.02) : 0, crcErrors: bad ? random.between(0, 0.02) : 0 },
    seed,
  });
  return { site, loadSteps: load.map(([at]) => at) };
};

/** Everything that happens in the simulation of this seed. */
export const drawSimulation = (seed: number, hours: number): Simulation => {
  const random = new SeededRandom(seed, 'simulation');
  const seconds = Math.max(1200, hours * 3600);
  const healedAt = seconds - HEALING_SECONDS;
  const { site, loadSteps } = drawSite(random, healedAt, seed);
  return {
    seed,
    seconds,
    healedAt,
    site,
    faults: drawFaults(random, healedAt),
    events: drawEvents(random, healedAt),
    defaults: [Math.round(random.between(1000, 6000)), Math.round(random.between(1000, 9000))],
    pollSeconds: random.integer(10, 60),
    utilityPhase: random.fraction(),
    loadSteps,
  };
};
