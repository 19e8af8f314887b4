import { describe, expect, test } from 'vitest';
import { steps } from '../rig/site/profile.ts';
import { siteOf, withInverters } from '../rig/site/site.ts';
import type { Truth } from '../rig/site/plant.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const LIMIT_W = 1500;
const BAND_W = 100;

/** Seconds from `at` until the export is inside for good, as far as the truth goes. */
const backInside = (truth: readonly Truth[], at: number): number => {
  const last = truth.findLast(({ t, netExport }) => t >= at * 1000 && netExport > LIMIT_W + BAND_W);
  return last === undefined ? 0 : last.t / 1000 - at;
};

/** The whole of controld with several inverters, in virtual time. */
describe('several inverters', () => {
  const load = steps([
    [0, 4000],
    [40, 500],
  ]);

  test.each([
    ["two on the meter's line", [{ line: 0 }]],
    ['two on lines of their own', [{ line: 1 }]],
    ['one larger, one slower', [{ plant: { ratedW: 8000, sun: () => 8000 } }, { plant: { lagSeconds: 3 }, line: 1 }]],
  ])('%s: back inside after the load goes', async (_, others) => {
    const settings = withInverters(siteOf({ plant: { ratedW: 5000, sun: () => 5000, load } }), others);
    const site = await startVirtualSite({ settings });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(80);
    expect(site.truth.find(({ t }) => t === 39_000)?.netExport).toBeGreaterThan(0.9 * LIMIT_W);
    expect(backInside(site.truth, 40)).toBeLessThanOrEqual(6);
    expect(site.truth.at(-1)?.netExport).toBeGreaterThan(0.9 * LIMIT_W);
  });
});
