import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readLines } from '../rig/run/lines.ts';
import { processesOf, startRunner, type Runner } from './runner.ts';
import { waitUntil } from './wait.ts';

const MAIN = fileURLToPath(new URL('../rig/run/main.ts', import.meta.url));
const READY_WITHIN = 30;
const CLEARED_WITHIN = 15;

const directoryIn = (lines: readonly string[]): string | null =>
  lines.map((line) => /files of this run until its end: (\S+)/.exec(line)?.[1] ?? null).find((found) => found !== null) ?? null;

/** The run's directory, once the gateway holds the utility's default. */
const underWay = async (lines: readonly string[]): Promise<string> => {
  await waitUntil('the default control binds', READY_WITHIN, () => lines.some((line) => line.includes('(default control)')));
  const directory = directoryIn(lines);
  if (directory === null) throw new Error(`no directory told:\n${lines.join('\n')}`);
  return directory;
};

const started = (...args: readonly string[]): Runner => {
  const runner = startRunner(...args);
  onTestFinished(() => runner.signal('SIGTERM'));
  return runner;
};

const isCleared = async (directory: string): Promise<void> => {
  await waitUntil(
    `nothing is left of ${directory}`,
    CLEARED_WITHIN,
    () => !existsSync(directory) && processesOf(directory).length === 0,
  );
};

describe('two runs side by side', () => {
  test('one ends by Ctrl-C and leaves nothing; the other does not notice', async () => {
    const [first, second] = [started('--scenario', 'day', '--plain'), started('--scenario', 'day', '--plain', '--seed', '2')];
    const [one, other] = [await underWay(first.lines), await underWay(second.lines)];
    expect(one).not.toBe(other);
    expect(processesOf(one).length).toBeGreaterThanOrEqual(6);
    first.signal('SIGINT');
    expect(await first.ended).toBe(0);
    expect(existsSync(one)).toBe(false);
    expect(processesOf(one)).toEqual([]);
    const told = second.lines.length;
    await waitUntil('the other goes on', 10, () => second.lines.length > told + 3);
    second.signal('SIGTERM');
    expect(await second.ended).toBe(143);
    expect(second.lines.filter((line) => line.includes('ended by itself'))).toEqual([]);
    await isCleared(other);
  });
});

describe('a runner that cannot clear up', () => {
  test('killed outright: its guard does', async () => {
    const runner = started('--scenario', 'day', '--plain');
    const directory = await underWay(runner.lines);
    runner.signal('SIGKILL');
    await isCleared(directory);
  });

  test('its parent killed: it notices', async () => {
    const shell = spawn('/bin/sh', ['-c', `"${process.execPath}" "${MAIN}" --plain; :`], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void shell.kill('SIGKILL'));
    const lines: string[] = [];
    readLines(shell.stdout, (line) => lines.push(line));
    const directory = await underWay(lines);
    shell.kill('SIGKILL');
    await isCleared(directory);
  });
});
