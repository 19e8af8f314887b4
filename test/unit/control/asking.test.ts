import { expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import type { Claim } from '#control/allocate/allocate.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { newTrack, withAskedCap, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { newLimiter } from '#control/limiter/limiter.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { askAll } from '#control/tick/asking.ts';
import { startState } from '#control/tick/state.ts';
import { toDeviceId } from '#site/device.ts';
import type { InverterSample } from '#site/sample.ts';

const SLOW = toDeviceId('slow');
const QUICK = toDeviceId('quick');
const RATED = watts(6000);
const SHARED = watts(4500);
const NONE = { a: null, b: null, c: null };

const reading = (at: number, generation: number): InverterSample => ({
  kind: 'inverter',
  device: SLOW,
  takenAt: monoMs(at),
  generation: watts(generation),
  state: 'throttled',
  ...{ reactive: null, apparent: null, current: null, voltage: NONE, frequency: null, lifetimeEnergy: null },
});

const claim = (device: Claim['device']): Claim => ({
  device,
  maxPower: RATED,
  gain: 1,
  uncontrolled: null,
  onReturn: null,
  usable: null,
  least: watts(0),
  idle: false,
});

const FACTS = {
  ...{ meter: toDeviceId('grid'), local: { schedule: null, scheme: null } },
  inverters: [SLOW, QUICK].map((device) => ({
    device,
    maxPower: RATED,
    minOutputFraction: 0,
    onSilence: { kind: 'holds' as const },
  })),
  commissioned: { exportW: null, generationW: null },
  fallback: { exportW: watts(0), importW: null },
  ...{ unmeteredGeneration: watts(0), returnsByItself: false, executable: INVERTER_MODES, readingAgeMs: 0, seed: 'seed' },
};

/** Of 4.5 kW the slow one had 3.9 and the quick one 0.6; now each is to have half, and the slow one holds its half already. */
const capOfQuick = (slowMakes: number): number => {
  const now = monoMs(20_000);
  const slow = withReading(
    withHeldCap(withAskedCap(newTrack(SLOW, RATED), watts(2250), now), watts(2250), now),
    reading(19_900, slowMakes),
  );
  const quick = withHeldCap(newTrack(QUICK, RATED), watts(600), monoMs(0));
  const power = { target: SHARED, ceiling: SHARED, assured: SHARED, command: SHARED, load: watts(0) };
  const view = {
    tracks: new Map([slow, quick].map((track) => [track.device, track])),
    limiter: newLimiter(),
    decision: { ...power, seen: false, overcutting: false, probing: false, moving: true },
    ...{ completes: true, arrives: false, trial: undefined, asleep: new Set<never>(), now },
  };
  const before = { cap: watts(600), askedAt: monoMs(0), raisedAt: null, cutSince: false, trial: null, restMs: 10_000 };
  const fresh = startState({ plan: emptyPlan(), clock: unknownClock() });
  const state = {
    ...fresh,
    asked: new Map([
      [SLOW, { ...before, cap: watts(2250) }],
      [QUICK, before],
    ]),
  };
  return askAll(state, FACTS, [claim(SLOW), claim(QUICK)], view).asked.get(QUICK)?.cap ?? Number.NaN;
};

it('a share is given on as fast as the one that gave it comes down', () => {
  expect(capOfQuick(3900)).toBe(600);
  expect(capOfQuick(3000)).toBe(1500);
  // what it reads above its cap once it arrived is its error, not its way down
  expect(capOfQuick(2290)).toBe(2250);
});

it('a cap that an output goes beyond is written again although nothing of it changed', () => {
  const cap = watts(2000);
  const held = withHeldCap(withAskedCap(newTrack(SLOW, RATED), cap, monoMs(0)), cap, monoMs(0));
  const track = [19_000, 19_500, 20_000].reduce((one, at) => withReading(one, reading(at, 2000 + 2 * (at - 19_000))), held);
  const power = { target: cap, ceiling: cap, assured: cap, command: cap, load: watts(0) };
  const before = { cap, askedAt: monoMs(0), raisedAt: null, cutSince: false, trial: null, restMs: 10_000 };
  const state = { ...startState({ plan: emptyPlan(), clock: unknownClock() }), asked: new Map([[SLOW, before]]) };
  const { commands } = askAll(state, FACTS, [claim(SLOW)], {
    tracks: new Map([[SLOW, track]]),
    limiter: newLimiter(),
    decision: { ...power, seen: true, overcutting: false, probing: false, moving: false },
    ...{ completes: false, arrives: false, trial: undefined, asleep: new Set<never>(), now: monoMs(20_100) },
  });
  expect(commands.map(({ urgency, setpoint }) => [urgency, setpoint.command])).toEqual([['gone', { kind: 'cap', cap }]]);
});
