import { expect } from 'vitest';
import { responses } from '../../rig/utility/journal.ts';
import type { Modes } from '../../rig/utility/options.ts';
import { cancelControl } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, secondOf } from './criteria.ts';
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

requirement(
  ['BASIC-021', 'BASIC-022'],
  'same mode, overlapping, both before their start: the better alone runs',
  async (evidence) => {
    for (const first of [SY, SP]) {
      const gateway = await running();
      const publish = (program: string, startsIn: number, watts: number) =>
        gateway.publish({ program, startsIn, durationSeconds: 180, modes: EXPORT(watts) });
      const begin = gateway.now;
      const events =
        first === SY ? [publish(SY, 100, 3000), publish(SP, 160, 5000)] : [publish(SP, 160, 5000), publish(SY, 100, 3000)];
      await gateway.until(begin + 460);
      const worse = events.find(({ program }) => program === SY) ?? expect.fail();
      const better = events.find(({ program }) => program === SP) ?? expect.fail();
      evidence.site('export under the better', gateway.truth.mostExport(begin + 180, begin + 338), { least: 4800, most: 5100 });
      evidence.site('no return', gateway.truth.mostExport(begin + 360, begin + 460), { most: 1600 });
      expect(answersTo(gateway, better)).toEqual([1, 2, 3]);
      expect(answersTo(gateway, worse).at(-1)).toBe(7);
      expect(answersTo(gateway, worse)).not.toContain(3);
      evidence.requests(gateway, 'answers 7', answered(7));
    }
  },
);

requirement(['BASIC-023'], 'the better comes while the worse runs: 1 2 7 and 1 2 3, no return', async (evidence) => {
  const gateway = await running();
  const worse = gateway.publish({ program: SY, startsIn: 60, durationSeconds: 600, modes: EXPORT(3000) });
  await gateway.until(180);
  evidence.site('export under the worse', gateway.truth.exportAt(179), { least: 2900, most: 3100 });
  const better = gateway.publish({ program: SP, startsIn: 0, durationSeconds: 180, modes: EXPORT(6000) });
  await gateway.until(500);
  expect(answersTo(gateway, worse)).toEqual([1, 2, 7]);
  expect(answersTo(gateway, better)).toEqual([1, 2, 3]);
  evidence.site('export under the better', gateway.truth.exportAt(340), { least: 5800, most: 6100 });
  evidence.site('no return', gateway.truth.mostExport(385, 500), { most: 1600 });
  evidence.requests(gateway, 'answers 7', answered(7));
});

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
    const most = first === SP ? 3100 : 3100;
    evidence.site('generation inside both', gateway.truth.mostGeneration(from, from + 30), { most });
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

requirement(['BASIC-010'], 'opModMaxLimW: percent of the settings', async (evidence) => {
  const gateway = await running();
  const modes = { opModExpLimW: 9000, opModMaxLimW: 4000 };
  const event = gateway.publish({ program: SP, startsIn: 100, durationSeconds: 120, modes });
  await gateway.until(400);
  evidence.site('generation at 40 %', gateway.truth.mostGeneration(175, 278), { least: 3800, most: 4100 });
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
});

requirement(
  ['CORE-021', 'ALL-22'],
  'randomised starts: drawn once inside their range, chained without a gap',
  async (evidence) => {
    const gateway = await running();
    const events = Array.from({ length: 5 }, (_, index) =>
      gateway.publish({
        program: SP,
        startsIn: 240 + 120 * index,
        durationSeconds: 120,
        randomizeStart: 60,
        modes: EXPORT(3000 + 1000 * index),
      }),
    );
    const early = gateway.publish({
      program: SP,
      startsIn: 1200,
      durationSeconds: 120,
      randomizeStart: -30,
      randomizeDuration: 30,
      modes: EXPORT(6000),
    });
    await gateway.until(1600);
    const at = (mRID: string, status: number): number => {
      const found = responses(gateway.state.journal).find((each) => each.subject === mRID && each.status === status);
      return found === undefined ? Number.NaN : secondOf(found);
    };
    const offsets = events.map(({ mRID }, index) => at(mRID, 2) - (300 + 120 * index));
    for (const [index, offset] of offsets.entries())
      evidence.site(`delay of event ${index}`, offset, { least: 0, most: 60 + 15 });
    expect(new Set(offsets.map((offset) => Math.round(offset / 3))).size).toBeGreaterThanOrEqual(3);
    evidence.site('least export through the chain', gateway.truth.leastExport(300 + 75, 300 + 600), { least: 2700 });
    evidence.site('start of the early one', at(early.mRID, 2), { least: 1230, most: 1275 });
    evidence.site('its length', at(early.mRID, 3) - at(early.mRID, 2), { least: 110, most: 165 });
    expect(answersTo(gateway, early)).toEqual([1, 2, 3]);
    evidence.requests(gateway, 'starts each', answered(2));
  },
);
