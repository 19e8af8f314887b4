import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import { monoMs } from '#base/units.ts';
import { levelBeside, type NoiseState, withNoisyLoad } from '#control/limiter/noise.ts';

const RATED = 10_000;

/** One load a second; the least of the last nine beside it, as the limiter has it. */
const after = (loads: readonly number[], from?: NoiseState): NoiseState | undefined => {
  const begin = from === undefined ? 0 : from.at + 1000;
  let state = from;
  for (const [index, load] of loads.entries()) {
    const least = Math.min(...loads.slice(Math.max(0, index - 8), index + 1));
    state = withNoisyLoad(state, { at: monoMs(begin + 1000 * index), load, least }, RATED);
  }
  return state;
};
const drawn = (sigma: number, count = 60, mean = 2000): readonly number[] => {
  const random = new SeededRandom(7, 'noise');
  return Array.from({ length: count }, () => mean + sigma * random.normal());
};
/** With the newest load as the least. */
const beside = (state: NoiseState | undefined, load: number) => levelBeside(state, { newest: load, least: load });
const alternating = (low: number, high: number): readonly number[] =>
  Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? low : high));

describe('noise of the load', () => {
  it('is told, and what it leaves is missed seldom and by little', () => {
    const noisy = drawn(150);
    const level = after(noisy)?.level;
    expect(level?.sigma).toBeGreaterThan(110);
    expect(level?.sigma).toBeLessThan(190);
    const relied = level?.load ?? 0;
    const missed = noisy.slice(-40).reduce((sum, load) => sum + Math.max(0, relied - load), 0) / 40;
    expect(missed).toBeCloseTo(0.025 * (level?.sigma ?? 0), 6);
    expect(level?.slack).toBeGreaterThan(50);
    expect(level?.slack).toBeLessThanOrEqual(100);
  });

  it('of a load that stands still, or hardly moves, is none', () => {
    expect(after(alternating(2000, 2000))?.level).toBeNull();
    expect(after(drawn(5))?.level).toBeNull();
    expect(after(drawn(150, 11))?.level).toBeNull();
  });

  it('of a load that comes and goes each second rests on what stays', () => {
    expect(after(alternating(1600, 2400))?.level?.load).toBeLessThan(1640);
    const { load = 0, slack = 0 } = after(alternating(1000, 4000))?.level ?? {};
    expect(load + slack).toBeLessThan(1050);
  });

  it('hides no load that went: at once if it is far, else within three loads', () => {
    const state = after(drawn(100));
    const level = state?.level?.load ?? 0;
    expect(beside(state, level - 50)).not.toBeNull();
    expect(beside(state, level - 320)).toBeNull();
    const twice = after([level - 120, level - 120], state);
    expect(beside(twice, level - 120)).toBeNull();
    expect(after([level - 120, level - 120, level - 120], state)).toMatchObject({ loads: [level - 120], level: null });
  });

  it('of a load that rose step by step is not relied on below what was there for seconds', () => {
    // A battery takes more and more: each change is as large as the others, which is noise by its measure.
    const state = after(Array.from({ length: 14 }, (_, index) => 4000 + 150 * index));
    const { load = 0, sigma = 0 } = state?.level ?? {};
    expect(sigma).toBeGreaterThan(100);
    expect(levelBeside(state, { newest: 5950, least: load + 2 * sigma })).not.toBeNull();
    expect(levelBeside(state, { newest: 5950, least: load + 3 * sigma })).toBeNull();
    // Noise itself comes down to what is relied on every few seconds.
    const noisy = drawn(150, 200);
    const beside = noisy.slice(60).map((newest, index) => {
      const least = Math.min(...noisy.slice(52 + index, 61 + index));
      return levelBeside(after(noisy.slice(20 + index, 60 + index)), { newest: Math.max(newest, least), least });
    });
    expect(beside.filter((level) => level === null)).toEqual([]);
  });

  it('begins anew with a load that came', () => {
    const state = after([...drawn(100), ...drawn(100, 9, 2600)]);
    expect(state?.loads.length).toBeLessThan(5);
  });

  it('is remembered for forty loads, however often the meter is refreshed', () => {
    const fast = drawn(100, 600);
    let state: NoiseState | undefined;
    for (const [index, load] of fast.entries())
      state = withNoisyLoad(state, { at: monoMs(100 * index), load, least: 1500 }, RATED);
    expect(state?.loads).toHaveLength(40);
    expect(after(drawn(100, 200))?.loads.length).toBeLessThanOrEqual(40);
  });
});
