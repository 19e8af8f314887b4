import { describe, expect, test } from 'vitest';
import { percent, watts } from '#base/units.ts';
import type { ProgramSet } from '#control/program.ts';
import { type Profile, steps } from '../rig/site/profile.ts';
import { siteOf, withStorage } from '../rig/site/site.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const BAND_W = 100;
type Modes = NonNullable<ProgramSet['programs'][number]['defaultControl']>['modes'];

const saying = (modes: Modes): ProgramSet => {
  const set = programSetOf(10_000, []);
  const programs = set.programs.map((program) => ({ ...program, defaultControl: { mRID: 'default-1', modes, setGradW: null } }));
  return { ...set, programs };
};

/** The gateway of a site with a battery and no inverter. `automatic`: what the battery would give by itself, watts. */
const siteWith = async (automatic: number, modes: Modes, load: Profile) => {
  const settings = withStorage(siteOf({ plant: { sun: () => 0, load } }), [{ automatic }]);
  const site = await startVirtualSite({ settings, gateway: { isStorageAlone: true } });
  site.utility.say(saying(modes));
  const after = (seconds: number): readonly number[] =>
    site.truth.filter(({ t }) => t > seconds * 1000).map(({ netExport }) => netExport);
  return { site, after };
};

/** Goal: a battery with no inverter beside it is a site. Method: the rig's battery through the whole of controld. */
describe('storage alone', () => {
  test('holds an export limit, and gives nothing that might pass it while the meter is silent', async () => {
    const { site, after } = await siteWith(4000, { opModExpLimW: watts(1500) }, () => 1000);
    await site.runTo(40);
    expect(Math.max(...after(20))).toBeLessThanOrEqual(1500 + BAND_W);
    expect(Math.min(...after(20))).toBeGreaterThan(1500 - 2 * BAND_W);
    site.site.meter.fault(site.line.siteNow, { silent: true });
    await site.runTo(55);
    expect(Math.max(...after(46))).toBeLessThanOrEqual(0);
  });

  test('holds an import limit', async () => {
    const load = steps([
      [0, 1000],
      [25, 5000],
    ]);
    const { site, after } = await siteWith(0, { opModExpLimW: watts(5000), opModImpLimW: watts(2000) }, load);
    await site.runTo(50);
    expect(Math.min(...after(30))).toBeGreaterThanOrEqual(-2000 - BAND_W);
  });

  test('gives the power of a storage target', async () => {
    const { site, after } = await siteWith(0, { opModExpLimW: watts(5000), opModStorageTargetW: watts(2000) }, () => 500);
    await site.runTo(30);
    for (const netExport of after(20)) expect(Math.abs(netExport - 1500)).toBeLessThan(50);
  });

  test('comes back from a stop after the wait and by the ramp that the utility states', async () => {
    const { site } = await siteWith(4000, { opModExpLimW: watts(5000), opModEnergize: false }, () => 500);
    // 10 s of wait, then 2 % a second.
    const set = saying({ opModExpLimW: watts(5000), opModEnergize: true });
    const returning = { setSoftGradW: 200, setESDelay: 1000 };
    const programs = set.programs.map((one) => ({ ...one, defaultControl: { ...one.defaultControl!, ...returning } }));
    await site.runTo(20);
    site.utility.say({ ...set, programs });
    await site.runTo(90);
    const most = (from: number, to: number): number =>
      Math.max(...site.truth.filter(({ t }) => t > from * 1000 && t < to * 1000).map(({ discharge = 0 }) => discharge));
    expect(most(15, 30)).toBeLessThanOrEqual(BAND_W);
    expect(most(30, 55)).toBeLessThanOrEqual(2500 + 2 * BAND_W);
    expect(most(80, 90)).toBeGreaterThan(3900);
  });

  test('gives half of what it can for a limit of half', async () => {
    const { site, after } = await siteWith(4000, { opModExpLimW: watts(5000), opModMaxLimW: percent(50) }, () => 500);
    await site.runTo(30);
    expect(Math.max(...after(20))).toBeLessThanOrEqual(1500 + BAND_W);
    expect(Math.min(...after(20))).toBeGreaterThan(1500 - 2 * BAND_W);
  });
});
