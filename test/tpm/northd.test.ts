import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { createIdentity } from '#app/identity/create.ts';
import { certificateRequest, installChain } from '#app/identity/enrol.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { openTpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import csipAus from '../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { lfdiOf, firstDer, sfdiOf } from '../rig/utility/identity.ts';
import { defaultOptions, exampleScenario } from '../rig/utility/options.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../rig/utility/server.ts';
import { createUtility } from '../rig/utility/state.ts';
import { issue } from './authority.ts';
import { COMMAND, startTpm, type TpmMachine } from './machine.ts';
import { until } from './until.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
let machine: TpmMachine;
let pki: Pki;
let server: UtilityServer;
const children: ChildProcess[] = [];
let output = '';
let heard = '';

const value = <T, F>(result: Result<T, F>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};
const path = (...names: readonly string[]): string => join(machine.directory, ...names);

const configuration = (url: string): unknown => ({
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
});

beforeAll(async () => {
  machine = await startTpm();
  pki = await makePki(path('pki'));
  for (const name of ['config', 'config/utility', 'state', 'run']) await mkdir(path(name));
  const state = directoryFiles(path('state'));
  const tpm = value(openTpm(machine.tcti));
  value(await createIdentity({ state, tpm, entropy: systemEntropy }, { type: '1.3.6.1.4.1.32473.1', serial: 'GW-0001' }));
  const chain = await issue(path('pki'), value(await certificateRequest({ state, tpm })));
  value(await installChain({ state, tpm }, chain, monotonicClock.wall()));
  const lfdi = lfdiOf(firstDer(chain)!);
  const device = { cert: '', key: '', lfdi, sfdi: sfdiOf(lfdi) };
  const scenario = { ...exampleScenario([]), pollRate: 1, postRate: 60 };
  const utility = createUtility(defaultOptions({ seed: 3, startedAt: Date.now() / 1000, scenario, devices: [device] }));
  server = await startUtilityServer({ state: utility, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
  const rates = { ...csipAus.rates, min: 1, post: 60 };
  await writeFile(path('config', 'utility', 'quick.json'), JSON.stringify({ ...csipAus, name: 'quick', rates }));
  await writeFile(path('config', 'config.json'), JSON.stringify(configuration(server.url)));
});

afterAll(async () => {
  await server.stop();
  await machine.end();
});

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  await machine.disturb(null);
  output = '';
  heard = '';
});

/** A daemon as its unit starts it: with the permissions of the unit, production rules, and a service manager that listens. */
const start = (program: string): ChildProcess => {
  const permissions = ['--permission', '--allow-addons', '--allow-fs-read=*', `--allow-fs-write=${machine.directory}`];
  const child = spawn(process.execPath, [...permissions, '--no-warnings', `firmware/app/${program}/main.ts`], {
    cwd: ROOT,
    env: {
      CONFIGURATION_DIRECTORY: path('config'),
      STATE_DIRECTORY: path('state'),
      RUNTIME_DIRECTORY: path('run'),
      GRIDWARD_TPM: machine.tcti,
      GRIDWARD_PRODUCTION: '1',
      // Another build of the addon, where one is on trial.
      ...(process.env['GRIDWARD_ADDON'] === undefined ? {} : { GRIDWARD_ADDON: process.env['GRIDWARD_ADDON'] }),
      ...(program === 'controld' ? { NOTIFY_SOCKET: path('notify') } : {}),
    },
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
  const child = spawn('socat', ['-u', `UNIX-RECV:${path('notify')},unlink-early`, '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  children.push(child);
  await until('the socket', () => existsSync(path('notify')));
};

const walked = (): number => server.state.journal.exchanges.length;
const evidence = (): number => heard.split('WATCHDOG=1').length - 1;

test('no TPM at the start: northd says so and sends nothing; when it is there, it walks without a restart', async () => {
  await machine.cut();
  const before = walked();
  start('northd');
  await until('the reason', () => output.includes('tpm-unusable'));
  expect(output).toMatch(/TPM_ABSENT|tpm absent|no TPM/);
  expect(walked()).toBe(before);
  await machine.power();
  await until('a walk', () => walked() > before + 3, 40);
  expect(output).toContain('tpm-usable');
});

test('a signature of 500 ms, and a TPM that hangs, delay the north alone: controld goes on giving evidence', async () => {
  await listen();
  start('controld');
  await until('evidence of controld', () => evidence() > 3);
  await machine.disturb({ code: COMMAND.sign, delay: 500 });
  const northd = start('northd');
  const before = walked();
  await until('a walk through a slow TPM', () => walked() > before + 3, 40);
  expect(await machine.count(COMMAND.sign)).toBeGreaterThan(0);
  await end(northd);
  await machine.disturb({ code: COMMAND.sign, hang: true });
  output = '';
  start('northd');
  await until('the reason', () => output.includes('tpm-unusable'), 40);
  const good = evidence();
  await until('ten more good ticks under a hung TPM', () => evidence() > good + 10);
  expect(output).toMatch(/did not answer|TPM_HUNG|tpm hung/);
  const stopped = walked();
  await machine.disturb(null);
  await until('a walk when it answers again', () => walked() > stopped + 3, 40);
});

test('no private key in any file of northd, and no child would hold the TPM', async () => {
  const before = walked();
  const child = start('northd');
  await until('a walk', () => walked() > before + 3, 40);
  for (const entry of await readdir(path('state'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toContain('PRIVATE KEY');
  }
  const descriptors = await readdir(`/proc/${child.pid}/fd`);
  let sockets = 0;
  for (const descriptor of descriptors.filter((one) => Number(one) > 2)) {
    const target = await readlink(`/proc/${child.pid}/fd/${descriptor}`);
    expect(target).not.toMatch(/\.key|\.pem|\.auth/);
    if (!target.startsWith('socket:')) continue;
    sockets += 1;
    const info = await readFile(`/proc/${child.pid}/fdinfo/${descriptor}`, 'utf8');
    const flags = Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '0', 8);
    expect(flags & 0o2000000, `descriptor ${descriptor} closes on exec`).not.toBe(0);
  }
  expect(sockets).toBeGreaterThan(0);
});

test('a key in a file is refused by a production gateway', async () => {
  const file = { kind: 'file', certificate: pki.device.cert, key: pki.device.key, trust: pki.serca };
  const whole = configuration(server.url) as { utilities: Record<string, unknown>[] };
  whole.utilities[0]!['identity'] = file;
  await writeFile(path('config', 'config.json'), JSON.stringify(whole));
  const child = start('northd');
  await once(child, 'exit');
  expect(child.exitCode).toBe(78);
  expect(output).toContain('for laboratories');
  await writeFile(path('config', 'config.json'), JSON.stringify(configuration(server.url)));
  expect(TPM_HANDLES.a).toBe(0x81010001);
});
