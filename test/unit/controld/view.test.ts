import { describe, expect, it } from 'vitest';
import { viewOf } from '#app/controld/view.ts';
import { monoMs, watts } from '#base/units.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { UNTRIMMED } from '#control/limiter/gain.ts';
import { newTrack } from '#control/limiter/generation.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { startState } from '#control/tick/state.ts';
import { toDeviceId } from '#site/device.ts';

describe('the view of the site', () => {
  it('tells what was learned of each inverter, and of nothing else', () => {
    const [pv, meter] = [toDeviceId('pv'), toDeviceId('meter')];
    const before = startState({ plan: emptyPlan(), clock: unknownClock() });
    const deadTime = { least: 100, most: 700, isConfirmed: true };
    const gain = { ...UNTRIMMED, gain: 1.02, deadTime, lagMs: 900, quantum: 50 };
    const state = {
      ...before,
      limiter: { ...before.limiter, gains: new Map([[pv, gain]]) },
      tracks: new Map([[pv, newTrack(pv, watts(5000))]]),
    };
    const answering = { standing: 'answering', silentSince: null } as const;
    const { devices, lateMs } = viewOf({
      state,
      sights: new Map([
        [pv, answering],
        [meter, answering],
      ]),
      lines: [],
      lateMs: 12,
      now: monoMs(0),
      utility: null,
      meter: { device: meter, text: 'not checked' },
      north: [],
    });
    expect(devices[0]?.learned).toEqual({ gain: 1.02, settleMs: UNTRIMMED.settleMs, deadTime, lagMs: 900, step: 50 });
    expect(lateMs).toBe(12);
    expect(devices[1]).not.toHaveProperty('learned');
  });
});
