import { describe, expect, test } from 'vitest';
import { siteOf } from '../rig/site/site.ts';
import { steps } from '../rig/site/profile.ts';
import { runStepTrial, STEP_KINDS } from '../bench/step-trial.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const LIMIT_W = 1500;
const BAND_W = 100;
const SEEDS = [1, 2, 3];

/** What a broken limiter, session or line shows at once: the whole of controld on the rig's line in virtual time. */
describe('controld holds the limit', () => {
  for (const kind of STEP_KINDS) {
    test(`${kind}: back inside within the law's 15 s, and then some`, async () => {
      for (const seed of SEEDS) expect((await runStepTrial(kind, seed)).seconds).toBeLessThanOrEqual(5);
    });
  }

  test('a silent meter: generation alone stays inside', async () => {
    const site = await startVirtualSite({ settings: siteOf({ plant: { load: () => 3000 } }) });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(30);
    site.site.meter.fault(30_000, { silent: true });
    await site.runTo(90);
    const late = site.truth.filter(({ t }) => t > 36_000);
    expect(Math.max(...late.map(({ generation }) => generation))).toBeLessThanOrEqual(LIMIT_W + BAND_W);
  });

  test('a frozen meter: inside again within 20 s of the load going', async () => {
    const load = steps([
      [0, 3000],
      [31, 0],
    ]);
    const site = await startVirtualSite({ settings: siteOf({ plant: { load } }) });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(30);
    site.site.meter.fault(30_000, { frozen: true });
    await site.runTo(90);
    const late = site.truth.filter(({ t }) => t > 51_000);
    expect(Math.max(...late.map(({ netExport }) => netExport))).toBeLessThanOrEqual(LIMIT_W + BAND_W);
  });

  test('an inverter that delivers 5 % more than asked: no more than the limit on average', async () => {
    const site = await startVirtualSite({ settings: siteOf({ plant: { load: () => 1000, gainErrorPercent: 5 } }) });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(240);
    const steady = site.truth.filter(({ t }) => t > 120_000).map(({ netExport }) => netExport);
    expect(steady.reduce((sum, one) => sum + one, 0) / steady.length).toBeLessThanOrEqual(1.005 * LIMIT_W);
  });

  test('an inverter that comes back without its limit is told again', async () => {
    const site = await startVirtualSite({ settings: siteOf({ plant: { load: () => 1000 } }) });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(30);
    site.site.inverter.restart(30_000, 20);
    await site.runTo(90);
    const late = site.truth.filter(({ t }) => t > 65_000).map(({ netExport }) => netExport);
    expect(Math.max(...late)).toBeLessThanOrEqual(LIMIT_W + BAND_W);
    expect(Math.min(...late)).toBeGreaterThan(0.9 * LIMIT_W);
  });
});
