/** An inverter to which nothing may be written, beside one that can be told: the other makes room for it. */
import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { steps } from '../rig/site/profile.ts';
import { siteOf, withInverters } from '../rig/site/site.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const LIMIT_W = 2000;
const BAND_W = 100;
/** Sun of the one that is not told, and the load. */
const SUN = steps([
  [0, 3000],
  [100, 4500],
  [160, 1500],
]);
const LOAD_W = 1500;

describe.each([
  ['huawei-sun2000', 'Huawei SUN2000-10KTL'],
  ['goodwe-et', 'GoodWe GW10K-ET'],
])('%s', (profile, product) => {
  it('is counted as what it gives: the limit holds where the other can still give way, and what is left is used', async () => {
    const site = siteOf({ plant: { load: () => LOAD_W, sun: SUN } });
    const settings = { ...withInverters(site, [{ plant: { sun: () => 10_000 } }]), registerInverter: product };
    const unitId = profile === 'goodwe-et' ? 247 : 1;
    const inverter = { ...settings.inverter, unitId };
    const gateway = { inverterProfile: { name: profile, serialNumber: 'CARD-1' }, fallbackExportW: 9000 };
    const virtual = await startVirtualSite({ settings: { ...settings, inverter }, gateway });
    const modes = { opModExpLimW: watts(LIMIT_W) };
    const set = programSetOf(10_000, []);
    const programs = set.programs.map((program) => ({
      ...program,
      defaultControl: { mRID: 'default-1', modes, setGradW: null },
    }));
    virtual.utility.say({ ...set, programs });
    await virtual.runTo(230);
    const flow = (from: number, until: number): readonly number[] =>
      virtual.truth.filter(({ t }) => t >= from * 1000 && t < until * 1000).map(({ netExport }) => netExport);
    expect(Math.max(...flow(25, 100))).toBeLessThan(LIMIT_W + BAND_W);
    expect(Math.min(...flow(85, 99))).toBeGreaterThan(0.9 * LIMIT_W);
    // More than the limit and the load allow: the other is at 0, and nobody can do more.
    expect(Math.max(...flow(110, 159))).toBeLessThan(4500 - LOAD_W + BAND_W);
    expect(Math.max(...flow(165, 230))).toBeLessThan(LIMIT_W + BAND_W);
    expect(Math.min(...flow(215, 229))).toBeGreaterThan(0.9 * LIMIT_W);
    expect(virtual.site.registerInverter?.writes).toEqual([]);
  });
});
