/** northd as a process between a utility server and a controld, both the test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monoMs } from '#base/units.ts';
import { encodeHeader, encodeRecord, segmentName } from '#log/segment.ts';
import type { UtilityProfile } from '#utility/translate/profile.ts';
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { memoryFlags } from '../../rig/run/gateway.ts';
import { defaultOptions, exampleScenario, type UtilityOptions } from '../../rig/utility/options.ts';
import { makePki, type Pki } from '../../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';

/** What the tested process sends over the link. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

export const SNAPSHOT = {
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

/** A valid NMI with its check digit. */
export const NMI = '20019857328';

export interface BenchOptions {
  readonly utility?: Partial<UtilityOptions>;
  readonly profile?: Partial<UtilityProfile>;
  /** What northd is told of its utility's place; absent: the server's URL. */
  readonly url?: string;
  /** Name servers northd asks, `address:port`; absent: the system's. */
  readonly nameServers?: string;
}

export interface Bench {
  /** Holds `config`, `state` and `run`. */
  readonly directory: string;
  readonly server: UtilityServer;
  /** What it presents and trusts: paths of PEM files. */
  readonly serverFiles: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly received: readonly Message[];
  /** Bodies the utility server received, as they came. */
  readonly bodies: readonly { readonly method: string; readonly path: string; readonly body: string }[];
  start(): void;
  /** Log lines of northd so far, all lives. */
  lines(): readonly { readonly level: string; readonly event: string; readonly text: string }[];
  /** Resident memory of northd, bytes. */
  memory(): Promise<number>;
  /** SIGTERM, or SIGKILL. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<{ readonly code: number | null; readonly seconds: number }>;
  /** Sends controld's message to northd. */
  tell(message: unknown): void;
  /** Puts records in the log, as its writer does, and rings. */
  writeLog(bodies: readonly unknown[]): Promise<void>;
  until(what: string, condition: () => boolean, limitSeconds?: number): Promise<void>;
  close(): Promise<void>;
}

const configurationOf = (url: string, pki: Pki): unknown => ({
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
      profile: 'quick.v1',
      url,
      registrationPin: 'pin',
      nmi: NMI,
      identity: { kind: 'file', certificate: pki.device.cert, key: pki.device.key, trust: pki.serca },
    },
  ],
});

const LOG_SEGMENT = (bodies: readonly unknown[]): Buffer => {
  const frames = bodies.map((body, index) => encodeRecord({ seq: index + 1, format: 1, bootId: 'b', mono: monoMs(index), body }));
  return Buffer.concat([
    encodeHeader({ firstSeq: 1, compact: false, bodyBytes: 0 }),
    ...frames.filter((frame) => frame !== null),
  ]);
};

