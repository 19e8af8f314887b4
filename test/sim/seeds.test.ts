import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { drawSimulation } from './draw.ts';
import { runSimulation } from './run.ts';

/** Twenty minutes each; `make sim SEED=n` replays any other. */
const HOURS = 1 / 3;
const SEEDS = [3, 18, 19, 22] as const;

describe('simulated sites with faults', () => {
  for (const seed of SEEDS) {
    test(`seed ${seed}: the limit holds, nothing is lost or said twice`, async () => {
      const simulation = drawSimulation(seed, HOURS);
      expect(check(simulation, await runSimulation(simulation))).toEqual([]);
    });
  }

  test('the same seed gives the same frames, truth and records', async () => {
    const first = await runSimulation(drawSimulation(5, HOURS));
    const second = await runSimulation(drawSimulation(5, HOURS));
    expect(second.hash).toBe(first.hash);
  });
});
