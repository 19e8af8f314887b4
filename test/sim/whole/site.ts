import type { SeededRandom } from '#base/random.ts';
import { type SiteSettings, withLoads, withStorage } from '../../rig/site/site.ts';
import { splitSite } from '../draw-fleet.ts';
import { drawBattery, drawLoads, storeSite } from '../draw-storage.ts';
import { drawSite } from '../draw.ts';

/** `hybrid`: a battery behind the inverter; `mixed`: two inverters with a battery and loads. */
export type SiteKind = 'single' | 'fleet' | 'storage' | 'hybrid' | 'mixed';
const KINDS: readonly SiteKind[] = ['single', 'single', 'fleet', 'fleet', 'storage', 'storage', 'hybrid', 'mixed'];

export interface DrawnSite {
  readonly kind: SiteKind;
  readonly site: SiteSettings;
  readonly loadSteps: readonly number[];
}

/** Some of the site on a second line: a fleet's further inverters, or what is beside the inverters. */
const onLines = (random: SeededRandom, site: SiteSettings): SiteSettings => {
  if (random.chance(0.5)) return site;
  const others = (site.others ?? []).map((one) => ({ ...one, line: random.chance(0.5) ? 1 : 0 }));
  const hasBeside = (site.batteries?.length ?? 0) + (site.switchedLoads?.length ?? 0) > 0;
  return {
    ...site,
    ...(others.length > 0 ? { others } : {}),
    ...(hasBeside && random.chance(0.5) ? { besideLine: 1 } : {}),
  };
};

const shaped = (random: SeededRandom, kind: SiteKind, site: SiteSettings, healedAt: number): SiteSettings => {
  switch (kind) {
    case 'single':
      return site;
    case 'fleet':
      return onLines(random, splitSite(random, site, healedAt));
    case 'storage':
      return onLines(random, storeSite(random, site, healedAt));
    case 'hybrid':
      return withStorage(site, [{ ...drawBattery(random), behind: true }]);
    case 'mixed': {
      const split = splitSite(random, site, healedAt, 2);
      return onLines(random, withLoads(withStorage(split, [drawBattery(random)]), drawLoads(random, healedAt)));
    }
  }
};

/** Sun, load, devices and lines of a seed: one inverter or several, storage, loads, a hybrid. */
export const drawWholeSite = (random: SeededRandom, healedAt: number, seed: number): DrawnSite => {
  const kind = KINDS[random.integer(0, KINDS.length - 1)] ?? 'single';
  const { site, loadSteps } = drawSite(random, healedAt, seed);
  return { kind, loadSteps, site: shaped(random, kind, site, healedAt) };
};

/** Lines of the site. */
export const linesOf = ({ others = [], besideLine = 0 }: SiteSettings): number =>
  1 + Math.max(besideLine, ...others.map(({ line }) => line));

/** True of a site with storage or loads on the AC side: import limits can be carried out there. */
export const hasBeside = ({ batteries = [], switchedLoads = [] }: SiteSettings): boolean =>
  batteries.some(({ behind }) => behind !== true) || switchedLoads.length > 0;