export const startBench = async (options: BenchOptions = {}): Promise<Bench> => {
  const directory = await mkdtemp(join(tmpdir(), 'gw-northd-'));
  const pki = await makePki(join(directory, 'pki'));
  const scenario = {
    ...exampleScenario([{ at: 2, program: 'site', startsIn: 5, durationSeconds: 120, modes: { opModExpLimW: 2500 } }]),
    pollRate: 1,
    postRate: 5,
  };
  const utility = { seed: 3, startedAt: Date.now() / 1000, scenario, devices: [pki.device], ...options.utility };
  const bodies: { method: string; path: string; body: string }[] = [];
  const serverFiles = { cert: pki.server.cert, key: pki.server.key, ca: pki.serca };
  const server = await startUtilityServer({
    state: createUtility(defaultOptions(utility)),
    ...serverFiles,
    onBody: (method, path, body) => bodies.push({ method, path, body }),
  });
  await mkdir(join(directory, 'config', 'secrets'), { recursive: true });
  await mkdir(join(directory, 'config', 'utility'));
  await mkdir(join(directory, 'state', 'log'), { recursive: true });
  await mkdir(join(directory, 'run'));
  await writeFile(join(directory, 'config', 'secrets', 'pin'), '111115\n');
  const rates = { ...csipAus.rates, min: 1, post: 5 };
  const profile = { ...csipAus, name: 'quick.v1', rates, ...options.profile };
  await writeFile(join(directory, 'config', 'utility', 'quick.v1.json'), JSON.stringify(profile));
  await writeFile(join(directory, 'config', 'config.json'), JSON.stringify(configurationOf(options.url ?? server.url, pki)));

  const received: Message[] = [];
  const sockets: Socket[] = [];
  let child: ChildProcess | null = null;
  let output = '';
  const control = await startControl(join(directory, 'run', 'control.sock'), sockets, received);
  const tell = (message: unknown): void => {
    for (const socket of sockets) if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  const end: Bench['end'] = async (signal = 'SIGTERM') => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return { code: ending?.exitCode ?? null, seconds: 0 };
    const startedAt = Date.now();
    ending.kill(signal);
    const [code] = (await once(ending, 'exit')) as [number | null];
    return { code, seconds: (Date.now() - startedAt) / 1000 };
  };
  return {
    directory,
    server,
    serverFiles,
    received,
    bodies,
    tell,
    end,
    start: () => {
      child = spawn(process.execPath, [...memoryFlags('northd'), 'firmware/app/northd/main.ts'], {
        cwd: new URL('../../..', import.meta.url).pathname,
        env: {
          CONFIGURATION_DIRECTORY: join(directory, 'config'),
          STATE_DIRECTORY: join(directory, 'state'),
          RUNTIME_DIRECTORY: join(directory, 'run'),
          ...(options.nameServers === undefined ? {} : { GRIDWARD_NAME_SERVERS: options.nameServers }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const keep = (chunk: Buffer): void => {
        output += chunk.toString();
      };
      child.stdout?.on('data', keep);
      child.stderr?.on('data', keep);
    },
    lines: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as { level: string; event: string; text: string }),
    memory: async () => {
      const status = await readFile(`/proc/${String(child?.pid)}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
    },
    writeLog: async (records) => {
      await writeFile(join(directory, 'state', 'log', segmentName(1)), LOG_SEGMENT(records));
      tell({ type: 'log-head', seq: records.length });
    },
    until: async (what, condition, limitSeconds = 30) => {
      const deadline = Date.now() + limitSeconds * 1000;
      while (!condition()) {
        if (Date.now() > deadline) throw new Error(`not in ${limitSeconds} s: ${what}\n${output.slice(-6000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: async () => {
      await end();
      for (const socket of sockets) socket.destroy();
      control.close();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
};

/** A controld of the test's own: says hello and a snapshot, keeps what comes. */
const startControl = async (path: string, sockets: Socket[], received: Message[]): Promise<Server> => {
  const control = createServer((socket) => {
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
  control.listen(path);
  await once(control, 'listening');
  return control;
};

export const eventsIn = (message: Message): readonly { readonly mRID: string; readonly replyTo: string }[] => {
  const { programs } = message['set'] as { programs: readonly { events: readonly { mRID: string; replyTo: string }[] }[] };
  return programs.flatMap(({ events }) => events);
};

/** One minute of readings that ended at or before `at`. */
export const readingBefore = (at: number): unknown => {
  const spread = { mean: -1200, min: -1300, max: -1100 };
  return {
    kind: 'reading',
    start: at - (at % 60) - 60,
    duration: 60,
    coverage: 1,
    siteNetImport: spread,
    siteReactiveImport: spread,
    siteVoltage: { mean: 231, min: 230, max: 232 },
    siteFrequency: { mean: 50, min: 49.9, max: 50.1 },
    generation: { mean: 3000, min: 2900, max: 3100 },
    generationReactive: { mean: 0, min: 0, max: 0 },
    importedEnergy: null,
    exportedEnergy: null,
  };
};
