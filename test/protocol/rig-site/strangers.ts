/** Programs of others that read the rig's line, and where they are. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRealSite, type RealSite } from '../../rig/site/real.ts';
import { siteOf } from '../../rig/site/site.ts';

const PYTHON = fileURLToPath(new URL('../../../build/venv/bin/python', import.meta.url));
const READ_CHAIN = fileURLToPath(new URL('read_chain.py', import.meta.url));
const READ_CURVES = fileURLToPath(new URL('read_curves.py', import.meta.url));
const READ_TIMES = fileURLToPath(new URL('read_times.py', import.meta.url));
const LIMIT_MS = 60_000;

/** Standard output of a program that must succeed. */
const outputOf = async (program: string, args: readonly string[], advice: string): Promise<string> => {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: LIMIT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`${program} is missing: ${advice}`));
      else reject(new Error(`${program} ${args.join(' ')} failed: ${stderr}${stdout}`));
    });
  });
};

const MBPOLL = 'mbpoll';
const MBPOLL_ADVICE = 'install the Debian package mbpoll';
const PYSUNSPEC_ADVICE = 'python3 -m venv build/venv && build/venv/bin/pip install pysunspec2==1.3.7 pyserial';

/** Registers as mbpoll reads them, unsigned. */
export const mbpollRead = async (path: string, unitId: number, address: number, count: number): Promise<readonly number[]> => {
  const where = ['-m', 'rtu', '-a', String(unitId), '-b', '9600', '-P', 'none', '-0', '-r', String(address), '-c', String(count)];
  const text = await outputOf(MBPOLL, [...where, '-t', '4:hex', '-1', '-q', path], MBPOLL_ADVICE);
  return [...text.matchAll(/^\[\d+\]:\s+0x([0-9A-F]{4})/gim)].map((match) => Number.parseInt(match[1] ?? '', 16));
};

/** Writes registers with function 16 as mbpoll does. */
export const mbpollWrite = async (path: string, unitId: number, address: number, words: readonly number[]): Promise<void> => {
  const where = ['-m', 'rtu', '-a', String(unitId), '-b', '9600', '-P', 'none', '-0', '-r', String(address)];
  await outputOf(MBPOLL, [...where, '-t', '4', '-q', path, ...words.map(String)], MBPOLL_ADVICE);
};

/** Lets mbpoll poll until `enough` says so. */
export const mbpollLoop = async (path: string, args: readonly string[], enough: () => boolean): Promise<void> => {
  const child = spawn(MBPOLL, ['-m', 'rtu', '-b', '9600', '-P', 'none', '-0', '-t', '4', '-l', '100', '-q', ...args, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', () => reject(new Error(`mbpoll is missing: ${MBPOLL_ADVICE}`)));
    child.once('exit', () => resolve());
    child.stdout.on('data', () => {
      if (enough()) child.kill('SIGTERM');
    });
  });
};

const python = async (script: string, args: readonly string[]): Promise<unknown> => {
  if (!existsSync(PYTHON)) throw new Error(`build/venv is missing: ${PYSUNSPEC_ADVICE}`);
  return JSON.parse(await outputOf(PYTHON, [script, ...args], PYSUNSPEC_ADVICE)) as unknown;
};

/** Models as pysunspec2 finds and decodes them: model id to point to value. */
export const pysunspecChain = async (path: string, unitId: number): Promise<Record<string, Record<string, unknown>>> => {
  return (await python(READ_CHAIN, [path, String(unitId)])) as Record<string, Record<string, unknown>>;
};

/** A group of points and groups as pysunspec2 has it. */
export interface PysunspecGroup {
  readonly [name: string]: number | string | null | PysunspecGroup | readonly PysunspecGroup[];
}

/** These models with their groups, as pysunspec2 decodes them. */
export const pysunspecModels = async (
  path: string,
  unitId: number,
  models: readonly number[],
): Promise<Readonly<Record<string, PysunspecGroup>>> =>
  (await python(READ_CURVES, [path, ...[unitId, ...models].map(String)])) as Readonly<Record<string, PysunspecGroup>>;

/** Milliseconds each of `repeats` reads took, as the Python client saw it. */
export const pysunspecTimes = async (
  path: string,
  unitId: number,
  count: number,
  repeats: number,
): Promise<readonly number[]> => {
  return (await python(READ_TIMES, [path, ...[unitId, count, repeats].map(String)])) as readonly number[];
};

export interface Wired {
  readonly real: RealSite;
  readonly wire: { readonly direction: 'in' | 'out'; readonly at: number; readonly bytes: number }[];
}

/** Runs `use` with a real site on a pty of its own, and clears up. */
export const withSite = async (change: Parameters<typeof siteOf>[0], use: (wired: Wired) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'gridward-rig-'));
  const wire: { direction: 'in' | 'out'; at: number; bytes: number }[] = [];
  const real = await startRealSite({
    settings: siteOf(change),
    path: join(folder, 'line'),
    onTruth: () => undefined,
    onWire: (direction, at, bytes) => wire.push({ direction, at, bytes }),
  });
  try {
    await use({ real, wire });
  } finally {
    await real.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
