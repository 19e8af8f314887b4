/** A hostile or broken server, as the site sees it: for three polls nothing it answers is any good, and the limit holds all the same. */
import { describe, expect, test } from 'vitest';
import { addProgram, changeControl, jumpTime, setPaging, setPrimacy } from '../rig/utility/commands.ts';
import { stage, unstage, type Misdeed } from '../rig/utility/stage.ts';
import { createControl, type UtilityState } from '../rig/utility/state.ts';
import { REQUESTS_MAX } from '#utility/walk/settings.ts';
import { VirtualGateway } from '../support/gateway/gateway.ts';
import { STARTED_AT } from '../support/gateway/settings.ts';

/** What a limit is held to, watts: the lower of 4 % of the rating and 100 W. */
const BAND = 100;
const BEGINS = 70;
const ENDS = 250;
/** An event known beforehand runs inside the ordeal. */
const EVENT = { from: 110, until: 190, limit: 700 };
/** Where nothing is known any more: a limit that was lost would be seen. */
const FALLBACK = 9000;
/** After the ordeal: one and a half polls of a minute, and the back-off of the last failure. */
const RECOVERED = 180;

const befalls =
  (misdeed: Misdeed) =>
  (state: UtilityState): void => {
    stage(state, { methods: ['GET'] }, misdeed);
  };

type Ordeal = (state: UtilityState) => void;

const answers: readonly (readonly [string, Ordeal])[] = [
  ...[400, 403, 404, 500, 501].map((status) => [`HTTP ${status}`, befalls({ kind: 'status', status })] as const),
  ['429 with Retry-After', befalls({ kind: 'status', status: 429, retryAfter: 60 })],
  ['503 with Retry-After as a date', befalls({ kind: 'status', status: 503, retryAfter: 60, retryForm: 'date' })],
  ['a redirect loop', befalls({ kind: 'redirect', status: 308, hops: Infinity })],
  ['a redirect to plain http', befalls({ kind: 'redirect', status: 302, hops: 1, origin: 'http://utility.example' })],
  ['a redirect to a stranger', befalls({ kind: 'redirect', status: 301, hops: 1, origin: 'https://elsewhere.example' })],
  ['a redirect without a place', befalls({ kind: 'location', status: 307, location: null })],
  ...(
    [
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
    ] as const
  ).map((damage) => [`a body that is ${damage}`, befalls({ kind: 'damage', damage })] as const),
  ['a web page by its type alone', befalls({ kind: 'type', type: 'text/html; charset=utf-8' })],
  ['a slow-loris', befalls({ kind: 'send', sending: { kind: 'drip', bytesPerSecond: 1 } })],
  ['a body that stops', befalls({ kind: 'send', sending: { kind: 'stall', after: 10 } })],
  ['silence', befalls({ kind: 'send', sending: { kind: 'silence' } })],
  ['a connection cut in the body', befalls({ kind: 'send', sending: { kind: 'cut', after: 50 } })],
  ['a connection reset', befalls({ kind: 'send', sending: { kind: 'reset' } })],
];

const run = async (ordeal: Ordeal): Promise<VirtualGateway> => {
  const gateway = new VirtualGateway({ fallbackExportW: FALLBACK }).start();
  await gateway.until(40);
  const length = EVENT.until - EVENT.from;
  gateway.publish({ program: 'site', startsIn: EVENT.from - 40, durationSeconds: length, modes: { opModExpLimW: EVENT.limit } });
  await gateway.until(BEGINS);
  ordeal(gateway.state);
  await gateway.until(ENDS);
  unstage(gateway.state);
  gateway.state.paging.clear();
  jumpTime(gateway.state, 0);
  gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 3600, modes: { opModExpLimW: 400 } });
  return await gateway.until(ENDS + RECOVERED + 30);
};

/** Limits that did not hold, and a server that was not heard again. */
const wrongs = ({ truth }: VirtualGateway): readonly string[] => {
  const held = (from: number, until: number, limit: number): readonly string[] => {
    const most = truth.mostExport(from, until);
    return most <= limit + BAND ? [] : [`${most.toFixed(0)} W from ${from} s to ${until} s, the limit is ${limit} W`];
  };
  return [
    ...held(20, EVENT.from, 1500),
    ...held(EVENT.from + 15, EVENT.until, EVENT.limit),
    ...held(EVENT.until, ENDS + RECOVERED, 1500),
    ...held(ENDS + RECOVERED + 15, ENDS + RECOVERED + 30, 400),
  ];
};

