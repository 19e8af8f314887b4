import { describe, expect, test } from 'vitest';
import { checkWhole } from './check.ts';
import { drawWhole } from './draw.ts';
import { runWhole } from './run.ts';

/** Half an hour each: storage, several inverters on two lines, both on one, a hybrid; `make sim WHOLE=1 SEED=n` replays any other. */
const HOURS = 0.5;
const SEEDS = [3, 7, 8, 9] as const;

describe('the whole gateway with faults on every side', () => {
  test.each(SEEDS)('seed %i: the limit holds, each event is answered, what was lost is told again', async (seed) => {
    const whole = drawWhole(seed, HOURS);
    expect(checkWhole(whole, await runWhole(whole))).toEqual([]);
  });

  test('the same seed gives the same truth, requests and notes', async () => {
    const short = { ...drawWhole(8, HOURS), seconds: 200 };
    const [first, second] = [await runWhole(short), await runWhole(short)];
    expect(second.hash).toBe(first.hash);
  });
});
