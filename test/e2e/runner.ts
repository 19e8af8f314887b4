import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readLines } from '../rig/run/lines.ts';

const MAIN = fileURLToPath(new URL('../rig/run/main.ts', import.meta.url));

/** `make run` as a person starts it, its lines kept. */
export interface Runner {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Exit code; a signal's number above 128. */
  readonly ended: Promise<number>;
  signal(signal: NodeJS.Signals): void;
}

export const startRunner = (...args: readonly string[]): Runner => startRunnerWith({}, ...args);

/** With some of the environment another. */
export const startRunnerWith = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Runner => {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { stdio: [...stdio], env: { ...process.env, ...env } });
  const lines: string[] = [];
  if (child.stdout !== null) readLines(child.stdout, (line) => lines.push(line));
  if (child.stderr !== null) readLines(child.stderr, (line) => lines.push(line));
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 128)));
  });
  return { pid: child.pid ?? 0, lines, ended, signal: (signal) => child.kill(signal) };
};

/** Directories of a run that its processes name in their environment or command line; how a process is told to be a run's own. */
const mentions = (pid: string, text: string): boolean => {
  try {
    return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text));
  } catch {
    return false;
  }
};

/** Processes alive that belong to a run's temporary directory. */
export const processesOf = (directory: string): readonly string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && mentions(name, directory));
