import { expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import type { Claim } from '#control/allocate/allocate.ts';
import { onPhases, roomOnPhasesFor } from '#control/allocate/on-phases.ts';
import { type DeviceId, toDeviceId } from '#site/device.ts';

const [FIRST, SECOND] = [toDeviceId('pv-1'), toDeviceId('pv-2')];
/** Both feed phase a alone. */
const LIMIT = { exportLimit: watts(0), feeds: new Map<DeviceId, 'a'>([FIRST, SECOND].map((device) => [device, 'a'])) };

const claim = (device: DeviceId): Claim => ({
  ...{ device, maxPower: watts(6000), gain: 1, uncontrolled: null, onReturn: null, usable: null },
  ...{ least: watts(1500), idle: false },
});

const lowered = (room: number): readonly (number | undefined)[] => {
  const caps = new Map([FIRST, SECOND].map((device) => [device, watts(3000)]));
  const after = onPhases(caps, [claim(FIRST), claim(SECOND)], LIMIT, [{ phase: 'a', most: room }]);
  return [after.get(FIRST), after.get(SECOND)];
};

it('two that share a phase are lowered alike, and one stops where not both would run stably', () => {
  expect(lowered(6000)).toEqual([3000, 3000]);
  expect(lowered(4000)).toEqual([2000, 2000]);
  expect(lowered(2000)).toEqual([2000, 0]);
  expect(lowered(1000)).toEqual([1000, 0]);
});

it('a raise leaves to the other what it holds on the phase', () => {
  const room = [{ phase: 'a' as const, most: 5000 }];
  expect(
    roomOnPhasesFor(
      claim(FIRST),
      LIMIT,
      room,
      new Map([
        [FIRST, 1000],
        [SECOND, 3500],
      ]),
    ),
  ).toBe(1500);
  expect(roomOnPhasesFor(claim(FIRST), LIMIT, room, new Map([[FIRST, 1000]]))).toBe(5000);
});
