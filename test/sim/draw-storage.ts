import { SeededRandom } from '#base/random.ts';
import type { BatterySettings } from '../rig/site/battery.ts';
import { type Point, type Profile, steps } from '../rig/site/profile.ts';
import { type SiteSettings, withLoads, withStorage } from '../rig/site/site.ts';
import { REGISTER_LOAD_DEFAULTS, RELAY_DEFAULTS, type SwitchedLoadSettings } from '../rig/site/switched-load.ts';
import { BESIDE_FAULTS, type DrawnEvent, drawSimulation, type FaultSpan, RATED_W, type Simulation } from './draw.ts';

const MOST_W = 5000;

export const drawBattery = (random: SeededRandom): Partial<BatterySettings> => ({
  family: random.chance(0.5) ? 'window' : 'setpoint',
  automatic: random.chance(0.6) ? 'self-consumption' : Math.round(random.between(0 - MOST_W, MOST_W)),
  gridCharge: random.chance(0.8),
  maxChargeW: Math.round(random.between(2000, MOST_W)),
  maxDischargeW: Math.round(random.between(2000, MOST_W)),
  // A small one is full and empty within the hour.
  capacityWh: Math.round(random.chance(0.4) ? random.between(800, 2500) : random.between(4000, 15_000)),
  chargePercent: random.between(12, 98),
  efficiency: random.between(0.9, 0.97),
  lagSeconds: random.between(0.1, 1.5),
  deadSeconds: random.between(0, 0.6),
});

/** What a load would draw: now all of it, now less, now nothing. */
const drawWants = (random: SeededRandom, ratedW: number, healedAt: number): Profile => {
  const points: Point[] = [[0, ratedW]];
  for (let at = random.between(30, 300); at < healedAt; at += random.between(30, 500))
    points.push([at, random.chance(0.4) ? ratedW : random.chance(0.5) ? 0 : random.between(0, ratedW)]);
  points.push([healedAt, ratedW]);
  return steps(points);
};

export const drawLoads = (random: SeededRandom, healedAt: number): readonly SwitchedLoadSettings[] =>
  [RELAY_DEFAULTS, REGISTER_LOAD_DEFAULTS]
    .filter(() => random.chance(0.4))
    .map((kind) => {
      const ratedW = 100 * random.integer(10, 30);
      return { ...kind, ratedW, ...(random.chance(0.5) ? { wants: drawWants(random, ratedW, healedAt) } : {}) };
    });

export const drawBesideFaults = (random: SeededRandom, healedAt: number): readonly FaultSpan[] => {
  const faults: FaultSpan[] = [];
  const pause = random.between(120, 900);
  let at = 60 + random.between(0, pause);
  while (at < healedAt - 200) {
    const fault = BESIDE_FAULTS[random.integer(0, BESIDE_FAULTS.length - 1)] ?? 'battery-silent';
    const span = random.chance(0.5) ? random.between(1, 15) : random.between(15, 150);
    const until = Math.min(at + span, healedAt - 60);
    faults.push({ fault, from: at, until, strength: random.fraction(), beside: random.integer(0, 1) });
    at = until + random.between(20, pause);
  }
  return faults;
};

export const drawImport = (random: SeededRandom): number => (random.chance(0.1) ? 0 : Math.round(random.between(500, 9000)));

/** An event of the utility that limits the import as well; some want a power of the storage. */
const withImport = (random: SeededRandom, event: DrawnEvent): DrawnEvent => ({
  ...event,
  importW: drawImport(random),
  ...(random.chance(0.25) ? { targetW: Math.round(random.between(0 - MOST_W, MOST_W)) } : {}),
});

/** The site with a battery or two and controllable loads; its inverter is of the quicker kind. */
export const storeSite = (random: SeededRandom, whole: SiteSettings, healedAt: number): SiteSettings => {
  const { plant, line } = whole;
  const quick = {
    ratedW: RATED_W * random.between(0.4, 1),
    lagSeconds: random.chance(0.8) ? random.between(0.2, 1.2) : random.between(1, 3),
    deadSeconds: random.chance(0.8) ? 0 : random.between(0, 1),
  };
  const bright = quick.ratedW / RATED_W;
  const sized = { ...plant, ...quick, sun: (t: number) => bright * plant.sun(t) };
  const batteries = Array.from({ length: random.chance(0.7) ? 1 : 2 }, () => drawBattery(random));
  const stored = withStorage({ ...whole, plant: sized, line: { ...line, loss: 0, crcErrors: 0 } }, batteries);
  return withLoads(stored, drawLoads(random, healedAt));
};

/** The simulation of this seed with batteries and loads, import limits and storage targets, and what befalls them. */
export const drawStorage = (seed: number, hours: number): Simulation => {
  const whole = drawSimulation(seed, hours);
  const random = new SeededRandom(seed, 'storage');
  const { healedAt } = whole;
  const site = storeSite(random, whole.site, healedAt);
  return {
    ...whole,
    site,
    faults: [...whole.faults, ...drawBesideFaults(random, healedAt)].sort((a, b) => a.from - b.from),
    events: whole.events.map((event) => withImport(random, event)),
    importDefaults: [Math.round(random.between(1500, 9000)), Math.round(random.between(1500, 9000))],
  };
};
