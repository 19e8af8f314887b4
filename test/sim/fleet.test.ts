import { describe, expect, test } from 'vitest';
import { lines, steps } from '../rig/site/profile.ts';
import { siteOf, withInverters } from '../rig/site/site.ts';
import type { Truth } from '../rig/site/plant.ts';
import { runFleetStep } from '../bench/fleet-trial.ts';
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
    { count: 2, baudRate: 9600, dead: true, seconds: 5 },
    { count: 8, baudRate: 9600, dead: false, seconds: 5 },
    { count: 32, baudRate: 19_200, dead: false, seconds: 8 },
  ])('$count at $baudRate baud, dead: $dead: back inside in time', async ({ seconds, ...fleet }) => {
    expect(await runFleetStep(fleet, 1)).toBeLessThanOrEqual(seconds);
  });

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

/** Mean of the last ten seconds of export, watts, and each inverter's. */
const meansOf = (truth: readonly Truth[], until: number): { readonly netExport: number; readonly parts: readonly number[] } => {
  const late = truth.filter(({ t }) => t > (until - 10) * 1000 && t <= until * 1000);
  const mean = (of: (point: Truth) => number): number => late.reduce((sum, point) => sum + of(point), 0) / late.length;
  const count = late[0]?.parts?.length ?? 0;
  return {
    netExport: mean(({ netExport }) => netExport),
    parts: Array.from({ length: count }, (_, index) => mean(({ parts }) => parts?.[index]?.generation ?? 0)),
  };
};

const worst = (truth: readonly Truth[], from: number): number =>
  truth.reduce((most, { t, netExport }) => (t >= from * 1000 ? Math.max(most, netExport) : most), -Infinity);

/** The longest time in a row over the limit from `from` on, seconds. */
const longestSpell = (truth: readonly Truth[], from: number, limitW: number): number => {
  let began: number | null = null;
  let longest = 0;
  for (const { t, netExport } of truth) {
    if (t < from * 1000 || netExport <= limitW + BAND_W) began = null;
    else {
      began ??= t;
      longest = Math.max(longest, (t - began) / 1000);
    }
  }
  return longest;
};

describe('what one inverter cannot use the others get', () => {
  const plant = { ratedW: 5000, sun: () => 5000, load: () => 1000 };

  test('a shaded one keeps what it makes and little more', async () => {
    const shade = steps([
      [0, 5000],
      [60, 700],
    ]);
    const site = await startVirtualSite({ settings: withInverters(siteOf({ plant }), [{ plant: { sun: shade } }]) });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(140);
    expect(meansOf(site.truth, 55).parts.map((one) => Math.round(one / 100))).toEqual([20, 20]);
    const after = meansOf(site.truth, 140);
    expect(after.parts[1]).toBeGreaterThan(690);
    expect(after.netExport).toBeGreaterThan(0.95 * 3000);
    expect(worst(site.truth, 20)).toBeLessThanOrEqual(3000 + BAND_W);
  });

  test('sun that comes back gets its share again, never over the limit', async () => {
    const shade = steps([
      [0, 700],
      [120, 5000],
    ]);
    const site = await startVirtualSite({ settings: withInverters(siteOf({ plant }), [{ plant: { sun: shade } }]) });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(220);
    expect(meansOf(site.truth, 115).netExport).toBeGreaterThan(0.95 * 3000);
    const after = meansOf(site.truth, 220);
    expect(Math.abs((after.parts[0] ?? 0) - (after.parts[1] ?? 0))).toBeLessThan(200);
    expect(after.netExport).toBeGreaterThan(0.97 * 3000);
    expect(worst(site.truth, 20)).toBeLessThanOrEqual(3000 + BAND_W);
  });

  test('one that goes to sleep gives its share back, and wakes within the limit', async () => {
    const night = lines([
      [0, 5000],
      [60, 0],
      [200, 0],
      [260, 3000],
    ]);
    const site = await startVirtualSite({ settings: withInverters(siteOf({ plant }), [{ plant: { sun: night } }]) });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(330);
    expect(meansOf(site.truth, 195).netExport).toBeGreaterThan(0.97 * 3000);
    const after = meansOf(site.truth, 330);
    expect(after.parts[1]).toBeGreaterThan(1500);
    expect(after.netExport).toBeGreaterThan(0.97 * 3000);
    expect(longestSpell(site.truth, 20, 3000)).toBeLessThanOrEqual(5);
  });

  test('one that falls silent is counted as its cap, the other takes what is left', async () => {
    const site = await startVirtualSite({ settings: withInverters(siteOf({ plant }), [{}]) });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(40);
    site.site.inverters[1]?.fault(40_000, { silent: true });
    await site.runTo(120);
    expect(meansOf(site.truth, 120).netExport).toBeGreaterThan(0.95 * 3000);
    expect(worst(site.truth, 20)).toBeLessThanOrEqual(3000 + BAND_W);
  });

  test('one that ignores its cap: the other gives way', async () => {
    const load = steps([
      [0, 3000],
      [60, 0],
    ]);
    const site = await startVirtualSite({ settings: withInverters(siteOf({ plant: { ...plant, load } }), [{}]) });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(55);
    site.site.inverters[1]?.fault(55_000, { ignoresLimit: true });
    await site.runTo(120);
    expect(worst(site.truth, 80)).toBeLessThanOrEqual(3000 + BAND_W);
  });

  test('shadows that wander cost no more writes than a steady site may', async () => {
    let writes = 0;
    const wander = (phase: number) => (t: number) => 2700 + 2300 * Math.sin(t / 9000 + phase);
    const settings = withInverters(siteOf({ plant: { ...plant, sun: wander(0) } }), [
      { plant: { sun: wander(2) } },
      { plant: { sun: wander(4) } },
    ]);
    const site = await startVirtualSite({
      settings,
      onBytes: ({ direction, bytes, at }) => {
        if (direction === 'request' && bytes[1] === 16 && at > 60_000) writes += 1;
      },
    });
    site.utility.say(programSetOf(3000, []));
    await site.runTo(1260);
    expect(writes / 3).toBeLessThanOrEqual(120 / 3);
    expect(worst(site.truth, 20)).toBeLessThanOrEqual(3000 + BAND_W);
  });
});
