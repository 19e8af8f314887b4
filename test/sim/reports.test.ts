import { describe, expect, test } from 'vitest';
import { lose, moveResources } from '../rig/utility/commands.ts';
import type { ResourceKind } from '../rig/utility/hrefs.ts';
import { logEvents, puts, responses } from '../rig/utility/journal.ts';
import { unstage, stage, type Misdeed } from '../rig/utility/stage.ts';
import { VirtualGateway } from '../support/gateway/gateway.ts';

/** A poll is a minute here; the server is asked once within it, and told in the same turn. */
const POLL = 60;
const SOON = POLL + 15;

/** Runs until everything was told, and looked at once. */
const settled = async (options: ConstructorParameters<typeof VirtualGateway>[0] = {}): Promise<VirtualGateway> =>
  await new VirtualGateway({ utility: { devices: [], registration: 'in-band' }, ...options }).start().until(130);

const toldAfter = (gateway: VirtualGateway, from: number): readonly string[] =>
  gateway.state.journal.exchanges
    .slice(from)
    .flatMap(({ type, status, method }) => (method !== 'GET' && status < 300 && type !== null ? [type] : []));

/** One of the things a client told is lost by itself: it comes again, and nothing else is registered anew. */
const losing = async (
  gateway: VirtualGateway,
  types: readonly string[],
  lost: (gateway: VirtualGateway) => void,
): Promise<void> => {
  const from = gateway.state.journal.exchanges.length;
  lost(gateway);
  const told = (): ReadonlySet<string> => new Set(toldAfter(gateway, from));
  await gateway.when(`${types.join(', ')} told again`, () => types.every((type) => told().has(type)), SOON);
};

const forget =
  (kind: ResourceKind) =>
  ({ state }: VirtualGateway): void => {
    for (const { held } of state.devices.values()) for (const key of held.keys()) if (key.startsWith(kind)) held.delete(key);
  };

describe('what the server no longer holds is sent again within one poll', () => {
  test.each<readonly [string, readonly string[], (gateway: VirtualGateway) => void]>([
    ['its registration', ['EndDevice', 'DERCapability', 'DERSettings', 'DERStatus'], ({ state }) => lose(state, ['devices'])],
    ['all of the DER', ['DERCapability', 'DERSettings', 'DERStatus', 'DERAvailability'], ({ state }) => lose(state, ['ders'])],
    ['DERCapability', ['DERCapability'], forget('der-capability')],
    ['DERSettings', ['DERSettings'], forget('der-settings')],
    ['DERStatus', ['DERStatus'], forget('der-status')],
    ['DERAvailability', ['DERAvailability'], forget('der-availability')],
    ['the ConnectionPoint', ['ConnectionPoint'], ({ state }) => lose(state, ['connection-points'])],
    ['the mirrors', ['MirrorUsagePoint'], ({ state }) => lose(state, ['mirrors'])],
    ['one mirror of two', ['MirrorUsagePoint'], ({ state }) => void state.mirrors.delete([...state.mirrors.keys()][0] ?? '')],
    [
      'the DER, found elsewhere and empty',
      ['DERCapability', 'DERSettings', 'DERStatus'],
      ({ state }) => {
        moveResources(state, ['der-capability', 'der-settings', 'der-status']);
        lose(state, ['ders']);
      },
    ],
    [
      'the mirrors, found elsewhere and empty',
      ['MirrorUsagePoint'],
      ({ state }) => {
        moveResources(state, ['mup-list', 'mup']);
        lose(state, ['mirrors']);
      },
    ],
  ])('%s', async (_, types, lost) => {
    const gateway = await settled();
    await losing(gateway, types, lost);
    const devices = toldAfter(gateway, 0).filter((type) => type === 'EndDevice').length;
    expect(devices).toBe(types.includes('EndDevice') ? 2 : 1);
    await gateway.run(2 * POLL);
    expect(gateway.state.mirrors.size).toBe(2);
  });
});

