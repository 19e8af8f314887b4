import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { encodeHeader, encodeRecord, segmentName } from '#log/segment.ts';
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { puts, refusals, responses } from '../../rig/utility/journal.ts';
import { defaultOptions, exampleScenario } from '../../rig/utility/options.ts';
import { makePki, type Pki } from '../../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';

/** What the tested process sends over the link. */
type Message = Readonly<Record<string, unknown>> & { readonly type: string };

let directory = '';
let pki: Pki;
let server: UtilityServer;
let control: Server;
let process_: ChildProcess | null = null;
const received: Message[] = [];
const sockets: Socket[] = [];
let output = '';

const until = async (what: string, condition: () => boolean, limitSeconds = 30): Promise<void> => {
  const deadline = Date.now() + limitSeconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in ${limitSeconds} s: ${what}\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const sendLine = (message: unknown): void => {
  for (const socket of sockets) if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
};

const SNAPSHOT = {
  type: 'site-snapshot',
  nameplate: {
    ratedPower: 10_000,
    maxPower: 10_000,
    ratedApparent: 10_000,
    ratedVarInjected: 4400,
    ratedVarAbsorbed: 4400,
    referenceVoltage: 230,
  },
  status: { genConnectStatus: 7, operationalModeStatus: 2, inverterStatus: 4, alarmStatus: 0 },
};

/** A controld of the test's own: says hello and a snapshot, keeps what comes. */
const startControl = async (): Promise<void> => {
  control = createServer((socket) => {
    sockets.push(socket);
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) received.push(JSON.parse(line) as Message);
    });
    socket.write(`${JSON.stringify({ type: 'hello', protocol: 1, release: 'test', planId: null })}\n`);
    socket.write(`${JSON.stringify(SNAPSHOT)}\n`);
  });
  control.listen(join(directory, 'run', 'control.sock'));
  await once(control, 'listening');
};

const startNorthd = (): void => {
  const child = spawn(process.execPath, ['firmware/app/northd/main.ts'], {
    cwd: new URL('../../..', import.meta.url).pathname,
    env: {
      CONFIGURATION_DIRECTORY: join(directory, 'config'),
      STATE_DIRECTORY: join(directory, 'state'),
      RUNTIME_DIRECTORY: join(directory, 'run'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  process_ = child;
};

const endNorthd = async (): Promise<{ readonly code: number | null; readonly seconds: number }> => {
  const child = process_;
  process_ = null;
  if (child === null || child.exitCode !== null) return { code: child?.exitCode ?? null, seconds: 0 };
  const startedAt = Date.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, seconds: (Date.now() - startedAt) / 1000 };
};

const writeConfiguration = async (): Promise<void> => {
  await mkdir(join(directory, 'config', 'secrets'), { recursive: true });
  await mkdir(join(directory, 'config', 'utility'));
  await mkdir(join(directory, 'state', 'log'), { recursive: true });
  await mkdir(join(directory, 'run'));
  await writeFile(join(directory, 'config', 'secrets', 'pin'), '111115\n');
  const rates = { ...csipAus.rates, min: 1, post: 60 };
  await writeFile(join(directory, 'config', 'utility', 'quick.json'), JSON.stringify({ ...csipAus, name: 'quick', rates }));
  const configuration = {
    format: 1,
    site: {
      id: 'test',
      limits: { commissioned: { exportW: null, generationW: null }, fallback: { exportW: 1500, importW: null } },
    },
    lines: [{ name: 'a', path: '/dev/null', baudRate: 9600, parity: 'none', stopBits: 1 }],
    devices: [
      { id: 'pv', role: 'inverter', line: 'a', unitId: 1, profile: 'generic' },
      { id: 'meter', role: 'meter', line: 'a', unitId: 2, profile: 'generic' },
    ],
    utilities: [
      {
        name: 'dnsp',
        profile: 'quick',
        url: server.url,
        registrationPin: 'pin',
        identity: { kind: 'file', certificate: pki.device.cert, key: pki.device.key, trust: pki.serca },
      },
    ],
  };
  await writeFile(join(directory, 'config', 'config.json'), JSON.stringify(configuration));
};

/** Puts records in the log, as its writer does, and rings. */
const writeLog = async (bodies: readonly unknown[]): Promise<void> => {
  const frames = bodies.map((body, index) => encodeRecord({ seq: index + 1, format: 1, bootId: 'b', mono: monoMs(index), body }));
  const segment = Buffer.concat([
    encodeHeader({ firstSeq: 1, compact: false, bodyBytes: 0 }),
    ...frames.filter((frame) => frame !== null),
  ]);
  await writeFile(join(directory, 'state', 'log', segmentName(1)), segment);
  sendLine({ type: 'log-head', seq: bodies.length });
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-northd-'));
  output = '';
  received.length = 0;
  sockets.length = 0;
  pki = await makePki(join(directory, 'pki'));
  const scenario = {
    ...exampleScenario([{ at: 2, program: 'site', startsIn: 5, durationSeconds: 120, modes: { opModExpLimW: 2500 } }]),
    pollRate: 1,
    postRate: 60,
  };
  const state = createUtility(defaultOptions({ seed: 3, startedAt: Date.now() / 1000, scenario, devices: [pki.device] }));
  server = await startUtilityServer({ state, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
  await writeConfiguration();
  await startControl();
});

afterEach(async () => {
  await endNorthd();
  for (const socket of sockets) socket.destroy();
  control.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

const eventsIn = (message: Message): readonly { readonly mRID: string; readonly replyTo: string }[] => {
  const { programs } = message['set'] as { programs: readonly { events: readonly { mRID: string; replyTo: string }[] }[] };
  return programs.flatMap(({ events }) => events);
};

test('registers, walks, tells controld, answers a transition and ends when asked', async () => {
  startNorthd();
  await until('a clock anchor', () => received.some(({ type }) => type === 'clock-anchor'));
  await until('a program set with the control', () =>
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
  const spread = { mean: -1200, min: -1300, max: -1100 };
  const reading = {
    kind: 'reading',
    start: at - (at % 60) - 60,
    duration: 60,
    coverage: 1,
    siteNetImport: spread,
    siteReactiveImport: spread,
    siteVoltage: { mean: 231, min: 230, max: 232 },
    siteFrequency: null,
    generation: { mean: 3000, min: 2900, max: 3100 },
    generationReactive: null,
    importedEnergy: null,
    exportedEnergy: null,
  };
  await writeLog([
    { ...transition, status: 'received' },
    reading,
    { ...transition, status: 'started' },
    { kind: 'limit', exportLimit: 2500, source: 'event' },
  ]);
  const journal = server.state.journal;
  await until('two Responses', () => responses(journal).length === 2);
  expect(responses(journal).map(({ status }) => status)).toEqual([1, 2]);
  await until('capability, settings and status', () => new Set(puts(journal).map(({ type }) => type)).size >= 3);
  await until('readings', () => journal.readings.length >= 3, 70);
  expect(refusals(journal)).toEqual([]);
  const end = await endNorthd();
  expect(end.code).toBe(0);
  expect(end.seconds).toBeLessThan(5);
  // Another life: the cursors hold, nothing is answered twice.
  startNorthd();
  const before = received.length;
  await until('a program set of the second life', () => received.slice(before).some(({ type }) => type === 'program-set'));
  sendLine({ type: 'log-head', seq: 4 });
  const walks = journal.exchanges.length;
  await until('some more polls', () => journal.exchanges.length > walks + 10);
  expect(responses(journal)).toHaveLength(2);
});
