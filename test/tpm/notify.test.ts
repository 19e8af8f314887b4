import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceManager } from '#platform/systemd/notify.ts';
import { until } from './until.ts';

let directory = '';
const children: ChildProcess[] = [];
let heard = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-notify-'));
  heard = '';
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
});

/** socat as the service manager: another program's idea of a datagram socket. */
const listen = async (address: string): Promise<ChildProcess> => {
  const child = spawn('socat', ['-u', address, '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk: Buffer) => (heard += `${chunk.toString()}|`));
  children.push(child);
  await once(child, 'spawn');
  return child;
};

const listenAt = async (path: string): Promise<ChildProcess> => {
  const child = await listen(`UNIX-RECV:${path}`);
  await until('the socket', () => existsSync(path));
  return child;
};

test('READY, WATCHDOG, STATUS and STOPPING arrive at a path', async () => {
  const path = join(directory, 'notify');
  await listenAt(path);
  const manager = serviceManager(path);
  expect(manager).toMatchObject({ isPresent: true, why: '' });
  manager.ready();
  manager.status('holds\n1500 W');
  manager.watchdog();
  manager.stopping();
  await until('STOPPING', () => heard.includes('STOPPING=1'));
  for (const said of ['READY=1', 'STATUS=holds 1500 W', 'WATCHDOG=1']) expect(heard).toContain(said);
  expect(manager.unsent).toBe(0);
});

test('they arrive at an abstract socket', async () => {
  const name = `gridward-${process.pid}-${Date.now()}`;
  await listen(`ABSTRACT-RECV:${name}`);
  const manager = serviceManager(`@${name}`);
  // The socket has no path to wait for.
  await until('READY', () => {
    if (heard === '') manager.ready();
    return heard.includes('READY=1');
  });
});

test('a full queue is reported, not waited for; READY goes with the next one, evidence does not', async () => {
  const path = join(directory, 'notify');
  const manager_ = await listenAt(path);
  const manager = serviceManager(path);
  manager_.kill('SIGSTOP');
  for (let sent = 0; sent < 2000 && manager.unsent === 0; sent += 1) manager.watchdog();
  expect(manager.unsent).toBe(1);
  manager.ready();
  expect(manager.unsent).toBe(2);
  manager_.kill('SIGCONT');
  await until('room', () => heard.length > 0);
  manager.status('later');
  await until('READY with the status', () => heard.includes('READY=1'));
  expect(heard.split('READY=1')[1]).not.toContain('WATCHDOG');
});

test('nobody at the address: nothing is thrown, nothing is claimed', () => {
  const manager = serviceManager(join(directory, 'nobody'));
  manager.ready();
  expect(manager.unsent).toBe(1);
  const nonsense = serviceManager('neither/path/nor/name');
  nonsense.watchdog();
  expect(nonsense.unsent).toBe(1);
});

const configuration = {
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
  utilities: [],
};

test.each(['controld', 'northd'])('%s says READY, keeps giving evidence and says STOPPING', async (program) => {
  const path = join(directory, 'notify');
  await listenAt(path);
  for (const name of ['config', 'state', 'run']) await mkdir(join(directory, name));
  await writeFile(join(directory, 'config', 'config.json'), JSON.stringify(configuration));
  const child = spawn(process.execPath, [`firmware/app/${program}/main.ts`], {
    cwd: new URL('../..', import.meta.url).pathname,
    env: {
      CONFIGURATION_DIRECTORY: join(directory, 'config'),
      STATE_DIRECTORY: join(directory, 'state'),
      RUNTIME_DIRECTORY: join(directory, 'run'),
      NOTIFY_SOCKET: path,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  await until('READY', () => heard.includes('READY=1'));
  await until('WATCHDOG', () => heard.includes('WATCHDOG=1'));
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  await until('STOPPING', () => heard.includes('STOPPING=1'));
});
