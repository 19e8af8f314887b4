import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { Claim } from '#control/allocate/allocate.ts';
import { onPhases, roomOnPhasesFor } from '#control/allocate/on-phases.ts';
import { shareOf } from '#control/limiter/phases.ts';
import { toDeviceId } from '#site/device.ts';

const PHASES = ['a', 'b', 'c'] as const;

const inverter = fc.record({
  phase: fc.constantFrom(...PHASES, null),
  cap: fc.integer({ min: 0, max: 6000 }),
  gain: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  least: fc.constantFrom(0, 600, 1500),
  uncontrolled: fc.option(fc.integer({ min: 0, max: 3000 }), { freq: 4 }),
});

test('no phase is given more than it has room for, and nothing is lowered where all have room', () => {
  const room = fc.integer({ min: 0, max: 8000 });
  fc.assert(
    fc.property(fc.array(inverter, { minLength: 1, maxLength: 6 }), fc.tuple(room, room, room), (list, most) => {
      const claims = list.map(
        ({ gain, uncontrolled, least }, index): Claim => ({
          device: toDeviceId(`pv-${index}`),
          maxPower: watts(6000),
          gain,
          uncontrolled: uncontrolled === null ? null : watts(uncontrolled),
          ...{ onReturn: null, usable: null, least: watts(least), idle: false },
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
      // Single-phase inverters that share a phase run at their least or not at all.
      if (list.some(({ phase }) => phase === null)) return;
      for (const phase of PHASES) {
        const running = claims.filter(
          ({ device, uncontrolled }) => uncontrolled === null && feeds.get(device) === phase && lowered.get(device) !== 0,
        );
        if (running.length < 2) continue;
        for (const { device, gain, least } of running)
          expect(gain * (lowered.get(device) ?? 0)).toBeGreaterThan(Math.min(least, gain * (caps.get(device) ?? 0)) - 1);
      }
    }),
  );
});

test('whoever is raised leaves to the others of its phases what they hold', () => {
  const power = fc.integer({ min: 0, max: 6000 });
  const held = fc.record({
    phase: fc.constantFrom(...PHASES, null),
    holds: power,
    gain: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(held, { minLength: 2, maxLength: 6 }), fc.tuple(power, power, power), (list, most) => {
      const ids = list.map((_, index) => toDeviceId(`pv-${index}`));
      const feeds = new Map(
        list.flatMap(({ phase }, index) => (phase === null ? [] : [[toDeviceId(`pv-${index}`), phase] as const])),
      );
      const limit = { exportLimit: watts(0), feeds };
      const first = toDeviceId('pv-0');
      const { gain } = list[0] ?? { gain: 1 };
      const claim: Claim = {
        ...{ device: first, maxPower: watts(6000), gain, uncontrolled: null },
        ...{ onReturn: null, usable: null, least: watts(0), idle: false },
      };
      const holds = new Map(list.map(({ holds: one }, index) => [toDeviceId(`pv-${index}`), one]));
      const ceilings = PHASES.map((phase, index) => ({ phase, most: most[index] ?? 0 }));
      const cap = Math.min(6000, roomOnPhasesFor(claim, limit, ceilings, holds));
      for (const { phase, most: room } of ceilings) {
        const share = shareOf(limit, first, phase);
        if (share === 0) continue;
        const others = ids.reduce((sum, id) => sum + (id === first ? 0 : shareOf(limit, id, phase) * (holds.get(id) ?? 0)), 0);
        const own = Math.min(6000, gain * cap);
        expect(share * own + others).toBeLessThanOrEqual(Math.max(room, others) + 1e-6);
      }
    }),
  );
});
