import { expect } from 'vitest';
import type { Modes } from '../../rig/utility/options.ts';
import { cancelControl } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement } from './requirement.ts';

const SP = 'point';
const SY = 'system';
/** The system is the worse of the two. */
const scenario = {
  programs: [
    { name: SP, primacy: 1, default: { opModExpLimW: 1500 } },
    { name: SY, primacy: 9, default: null },
  ],
};
const running = async (): Promise<VirtualGateway> =>
  await new VirtualGateway({ scenario, site: { plant: { load: () => 0 } } }).start().until(60);
const EXPORT = (watts: number): Modes => ({ opModExpLimW: watts });
const GENERATION = (watts: number): Modes => ({ opModGenLimW: watts });

for (const [ids, first, second, late] of [
  [['BASIC-024'], SY, SP, false],
  [['BASIC-025'], SP, SY, false],
  [['BASIC-026'], SY, SP, true],
] as const) {
  requirement(ids, `different modes, ${first} first${late ? ', the other while it runs' : ''}: both run`, async (evidence) => {
    const gateway = await running();
    const modesOf = (program: string): Modes => (program === SP ? GENERATION(4000) : EXPORT(3000));
    const one = gateway.publish({ program: first, startsIn: 100, durationSeconds: 300, modes: modesOf(first) });
    if (late) await gateway.until(200);
    const other = gateway.publish({ program: second, startsIn: late ? 0 : 160, durationSeconds: 120, modes: modesOf(second) });
    await gateway.until(600);
    for (const event of [one, other]) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
    const from = late ? 285 : 235;
    evidence.site('generation inside both', gateway.truth.mostGeneration(from, from + 30), { most: 3100 });
    evidence.site('export at the default again', gateway.truth.mostExport(480, 600), { most: 1600 });
    evidence.requests(gateway, 'completes both', answered(3));
  });
}

requirement(['CORE-023'], 'three overlapping events: the newest of the best, no return', async (evidence) => {
  const gateway = await running();
  const first = gateway.publish({ program: SP, startsIn: 100, durationSeconds: 300, modes: EXPORT(3000) });
  await gateway.run(30);
  const second = gateway.publish({ program: SP, startsIn: 130, durationSeconds: 200, modes: EXPORT(5000) });
  await gateway.run(30);
  const third = gateway.publish({ program: SP, startsIn: 160, durationSeconds: 60, modes: EXPORT(7000) });
  await gateway.until(560);
  for (const event of [first, second]) expect(answersTo(gateway, event).at(-1)).toBe(7);
  expect(answersTo(gateway, third)).toEqual([1, 2, 3]);
  evidence.site('export under the third', gateway.truth.mostExport(300, 338), { least: 6800, most: 7100 });
  evidence.site('no return', gateway.truth.mostExport(360, 560), { most: 1600 });
  evidence.requests(gateway, 'answers 7', answered(7));
});

requirement(['BASIC-015'], '24 events queued and one more; the rest cancelled: the default again', async (evidence) => {
  const gateway = await running();
  const events = Array.from({ length: 25 }, (_, index) =>
    gateway.publish({ program: SP, startsIn: 120 + 60 * index, durationSeconds: 60, modes: EXPORT(3000 + 100 * index) }),
  );
  await gateway.until(175);
  // All are stored before the first begins.
  for (const event of events) expect(answersTo(gateway, event)).toEqual([1]);
  await gateway.until(390);
  const rest = events.slice(5);
  for (const { mRID } of rest) cancelControl(gateway.state, mRID, gateway.serverNow);
  await gateway.until(620);
  for (const event of events.slice(0, 3)) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  for (const event of rest) expect(answersTo(gateway, event).at(-1)).toBe(6);
  evidence.requests(gateway, 'answers 6 to each', answered(6));
  evidence.site('export under the third event', gateway.truth.exportAt(355), { least: 3100, most: 3300 });
  evidence.site('export at the default', gateway.truth.mostExport(530, 620), { most: 1600 });
});
