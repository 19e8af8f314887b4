import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { httpClient } from '#platform/http/client.ts';
import { translate } from '#utility/translate/translate.ts';
import { decodeProfile } from '#utility/translate/profile.ts';
import { WalkMachine } from '#utility/walk/machine.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import profileJson from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { makePki, type Pki } from '../../rig/utility/pki.ts';
import { defaultOptions, exampleScenario } from '../../rig/utility/options.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';
import { walkUntil } from './walker.ts';

let directory = '';
let pki: Pki;
let server: UtilityServer;

const start = async (registration: 'in-band' | 'out-of-band', layout: 'random' | 'apiV2'): Promise<void> => {
  const scenario = exampleScenario([
    { at: 0, program: 'site', startsIn: 5, durationSeconds: 60, modes: { opModExpLimW: 2500 } },
    { at: 0, program: 'site', startsIn: 100, durationSeconds: 60, modes: { opModExpLimW: 3000 } },
    { at: 0, program: 'site', startsIn: 200, durationSeconds: 60, modes: { opModGenLimW: 40_000 } },
  ]);
  const state = createUtility(
    defaultOptions({
      seed: 7,
      startedAt: Date.now() / 1000,
      scenario,
      layout,
      registration,
      ...(registration === 'in-band' ? {} : { devices: [pki.device] }),
    }),
  );
  server = await startUtilityServer({ state, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-north-'));
  pki = await makePki(directory);
});

afterEach(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

const settings = (changes: Partial<WalkSettings> = {}): WalkSettings => ({
  dcap: server.url,
  lfdi: pki.device.lfdi,
  sfdi: pki.device.sfdi,
  pin: 111115,
  inBandRegistration: true,
  defaultRate: 300,
  defaultTimeRate: 900,
  rateMin: 1,
  rateMax: 86_400,
  pageLimit: 255,
  seed: 1,
  allowedOrigins: [],
  ...changes,
});

const client = async () =>
  httpClient(
    {
      certificate: await readFile(pki.device.cert, 'utf8'),
      key: await readFile(pki.device.key, 'utf8'),
      trust: await readFile(pki.serca, 'utf8'),
    },
    { serverLFDI: null, chainRule: null },
  );

const profile = decodeProfile(profileJson);

test.each([
  ['out-of-band', 'random'],
  ['out-of-band', 'apiV2'],
  ['in-band', 'random'],
] as const)('walks the utility server, %s registration, %s hrefs', async (registration, layout) => {
  await start(registration, layout);
  const http = await client();
  const machine = new WalkMachine(settings(), monotonicClock.now());
  const events = await walkUntil(
    machine,
    http,
    (event) => event.kind === 'tree' && event.tree.mirrors !== null && event.tree.ders.length > 0,
  );
  await http.close();
  const tree = events.findLast((event) => event.kind === 'tree')?.tree;
  expect(tree?.complete).toBe(true);
  expect(events.some((event) => event.kind === 'time')).toBe(true);
  expect(profile.ok).toBe(true);
  if (!profile.ok || tree === undefined) return;
  const { set, notes } = translate(tree, 'u', profile.value);
  expect(notes).toEqual([]);
  expect(set.programs.map(({ read, primacy }) => ({ read, primacy }))).toEqual([
    { read: 'read', primacy: 1 },
    { read: 'read', primacy: 89 },
  ]);
  expect(set.programs[0]?.defaultControl?.modes).toEqual({ opModExpLimW: 1500 });
  expect(set.programs[1]?.defaultControl).toBeNull();
  expect(set.programs[0]?.events.map((event) => event.modes)).toEqual([
    { opModExpLimW: 2500 },
    { opModExpLimW: 3000 },
    { opModGenLimW: 40_000 },
  ]);
  expect(set.programs[0]?.events[0]?.replyTo).toMatch(/^https:/);
  expect(tree.ders[0]?.status).toMatch(/^https:/);
});

test('a wrong PIN ends all communication', async () => {
  await start('out-of-band', 'random');
  const http = await client();
  const machine = new WalkMachine(settings({ pin: 123455 }), monotonicClock.now());
  const events = await walkUntil(machine, http, (event) => event.kind === 'stopped');
  await http.close();
  expect(events.at(-1)).toEqual({ kind: 'stopped' });
  expect(machine.next(monotonicClock.now())).toBeNull();
  // One look a day.
  expect(machine.wakeAt(monotonicClock.now()) - monotonicClock.now()).toBeGreaterThan(86_000_000);
});
