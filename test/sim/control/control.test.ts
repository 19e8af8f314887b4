import { describe, expect, test } from 'vitest';
import { runControl } from './run.ts';

/** Of the shortest chapter; `make sim CONTROL=1 SEED=n` runs more of any seed. */
const SECONDS = 1500;

describe('control between drivers and disk, with faults', () => {
  test.each([3, 9])('seed %i: the limit holds, nothing is lost or said twice', (seed) => {
    expect(runControl({ seed, seconds: SECONDS }).violations).toEqual([]);
  });

  test.each([3, 4, 5])('seed %i, its meter silent again and again: generation alone stays inside the limit', (seed) => {
    expect(runControl({ seed, seconds: SECONDS, among: ['meter-silent'] }).violations).toEqual([]);
  });

  test('the same seed gives the same trace, another seed another', () => {
    const [first, again, other] = [7, 7, 8].map((seed) => runControl({ seed, seconds: SECONDS }).hash);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});
