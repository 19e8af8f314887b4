import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { Claim } from '#control/allocate/allocate.ts';
import { onPhases } from '#control/allocate/on-phases.ts';
import { shareOf } from '#control/limiter/phases.ts';
import { toDeviceId } from '#site/device.ts';

const PHASES = ['a', 'b', 'c'] as const;

const inverter = fc.record({
  phase: fc.constantFrom(...PHASES, null),
  cap: fc.integer({ min: 0, max: 6000 }),
  gain: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  uncontrolled: fc.option(fc.integer({ min: 0, max: 3000 }), { freq: 4 }),
});

test('no phase is given more than it has room for, and nothing is lowered where all have room', () => {
  const room = fc.integer({ min: 0, max: 8000 });
  fc.assert(
    fc.property(fc.array(inverter, { minLength: 1, maxLength: 6 }), fc.tuple(room, room, room), (list, most) => {
      const claims = list.map(
        ({ gain, uncontrolled }, index): Claim => ({
          device: toDeviceId(`pv-${index}`),
          maxPower: watts(6000),
          gain,
          uncontrolled: uncontrolled === null ? null : watts(uncontrolled),
          ...{ onReturn: null, usable: null, least: watts(0), idle: false },
        }),
      );
      const feeds = new Map(
        list.flatMap(({ phase }, index) => (phase === null ? [] : [[toDeviceId(`pv-${index}`), phase] as const])),
      );
      const limit = { exportLimit: watts(0), feeds };
      const caps = new Map(claims.map(({ device }, index) => [device, watts(list[index]?.cap ?? 0)]));
      const lowered = onPhases(
        caps,
        claims,
        limit,
        PHASES.map((phase, index) => ({ phase, most: most[index] ?? 0 })),
      );
      PHASES.forEach((phase, index) => {
        const delivered = (all: ReadonlyMap<string, number>): number =>
          claims.reduce((sum, { device, gain, uncontrolled }) => {
            const output = uncontrolled ?? gain * (all.get(device) ?? 0);
            return sum + shareOf(limit, device, phase) * output;
          }, 0);
        const untold = claims.reduce(
          (sum, { device, uncontrolled }) => sum + shareOf(limit, device, phase) * (uncontrolled ?? 0),
          0,
        );
        expect(delivered(lowered)).toBeLessThanOrEqual(Math.max(untold, most[index] ?? 0) + 1e-6);
      });
      for (const { device } of claims) expect(lowered.get(device)).toBeLessThanOrEqual(caps.get(device) ?? 0);
      const rooms = PHASES.map((phase) => ({ phase, most: Infinity }));
      expect(onPhases(caps, claims, limit, rooms)).toEqual(caps);
    }),
  );
});
