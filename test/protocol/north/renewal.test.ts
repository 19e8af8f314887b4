import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { makeDevice } from '../../rig/utility/pki.ts';
import { registerDevice } from '../../rig/utility/state.ts';
import { startBench, type Bench, type Message } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

const programsOf = (message: Message): number => (message['set'] as { programs: readonly unknown[] }).programs.length;

test('a renewed certificate takes over after a whole walk of its own; until then, and where it fails, the old one serves', async () => {
  const running = await startBench({ profile: { rates: { ...csipAus.rates, default: 2, min: 1, post: 5 } } });
  bench = running;
  const { state } = running.server;
  const { exchanges } = state.journal;
  const old = [...state.devices.keys()][0];
  const device = await makeDevice(join(running.directory, 'pki'), 'renewed', 'RIG-0001');
  const file = join(running.directory, 'config', 'config.json');
  const configuration = JSON.parse(await readFile(file, 'utf8')) as { utilities: { identity: Record<string, unknown> }[] };
  configuration.utilities[0]!.identity['renewed'] = { certificate: device.cert, key: device.key };
  await writeFile(file, JSON.stringify(configuration));
  const notes = (event: string): number => running.received.filter((message) => message['event'] === event).length;
  const sets = (): readonly number[] =>
    running.received.flatMap((message) => (message.type === 'program-set' ? [programsOf(message)] : []));

  running.start();
  await running.until('the old one serves', () => sets().length > 0);
  await running.until('the new one is not taken', () => notes('identity-not-taken') === 1);
  const before = exchanges.length;
  await running.until('the old one goes on', () => exchanges.slice(before).filter(({ lfdi }) => lfdi === old).length > 20);

  registerDevice(state, device.lfdi, device.sfdi, Date.now() / 1000);
  await running.until('the new one is taken', () => notes('identity-renewed') === 1, 60);
  const walked = exchanges.filter(({ lfdi, status }) => lfdi === device.lfdi && status < 300).map(({ resource }) => resource);
  expect(walked).toEqual(expect.arrayContaining(['registration', 'fsa-list', 'program-list', 'control-list', 'default-control']));
  await running.until('it reports as itself', () =>
    exchanges.some(({ lfdi, method, resource }) => lfdi === device.lfdi && method === 'PUT' && resource === 'der-status'),
  );
  const switched = exchanges.findIndex(({ lfdi, method }) => lfdi === device.lfdi && method === 'PUT');
  expect(exchanges.slice(switched).filter(({ lfdi }) => lfdi === old)).toEqual([]);
  // The plan belongs to site and server: never was it taken away.
  expect(new Set(sets())).toEqual(new Set([2]));
  const servers = running.received.flatMap((message) =>
    message.type === 'program-set' ? [(message['set'] as { server: string }).server] : [],
  );
  expect(new Set(servers)).toEqual(new Set(['dnsp']));

  await running.end();
  const second = exchanges.length;
  running.start();
  await running.until('a walk of the next life', () =>
    exchanges.slice(second).some(({ resource }) => resource === 'control-list'),
  );
  expect(exchanges.slice(second).filter(({ lfdi }) => lfdi !== device.lfdi)).toEqual([]);
});
