import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

const run = promisify(execFile);

test('another PIN: silence, also after a restart; one look on command; all goes on once it is the right one', async () => {
  const running = await startBench();
  bench = running;
  const { exchanges } = running.server.state.journal;
  const secret = join(running.directory, 'config', 'secrets', 'pin');
  const notes = (event: string): number => running.received.filter((message) => message['event'] === event).length;
  const recheck = async (): Promise<void> => {
    const state = ['--state', join(running.directory, 'state')];
    await run(process.execPath, ['firmware/app/cli/main.ts', 'csip', 'recheck', ...state], {
      cwd: new URL('../../..', import.meta.url).pathname,
    });
  };
  await writeFile(secret, '123455\n');
  running.start();
  await running.until('the mismatch', () => notes('registration-pin-mismatch') === 1);
  expect(exchanges.at(-1)?.resource).toBe('registration');
  const silent = exchanges.length;
  await running.end('SIGKILL');
  running.start();
  const hellos = (): number => running.received.filter(({ type }) => type === 'hello').length;
  await running.until('the second life', () => hellos() === 2);
  await recheck();
  await running.until('one look', () => exchanges.length > silent);
  expect(exchanges.slice(silent).map(({ resource }) => resource)).toEqual(['registration']);
  // Within the life that saw it as well.
  await recheck();
  await running.until('another look', () => exchanges.length > silent + 1);
  expect(exchanges.slice(silent).map(({ resource }) => resource)).toEqual(['registration', 'registration']);
  expect(running.received.some(({ type }) => type === 'program-set')).toBe(false);
  await running.end();
  await writeFile(secret, '111115\n');
  running.start();
  await running.until('a program set', () => running.received.some(({ type }) => type === 'program-set'));
});
