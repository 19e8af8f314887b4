import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { boundsOf, sharesOf } from '#control/storage/bounds.ts';
import { limitsOf, StorageSite } from '../../unit/storage/site.ts';

const power = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const limit = fc.option(power(15_000), { nil: undefined });
const limits = fc
  .record({ exportLimit: limit, importLimit: limit, generationLimit: limit, loadLimit: limit })
  .map((some) => limitsOf(some));

const site = fc.record({
  least: fc.integer({ min: -12_000, max: 12_000 }),
  width: power(4000),
  generation: power(10_000),
  consumption: power(6000),
  maxCharge: fc.integer({ min: 500, max: 8000 }),
  maxDischarge: fc.integer({ min: 500, max: 8000 }),
  able: fc.double({ min: 0, max: 1, noNaN: true }),
  rate: power(300),
});

test('inside the band no limit is broken that storage can keep, whatever the site does between what is relied on', () => {
  fc.assert(
    fc.property(limits, site, fc.double({ min: 0, max: 1, noNaN: true }), (all, one, at) => {
      const { least, width, generation, consumption, maxCharge, maxDischarge, able, rate } = one;
      const canDischarge = watts(able * maxDischarge);
      const residual = { least: watts(least), most: watts(least + width), now: watts(least + width), rate };
      const beside = {
        residual,
        generation: { now: watts(generation), left: watts(generation) },
        consumption: watts(consumption),
      };
      const range = { maxCharge: watts(maxCharge), maxDischarge: watts(maxDischarge), canDischarge };
      const { wanted, ceiling } = boundsOf(all, beside, range);
      expect(wanted.least).toBeLessThanOrEqual(wanted.most);
      expect(wanted.least).toBeGreaterThanOrEqual(0 - maxCharge);
      expect(wanted.most).toBeLessThanOrEqual(maxDischarge);
      expect(wanted.most).toBeLessThanOrEqual(ceiling.most);
      const given = wanted.least + at * (wanted.most - wanted.least);
      const net = least + at * width - given;
      // What storage must not do: discharge into the export, charge from beyond the import. What inverters and loads do is theirs.
      if (all.exportLimit !== null && given > 0) {
        const relied = all.importLimit === null ? least : least + width;
        expect(given - relied).toBeLessThanOrEqual(all.exportLimit + 1e-6);
      }
      if (all.generationLimit !== null && given > 0) expect(generation + given).toBeLessThanOrEqual(all.generationLimit + 1e-6);
      if (all.loadLimit !== null && given < 0) expect(consumption - given).toBeLessThanOrEqual(all.loadLimit + 1e-6);
      const free = all.exportLimit === null && all.generationLimit === null;
      if (all.importLimit !== null && free && given < canDischarge) expect(net).toBeLessThanOrEqual(all.importLimit + 1e-6);
    }),
  );
});

test('blind, nothing is discharged to the grid that may not be exported, nor charged that may not be imported', () => {
  fc.assert(
    fc.property(limits, site, (all, { generation, consumption, maxCharge, maxDischarge }) => {
      const beside = {
        residual: null,
        generation: { now: watts(generation), left: watts(generation) },
        consumption: watts(consumption),
      };
      const range = { maxCharge: watts(maxCharge), maxDischarge: watts(maxDischarge), canDischarge: watts(maxDischarge) };
      const { wanted } = boundsOf(all, beside, range);
      if (all.exportLimit !== null) expect(wanted.most).toBeLessThanOrEqual(0);
      if (all.importLimit !== null && wanted.most >= 0) expect(wanted.least).toBeGreaterThanOrEqual(Math.min(0, wanted.most));
    }),
  );
});

test('shares make up the whole, in proportion', () => {
  fc.assert(
    fc.property(
      fc.array(power(8000), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: -9000, max: 9000 }),
      (weights, whole) => {
        const sum = sharesOf(whole, weights).reduce((all, one) => all + one, 0);
        expect(sum).toBeCloseTo(weights.some((one) => one > 0) ? whole : 0, 3);
      },
    ),
  );
});

test('a site with storage of any speed comes back inside its import and export limits, and does not chatter', () => {
  const step = fc.record({ at: fc.integer({ min: 20, max: 60 }), residual: fc.integer({ min: -4000, max: 6000 }) });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.record({
        lagMs: fc.integer({ min: 100, max: 800 }),
        deadMs: fc.integer({ min: 50, max: 400 }),
        automatic: fc.constantFrom(-4000, 0, 4000),
        exportLimit: fc.integer({ min: 4000, max: 8000 }),
        importLimit: fc.integer({ min: 1000, max: 8000 }),
      }),
      (steps, { lagMs, deadMs, automatic, exportLimit, importLimit }) => {
        const residual = (t: number): number =>
          steps
            .filter(({ at }) => at <= t)
            .reduce((latest, one) => (one.at >= latest.at ? one : latest), { at: 0, residual: 500 }).residual;
        const all = limitsOf({ exportLimit, importLimit });
        const run = new StorageSite({ residual, limits: () => all, automatic: () => automatic, lagMs, deadMs }).run(90);
        const settled = run.looks
          .filter(({ t }) => t > 15 && steps.every(({ at }) => t < at || t > at + 8))
          .map(({ net }) => net);
        expect(Math.max(...settled)).toBeLessThanOrEqual(importLimit + 30);
        expect(Math.min(...settled)).toBeGreaterThanOrEqual(-30 - exportLimit);
        expect(run.bands.length).toBeLessThanOrEqual(8 + 12 * steps.length);
      },
    ),
    { numRuns: 20 },
  );
});
