/** An inverter that is limited in registers of its own, under the whole of controld. */
import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import type { ProgramSet } from '#control/program.ts';
import { steps } from '../rig/site/profile.ts';
import { siteOf } from '../rig/site/site.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const LIMIT_W = 2000;
const BAND_W = 100;

const limited = (): ProgramSet => {
  const set = programSetOf(10_000, []);
  const modes = { opModExpLimW: watts(LIMIT_W) };
  const programs = set.programs.map((program) => ({ ...program, defaultControl: { mRID: 'default-1', modes, setGradW: null } }));
  return { ...set, programs };
};

describe.each([
  ['sungrow-sg', 'Sungrow SG10RT'],
  ['solaredge', 'SolarEdge SE10K'],
])('%s', (profile, product) => {
  it('holds the limit through steps of the load and through a silence, and uses what it leaves', async () => {
    const load = steps([
      [0, 3000],
      [60, 500],
      [120, 3000],
      [200, 500],
    ]);
    const settings = { ...siteOf({ plant: { load } }), registerInverter: product };
    const gateway = { inverterProfile: { name: profile, serialNumber: 'CARD-1' }, fallbackExportW: 9000 };
    const site = await startVirtualSite({ settings, gateway });
    site.utility.say(limited());
    const flow = (from: number, until: number): readonly number[] =>
      site.truth.filter(({ t }) => t >= from * 1000 && t < until * 1000).map(({ netExport }) => netExport);
    await site.runTo(190);
    expect(Math.max(...flow(20, 60))).toBeLessThan(LIMIT_W + BAND_W);
    expect(Math.max(...flow(66, 120))).toBeLessThan(LIMIT_W + BAND_W);
    expect(Math.min(...flow(110, 119))).toBeGreaterThan(0.9 * LIMIT_W);
    expect(Math.min(...flow(180, 189))).toBeGreaterThan(0.9 * LIMIT_W);
    const { registerInverter: inverter } = site.site;
    if (inverter === null) expect.fail('the product is on the line');
    inverter.silent = true;
    await site.runTo(230);
    // Nothing reaches it now: what it holds is all that can be said.
    expect(site.notes.map(({ note }) => note.event)).toContain('device-silent');
    inverter.silent = false;
    await site.runTo(290);
    expect(Math.max(...flow(255, 290))).toBeLessThan(LIMIT_W + BAND_W);
    expect(Math.min(...flow(280, 289))).toBeGreaterThan(0.9 * LIMIT_W);
  });
});
