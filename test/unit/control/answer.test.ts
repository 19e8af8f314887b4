import { describe, expect, it } from 'vitest';
import { durationMs, type MonoMs, monoMs, watts } from '#base/units.ts';
import { type GainState, UNTRIMMED, withCapChange, withSettledReading } from '#control/limiter/gain.ts';
import { envelope, type GenerationTrack, newTrack, predicted, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { inverterSample, PV, WMAX } from './site.ts';

// The plant is written here by itself: what it was told a dead time ago is approached as a first-order lag, no faster than its slew.

interface Dynamics {
  readonly dead: number;
  readonly lag: number;
  /** Watts a second. */
  readonly slew?: number;
  readonly gain?: number;
  readonly sun?: (t: number) => number;
}

/** Told caps as [milliseconds, watts], read each `poll` milliseconds to the end. */
const observed = (
  { dead, lag, slew = Infinity, gain = 1, sun = () => WMAX }: Dynamics,
  told: readonly (readonly [number, number | null])[],
  { until = 60_000, poll = 250, from = UNTRIMMED } = {},
) => {
  let [output, track, state]: [number, GenerationTrack, GainState] = [8000, newTrack(PV, watts(WMAX)), from];
  const capAt = (t: number): number | null => told.findLast(([at]) => at <= t)?.[1] ?? null;
  for (let t = 0; t <= until; t += 10) {
    const goal = Math.min(sun(t), 8000, gain * (capAt(t - 1000 * dead) ?? WMAX));
    const wish = lag === 0 ? goal : output + (goal - output) * (1 - Math.exp(-0.01 / lag));
    output += Math.min(slew / 100, Math.max(-slew / 100, wish - output));
    const change = told.find(([at]) => at === t);
    if (change !== undefined) {
      const before = track.heldCap ?? WMAX;
      track = withHeldCap(track, change[1] === null ? null : watts(change[1]), monoMs(t));
      state = withCapChange(state, track, before, change[1] ?? WMAX, monoMs(t));
    }
    if (t % poll !== 0) continue;
    track = withReading(track, inverterSample(t, Math.round(output), 'throttled'));
    state = withSettledReading(state, track, monoMs(t));
  }
  return { state, track };
};

const CUTS = [
  [20_000, 2000],
  [80_000, 8000],
  [140_000, 3000],
] as const;
const TWICE = { until: 200_000 };

describe('dead time and lag of an inverter', () => {
  const plants = [0.2, 1, 4, 10].flatMap((dead) => [0, 1, 8].map((lag) => ({ dead, lag })));

  it.each(plants)('are found: $dead s and $lag s', ({ dead, lag }) => {
    const { deadTime, lagMs } = observed({ dead, lag }, CUTS, TWICE).state;
    expect(deadTime?.least).toBeLessThanOrEqual(1000 * dead + 80 * lag);
    expect(deadTime?.least).toBeGreaterThan(1000 * dead - 300);
    expect(deadTime?.most).toBeGreaterThanOrEqual(1000 * dead);
    expect(deadTime?.most).toBeLessThan(1.2 * (1000 * dead + 80 * lag + 260) + 310);
    expect(lagMs).toBeGreaterThan(900 * lag - 100);
    expect(lagMs).toBeLessThan(1150 * lag + 300);
  });

  it('of one that moves at five per cent a second is long enough for all of its way', () => {
    expect(observed({ dead: 1, lag: 0, slew: 500 }, CUTS, TWICE).state.lagMs).toBeGreaterThan(5000);
  });

  it('stay inside their bounds whatever is read', () => {
    const { deadTime, lagMs } = observed({ dead: 11.5, lag: 15 }, CUTS, TWICE).state;
    expect(deadTime?.most).toBeLessThanOrEqual(12_000);
    expect(lagMs ?? 0).toBeLessThanOrEqual(20_000);
  });

  it('only lengthen what is assumed until a second cut confirms them', () => {
    const once = observed({ dead: 4, lag: 1 }, CUTS.slice(0, 1)).state;
    expect(once).toMatchObject({ lagMs: null, deadTime: { least: 0, isConfirmed: false } });
    expect(once.deadTime?.most).toBeGreaterThan(4000);
    expect(observed({ dead: 4, lag: 1 }, CUTS, TWICE).state.deadTime?.isConfirmed).toBe(true);
  });

  it.each<[string, Dynamics, readonly (readonly [number, number | null])[]]>([
    ['the cap does not bind', { dead: 1, lag: 1, sun: () => 1500 }, [[20_000, 2000]]],
    ['the sun moves the output', { dead: 1, lag: 1, sun: (t) => 7000 + 900 * Math.sin(t / 900) }, [[20_000, 2000]]],
    ['the step is small', { dead: 1, lag: 1, sun: () => 2300 }, [[20_000, 2000]]],
    [
      'another cap came shortly before',
      { dead: 10, lag: 0 },
      [
        [14_000, 4000],
        [20_000, 2000],
      ],
    ],
    [
      'the cap is lost',
      { dead: 1, lag: 1 },
      [
        [20_000, 2000],
        [50_000, null],
      ],
    ],
  ])('are not learned while %s', (name, plant, told) => {
    const { answers } = observed(plant, told).state;
    // Of two cuts the first counts.
    const dead = name.startsWith('another') ? [10_000] : [];
    expect(answers?.deadTimes.map(({ high }) => 1000 * Math.round(high / 1000))).toEqual(dead);
    expect(answers?.lags).toEqual([]);
  });

  it('of one that became slower are noticed before it answers', () => {
    const quick = observed({ dead: 0.2, lag: 0.5 }, CUTS, TWICE).state;
    let track = withHeldCap(newTrack(PV, watts(WMAX)), watts(8000), monoMs(300_000));
    for (let t = 318_000; t < 320_000; t += 250) track = withReading(track, inverterSample(t, 8000, 'throttled'));
    track = withHeldCap(track, watts(2000), monoMs(320_000));
    let state = withCapChange(quick, track, 8000, 2000, monoMs(320_000));
    expect(state.deadTime?.most).toBeLessThan(1500);
    for (let t = 320_250; t <= 326_000; t += 250) {
      track = withReading(track, inverterSample(t, 8000, 'throttled'));
      state = withSettledReading(state, track, monoMs(t));
    }
    expect(state.deadTime?.most).toBeGreaterThan(6000);
  });
});

describe('an over-cut that ends while the output is on its way', () => {
  const plant = { dead: 4, lag: 4 };

  it('has shown the dead time, and neither the lag nor how long all of it takes', () => {
    const { state } = observed(plant, [
      [20_000, 1000],
      [26_000, 5000],
    ]);
    expect(state.deadTime?.most).toBeGreaterThan(4000);
    expect(state.answers?.lags).toEqual([]);
    // What the end of the over-cut found half done was begun before it.
    expect(state.settleMs).toBe(UNTRIMMED.settleMs);
  });

  it('has shown nothing before a quarter of the way', () => {
    const early = [
      [20_000, 1000],
      [24_500, 5000],
    ] as const;
    expect(observed(plant, early).state.answers?.deadTimes).toEqual([]);
  });
});

describe('the settling time', () => {
  it('comes down again after the inverter took long once, as far as dead time and lag say', () => {
    const stuck = { ...UNTRIMMED, settleMs: 30_000 };
    const once = observed({ dead: 1, lag: 1 }, CUTS.slice(0, 1), { from: stuck }).state;
    expect(once.settleMs).toBeGreaterThanOrEqual(27_000);
    const { settleMs } = observed({ dead: 1, lag: 1 }, CUTS, { ...TWICE, from: stuck }).state;
    expect(settleMs).toBeGreaterThan(4000);
    expect(settleMs).toBeLessThan(8000);
  });

  it('of a slow plant stays as long as that takes', () => {
    const stuck = { ...UNTRIMMED, settleMs: 30_000 };
    expect(observed({ dead: 5, lag: 8 }, CUTS, { ...TWICE, from: stuck }).state.settleMs).toBeGreaterThan(25_000);
  });
});

describe('what follows of them', () => {
  const { state } = observed({ dead: 4, lag: 1 }, CUTS, TWICE);
  const cut = (): GenerationTrack => {
    const before = withReading(newTrack(PV, watts(WMAX)), inverterSample(0, 8000, 'throttled'));
    return withReading(withHeldCap(before, watts(1000), monoMs(100)), inverterSample(1000, 8000, 'throttled'));
  };
  const expected = (now: number, response: GainState): number | null => {
    const track = withReading(cut(), inverterSample(now, 8000, 'throttled'));
    return predicted(track, now as MonoMs, durationMs(180), response);
  };

  it('an over-cut ends a dead time before the output arrives, not after it', () => {
    expect(expected(2000, state)).toBeGreaterThan(3000);
    expect(expected(4000, state)).toBeLessThan(2000);
    expect(expected(4000, UNTRIMMED)).toBe(8000);
  });

  it('an output that has yet to answer may be anywhere down to its cap, whatever the plant took before', () => {
    const slow = withReading(cut(), inverterSample(9000, 8000, 'throttled'));
    expect(envelope(slow, monoMs(9100), monoMs(9300), durationMs(150), UNTRIMMED)).toMatchObject({ low: 1000, high: 8000 });
  });

  it('between two readings a second apart it may have jumped at any instant', () => {
    const jumped = withReading(
      withReading(cut(), inverterSample(4000, 8000, 'throttled')),
      inverterSample(5000, 1000, 'throttled'),
    );
    const at = (response: GainState) => envelope(jumped, monoMs(4300), monoMs(4400), durationMs(150), response);
    expect(at(state)).toMatchObject({ low: 1000, high: 8000 });
    expect(at(UNTRIMMED)?.high).toBeLessThan(6000);
  });
});

describe('the gain', () => {
  it('of an inverter with a dead time is not wound up by small cuts that it has yet to follow', () => {
    const creeping = Array.from({ length: 30 }, (_, step) => [70_000 + 300 * step, 2500 - 10 * step] as const);
    const { state } = observed({ dead: 10, lag: 0, gain: 1.02 }, [[20_000, 2510], ...creeping], { until: 90_000 });
    expect(state.gain).toBeLessThan(1.03);
    expect(state.gain).toBeGreaterThan(1.01);
  });
});
