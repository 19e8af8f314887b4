import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { allocate, type Claim, idleOf } from '#control/allocate/allocate.ts';
import { fill } from '#control/allocate/fill.ts';
import { newTrack, withHeldCap } from '#control/limiter/generation.ts';
import { newLimiter } from '#control/limiter/limiter.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { askAll } from '#control/tick/asking.ts';
import { type ControlState, startState } from '#control/tick/state.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { toDeviceId } from '#site/device.ts';

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

const claim = fc
  .record({
    rating: fc.integer({ min: 500, max: 20_000 }),
    gain: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
    uncontrolled: fc.option(fraction, { freq: 4 }),
    usable: fc.option(fraction),
    least: fc.constantFrom(0, 0.05, 0.1, 0.3),
    idle: fc.boolean(),
  })
  .map(({ rating, gain, uncontrolled, usable, least, idle }) => ({
    maxPower: watts(rating),
    gain,
    uncontrolled: uncontrolled === null ? null : watts(uncontrolled * rating),
    onReturn: null,
    usable: usable === null ? null : watts(usable * rating),
    least: watts(least * rating),
    idle,
  }));

const claims = fc
  .array(claim, { minLength: 1, maxLength: 32 })
  .map((list): readonly Claim[] => list.map((one, index) => ({ ...one, device: toDeviceId(`pv-${index}`) })));

const allowedW = fc.integer({ min: -5000, max: 300_000 }).map(watts);

const delivered = (one: Claim, cap: number): number => Math.min(one.maxPower, cap * one.gain);

const toldSum = (all: readonly Claim[], caps: ReadonlyMap<string, number>): number =>
  all.reduce((sum, one) => sum + (one.uncontrolled === null ? delivered(one, caps.get(one.device) ?? 0) : 0), 0);

const leftFor = (allowed: number, all: readonly Claim[]): number =>
  Math.max(
    0,
    all.reduce((left, { uncontrolled }) => left - (uncontrolled ?? 0), allowed),
  );

test('no cap is out of bounds, and those told deliver together no more than the others leave', () => {
  fc.assert(
    fc.property(allowedW, claims, (allowed, all) => {
      const caps = allocate(allowed, all);
      for (const { device, maxPower } of all) {
        const cap = caps.get(device) ?? Number.NaN;
        expect(cap).toBeGreaterThanOrEqual(0);
        expect(cap).toBeLessThanOrEqual(maxPower);
      }
      expect(toldSum(all, caps)).toBeLessThanOrEqual(leftFor(allowed, all) + 1e-6);
    }),
  );
});

test('more allowed is never less delivered', () => {
  fc.assert(
    fc.property(allowedW, fc.integer({ min: 0, max: 50_000 }), claims, (allowed, more, all) => {
      const less = toldSum(all, allocate(allowed, all));
      expect(toldSum(all, allocate(watts(allowed + more), all))).toBeGreaterThanOrEqual(less - 1e-6);
    }),
  );
});

test('one that cannot be told is asked for no more than it is counted as', () => {
  fc.assert(
    fc.property(allowedW, claims, (allowed, all) => {
      const caps = allocate(allowed, all);
      for (const { device, uncontrolled } of all)
        if (uncontrolled !== null) expect(caps.get(device)).toBeLessThanOrEqual(uncontrolled);
    }),
  );
});

test('who runs, runs at its least or above, unless it is the only one or has no sun for it', () => {
  fc.assert(
    fc.property(allowedW, claims, (allowed, all) => {
      const idle = idleOf(allowed, all);
      const settled = all.map((one) => ({ ...one, gain: 1, idle: idle.has(one.device) }));
      const caps = allocate(allowed, settled);
      const running = settled.filter((one) => one.uncontrolled === null && (caps.get(one.device) ?? 0) > 0);
      if (running.length < 2) return;
      for (const { device, least, usable } of running)
        expect(caps.get(device)).toBeGreaterThanOrEqual(Math.min(least, usable ?? least) - 0.5);
    }),
  );
});

/** Dealt out watt by watt: the next one to whom has least of his rating and can use it; then to whom has the smallest part of what his rating leaves. */
const dealt = (left: number, portions: readonly { readonly rating: number; readonly usable: number }[]): readonly number[] => {
  const powers = portions.map(() => 0);
  for (let watt = 0; watt < left; watt += 1) {
    const part = (index: number): number => {
      const { rating, usable } = portions[index] ?? { rating: 1, usable: 0 };
      const power = powers[index] ?? 0;
      if (power < usable) return power / rating;
      return power < rating ? 2 + (power - usable) / (rating - usable) : Infinity;
    };
    const next = portions.map((_, index) => index).sort((a, b) => part(a) - part(b))[0] ?? 0;
    if (part(next) < Infinity) powers[next] = (powers[next] ?? 0) + 1;
  }
  return powers;
};

