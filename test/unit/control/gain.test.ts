import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { GAIN_MAX, GAIN_MIN, type GainState, UNTRIMMED, withSettledReading } from '#control/limiter/gain.ts';
import { type GenerationTrack, newTrack, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { NOTHING_SEEN } from '#control/limiter/response.ts';
import type { InverterState } from '#site/sample.ts';
import { inverterSample, PV, WMAX } from './site.ts';

/** Runs an inverter under `cap` for `span` milliseconds and returns what was learned. */
const learned = (
  cap: number | null,
  output: (t: number) => number,
  { span = 60_000, state = 'throttled', recap = 0 }: { span?: number; state?: InverterState; recap?: number } = {},
): GainState => {
  let track: GenerationTrack = newTrack(PV, watts(WMAX));
  if (cap !== null) track = withHeldCap(track, watts(cap), monoMs(0));
  let gain: GainState = UNTRIMMED;
  for (let t = 250; t <= span; t += 250) {
    // a cap that alternates keeps the plant disturbed
    if (recap > 0 && cap !== null && t % 1000 === 0)
      track = withHeldCap(track, watts(cap + (t % 2000 === 0 ? recap : 0)), monoMs(t));
    track = withReading(track, inverterSample(t, output(t), state));
    gain = withSettledReading(gain, track, monoMs(t));
  }
  return gain;
};

describe('the trim', () => {
  it.each([
    ['exactly what it was told', 1, 1],
    ['two per cent more', 1.02, 1.02],
    ['five per cent more', 1.05, 1.05],
    ['three per cent less while throttled', 0.97, 0.97],
    ['twelve per cent more: no further than ten', 1.12, GAIN_MAX],
    ['twelve per cent less under one cap: no further than three', 0.88, 0.97],
  ])('learns of an inverter that delivers %s', (_, delivers, gain) => {
    expect(learned(4000, () => 4000 * delivers).gain).toBeCloseTo(gain, 3);
  });

  it.each([
    ['the cap does not bind: the sun is behind a cloud', 4000, () => 2000, {}],
    [
      'output is below the cap and the inverter does not say that it throttles',
      4000,
      () => 3900,
      { state: 'producing' as const },
    ],
    ['the plant has not moved yet', 4000, () => 9000, {}],
    ['there is no cap', null, () => 4000, {}],
    ['the cap is too small to divide by', 200, () => 215, {}],
    ['the output moves', 4000, (t: number) => 4000 + 150 * Math.sin(t / 400), {}],
    ['the cap keeps changing', 4000, () => 4200, { recap: 100 }],
  ])('learns nothing while %s', (_, cap, output, circumstances) => {
    expect(learned(cap, output, circumstances).gain).toBe(1);
  });
});

/** Seconds under each cap in turn; `output` of cap and time. What was learned in the end, of an inverter that never tells that it throttles. */
const inTurn = (
  before: GainState,
  caps: readonly (readonly [cap: number, seconds: number])[],
  output: (cap: number, t: number) => number,
  state: InverterState = 'producing',
): GainState => {
  let track: GenerationTrack = newTrack(PV, watts(WMAX));
  let gain = before;
  let t = 0;
  for (const [cap, seconds] of caps) {
    track = withHeldCap(track, watts(cap), monoMs(t));
    for (const end = t + 1000 * seconds; t < end; t += 1000) {
      track = withReading(track, inverterSample(t + 1, Math.round(output(cap, t)), state));
      gain = withSettledReading(gain, track, monoMs(t + 1));
    }
  }
  return gain;
};

/** It ignored its caps for a while, standing just above one of them. */
const misled = (): GainState => inTurn(UNTRIMMED, [[6000, 60]], () => 6580);

const EXACT = (cap: number): number => 0.993 * cap;
const GENEROUS = (cap: number): number => 1.05 * cap;
const shownGenerous = (): GainState =>
  inTurn(
    UNTRIMMED,
    [
      [6000, 60],
      [5000, 60],
    ],
    GENEROUS,
  );

describe('the trim of an inverter that never tells that it throttles', () => {
  it('is raised by one that stands above its cap, and given up while it obeys, at one cap alone', () => {
    expect(misled().gain).toBeCloseTo(1.097, 2);
    expect(inTurn(misled(), [[6000, 30]], EXACT).gain).toBeGreaterThan(1.08);
    expect(inTurn(misled(), [[6000, 400]], EXACT).gain).toBe(1);
  });

  it('is given up sooner where the output goes with its caps', () => {
    const caps = [6000, 5000, 5500, 6000].map((cap) => [cap, 30] as const);
    expect(inTurn(misled(), caps, EXACT).gain).toBeLessThan(1.01);
  });

  it('is kept through a cloud once two caps have shown it', () => {
    expect(shownGenerous().gain).toBeCloseTo(1.05, 3);
    expect(inTurn(shownGenerous(), [[5000, 3600]], () => 4700).gain).toBeCloseTo(1.05, 3);
  });

  it('is kept where the sun is what stands below each cap', () => {
    const caps = [6000, 5700, 5400, 6000, 5400].map((cap) => [cap, 120] as const);
    expect(inTurn(shownGenerous(), caps, () => 5300).gain).toBeCloseTo(1.05, 3);
  });

  it('goes back to what was shown, not below, after the inverter stood above its cap', () => {
    const stood = inTurn(shownGenerous(), [[6000, 60]], () => 6580);
    expect(stood.gain).toBeCloseTo(1.097, 2);
    expect(inTurn(stood, [[6000, 900]], () => 5700).gain).toBeCloseTo(1.05, 3);
  });

  it('is never shown by an output that stands still while its cap creeps down', () => {
    const creeping = Array.from({ length: 10 }, (_, step) => [6500 - 50 * step, 60] as const);
    const crept = inTurn(UNTRIMMED, creeping, () => 6500);
    expect(crept.gain).toBeGreaterThan(1.06);
    expect(inTurn(crept, [[6000, 900]], EXACT).gain).toBe(1);
  });
});

describe('an inverter that ignores its caps and says that it throttles', () => {
  it.each([
    ['goes up at once', [4450, 5060]],
    ['comes down again', [4450, 5060, 4900, 4720]],
  ])('teaches no gain while its cap %s', (_, caps) => {
    const held = caps.map((cap) => [cap, 60] as const);
    expect(inTurn(UNTRIMMED, held, () => 4455, 'throttled').gain).toBeGreaterThan(0.99);
  });

  it('teaches next to none while its cap creeps up', () => {
    const held = [4450, 4540, 4630, 4720, 4810, 4900, 4990, 5060].map((cap) => [cap, 60] as const);
    expect(inTurn(UNTRIMMED, held, () => 4455, 'throttled').gain).toBeGreaterThan(0.969);
  });

  it('teaches its gain again once its output goes with the cap', () => {
    const caps = [4450, 5060, 5000, 4700].map((cap) => [cap, 60] as const);
    const obeysAtLast = (cap: number, t: number): number => (t < 120_000 ? 4455 : 0.95 * cap);
    expect(inTurn(UNTRIMMED, caps, obeysAtLast, 'throttled').gain).toBeCloseTo(0.95, 2);
  });
});

describe('a trim below 1', () => {
  const LESS = (cap: number): number => 0.88 * cap;
  const TWO_CAPS = [
    [4000, 60],
    [3000, 60],
  ] as const;
  /** It gave less under two caps, and is thought to be slow. */
  const stuck = (): GainState => ({ ...inTurn(UNTRIMMED, TWO_CAPS, (cap) => 0.9 * cap, 'throttled'), settleMs: 28_000 });

  it('is learned in full where the output went with two caps, and no further than ten per cent', () => {
    expect(inTurn(UNTRIMMED, TWO_CAPS, LESS, 'throttled').gain).toBeCloseTo(GAIN_MIN, 3);
  });

  it('is not learned of one that stands still and says that it throttles', () => {
    expect(
      inTurn(
        UNTRIMMED,
        [
          [5000, 60],
          [5600, 60],
          [5800, 60],
        ],
        () => 5250,
        'throttled',
      ).gain,
    ).toBeGreaterThanOrEqual(0.97);
  });

  const FULL = (cap: number): number => cap;

  it('is denied in seconds by an inverter that obeys again, however slow it is thought to be', () => {
    expect(stuck().gain).toBeLessThan(0.92);
    expect(inTurn(stuck(), [[5000, 4]], FULL).gain).toBeLessThan(0.92);
    expect(inTurn(stuck(), [[5000, 9]], FULL).gain).toBe(1);
  });

  it('is denied though the output still goes up with the sun', () => {
    const sun = (cap: number, t: number): number => Math.min(cap, 4600 + 0.03 * t);
    expect(inTurn(stuck(), [[5000, 12]], sun).gain).toBeGreaterThan(0.95);
  });

  it('is kept while the output is on its way down', () => {
    expect(inTurn(stuck(), [[5000, 20]], (_, t) => 6500 - 80 * (t / 1000)).gain).toBeLessThan(0.92);
  });

  it('is not raised above 1 before the output rests, nor while it may not have moved yet', () => {
    expect(inTurn(stuck(), [[5000, 20]], (cap, t) => 1.08 * cap + 800 * Math.exp(-t / 9000)).gain).toBeLessThan(1.01);
    expect(inTurn(stuck(), [[5000, 11]], (cap) => 1.08 * cap).gain).toBe(1);
  });

  it('is raised once the output does not move at all, though the plant was once thought to be slow', () => {
    expect(inTurn(stuck(), [[5000, 20]], (cap) => 1.08 * cap).gain).toBeCloseTo(1.08, 2);
    // Less than asked is no matter of safety: that waits.
    expect(inTurn({ ...UNTRIMMED, settleMs: 28_000 }, [[5000, 20]], (cap) => 0.95 * cap, 'throttled').gain).toBe(1);
  });
});

it('no output under a cap of none is no ratio: a dead time longer than the settling time leaves it acting', () => {
  const deadTime = { least: 0, most: 8000, isConfirmed: true };
  let track = withHeldCap(withHeldCap(newTrack(PV, watts(WMAX)), watts(0), monoMs(0)), watts(4000), monoMs(1000));
  let gain: GainState = { ...UNTRIMMED, settleMs: 2500, deadTime, answers: NOTHING_SEEN };
  for (let t = 1500; t <= 7000; t += 500) {
    track = withReading(track, inverterSample(t, 0));
    gain = withSettledReading(gain, track, monoMs(t));
  }
  expect(gain.gain).toBe(1);
  expect(gain.rest).toBeUndefined();
});
