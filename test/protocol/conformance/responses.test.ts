import { expect } from 'vitest';
import type { Control } from '../../rig/utility/controls.ts';
import { responses } from '../../rig/utility/journal.ts';
import { cancelControl } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, get, polls, secondOf, told } from './criteria.ts';
import { requirement } from './requirement.ts';
import { inTime } from './timing.ts';

/** Seconds of the run at which an event was answered with a status; null: never. */
const answerAt = ({ state }: VirtualGateway, { mRID }: Control, status: number): number | null => {
  const found = responses(state.journal).find((response) => response.subject === mRID && response.status === status);
  return found === undefined ? null : secondOf(found);
};

requirement(['ALL-18', 'CORE-022', 'P30'], 'answers 1 2 3, 1 2 6, 1 6 and 1 7', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(60);
  const publish = (startsIn: number, durationSeconds: number, limit: number): Control =>
    gateway.publish({ program: 'site', startsIn, durationSeconds, modes: { opModExpLimW: limit } });
  const whole = publish(90, 120, 4000);
  await gateway.until(400);
  expect(answersTo(gateway, whole)).toEqual([1, 2, 3]);
  expect(answerAt(gateway, whole, 2)).toBeGreaterThanOrEqual(150);
  expect(answerAt(gateway, whole, 2)).toBeLessThan(165);
  expect(answerAt(gateway, whole, 3)).toBeGreaterThanOrEqual(270);
  expect(answerAt(gateway, whole, 3)).toBeLessThan(285);
  evidence.site('export under it', gateway.truth.mostExport(165, 268), { least: 3800, most: 4100 });

  const running = publish(0, 600, 4000);
  await gateway.when('it runs', () => answersTo(gateway, running).includes(2), 90);
  cancelControl(gateway.state, running.mRID, gateway.serverNow);
  await gateway.run(90);
  expect(answersTo(gateway, running)).toEqual([1, 2, 6]);
  evidence.site('export after the cancellation', gateway.truth.mostExport(gateway.now - 15, gateway.now), { most: 1600 });

  const scheduled = publish(600, 600, 4000);
  await gateway.when('it is received', () => answersTo(gateway, scheduled).includes(1), 90);
  cancelControl(gateway.state, scheduled.mRID, gateway.serverNow);
  await gateway.run(90);
  expect(answersTo(gateway, scheduled)).toEqual([1, 6]);

  const older = publish(300, 600, 4000);
  await gateway.when('the older is received', () => answersTo(gateway, older).includes(1), 90);
  const newer = publish(200, 600, 3000);
  await gateway.run(420);
  expect(answersTo(gateway, older)).toEqual([1, 7]);
  expect(answersTo(gateway, newer)).toEqual([1, 2]);
  for (const status of [1, 2, 3, 6, 7]) evidence.requests(gateway, `answers ${status}`, answered(status));
  // Australian servers take no other.
  evidence.never(
    gateway,
    'the five codes',
    (exchange) => told('DERControlResponse')(exchange) && !FIVE.includes(statusOf(exchange.body)),
  );
});

const FIVE: readonly number[] = [1, 2, 3, 6, 7];
const statusOf = (body: { readonly [name: string]: unknown } | null): number => Number(body?.['status']);

requirement(
  ['ALL-21', 'G10', 'G8', 'G9'],
  '24 events back to back: each followed and answered, polls in time',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(60);
    const share = (index: number): number => 1000 + (index % 10) * 700;
    const events = Array.from({ length: 24 }, (_, index) =>
      gateway.publish({
        program: 'site',
        startsIn: 120 + 60 * index,
        durationSeconds: 60,
        modes: { opModExpLimW: share(index) },
      }),
    );
    await gateway.until(180 + 24 * 60 + 120);
    for (const [index, event] of events.entries()) {
      expect(answersTo(gateway, event), `event ${index}`).toEqual([1, 2, 3]);
      const from = 180 + 60 * index;
      evidence.site(`export under event ${index}`, gateway.truth.meanExport(from + 25, from + 58), {
        least: share(index) - 250,
        most: share(index) + 60,
      });
    }
    evidence.requests(gateway, 'completes each', answered(3));
    for (const kind of ['dcap', 'edev-list', 'fsa-list', 'program-list', 'der-list'] as const)
      expect(inTime(polls(gateway, kind), { rate: 60, from: 10, until: gateway.now, at: 1 }), kind).toEqual([]);
  },
);

requirement(['P-02'], 'an assignment taken away: its events are neither followed nor answered', async (evidence) => {
  const scenario = {
    programs: [
      { name: 'site', primacy: 5, default: { opModExpLimW: 3000 } },
      { name: 'feeder', primacy: 1, default: null },
    ],
  };
  const gateway = await new VirtualGateway({ scenario, utility: { assignments: 'each' } }).start().until(60);
  const event = gateway.publish({ program: 'feeder', startsIn: 400, durationSeconds: 300, modes: { opModExpLimW: 0 } });
  await gateway.when('it is received', () => answersTo(gateway, event).includes(1), 90);
  gateway.state.assignments = [['site']];
  const gone = gateway.now + 120;
  await gateway.until(900);
  const path = (kind: string): boolean => kind === 'control-list';
  const lists = new Set(gateway.state.journal.exchanges.filter(({ resource }) => path(resource ?? '')).map((each) => each.path));
  const after = new Set(
    gateway.state.journal.exchanges.filter((each) => path(each.resource ?? '') && secondOf(each) > gone).map((each) => each.path),
  );
  expect(lists.size).toBe(2);
  expect(after.size).toBe(1);
  evidence.requests(gateway, 'polls what is left', get('control-list'), { from: gone });
  evidence.never(gateway, 'silence about its events', told('DERControlResponse'), { from: gone });
  evidence.site('export meanwhile', gateway.truth.meanExport(480, 740), { least: 2800, most: 3100 });
});

requirement(['P-03'], 'an event of 24 hours, cancelled: answered 6, and the default', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 86_400, modes: { opModExpLimW: 5000 } });
  await gateway.run(600);
  evidence.site('export under it', gateway.truth.mostExport(200, gateway.now), { least: 4800, most: 5100 });
  cancelControl(gateway.state, event.mRID, gateway.serverNow);
  await gateway.run(120);
  expect(answersTo(gateway, event)).toEqual([1, 2, 6]);
  evidence.requests(gateway, 'answers 6', answered(6));
  evidence.site('export after it', gateway.truth.mostExport(gateway.now - 30, gateway.now), { least: 1400, most: 1600 });
});