describe('a server that was in trouble for a while, and empty afterwards', () => {
  test.each<readonly [string, Misdeed]>([
    ['403', { kind: 'status', status: 403 }],
    ['404', { kind: 'status', status: 404 }],
    ['500', { kind: 'status', status: 500 }],
    ['a web page', { kind: 'damage', damage: 'junk' }],
  ])('with %s: is told all of it again', async (_, misdeed) => {
    const gateway = await settled();
    stage(gateway.state, {}, misdeed);
    await gateway.run(3 * POLL);
    unstage(gateway.state, 'all');
    // The longest pause after a refusal.
    await gateway.run(320 + POLL);
    await losing(
      gateway,
      ['DERCapability', 'DERSettings', 'DERStatus', 'DERAvailability', 'ConnectionPoint', 'MirrorUsagePoint'],
      ({ state }) => lose(state, ['ders', 'connection-points', 'mirrors']),
    );
  });

  test.each([401, 403, 404, 410])('Responses refused with %i meanwhile come in their order', async (status) => {
    const gateway = await settled();
    gateway.publish({ program: 'site', startsIn: POLL + 10, durationSeconds: 60, modes: { opModExpLimW: 4000 } });
    await gateway.run(POLL + 5);
    stage(gateway.state, { kinds: ['response-list'], methods: ['POST'] }, { kind: 'status', status });
    await gateway.run(4 * POLL);
    unstage(gateway.state, 'all');
    await gateway.run(320);
    expect(responses(gateway.state.journal).map((each) => each.status)).toEqual([1, 2, 3]);
  });
});

test('an alarm of the inverter is told as it occurs and when it is over, and stands in alarmStatus meanwhile', async () => {
  const gateway = await settled();
  const alarm = (bits: number): void => {
    gateway.line.sync();
    gateway.site.inverter.fault(gateway.line.siteNow, { events: bits });
  };
  const at = gateway.serverNow;
  alarm(2 ** 10);
  await gateway.when('the alarm', () => logEvents(gateway.state.journal).length === 1, 20);
  await gateway.run(POLL);
  const over = gateway.serverNow;
  alarm(0);
  await gateway.when('the return to normal', () => logEvents(gateway.state.journal).length === 2, 20);
  await gateway.run(POLL);
  const [raised, cleared] = logEvents(gateway.state.journal);
  const standard = { functionSet: 11, logEventPEN: 40_732, profileID: 2 };
  expect(raised?.body).toMatchObject({ ...standard, logEventCode: 2 });
  expect(cleared?.body).toMatchObject({ ...standard, logEventCode: 3 });
  expect(Math.abs(Number(raised?.body['createdDateTime']) - at)).toBeLessThan(5);
  expect(Math.abs(Number(cleared?.body['createdDateTime']) - over)).toBeLessThan(6);
  const statuses = puts(gateway.state.journal)
    .filter(({ type }) => type === 'DERStatus')
    .map(({ body }) => body['alarmStatus']);
  expect(statuses).toContain('00000002');
  expect(statuses.at(-1)).toBe('00000000');
  expect(logEvents(gateway.state.journal)).toHaveLength(2);
});

describe('a Response started that the server refuses', () => {
  const answers = async (retryStarted: boolean, heals: boolean): Promise<readonly number[]> => {
    const gateway = await settled({ profileChange: { retryStarted } });
    gateway.publish({ program: 'site', startsIn: POLL + 10, durationSeconds: 200, modes: { opModExpLimW: 4000 } });
    await gateway.when('received', () => responses(gateway.state.journal).length === 1, SOON);
    const refusing = stage(gateway.state, { kinds: ['response-list'], methods: ['POST'] }, { kind: 'status', status: 400 });
    await gateway.run(150);
    if (heals) unstage(gateway.state, refusing);
    await gateway.run(heals ? 150 : 900);
    unstage(gateway.state, 'all');
    await gateway.run(320);
    return responses(gateway.state.journal).map(({ status }) => status);
  };

  test('is sent until the end of the event where the utility wants that, and no longer', async () => {
    expect(await answers(true, true)).toEqual([1, 2, 3]);
    expect((await answers(true, false)).filter((status) => status === 2)).toEqual([]);
  });

  test('is set aside elsewhere', async () => {
    expect(await answers(false, true)).toEqual([1, 3]);
  });
});