/** What was asked for during the ordeal, redirects not counted. */
const requests = ({ state }: VirtualGateway): number =>
  state.journal.exchanges.filter(
    ({ at, method, query }) => method === 'GET' && !query.includes('hop=') && at >= STARTED_AT + BEGINS && at < STARTED_AT + ENDS,
  ).length;

/** Lines said again of the same resource while nothing changed: a body garbled in another way is another trouble. */
const repeated = ({ notes }: VirtualGateway): readonly string[] => {
  const said = new Map<string, string>();
  return notes
    .filter(({ module, note }) => module === 'northd' && (note.level === 'warn' || note.level === 'error'))
    .flatMap(({ note: { event, text } }) => {
      const subject = `${event} ${text.split(': ')[0] ?? ''}`;
      const again = said.get(subject) === text;
      said.set(subject, text);
      return again ? [`${event} ${text}`] : [];
    });
};

describe('three minutes of nothing but', () => {
  const well = run(() => undefined);

  test.each(answers)(
    '%s: the limit holds, each trouble is said once, and no more is asked than of a well server',
    async (_, ordeal) => {
      const gateway = await run(ordeal);
      expect(wrongs(gateway)).toEqual([]);
      expect(repeated(gateway)).toEqual([]);
      expect(requests(gateway)).toBeLessThanOrEqual(requests(await well));
    },
  );
});

test('a web page in place of what was told of the DER says nothing: it is not told again', async () => {
  const gateway = await new VirtualGateway().start().until(200);
  const told = (): number =>
    gateway.state.journal.exchanges.filter(
      ({ method, resource }) => method === 'PUT' && (resource === 'der-capability' || resource === 'der-settings'),
    ).length;
  expect(told()).toBe(2);
  const page = stage(
    gateway.state,
    { methods: ['GET'], kinds: ['der-capability', 'der-settings'] },
    { kind: 'damage', damage: 'junk' },
  );
  await gateway.run(600);
  unstage(gateway.state, page);
  await gateway.run(600);
  expect(told()).toBe(2);
});

describe('lists', () => {
  const LISTS = ['edev-list', 'fsa-list', 'program-list', 'control-list', 'der-list', 'mup-list'] as const;
  const lies =
    (...[paging]: [Parameters<typeof setPaging>[2]]): Ordeal =>
    (state) => {
      for (const kind of LISTS) setPaging(state, kind, paging);
    };

  test.each([
    ['that promise more than they have', lies({ all: 4_294_967_295 })],
    ['whose pages are short', lies({ pageLimit: 1 })],
    ['that say results that are not there', lies({ results: 200 })],
    ['that give the first page for ever', lies({ all: 4_294_967_295, ignoresStart: true })],
    ['that never end', lies({ endless: true })],
  ])('%s: the limit holds and a walk ends', async (_, ordeal) => {
    const gateway = await run(ordeal);
    expect(wrongs(gateway)).toEqual([]);
    expect(repeated(gateway)).toEqual([]);
    // Three polls and the one under way.
    expect(requests(gateway)).toBeLessThan(4 * REQUESTS_MAX);
  });
});

describe('a server that contradicts itself', () => {
  const site = (state: UtilityState): string => state.controls[0]?.mRID ?? '';
  const now = (state: UtilityState): number => state.options.startedAt + BEGINS;

  test.each<readonly [string, Ordeal]>([
    [
      'the same event in another program with another limit',
      (state) => {
        const { start, duration, creationTime } = state.controls[0] ?? { start: 0, duration: 1, creationTime: 0 };
        const given = { program: 'feeder', start, durationSeconds: duration, modes: { opModExpLimW: 8000 } };
        createControl(state, { ...given, mRID: site(state), creationTime }, now(state));
      },
    ],
    [
      'the body of the event changes',
      (state) => changeControl(state, site(state), { modes: { opModExpLimW: 9000 }, duration: 5 }),
    ],
    ['the primacies change places', (state) => ['site', 'feeder'].forEach((name, index) => setPrimacy(state, name, 200 - index))],
    [
      'a program without anything at the best primacy',
      (state) => addProgram(state, { name: 'empty', primacy: 0, default: null }),
    ],
    ['Time a day behind', (state) => jumpTime(state, -86_400)],
    ['Time at nought', (state) => jumpTime(state, -now(state))],
    ['Time in another century', (state) => jumpTime(state, 3_000_000_000)],
  ])('%s: no limit is lost', async (_, ordeal) => {
    const gateway = await run(ordeal);
    expect(wrongs(gateway)).toEqual([]);
  });
});
