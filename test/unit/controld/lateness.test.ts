import { expect, test } from 'vitest';
import { Lateness } from '#app/controld/lateness.ts';
import { monoMs } from '#base/units.ts';

test('the latest tick of the last ten to twenty seconds is told, and no longer', () => {
  const late = new Lateness();
  const ran = (due: number, now: number): void => late.ran(monoMs(due), monoMs(now));
  const most = (now: number): number => late.most(monoMs(now));
  ran(1000, 1000);
  ran(2000, 2300);
  ran(3000, 3020);
  expect(most(4000)).toBe(300);
  ran(12_000, 12_005);
  expect(most(12_100)).toBe(300);
  ran(23_000, 23_007);
  expect(most(23_100)).toBe(7);
  // Nothing ran for long: what was is long ago.
  expect(most(60_000)).toBe(0);
});
