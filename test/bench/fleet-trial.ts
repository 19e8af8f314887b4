import { SeededRandom } from '#base/random.ts';
import { characterMs, gapMs, LINE_9600_8N1 } from '../rig/site/line.ts';
import { steps } from '../rig/site/profile.ts';
import { siteOf, withInverters } from '../rig/site/site.ts';
import { BAND_W, backInside, RATED_W, reversalsIn } from './step-trial.ts';
import { programSetOf, startVirtualSite } from './virtual-site.ts';

export interface FleetCase {
  readonly count: number;
  readonly baudRate: number;
  /** The last one falls silent before the step. */
  readonly dead: boolean;
}

const LIMIT_W = 1500;
const DEAD_AT_SECONDS = 25;
const STEP_AT_SECONDS = 90;
const WATCH_SECONDS = 25;
const USED_PART = 0.5;
const LOAD_LOW_W = 500;
const LOAD_MIDDLE_W = 1500;
const LOAD_HIGH_W = 4000;

/** Bytes of the request that writes the limit block with its reply, and of a meter's read with its reply. */
const WRITE_BYTES = 19 + 8;
const METER_BYTES = 8 + 71;
const LEAST_TURNAROUND_MS = 20;
const MEAN_REFRESH_SECONDS = 0.5;

/** The least time the wire leaves: half a meter refresh, one meter reading, one cap for each inverter; seconds. */
export const wireFloor = ({ count, baudRate }: FleetCase): number => {
  const line = { ...LINE_9600_8N1, baudRate };
  const transaction = (bytes: number): number => bytes * characterMs(line) + 2 * gapMs(line) + LEAST_TURNAROUND_MS;
  return MEAN_REFRESH_SECONDS + (transaction(METER_BYTES) + count * transaction(WRITE_BYTES)) / 1000;
};

/**
 * A load that goes, on a site of 10 kW in all: seconds until the export is inside for good. One that is dead fell silent while little
 * was allowed, so that what it holds leaves the others room. NaN: the load before the step was not used yet, so that nothing was to go.
 */
export const runFleetStep = async (fleet: FleetCase, seed: number): Promise<number> => {
  const random = new SeededRandom(seed, 'fleet');
  const at = STEP_AT_SECONDS + 3 * random.fraction();
  const ratedW = RATED_W / fleet.count;
  const load = steps([
    [0, LOAD_LOW_W],
    [DEAD_AT_SECONDS + 10, LOAD_HIGH_W],
    [at, LOAD_MIDDLE_W],
  ]);
  const base = siteOf({ plant: { ratedW, sun: () => ratedW, load }, line: { baudRate: fleet.baudRate }, seed });
  const settings = withInverters(
    base,
    Array.from({ length: fleet.count - 1 }, () => ({})),
  );
  const site = await startVirtualSite({ settings, utilityPhase: random.fraction() });
  site.utility.say(programSetOf(LIMIT_W, []));
  await site.runTo(DEAD_AT_SECONDS);
  if (fleet.dead) site.site.inverters.at(-1)?.fault(DEAD_AT_SECONDS * 1000, { silent: true });
  await site.runTo(at + WATCH_SECONDS);
  site.controld.kill();
  const before = site.truth.findLast(({ t }) => t < at * 1000);
  // What was not used before the step needs no time to go; what a dead one may deliver is left free for it.
  const least = fleet.dead ? 0 : USED_PART * LIMIT_W;
  if (before === undefined || before.netExport <= least) return Number.NaN;
  return backInside(site.truth, at, LIMIT_W, at + WATCH_SECONDS);
};

export interface DropFigures {
  /** The longest spell of export above the band, seconds, and the most reversals of more than 200 W after one drop. */
  readonly longestSeconds: number;
  readonly reversals: number;
}

const DROPS = 20;
const DROP_EVERY_SECONDS = 60;
const DROP_LASTS_SECONDS = 30;
const DROP_W = 8000;

/** What an inverter with a lag of 1 s leaves of a drop, told 0 at once but for a whole meter refresh, the worst of many; seconds. */
export const dropFloor = (): number => 2 * MEAN_REFRESH_SECONDS + Math.log(DROP_W / BAND_W);

/** No export allowed, and a load of 8 kW that goes 20 times. */
export const runDrops = async (fleet: FleetCase, seed: number): Promise<DropFigures> => {
  const random = new SeededRandom(seed, 'drops');
  const drops = Array.from({ length: DROPS }, (_, index) => (index + 1) * DROP_EVERY_SECONDS + random.fraction());
  const load = steps([[0, DROP_W], ...drops.flatMap((at) => [[at, 0] as const, [at + DROP_LASTS_SECONDS, DROP_W] as const])]);
  const ratedW = RATED_W / fleet.count;
  const base = siteOf({ plant: { ratedW, sun: () => ratedW, load }, line: { baudRate: fleet.baudRate }, seed });
  const site = await startVirtualSite({
    settings: withInverters(
      base,
      Array.from({ length: fleet.count - 1 }, () => ({})),
    ),
  });
  site.utility.say(programSetOf(0, []));
  await site.runTo((DROPS + 1) * DROP_EVERY_SECONDS);
  site.controld.kill();
  let spell = 0;
  let longest = 0;
  for (const { t, netExport } of site.truth) {
    if (t < DROP_EVERY_SECONDS * 1000) continue;
    spell = netExport > BAND_W ? spell + 1 : 0;
    longest = Math.max(longest, spell);
  }
  const reversals = drops.map((at) =>
    reversalsIn(
      site.truth.filter(({ t }) => t >= at * 1000 && t < (at + DROP_LASTS_SECONDS) * 1000).map(({ netExport }) => netExport),
      200,
    ),
  );
  return { longestSeconds: (longest * base.plant.truthMs) / 1000, reversals: Math.max(...reversals) };
};
