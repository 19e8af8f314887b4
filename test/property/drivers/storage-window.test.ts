import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { windowOrder } from '#drivers/storage/window.ts';
import { storageModel } from '#drivers/sunspec/models/storage.ts';
import type { Band } from '#site/device.ts';

const power = fc.double({ min: 0, max: 1, noNaN: true });
const rating = fc.integer({ min: 500, max: 12_000 });
const { points } = storageModel;
const LIMITS_CHARGE = 1;
const LIMITS_DISCHARGE = 2;
const signed = (word: number): number => (word << 16) >> 16;

interface Battery {
  readonly maxCharge: number;
  readonly maxDischarge: number;
  /** InOutWRte_SF. */
  readonly scale: number;
}

/** What the order says it means, and what a device works out of its registers. */
const ordered = (band: Band, { maxCharge, maxDischarge, scale }: Battery): { readonly meant: Band; readonly done: Band } => {
  const rated = { maxCharge: watts(maxCharge), maxDischarge: watts(maxDischarge), capacity: null };
  const target = { unitId: 1, place: { id: 124, address: 0, length: 24 }, scale, rating: rated };
  const { writes, meaning } = windowOrder(band, { kind: 'holds' }, target, { writesTimers: false, baseW: null });
  const words = new Map<number, number>();
  for (const one of writes) if (one.kind === 'write') one.words.forEach((word, index) => words.set(one.address + index, word));
  const rateOf = (point: number): number => (signed(words.get(point) ?? 0) * 10 ** scale) / 100;
  const mode = words.get(points.StorCtl_Mod.at) ?? 0;
  const least = (mode & LIMITS_CHARGE) === 0 ? 0 - maxCharge : 0 - rateOf(points.InWRte.at) * maxCharge;
  const most = (mode & LIMITS_DISCHARGE) === 0 ? maxDischarge : rateOf(points.OutWRte.at) * maxDischarge;
  return { meant: meaning, done: { least: watts(least), most: watts(most) } };
};

test('a window of model 124 is never inside out, and stays inside its band but for a step', () => {
  fc.assert(
    fc.property(rating, rating, power, power, fc.constantFrom(0, -1, -2), (maxCharge, maxDischarge, from, width, scale) => {
      const least = from * (maxCharge + maxDischarge) - maxCharge;
      const most = least + width * (maxDischarge - least);
      const { meant, done } = ordered({ least: watts(least), most: watts(most) }, { maxCharge, maxDischarge, scale });
      const step = (Math.max(maxCharge, maxDischarge) * 10 ** scale) / 100;
      expect(done.least).toBeLessThanOrEqual(done.most + 1e-9);
      // Each is in per cents of its own base, -100 at least.
      expect(Math.abs(done.least - Math.min(least, done.most, maxCharge))).toBeLessThanOrEqual(3 * step + 1e-6);
      expect(Math.abs(done.most - Math.max(most, 0 - maxDischarge))).toBeLessThanOrEqual(2 * step + 1e-6);
      expect(meant.least).toBeCloseTo(done.least, 6);
      expect(meant.most).toBeCloseTo(done.most, 6);
    }),
  );
});

test.each([
  // One step of the charge reaches not as far as one of the discharge.
  [-2874.687, { maxCharge: 3787, maxDischarge: 3899, scale: -2 }],
  // All of the charge, which is no limit, is not a whole number of steps of the discharge.
  [-3417, { maxCharge: 3417, maxDischarge: 4191, scale: -2 }],
])('a battery told to charge with %d W does', (charge, battery) => {
  const { done } = ordered({ least: watts(charge), most: watts(charge) }, battery);
  expect(done.least).toBeLessThanOrEqual(done.most);
  expect(Math.abs(done.most - charge)).toBeLessThan(1);
});