test('the fill is what dealing watt by watt comes to', () => {
  const portion = fc
    .tuple(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 0, max: 400 }))
    .map(([rating, usable]) => ({ rating, usable: Math.min(rating, usable) }));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), fc.array(portion, { minLength: 1, maxLength: 6 }), (left, portions) => {
      const powers = fill(left, portions);
      dealt(left, portions).forEach((power, index) => expect(Math.abs((powers[index] ?? 0) - power)).toBeLessThanOrEqual(7));
    }),
    { numRuns: 60 },
  );
});

test('two alike get alike', () => {
  fc.assert(
    fc.property(allowedW, fc.integer({ min: 2, max: 16 }), (allowed, count) => {
      const alike = Array.from({ length: count }, (_, index) => ({
        device: toDeviceId(`pv-${index}`),
        maxPower: watts(5000),
        gain: 1,
        uncontrolled: null,
        onReturn: null,
        usable: null,
        least: watts(0),
        idle: false,
      }));
      const caps = [...allocate(allowed, alike).values()];
      expect(Math.max(...caps) - Math.min(...caps)).toBeLessThan(1e-6);
    }),
  );
});

const CEILING = 6000;

/** Shares wander and writes arrive late or not at all: what all may deliver together, after each tick. */
const wandering = (
  count: number,
  steps: readonly { readonly usable: readonly number[]; readonly lands: readonly boolean[] }[],
) => {
  const devices = Array.from({ length: count }, (_, index) => toDeviceId(`pv-${index}`));
  const inverters = devices.map((device) => ({
    device,
    maxPower: watts(5000),
    minOutputFraction: 0,
    onSilence: { kind: 'holds' as const },
  }));
  const facts = {
    meter: toDeviceId('grid'),
    inverters,
    commissioned: { exportW: null, generationW: null },
    local: { schedule: null, scheme: null },
    fallback: { exportW: watts(0), importW: null },
    unmeteredGeneration: watts(0),
    returnsByItself: false,
    executable: INVERTER_MODES,
    readingAgeMs: 0,
    seed: 'seed',
  };
  const power = { target: watts(CEILING), ceiling: watts(CEILING), command: watts(CEILING), load: watts(0) };
  const decision = { ...power, assured: power.ceiling, seen: true, overcutting: false, probing: false, moving: false };
  let state: ControlState = startState({ plan: emptyPlan(), clock: unknownClock() });
  let tracks = new Map(devices.map((device) => [device, withHeldCap(newTrack(device, watts(5000)), watts(0), monoMs(0))]));
  return steps.map(({ usable, lands }, step) => {
    const now = monoMs(step * 11_000);
    const view = {
      tracks,
      limiter: newLimiter(),
      decision,
      completes: false,
      arrives: false,
      trial: undefined,
      asleep: new Set<never>(),
      now,
    };
    const all = devices.map((device, index): Claim => {
      const most = usable[index] ?? 1;
      const known = most > 0.9 ? null : watts(5000 * most);
      return {
        device,
        maxPower: watts(5000),
        gain: 1,
        uncontrolled: null,
        onReturn: null,
        usable: known,
        least: watts(0),
        idle: false,
      };
    });
    const asking = askAll(state, facts, all, view);
    state = { ...state, asked: asking.asked, follows: asking.follows };
    const together = devices.reduce(
      (sum, device) => sum + Math.max(tracks.get(device)?.heldCap ?? 0, asking.asked.get(device)?.cap ?? 0),
      0,
    );
    tracks = new Map(
      devices.map((device, index) => {
        const track = asking.tracks.get(device) ?? newTrack(device, watts(5000));
        const cap = asking.asked.get(device)?.cap ?? watts(0);
        return [device, lands[index] === true ? withHeldCap(track, cap, now) : track];
      }),
    );
    return together;
  });
};

test('a share is given on only after the one that gave it provably holds less', () => {
  const step = fc.record({
    usable: fc.array(fraction, { minLength: 4, maxLength: 4 }),
    lands: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 4 }), fc.array(step, { minLength: 2, maxLength: 30 }), (count, steps) => {
      for (const together of wandering(count, steps)) expect(together).toBeLessThanOrEqual(CEILING + 1e-6);
    }),
  );
});
