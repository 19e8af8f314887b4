import { expect, it } from 'vitest';
import { Loop } from '#app/controld/loop.ts';
import { monoMs, utilitySeconds, watts } from '#base/units.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import type { ProgramSet } from '#control/program.ts';
import type { SiteFacts } from '#control/tick/state.ts';
import { toDeviceId } from '#site/device.ts';
import { Agenda } from '../../sim/control/agenda.ts';

const NOON = 1_800_000_000;
const FACTS: SiteFacts = {
  meter: toDeviceId('grid'),
  inverters: [],
  commissioned: { exportW: null, generationW: null },
  fallback: { exportW: watts(0), importW: null },
  local: { schedule: null, scheme: null },
  ...{ unmeteredGeneration: watts(0), returnsByItself: false, executable: INVERTER_MODES, readingAgeMs: 0, seed: 'seed' },
};
const SET: ProgramSet = { server: 'utility', policy: { vanished: 'keep', noDefault: 'fallback' }, programs: [] };

it('a program set that comes while nobody vouches for the clock is folded once the server tells the time', () => {
  const agenda = new Agenda();
  const clock = agenda.process();
  const folded: number[] = [];
  const nothing = new Map();
  const ignore = (): void => undefined;
  const loop = new Loop(
    {
      ports: { clock, bootId: 'this', onGoodTick: ignore },
      facts: () => FACTS,
      standings: () => nothing,
      held: () => nothing,
      connections: () => nothing,
      reactiveHeld: () => nothing,
      followed: () => nothing,
      stored: () => ({}),
      heard: () => undefined,
      trial: () => nothing,
      act: ignore,
      onTick: ignore,
      onFolded: () => folded.push(agenda.seconds),
      keep: ignore,
      record: ignore,
      note: ignore,
    },
    {
      plan: emptyPlan(),
      lockout: { excursions: [], locked: null, lockouts: [] },
      clock: {
        ...unknownClock(),
        line: { bootId: 'this', mono: clock.now(), utility: utilitySeconds(NOON), excess: 0, source: 'rtc' },
      },
    },
  );
  loop.start();
  loop.onProgramSet(SET);
  agenda.runUntil(8);
  expect(folded).toEqual([]);
  loop.onAnchor({ bootId: 'this', mono: monoMs(clock.now()), utility: utilitySeconds(NOON + 8), error: 0.1 });
  agenda.runUntil(10);
  expect(folded).toEqual([8]);
});
