import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { GAIN_MAX, GAIN_MIN, type GainState, UNTRIMMED, withSettledReading } from '#control/limiter/gain.ts';
import { type GenerationTrack, newTrack, withHeldCap, withReading } from '#control/limiter/generation.ts';
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
    ['twelve per cent less: no further than ten', 0.88, GAIN_MIN],
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
