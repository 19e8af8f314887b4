import { SeededRandom } from '#base/random.ts';
import { lines } from '../rig/site/profile.ts';
import { type SiteSettings, withInverters } from '../rig/site/site.ts';
import { drawSimulation, drawSun, type FaultSpan, RATED_W, type Simulation } from './draw.ts';

/** Most inverters on one line of 9600 baud here. */
const MOST = 4;

/** Parts of the site's rating, none below a tenth. */
const drawShares = (random: SeededRandom, count: number): readonly number[] => {
  const weights = Array.from({ length: count }, () => random.between(0.4, 1));
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one) => one / sum);
};

/** The site's rating split over two to `most` inverters, each with sun, plant and step of its own. */
export const splitSite = (random: SeededRandom, whole: SiteSettings, healedAt: number, most = MOST): SiteSettings => {
  const count = random.integer(2, most);
  const shares = drawShares(random, count);
  const slow = random.chance(0.3);
  const plantOf = (share: number, index: number) => {
    const sun = index === 0 || random.chance(0.6) ? whole.plant.sun : lines(drawSun(random, healedAt));
    return {
      ratedW: share * RATED_W,
      sun: (t: number) => share * sun(t),
      lagSeconds: slow ? random.between(0, 4) : random.between(0.2, 1.2),
      deadSeconds: slow && random.chance(0.5) ? random.between(0, 3) : 0,
      slewPercentPerSecond: random.chance(0.8) ? Infinity : random.between(10, 100),
      gainErrorPercent: random.chance(0.5) ? 0 : random.between(-5, 5),
    };
  };
  const [first, ...others] = shares.map(plantOf);
  return withInverters(
    { ...whole, plant: { ...whole.plant, ...first }, line: { ...whole.line, loss: 0, crcErrors: 0 } },
    others.map((plant) => ({
      plant,
      inverter: {
        limitScale: random.chance(0.3) ? 0 : -2,
        readingAgeMs: random.chance(0.7) ? 0 : random.between(0, 800),
        wakes: random.chance(0.5) ? 'uncapped' : 'keeps',
      },
    })),
  );
};

/** The simulation of this seed with its rating split; what befalls an inverter befalls any of them. */
export const drawFleet = (seed: number, hours: number): Simulation => {
  const whole = drawSimulation(seed, hours);
  const random = new SeededRandom(seed, 'fleet');
  const site = splitSite(random, whole.site, whole.healedAt);
  const last = site.others?.length ?? 0;
  const faults = whole.faults.map((span): FaultSpan => ({ ...span, inverter: random.integer(0, last) }));
  return { ...whole, site, faults };
};
