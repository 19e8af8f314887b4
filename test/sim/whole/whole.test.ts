import { describe, expect, test } from 'vitest';
import { checkWhole } from './check.ts';
import { drawWhole } from './draw.ts';
import { runWhole } from './run.ts';

/** An hour each; `make sim WHOLE=1 SEED=n` replays any other. 104, 105 and 106 once lost reports and a Response; 100 moved a good clock. */
const HOURS = 1;
const SEEDS = [100, 104, 105, 106] as const;

describe('the whole gateway with faults on every side', () => {
  for (const seed of SEEDS) {
    test(`seed ${seed}: the limit holds, each event is answered, what was lost is told again`, async () => {
      const whole = drawWhole(seed, HOURS);
      expect(checkWhole(whole, await runWhole(whole))).toEqual([]);
    });
  }

  test('the same seed gives the same truth, requests and notes', async () => {
    const short = { ...drawWhole(7, HOURS), seconds: 600 };
    const [first, second] = [await runWhole(short), await runWhole(short)];
    expect(second.hash).toBe(first.hash);
  });
});
