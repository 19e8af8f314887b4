import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { allocate } from '#control/allocate/allocate.ts';
import { GAIN_MAX, UNTRIMMED, withCapChange, withSettledReading } from '#control/limiter/gain.ts';
import { type GenerationTrack, newTrack, withAskedCap, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { newLimiter } from '#control/limiter/limiter.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { uncontrolledOf } from '#control/tick/claims.ts';
import { type SiteFacts, startState } from '#control/tick/state.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { inverterSample, METER, PV, WMAX } from './site.ts';

const OTHER = toDeviceId('other');
const NOBODY = newTrack(OTHER, watts(WMAX));
const FACTS: SiteFacts = {
  meter: METER,
  inverters: [PV, OTHER].map((device) => ({ device, maxPower: watts(WMAX), minOutputFraction: 0, onSilence: { kind: 'holds' } })),
  commissioned: { exportW: null, generationW: null },
  fallback: { exportW: watts(0), importW: null },
  local: { schedule: null, scheme: null },
  ...{ unmeteredGeneration: watts(0), returnsByItself: false, executable: INVERTER_MODES, readingAgeMs: 0, seed: 'seed' },
};

/** What `track` and another inverter that answers are counted as beside what can be told. */
const countedAs = (track: GenerationTrack, t: number, gain = UNTRIMMED): number | undefined => {
  const around = { now: monoMs(t), standings: new Map([PV, OTHER].map((device) => [device, 'answering' as const])) };
  const state = startState({ plan: emptyPlan(), clock: unknownClock() });
  const limiter = { ...newLimiter(), gains: new Map([[PV, gain]]) };
  return uncontrolledOf([track, NOBODY], FACTS, around, { ...state, limiter }).get(PV);
};

/** Its cap of 2 kW is found gone at each of `losses` (milliseconds) and proven again a second later; it delivers `output`. */
const contested = (losses: readonly number[], until: number, output: (t: number) => number): GenerationTrack => {
  let track = withHeldCap(withAskedCap(newTrack(PV, watts(WMAX)), watts(2000), monoMs(0)), watts(2000), monoMs(100));
  for (let t = 500; t <= until; t += 500) {
    if (losses.includes(t)) track = withHeldCap(track, null, monoMs(t));
    if (losses.includes(t - 500)) track = withAskedCap(track, watts(2000), monoMs(t));
    if (losses.includes(t - 1000)) track = withHeldCap(track, watts(2000), monoMs(t));
    track = withReading(track, inverterSample(t, output(t)));
  }
  return track;
};

describe('an inverter whose cap is taken away', () => {
  const output = (t: number): number => (t % 7000 < 2000 ? 8000 : 2000);

  it('once is told again, and counts as what it is told', () => {
    expect(countedAs(contested([7000], 12_000, output), 12_000)).toBeUndefined();
  });

  it('twice within half a minute counts as the most it gave lately: the others make room for the next time', () => {
    const track = contested([7000, 14_000], 18_000, output);
    expect(track.readings.at(-1)?.generation).toBe(2000);
    expect(countedAs(track, 18_000)).toBe(8000);
  });

  it('twice long ago is believed again', () => {
    expect(
      countedAs(
        contested([7000, 14_000], 45_000, () => 2000),
        45_000,
      ),
    ).toBeUndefined();
  });

  it('is not contested by caps that were asked for', () => {
    let track = contested([], 5000, () => 2000);
    for (const [t, cap] of [
      [6000, 3000],
      [7000, 4000],
    ] as const)
      track = withHeldCap(withAskedCap(track, watts(cap), monoMs(t)), watts(cap), monoMs(t + 100));
    expect(countedAs(track, 7200)).toBeUndefined();
  });
});

describe('an inverter that is taken to sleep', () => {
  const asleep = (isCounted: boolean): number | undefined => {
    const standings = new Map<typeof PV, DeviceStanding>([
      [PV, 'asleep'],
      [OTHER, 'answering'],
    ]);
    const fresh = startState({ plan: emptyPlan(), clock: unknownClock() });
    const unexplained = { since: monoMs(0), lastAt: monoMs(5000), isCounted };
    const track = newTrack(PV, watts(WMAX));
    return uncontrolledOf([track, NOBODY], FACTS, { now: monoMs(5000), standings }, { ...fresh, unexplained }).get(PV);
  };

  it('counts with all it could give once the flow says that it is awake', () => {
    expect(asleep(false)).toBeUndefined();
    expect(asleep(true)).toBe(WMAX);
  });
});

/** Under each cap for twenty seconds. */
const stood = (caps: readonly number[], output: (cap: number) => number) => {
  let track = newTrack(PV, watts(WMAX));
  let gain = UNTRIMMED;
  let t = 0;
  for (const cap of caps) {
    const from = track.heldCap ?? WMAX;
    track = withHeldCap(track, watts(cap), monoMs(t));
    gain = withCapChange(gain, track, from, cap, monoMs(t));
    for (const end = t + 20_000; t < end; t += 500) {
      track = withReading(track, inverterSample(t, output(cap)));
      gain = withSettledReading(gain, track, monoMs(t));
    }
  }
  return { track, gain, t };
};

describe('an inverter a little above its cap', () => {
  it('that goes with its caps is trimmed, and counts as what it is told', () => {
    const { track, gain, t } = stood([4000, 3600, 3300], (cap) => 1.06 * cap);
    expect(gain.gain).toBeCloseTo(1.06, 2);
    expect(countedAs(track, t, gain)).toBeUndefined();
  });

  it('that stands where an earlier cap had left it counts as what it delivers', () => {
    const { track, gain, t } = stood([4000, 3700, 3500], () => 4000);
    expect(countedAs(track, t, gain)).toBe(4000);
  });

  it('that is further off than the trim may go counts as what it delivers', () => {
    const { track, gain, t } = stood([4000, 3000, 2500], (cap) => 1.118 * cap);
    expect(gain.gain).toBe(GAIN_MAX);
    expect(countedAs(track, t, gain)).toBeUndefined();
    const { track: more } = stood([4000, 3000, 2500], (cap) => 1.118 * cap + (cap < 2600 ? 60 : 0));
    expect(countedAs(more, t, gain)).toBe(1.118 * 2500 + 60);
  });
});

describe('an inverter with an offset that shows where its cap is low', () => {
  /** Told what is left of the target by what it was seen to give too much, for two minutes. */
  const held = (target: number, offset: number): number => {
    let gain = UNTRIMMED;
    let track = newTrack(PV, watts(WMAX));
    let output = WMAX;
    for (let t = 0; t <= 120_000; t += 500) {
      const claim = { device: PV, maxPower: watts(WMAX), gain: gain.gain, uncontrolled: null, onReturn: null, usable: null };
      const cap =
        allocate(watts(target), [{ ...claim, least: watts(0), idle: false, excess: gain.excess ?? 0 }]).get(PV) ?? watts(0);
      const from = track.heldCap ?? WMAX;
      track = withHeldCap(track, cap, monoMs(t));
      gain = withCapChange(gain, track, from, cap, monoMs(t));
      output += (cap + offset - output) / 2;
      track = withReading(track, inverterSample(t, output));
      gain = withSettledReading(gain, track, monoMs(t));
    }
    return output;
  };

  it.each([
    [600, 170],
    [1000, 300],
    [200, 150],
  ])('a target of %d W is held although it gives %d W too much', (target, offset) => {
    expect(held(target, offset)).toBeLessThan(target + 31);
    expect(held(target, offset)).toBeGreaterThan(target - 31);
  });

  it('nothing is taken off where there is no offset, nor below what none could give', () => {
    expect(held(600, 0)).toBeCloseTo(600, 3);
    expect(held(100, 170)).toBeCloseTo(170, 0);
  });
});
