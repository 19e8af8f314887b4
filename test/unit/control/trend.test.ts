import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { type LoadState, NO_LOAD_KNOWN, type Output, provenLoad, trend, withEnvelope, withPoll } from '#control/limiter/load.ts';
import { meterSample } from './site.ts';

const RATED = watts(10_000);

/** A refresh of the meter each second, the newest last. */
const after = (...loads: readonly number[]): LoadState => ({
  ...NO_LOAD_KNOWN,
  estimate: watts(loads.at(-1) ?? 0),
  history: loads.map((load, index) => ({ at: monoMs(1000 * index), load: watts(load) })),
});
const proven = (state: LoadState): number | null =>
  provenLoad(state, monoMs(1000 * (state.history.length - 1)), { ratedPower: RATED, ahead: true })?.load ?? null;

describe('a load that goes on falling', () => {
  it('is relied on as far as it will have fallen when a cap is reached', () => {
    const state = after(3200, 3100, 3000, 2900, 2800, 2700, 2600);
    expect(trend(state.history)).toBe(-100);
    expect(proven(state)).toBe(2200);
  });

  it('is told from a step, from noise and from one that has just ended', () => {
    expect(proven(after(3000, 3000, 3000, 3000, 3000, 2000, 2000))).toBe(2000);
    expect(proven(after(3000, 2990, 3005, 2985, 2990, 2960, 2970))).toBe(2960);
    expect(proven(after(3000, 2800, 2600, 2600, 2600, 2600, 2600))).toBe(2600);
    expect(trend(after(1000, 900, 800).history)).toBe(0);
  });

  it('that rises is not relied on ahead', () => {
    const state = after(1000, 1200, 1400, 1600, 1800, 2000, 2200);
    expect(trend(state.history)).toBe(200);
    expect(proven(state)).toBe(1102);
  });
});

describe('a load that one refresh showed and the others only do not deny', () => {
  /** A refresh each second, `[netImport, lowest output, highest output]`; what is relied on after the last. */
  const after = (refreshes: readonly (readonly [number, number, number])[]): number | null => {
    let state = NO_LOAD_KNOWN;
    refreshes.forEach(([netImport, low, high], index) => {
      const output: Output = { low: watts(low), high: watts(high), settled: true, unread: 0 };
      state = withEnvelope(withPoll(state, meterSample(1000 * (index + 1), netImport)), () => output, RATED);
    });
    return provenLoad(state, monoMs(1000 * refreshes.length), { ratedPower: RATED, ahead: true })?.load ?? null;
  };
  const steady = Array.from({ length: 10 }, () => [300, 0, 0] as const);

  it('is not relied on, however long they do not', () => {
    // A register that was older than registers are; then an output that may be on its way up.
    const doubtful = Array.from({ length: 20 }, () => [300, 0, 4000] as const);
    expect(after([...steady, [300, 1400, 1400], ...doubtful])).toBeLessThanOrEqual(300 + 102);
  });

  it('is relied on once they show it', () => {
    expect(after([...steady, ...steady.map(() => [1700, 0, 0] as const)])).toBe(1700);
    expect(after([...steady, ...steady.map(() => [1700, 0, 4000] as const)])).toBe(1700);
  });
});

it('a load that goes while the output may be about to rise shows with the reading after the next refresh', () => {
  // Meter and inverter are read at one instant: what the inverter gave up to the refresh is known a second later.
  const refreshes = [...Array.from({ length: 10 }, () => 1700), 300, 300];
  let state = NO_LOAD_KNOWN;
  refreshes.forEach((netImport, index) => {
    const now = 1000 * (index + 1);
    const mayRise = index >= 10;
    const outputBetween = (_: number, to: number): Output =>
      mayRise && to > now - 1000
        ? { low: watts(0), high: watts(4000), settled: false, unread: 0 }
        : { low: watts(0), high: watts(0), settled: true, unread: 0 };
    state = withEnvelope(withPoll(state, meterSample(now, netImport)), outputBetween, RATED);
    if (index === 10) expect(state.estimate).toBe(1700);
  });
  expect(state.estimate).toBe(300);
  expect(proven(state)).toBe(300);
});
