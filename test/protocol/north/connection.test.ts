/** How northd uses its connection: one, kept; sessions resumed; bodies compressed. */
import { afterEach, expect, test } from 'vitest';
import { eventsIn, startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

const polls = ({ server }: Bench): number =>
  server.state.journal.exchanges.filter(({ resource, status }) => resource === 'control-list' && status === 200).length;

const POLLS = 6;

test('all polls go over one connection, and after a break the session is resumed: one full handshake in all', async () => {
  const running = await startBench();
  bench = running;
  const { server } = running;
  running.start();
  await running.until('some polls', () => polls(running) >= POLLS);
  expect(server.tls()).toEqual({ connections: 1, handshakes: 1, resumed: 0, refused: 0 });
  for (const breaks of [1, 2]) {
    await server.goDown();
    await server.comeBack();
    const before = polls(running);
    await running.until('some polls more', () => polls(running) >= before + POLLS, 60);
    expect(server.tls()).toEqual({ connections: 1 + breaks, handshakes: 1 + breaks, resumed: breaks, refused: 0 });
  }
});

test('a server that compresses is asked to, and read', async () => {
  const running = await startBench({ utility: { gzip: 'asked' } });
  bench = running;
  running.start();
  await running.until('a program set with the event', () =>
    running.received.some((message) => message.type === 'program-set' && eventsIn(message).length === 1),
  );
  const read = running.server.state.journal.exchanges.filter(({ method, status }) => method === 'GET' && status === 200);
  expect(new Set(read.map(({ coding }) => coding))).toEqual(new Set(['gzip']));
  expect(running.lines().filter(({ level }) => level !== 'info')).toEqual([]);
});
