import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { ProgramSet } from '#control/program.ts';
import type { BatterySettings } from '../rig/site/battery.ts';
import type { Truth } from '../rig/site/plant.ts';
import { siteOf, withLoads, withStorage } from '../rig/site/site.ts';
import { RELAY_DEFAULTS } from '../rig/site/switched-load.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const BAND_W = 100;
type Modes = NonNullable<ProgramSet['programs'][number]['defaultControl']>['modes'];

const saying = (modes: Modes): ProgramSet => {
  const set = programSetOf(10_000, []);
  const programs = set.programs.map((program) => ({ ...program, defaultControl: { mRID: 'default-1', modes, setGradW: null } }));
  return { ...set, programs };
};
const after = (truth: readonly Truth[], seconds: number): readonly Truth[] => truth.filter(({ t }) => t > seconds * 1000);
const imports = (truth: readonly Truth[]): number => Math.max(...truth.map(({ netExport }) => 0 - netExport));

/** The rig's battery, which does as its own self-consumption likes, through the whole of controld. */
describe.each<BatterySettings['family']>(['window', 'setpoint'])('storage commanded as a %s', (family) => {
  test('holds an import limit', async () => {
    const plant = { sun: () => 0, load: () => 6000 };
    const settings = withStorage(siteOf({ plant }), [{ family, automatic: -1000 }]);
    const site = await startVirtualSite({ settings });
    await site.runTo(20);
    expect(imports(after(site.truth, 15))).toBeGreaterThan(6500);
    site.utility.say(saying({ opModExpLimW: watts(5000), opModImpLimW: watts(3500) }));
    await site.runTo(80);
    expect(imports(after(site.truth, 40))).toBeLessThanOrEqual(3500 + BAND_W);
  });

  test('gives the power of a storage target', async () => {
    const plant = { sun: () => 0, load: () => 3000 };
    const site = await startVirtualSite({ settings: withStorage(siteOf({ plant }), [{ family }]) });
    site.utility.say(saying({ opModExpLimW: watts(5000), opModStorageTargetW: watts(-2000) }));
    await site.runTo(60);
    for (const { discharge = 0 } of after(site.truth, 40)) expect(Math.abs(discharge + 2000)).toBeLessThan(50);
  });
});

test('storage that takes a power serves the load inside an export limit, and stores the surplus', async () => {
  const plant = { sun: (t: number) => Math.min(4000, Math.max(0, (t - 35_000) / 10)), load: () => 2000 };
  const site = await startVirtualSite({ settings: withStorage(siteOf({ plant }), [{ family: 'setpoint', automatic: 0 }]) });
  site.utility.say(saying({ opModExpLimW: watts(1500) }));
  await site.runTo(120);
  const night = site.truth.filter(({ t }) => t > 20_000 && t < 35_000);
  for (const { discharge = 0 } of night) expect(Math.abs(discharge - 2000)).toBeLessThan(250);
  for (const { discharge = 0 } of after(site.truth, 110)) expect(Math.abs(discharge + 2000)).toBeLessThan(400);
});

test('a relay sheds its load where an import limit asks for it', async () => {
  const settings = withLoads(siteOf({ plant: { sun: () => 0, load: () => 1000 } }), [RELAY_DEFAULTS]);
  const site = await startVirtualSite({ settings });
  await site.runTo(20);
  expect(imports(after(site.truth, 15))).toBe(4000);
  site.utility.say(saying({ opModExpLimW: watts(5000), opModImpLimW: watts(2000) }));
  await site.runTo(60);
  expect(imports(after(site.truth, 40))).toBe(1000);
});
