/** A hostile or broken server: bounded memory and requests, one log line per transition, and never a limit. */
import { afterEach, expect, test } from 'vitest';
import { jumpTime, setPaging } from '../../rig/utility/commands.ts';
import type { UtilityState } from '../../rig/utility/state.ts';
import { stage, unstage, type Damage, type Misdeed } from '../../rig/utility/stage.ts';
import { eventsIn, startBench, type Bench, type Message } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

const DAMAGES: readonly Damage[] = [
  'truncated',
  'garbled',
  'junk',
  'empty',
  'not-utf8',
  'foreign',
  'entities',
  'nested',
  'huge',
  'gzip-bomb',
  'false-coding',
];

/** Each lasts for some polls, then the server is well again. */
const ORDEALS: readonly (readonly [string, (state: UtilityState) => void])[] = [
  ...[403, 404, 410, 500, 418].map((status) => [`HTTP ${status}`, befalls({ kind: 'status', status })] as const),
  ['429 with Retry-After', befalls({ kind: 'status', status: 429, retryAfter: 1 })],
  ['503 with Retry-After as a date', befalls({ kind: 'status', status: 503, retryAfter: 1, retryForm: 'date' })],
  ['a redirect loop', befalls({ kind: 'redirect', status: 302, hops: Infinity })],
  ['a redirect to http', befalls({ kind: 'redirect', status: 301, hops: 1, origin: 'http://127.0.0.1:9' })],
  ['a redirect to nowhere', befalls({ kind: 'location', status: 307, location: null })],
  ...DAMAGES.map((damage) => [damage, befalls({ kind: 'damage', damage })] as const),
  ['a web page by its type alone', befalls({ kind: 'type', type: 'text/html; charset=utf-8' })],
  ['JSON by its type alone', befalls({ kind: 'type', type: 'application/json' })],
  ['a connection closed in the body', befalls({ kind: 'send', sending: { kind: 'cut', after: 40 } })],
  ['a connection closed instead of an answer', befalls({ kind: 'send', sending: { kind: 'reset' } })],
  [
    'lists that never end',
    (state) => {
      for (const kind of ['edev-list', 'fsa-list', 'control-list', 'der-list', 'mup-list'] as const)
        setPaging(state, kind, { all: 4_294_967_295, ignoresStart: true });
    },
  ],
  [
    'lists that end before they said',
    (state) => {
      for (const kind of ['fsa-list', 'control-list', 'program-list'] as const)
        setPaging(state, kind, { all: 4_294_967_295, results: 9 });
    },
  ],
];

function befalls(misdeed: Misdeed): (state: UtilityState) => void {
  return (state) => {
    stage(state, { methods: ['GET'] }, misdeed);
  };
}

const heal = (state: UtilityState): void => {
  unstage(state);
  state.paging.clear();
  jumpTime(state, 0);
};

interface Told {
  readonly read: string;
  readonly primacy: number;
  readonly events: readonly unknown[];
  readonly defaultControl: unknown;
}

const programsIn = (message: Message): readonly Told[] => (message['set'] as { readonly programs: readonly Told[] }).programs;

/** What must be said of the site's program whatever comes: unread, or with its event and its default. */
const isKept = (message: Message): boolean => {
  const site = programsIn(message).find(({ primacy }) => primacy === 1);
  return site !== undefined && (site.read === 'unread' || (site.events.length === 1 && site.defaultControl !== null));
};

/** Room for garbage between two collections, bytes. */
const MEMORY_ROOM = 48 * 1024 * 1024;

test('whatever a server answers, the plan stays, memory is bounded, and each trouble is said once', {
  timeout: 240_000,
}, async () => {
  const running = await startBench();
  bench = running;
  const { received, server } = running;
  const { state } = server;
  const reads = (): number =>
    state.journal.exchanges.filter(({ resource, status }) => resource === 'control-list' && status < 300).length;
  running.start();
  await running.until('a program set with the event', () =>
    received.some((message) => message.type === 'program-set' && eventsIn(message).length === 1),
  );
  await running.until('some walks', () => reads() > 6);
  const idle = await running.memory();
  const first = received.length;
  const repeated: string[] = [];
  const busiest: string[] = [];
  for (const [name, begin] of ORDEALS) {
    const lines = running.lines().length;
    const before = state.journal.exchanges.length;
    const startedAt = server.now();
    begin(state);
    await running.until(
      `${name}: some polls`,
      () => state.journal.exchanges.length >= before + 6 && server.now() > startedAt + 2,
    );
    const rate = (state.journal.exchanges.length - before) / (server.now() - startedAt);
    if (rate > (name.startsWith('lists') ? PAGES_A_SECOND : REQUESTS_A_SECOND))
      busiest.push(`${name}: ${rate.toFixed(0)} requests a second`);
    heal(state);
    const healthy = reads();
    await running.until(`${name}: walks again`, () => reads() > healthy + 2, 60);
    const texts = running
      .lines()
      .slice(lines)
      .filter(({ level }) => level === 'warn' || level === 'error')
      .map(({ event, text }) => `${event} ${text}`);
    repeated.push(...texts.filter((text, index) => texts.indexOf(text) !== index).map((text) => `${name}: ${text}`));
  }
  expect(received.slice(first).filter((message) => message.type === 'program-set' && !isKept(message))).toEqual([]);
  expect(repeated).toEqual([]);
  expect(busiest).toEqual([]);
  expect((await running.memory()) - idle).toBeLessThan(MEMORY_ROOM);
});

/** Twelve resources of the small server, polled each second, and what is told of a site that changes. */
const REQUESTS_A_SECOND = 40;
/** The bound of a walk, where a list seems to go on. */
const PAGES_A_SECOND = 400;
