import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '#base/result.ts';
import { createIdentity } from '#app/identity/create.ts';
import { certificateRequest, installChain } from '#app/identity/enrol.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { openTpm } from '#platform/tpm/tpm.ts';
import csipAus from '../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { lfdiOf, firstDer, sfdiOf } from '../rig/utility/identity.ts';
import { issueFor } from '../rig/utility/issue.ts';
import { defaultOptions, exampleScenario } from '../rig/utility/options.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../rig/utility/server.ts';
import { createUtility } from '../rig/utility/state.ts';
import { startTpm, type TpmMachine } from './machine.ts';
import { until } from './until.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

const value = <T, F>(result: Result<T, F>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};

/** Both daemons as their units start them, with a TPM that can be disturbed and a utility server in this process. */
export interface Gateway {
  readonly machine: TpmMachine;
  readonly pki: Pki;
  path(...names: readonly string[]): string;
  /** Of the utility server: its devices and what it was asked. */
  utility(): UtilityServer['state'];
  /** Requests the utility server has answered. */
  walked(): number;
  /** A new utility server at the old address: it knows no TLS session of before. */
  renewServer(): Promise<void>;
  /** What an installer would write, to be changed and written again with `configure`. */
  configuration(): { utilities: Record<string, unknown>[] };
  configure(configuration: unknown): Promise<void>;
  start(program: 'controld' | 'northd'): ChildProcess;
  /** What northd has printed since the last `tidy`. */
  output(): string;
  /** A service manager that listens to controld. */
  listen(): Promise<void>;
  /** WATCHDOG=1 of controld: good ticks. */
  evidence(): number;
  /** When each of them came, milliseconds of performance.now(). */
  evidenceTimes(): readonly number[];
  /** `gridward ...` on this gateway; what it prints. */
  gridward(...words: readonly string[]): Promise<string>;
  /** Ends the daemons, undoes every disturbance. */
  tidy(): Promise<void>;
  end(): Promise<void>;
}

const configurationOf = (url: string, pki: Pki): { utilities: Record<string, unknown>[] } =>
  ({
    format: 1,
    site: {
      id: 'test',
      limits: { commissioned: { exportW: null, generationW: null }, fallback: { exportW: 1500, importW: null } },
    },
    lines: [{ name: 'a', path: '/dev/null', baudRate: 9600, parity: 'none', stopBits: 1 }],
    devices: [
      { id: 'pv', role: 'inverter', line: 'a', unitId: 1, profile: 'sunspec-123' },
      { id: 'meter', role: 'meter', line: 'a', unitId: 2, profile: 'sunspec-meter' },
    ],
    utilities: [{ name: 'dnsp', profile: 'quick', url, registrationPin: null, identity: { kind: 'tpm', trust: pki.serca } }],
  }) as { utilities: Record<string, unknown>[] };

/** An identity in the TPM and a utility server that knows it. */
const enrolled = async (machine: TpmMachine, pki: Pki): Promise<UtilityServer> => {
  const state = directoryFiles(join(machine.directory, 'state'));
  const tpm = value(openTpm(machine.tcti));
  value(await createIdentity({ state, tpm, entropy: systemEntropy }, { type: '1.3.6.1.4.1.32473.1', serial: 'GW-0001' }));
  const chain = await issueFor(join(machine.directory, 'pki'), value(await certificateRequest({ state, tpm })));
  value(await installChain({ state, tpm }, chain, monotonicClock.wall()));
  const lfdi = lfdiOf(firstDer(chain)!);
  const device = { cert: '', key: '', lfdi, sfdi: sfdiOf(lfdi) };
  const scenario = { ...exampleScenario([]), pollRate: 1, postRate: 60 };
  const utility = createUtility(defaultOptions({ seed: 3, startedAt: Date.now() / 1000, scenario, devices: [device] }));
  return await startUtilityServer({ state: utility, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
};

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

export const startGateway = async (): Promise<Gateway> => {
  const machine = await startTpm(null);
  const path = (...names: readonly string[]): string => join(machine.directory, ...names);
  const pki = await makePki(path('pki'));
  for (const name of ['config', 'config/utility', 'state', 'run']) await mkdir(path(name));
  let server = await enrolled(machine, pki);
  const rates = { ...csipAus.rates, min: 1, post: 60 };
  await writeFile(path('config', 'utility', 'quick.json'), JSON.stringify({ ...csipAus, name: 'quick', rates }));
  const configure = async (whole: unknown): Promise<void> => {
    await writeFile(path('config', 'config.json'), JSON.stringify(whole));
  };
  await configure(configurationOf(server.url, pki));
  const children: ChildProcess[] = [];
  let [output, heard] = ['', ''];
  const times: number[] = [];
  const place = {
    CONFIGURATION_DIRECTORY: path('config'),
    STATE_DIRECTORY: path('state'),
    RUNTIME_DIRECTORY: path('run'),
    GRIDWARD_TPM: machine.tcti,
    // Another build of the addon, where one is on trial.
    ...(process.env['GRIDWARD_ADDON'] === undefined ? {} : { GRIDWARD_ADDON: process.env['GRIDWARD_ADDON'] }),
  };
  /** With the permissions of the unit and production rules. */
  const start = (program: 'controld' | 'northd'): ChildProcess => {
    const permissions = ['--permission', '--allow-addons', '--allow-fs-read=*', `--allow-fs-write=${machine.directory}`];
    const notify = program === 'controld' ? { NOTIFY_SOCKET: path('notify') } : {};
    const child = spawn(process.execPath, [...permissions, '--no-warnings', `firmware/app/${program}/main.ts`], {
      cwd: ROOT,
      env: { ...place, GRIDWARD_PROFILE: 'production', ...notify },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      if (program === 'northd') output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    children.push(child);
    return child;
  };
  const listen = async (): Promise<void> => {
    const child = spawn('socat', ['-u', `UNIX-RECV:${path('notify')},unlink-early`, '-'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      for (let each = chunk.toString().split('WATCHDOG=1').length; each > 1; each -= 1) times.push(performance.now());
    });
    children.push(child);
    await until('the socket', () => existsSync(path('notify')));
  };
  const gridward = async (...words: readonly string[]): Promise<string> => {
    const child = spawn(process.execPath, ['firmware/app/cli/main.ts', ...words], { cwd: ROOT, env: place });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    return said;
  };
  const renewServer = async (): Promise<void> => {
    await server.stop();
    const { state } = server;
    const port = Number(new URL(server.url).port);
    server = await startUtilityServer({ state, port, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
  };
  const tidy = async (): Promise<void> => {
    for (const child of children.splice(0)) await ended(child);
    await machine.disturb(null);
    [output, heard] = ['', ''];
  };
  return {
    machine,
    pki,
    path,
    utility: () => server.state,
    walked: () => server.state.journal.exchanges.length,
    renewServer,
    configuration: () => configurationOf(server.url, pki),
    configure,
    start,
    output: () => output,
    listen,
    evidenceTimes: () => times,
    evidence: () => heard.split('WATCHDOG=1').length - 1,
    gridward,
    tidy,
    end: async () => {
      await server.stop();
      await machine.end();
    },
  };
};
