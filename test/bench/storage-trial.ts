import { SeededRandom } from '#base/random.ts';
import { watts } from '#base/units.ts';
import type { BatterySettings } from '../rig/site/battery.ts';
import { steps } from '../rig/site/profile.ts';
import { siteOf, withStorage } from '../rig/site/site.ts';
import { BAND_W, TRUTH_MS } from './step-trial.ts';
import { programSetOf, startVirtualSite } from './virtual-site.ts';

/** Import at a site with a battery, and no sun: a limit that comes, a load that comes under one. Load and limit in watts. */
const IMPORT_STEPS = {
  'import limit 7 -> 3.5 kW': { loadBefore: 2000, loadAfter: 2000, limitBefore: null, limitAfter: 3500 },
  'load +3.5 kW, import limit 3.5 kW': { loadBefore: 1500, loadAfter: 5000, limitBefore: 3500, limitAfter: 3500 },
} as const;
export type ImportStep = keyof typeof IMPORT_STEPS;
export const IMPORT_KINDS = Object.keys(IMPORT_STEPS) as readonly ImportStep[];

const FROM_SECONDS = 40;
const WATCH_SECONDS = 20;
const EXPORT_LIMIT_W = 5000;

const saying = (importLimit: number | null): ReturnType<typeof programSetOf> => {
  const set = programSetOf(EXPORT_LIMIT_W, []);
  const limits = { opModExpLimW: watts(EXPORT_LIMIT_W), ...(importLimit === null ? {} : { opModImpLimW: watts(importLimit) }) };
  const programs = set.programs.map((program) => ({
    ...program,
    defaultControl: { mRID: 'import', modes: limits, setGradW: null },
  }));
  return { ...set, programs };
};

/** Seconds from the step until the import is inside limit and band for good. The battery would charge with 5 kW by itself. */
export const runImportStep = async (kind: ImportStep, family: BatterySettings['family'], seed: number): Promise<number> => {
  const { loadBefore, loadAfter, limitBefore, limitAfter } = IMPORT_STEPS[kind];
  const random = new SeededRandom(seed, 'import');
  const at = FROM_SECONDS + random.between(0, 3);
  const load = steps([
    [0, loadBefore],
    [at, loadAfter],
  ]);
  const settings = withStorage(siteOf({ plant: { load, sun: () => 0, truthMs: TRUTH_MS }, seed }), [
    { family, automatic: limitBefore === null ? -5000 : 0, chargePercent: 60 },
  ]);
  const site = await startVirtualSite({ settings, utilityPhase: random.fraction() });
  site.utility.say(saying(limitBefore));
  await site.runTo(at);
  if (limitBefore === null) site.utility.say(saying(limitAfter));
  await site.runTo(at + WATCH_SECONDS);
  site.controld.kill();
  const inTime = site.truth.filter(({ t }) => t >= at * 1000);
  const last = inTime.findLast(({ netExport }) => 0 - netExport > limitAfter + BAND_W);
  if (last === undefined) return 0;
  return last === inTime.at(-1) ? Infinity : (last.t + TRUTH_MS) / 1000 - at;
};
