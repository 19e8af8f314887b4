import { afterEach, expect, test } from 'vitest';
import { puts, refusals, responses } from '../../rig/utility/journal.ts';
import { setRates } from '../../rig/utility/state.ts';
import { eventsIn, readingBefore, startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

test('registers, walks, tells controld, answers a transition and ends when asked', async () => {
  const running = await startBench();
  bench = running;
  const { server, received } = running;
  running.start();
  await running.until('a clock anchor', () => received.some(({ type }) => type === 'clock-anchor'));
  await running.until('a program set with the control', () =>
    received.some((message) => message.type === 'program-set' && eventsIn(message).length === 1),
  );
  const anchor = received.find(({ type }) => type === 'clock-anchor');
  expect(Math.abs(Number(anchor?.['utility']) - Date.now() / 1000)).toBeLessThan(40);
  const set = received.findLast((message) => message.type === 'program-set');
  const event = set === undefined ? undefined : eventsIn(set)[0];
  expect(event?.replyTo).toMatch(/^https:/);
  const at = Math.floor(Date.now() / 1000);
  const transition = {
    kind: 'transition',
    server: 'dnsp',
    mRID: event?.mRID,
    at,
    replyTo: event?.replyTo,
    responseRequired: 3,
    modes: ['opModExpLimW'],
  };
  await running.writeLog([
    { ...transition, status: 'received' },
    readingBefore(at),
    { ...transition, status: 'started' },
    { kind: 'limit', exportLimit: 2500, source: 'event' },
  ]);
  const journal = server.state.journal;
  await running.until('two Responses', () => responses(journal).length === 2);
  expect(responses(journal).map(({ status }) => status)).toEqual([1, 2]);
  await running.until('capability, settings and status', () => new Set(puts(journal).map(({ type }) => type)).size >= 3);
  await running.until('readings', () => journal.readings.length >= 6, 80);
  expect(refusals(journal)).toEqual([]);
  const end = await running.end();
  expect(end.code).toBe(0);
  expect(end.seconds).toBeLessThan(5);
  // Another life: the cursors hold, nothing is answered twice.
  const before = received.length;
  running.start();
  await running.until('a program set of the second life', () =>
    received.slice(before).some(({ type }) => type === 'program-set'),
  );
  running.tell({ type: 'log-head', seq: 4 });
  const walks = journal.exchanges.length;
  await running.until('some more polls', () => journal.exchanges.length > walks + 10);
  expect(responses(journal)).toHaveLength(2);
});

test('another post rate is followed when the list of mirrors shows it', async () => {
  const running = await startBench();
  bench = running;
  const { state } = running.server;
  const { exchanges, readings } = state.journal;
  const listReads = (): number => exchanges.filter(({ method, resource }) => method === 'GET' && resource === 'mup-list').length;
  const listsRead = async (more: number): Promise<void> => {
    const before = listReads();
    await running.until(`${more} more reads of the list`, () => listReads() >= before + more);
  };
  running.start();
  await running.until('two mirrors', () => state.mirrors.size === 2);
  const at = Math.floor(Date.now() / 1000);
  const first = readingBefore(at - 1200);
  await running.writeLog([first]);
  await running.until('the first readings', () => readings.length === 6);
  setRates(state, { postRate: 3600 });
  await listsRead(3);
  await running.writeLog([first, readingBefore(at - 600)]);
  await listsRead(8);
  expect(readings).toHaveLength(6);
  setRates(state, { postRate: 5 });
  await running.until('the next ones', () => readings.length === 12, 15);
});
