import { describe, expect, it } from 'vitest';
import { monoMs, utilitySeconds, watts } from '#base/units.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { newTrack } from '#control/limiter/generation.ts';
import type { Decision } from '#control/limiter/limiter.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { tickAgain } from '#control/tick/again.ts';
import { type ControlState, startState } from '#control/tick/state.ts';
import { toDeviceId } from '#site/device.ts';

const NOW = monoMs(100_000);
const decision: Decision = {
  target: watts(1500),
  ceiling: watts(1500),
  assured: watts(1500),
  command: watts(1500),
  seen: true,
  overcutting: false,
  probing: false,
  moving: false,
  load: watts(0),
};

const resting = (change: Partial<ControlState> = {}): ControlState => {
  const start = startState({ plan: emptyPlan(), clock: unknownClock() });
  const { limiter } = start;
  return { ...start, limiter: { ...limiter, sight: { ...limiter.sight, seen: true } }, decision, ...change };
};

describe('the next tick without news', () => {
  it('rests little more than a second, half a second while the meter is not seen', () => {
    expect(tickAgain(resting(), NOW, null)).toBe(NOW + 1200);
    const { limiter } = startState({ plan: emptyPlan(), clock: unknownClock() });
    expect(tickAgain(resting({ limiter }), NOW, null)).toBe(NOW + 500);
  });

  it('comes soon while an output moves, is over-cut, or was never decided', () => {
    expect(tickAgain(resting({ decision: { ...decision, moving: true } }), NOW, null)).toBe(NOW + 200);
    expect(tickAgain(resting({ decision: { ...decision, overcutting: true } }), NOW, null)).toBe(NOW + 200);
    expect(tickAgain(resting({ decision: null }), NOW, null)).toBe(NOW + 200);
  });

  it('comes soon while a limit is in a ramp', () => {
    const exportLimit = { value: watts(3000), towards: watts(1500), source: { kind: 'fallback' as const } };
    expect(tickAgain(resting({ limits: { exportLimit } }), NOW, null)).toBe(NOW + 200);
  });

  it('does not miss the second in which an event may begin', () => {
    const plan = { ...emptyPlan(), dueAt: utilitySeconds(1_760_000_001) };
    expect(tickAgain(resting({ plan }), NOW, 1_760_000_000.75)).toBe(NOW + 251);
    expect(tickAgain(resting({ plan }), NOW, 1_760_000_001.25)).toBe(NOW + 1200);
  });

  it('does not miss the minute in which a schedule may turn', () => {
    expect(tickAgain(resting(), NOW, 1_760_000_039.75)).toBe(NOW + 251);
    expect(tickAgain(resting(), NOW, 1_760_000_040.25)).toBe(NOW + 1200);
  });

  it('follows the slope of a return', () => {
    const service = { stopped: false, since: utilitySeconds(1_760_000_000), opened: [] };
    expect(tickAgain(resting({ plan: { ...emptyPlan(), service } }), NOW, 1_760_000_100.25)).toBe(NOW + 500);
    expect(tickAgain(resting({ plan: { ...emptyPlan(), service } }), NOW, 1_760_000_500.25)).toBe(NOW + 1200);
  });

  it('does not miss the instant at which the meter counts as silent', () => {
    const state = resting();
    const sight = { ...state.limiter.sight, seen: true, lastGoodAt: monoMs(NOW - 1900) };
    expect(tickAgain({ ...state, limiter: { ...state.limiter, sight } }, NOW, null)).toBe(NOW + 101);
  });

  it('does not miss the instant at which an inverter is no longer believed, and does not dwell on it', () => {
    const pv = toDeviceId('pv');
    const track = (age: number) => ({
      ...newTrack(pv, watts(5000)),
      readings: [{ at: monoMs(NOW - age), generation: watts(100) }],
    });
    expect(tickAgain(resting({ tracks: new Map([[pv, track(2800)]]) }), NOW, null)).toBe(NOW + 201);
    expect(tickAgain(resting({ tracks: new Map([[pv, track(9000)]]) }), NOW, null)).toBe(NOW + 1200);
  });
});
