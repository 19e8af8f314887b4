import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { ProgramSet } from '#control/program.ts';
import type { BatterySettings } from '../rig/site/battery.ts';
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

/** One inverter of 10 kW with a battery behind it: one AC output. */
const hybrid = async (
  battery: Partial<BatterySettings>,
  modes: Modes,
  plant: { readonly sun: Profile; readonly load: Profile },
) => {
  const settings = withStorage(siteOf({ plant }), [{ behind: true, capacityWh: 30_000, ...battery }]);
  const site = await startVirtualSite({ settings });
  site.utility.say(saying(modes));
  const between = (from: number, to: number) => site.truth.filter(({ t }) => t > from * 1000 && t <= to * 1000);
  return {
    ...{ site, battery: site.site.batteries[0] },
    most: (flow: 'import' | 'export', from: number, to: number): number =>
      Math.max(...between(from, to).map(({ netExport }) => (flow === 'export' ? netExport : 0 - netExport))),
    power: (from: number, to: number): number => {
      const seen = between(from, to).map(({ stored }) => stored?.[0]?.discharge ?? 0);
      return seen.reduce((sum, one) => sum + one, 0) / seen.length;
    },
  };
};

describe('a hybrid', () => {
  test('keeps the export limit with both, and stores the sun that it may not export', async () => {
    const load = steps([
      [0, 3000],
      [100, 500],
    ]);
    const one = await hybrid({ family: 'inputs', automatic: 0 }, { opModExpLimW: watts(2000) }, { sun: () => 8000, load });
    await one.site.runTo(160);
    expect(one.most('export', 15, 99)).toBeLessThanOrEqual(2000 + BAND_W);
    expect(one.most('export', 103, 160)).toBeLessThanOrEqual(2000 + BAND_W);
    // 8 kW of sun, 3 kW of load, 2 kW of export.
    expect(one.power(80, 99)).toBeLessThan(-2500);
    expect(one.power(140, 160)).toBeLessThan(-3500);
  });

  test('keeps the export limit while its battery discharges as it likes, answers or not', async () => {
    const one = await hybrid(
      { family: 'setpoint', automatic: 3500 },
      { opModExpLimW: watts(2000) },
      { sun: () => 5000, load: () => 1000 },
    );
    await one.site.runTo(30);
    one.battery?.release(one.site.line.siteNow);
    one.battery?.fault({ silent: true });
    await one.site.runTo(80);
    expect(one.power(60, 80)).toBeGreaterThan(3400);
    expect(one.most('export', 15, 80)).toBeLessThanOrEqual(2000 + BAND_W);
    // Blind too: the inverter's cap binds what comes through it, and nothing is taken off for the battery.
    one.site.site.meter.fault(one.site.line.siteNow, { silent: true });
    await one.site.runTo(110);
    const blind = one.site.truth.filter(({ t }) => t > 90_000).map(({ generation }) => generation);
    expect(Math.max(...blind)).toBeLessThanOrEqual(2000 + BAND_W);
    expect(Math.min(...blind)).toBeGreaterThan(1800);
  });

  test('keeps an import limit through its inverter', async () => {
    const load = steps([
      [0, 2000],
      [40, 6000],
    ]);
    const modes = { opModExpLimW: watts(5000), opModImpLimW: watts(3500) };
    const one = await hybrid({ family: 'setpoint', automatic: 0 }, modes, { sun: () => 600, load });
    await one.site.runTo(80);
    expect(one.most('import', 15, 39)).toBeLessThanOrEqual(3500 + BAND_W);
    expect(one.most('import', 45, 80)).toBeLessThanOrEqual(3500 + BAND_W);
    expect(one.power(60, 80)).toBeGreaterThan(1700);
  });

  test('counts what comes through the inverter once under a generation limit', async () => {
    const modes = { opModGenLimW: watts(3000), opModImpLimW: watts(3000) };
    const one = await hybrid({ family: 'inputs', automatic: 0 }, modes, { sun: () => 1000, load: () => 5500 });
    await one.site.runTo(60);
    expect(one.most('import', 30, 60)).toBeLessThanOrEqual(3000 + BAND_W);
    expect(Math.max(...one.site.truth.filter(({ t }) => t > 15_000).map(({ generation }) => generation))).toBeLessThanOrEqual(
      3100,
    );
  });
});
