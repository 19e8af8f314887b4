import { describe, expect, it } from 'vitest';
import { onStep, quantumOf, type Stand, withStand } from '#control/limiter/quantum.ts';

const WMAX = 8000;
/** Caps as a limiter asks them, in no order that a step could hide in. */
const CAPS = [3088, 2456, 5184, 4416, 6184, 2032, 3568, 2784];

/** Where a device stands that makes `outputOf` of each cap. */
const standsOf = (outputOf: (cap: number, index: number) => number): readonly Stand[] =>
  CAPS.reduce<readonly Stand[]>((stands, cap, index) => withStand(stands, { cap, output: outputOf(cap, index) }, WMAX), []);

describe('the step in which an inverter takes its limit', () => {
  it.each([
    ['rounds down to whole per cents', (cap: number) => Math.floor(cap / 80) * 80, 80],
    ['rounds to the nearest', (cap: number) => Math.round(cap / 80) * 80, 80],
    ['rounds up', (cap: number) => Math.ceil(cap / 80) * 80, 80],
    ['gives two per cent more of each', (cap: number) => 1.02 * Math.floor(cap / 80) * 80, 80],
    ['has steps of two per cent', (cap: number) => Math.floor(cap / 160) * 160, 160],
    ['has steps of half a per cent', (cap: number) => Math.round(cap / 40) * 40, 40],
    ['and noise', (cap: number, index: number) => Math.floor(cap / 80) * 80 + (index % 2 === 0 ? 5 : -5), 80],
  ])('is known of one that %s', (_, outputOf, step) => {
    expect(quantumOf(standsOf(outputOf), WMAX)).toBe(step);
  });

  it.each([
    ['follows to the watt', (cap: number) => cap],
    ['gives three per cent less', (cap: number) => 0.97 * cap],
    ['has steps finer than matter', (cap: number) => Math.floor(cap / 8) * 8],
    ['stands still', () => 3000],
  ])('is not made up of one that %s', (_, outputOf) => {
    expect(quantumOf(standsOf(outputOf), WMAX)).toBeNull();
  });

  it('wants several caps that lie between two steps, and is forgotten when the device denies it', () => {
    const steps = [80, 160, 800, 2400, 4000, 5600].map((cap) => ({ cap, output: cap }));
    expect(quantumOf(steps, WMAX)).toBeNull();
    const known = standsOf((cap) => Math.floor(cap / 80) * 80);
    expect(quantumOf(known.slice(0, 4), WMAX)).toBeNull();
    expect(quantumOf(withStand(known, { cap: 5000, output: 5000 }, WMAX), WMAX, 80)).toBeNull();
    // Asked on its steps it shows no more of them, and denies none.
    const onSteps = CAPS.map((_, index) => ({ cap: 800 + 560 * index, output: 800 + 560 * index }));
    expect([quantumOf(onSteps, WMAX), quantumOf(onSteps, WMAX, 80)]).toEqual([null, 80]);
  });

  it('remembers the newest caps, each once', () => {
    const twice = withStand(withStand([], { cap: 3000, output: 1 }, WMAX), { cap: 3001, output: 2 }, WMAX);
    expect(twice).toEqual([{ cap: 3001, output: 2 }]);
    expect(standsOf((cap) => cap)).toHaveLength(8);
    expect(
      withStand(
        standsOf((cap) => cap),
        { cap: 7000, output: 7000 },
        WMAX,
      ),
    ).toHaveLength(8);
  });

  it('is never a reason to ask for more', () => {
    for (const cap of [0, 79, 80, 81, 3055.5, 7999]) {
      expect(onStep(cap, 80, WMAX)).toBeLessThanOrEqual(cap);
      expect(onStep(cap, 80, WMAX)).toBeGreaterThan(cap - 80);
    }
    expect(onStep(3055, null, WMAX)).toBe(3055);
    expect(onStep(WMAX, 160, WMAX)).toBe(WMAX);
  });
});
