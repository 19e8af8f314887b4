import { describe, expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { isShownTurned, type Pair, withPair } from '#control/limiter/turned.ts';

const RATED = 10_000;

/** One refresh a second: outputs, and the flow that goes with each. */
const pairsOf = (outputs: readonly number[], flowOf: (output: number, second: number) => number): readonly Pair[] =>
  outputs.reduce<readonly Pair[]>(
    (pairs, output, second) => withPair(pairs, { at: monoMs(second * 1000), flow: flowOf(output, second), output }),
    [],
  );

/** A cap raised by 3 kW on a lag of a second. */
const RAISED = [2000, 2000, 3900, 4590, 4850, 4940];
const LOAD = 1500;

describe('the sign of a meter beside what the site gives', () => {
  test('right: an output that rises lowers the import', () => {
    expect(
      isShownTurned(
        pairsOf(RAISED, (output) => LOAD - output),
        RATED,
      ),
    ).toBe(false);
  });

  test('turned: it rises with it, and falls with it', () => {
    expect(
      isShownTurned(
        pairsOf(RAISED, (output) => output - LOAD),
        RATED,
      ),
    ).toBe(true);
    expect(
      isShownTurned(
        pairsOf(RAISED.toReversed(), (output) => output - LOAD),
        RATED,
      ),
    ).toBe(true);
  });

  test('turned, and the sun moves the output: within the fifteen seconds that five per cent take', () => {
    const slow = Array.from({ length: 16 }, (_, second) => 3000 + 36 * second);
    expect(
      isShownTurned(
        pairsOf(slow, (output) => output - LOAD),
        RATED,
      ),
    ).toBe(true);
    expect(
      isShownTurned(
        pairsOf(slow.slice(0, 13), (output) => output - LOAD),
        RATED,
      ),
    ).toBe(false);
  });

  test('turned, and read up to a second apart from the inverters', () => {
    const late = (second: number): number => RAISED[Math.max(0, second - 1)] ?? 0;
    expect(
      isShownTurned(
        pairsOf([...RAISED, 4970], (_, second) => late(second) - LOAD),
        RATED,
      ),
    ).toBe(true);
  });

  test('right, and a load comes that a battery meets half of', () => {
    const battery = [0, 0, 1600, 2200, 2400, 2500];
    const import_ = (output: number, second: number): number => (second < 2 ? 0 : 5000) - output;
    expect(isShownTurned(pairsOf(battery, import_), RATED)).toBe(false);
  });

  test('right, and a load comes with one step of the output', () => {
    const stepped = [2000, 2000, 5000, 5000, 5000];
    expect(
      isShownTurned(
        pairsOf(stepped, (output, second) => (second < 2 ? LOAD : LOAD + 6000) - output),
        RATED,
      ),
    ).toBe(false);
  });

  test('right, and a load follows the output closely', () => {
    const slow = Array.from({ length: 16 }, (_, second) => 3000 + 100 * second);
    expect(
      isShownTurned(
        pairsOf(slow, (output) => 500 + output - output),
        RATED,
      ),
    ).toBe(false);
  });

  test('a meter that is polled ten times a second is remembered by the second', () => {
    const outputs = Array.from({ length: 100 }, (_, index) => 3000 + 10 * index);
    const pairs = outputs.reduce<readonly Pair[]>(
      (all, output, index) => withPair(all, { at: monoMs(index * 100), flow: output, output }),
      [],
    );
    expect(pairs.length).toBeLessThanOrEqual(12);
    expect(isShownTurned(pairs, RATED)).toBe(true);
  });
});
