import { spawn, type ChildProcess } from 'node:child_process';
import { readLines } from './lines.ts';

export interface ChildOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** What it says on stderr. */
  readonly onError: (line: string) => void;
  readonly onEnd: (how: string) => void;
}

/** A process of the run, alone in its process group: a Ctrl-C in the terminal reaches the runner only. */
export interface Child {
  readonly pid: number;
  running(): boolean;
  send(line: string): void;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM to it, and SIGKILL to its group when it is still there after `withinMs`; resolves when it has gone, with the time it took. */
  stop(withinMs: number): Promise<number>;
}

const howItEnded = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code ?? 0}` : signal;

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // gone already
  }
};

const goneAfter = async (child: ChildProcess, pid: number, withinMs: number): Promise<number> => {
  const began = performance.now();
  if (child.exitCode !== null || child.signalCode !== null) return 0;
  await new Promise<void>((resolve) => {
    const late = setTimeout(() => signalGroup(pid, 'SIGKILL'), withinMs);
    child.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    child.kill('SIGTERM');
  });
  return performance.now() - began;
};

/** Starts it; rejects when it cannot be started at all. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const child = spawn(options.file, options.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...options.env },
  });
  child.stdin.on('error', () => undefined);
  readLines(child.stdout, options.onLine);
  readLines(child.stderr, options.onError);
  child.once('exit', (code, signal) => options.onEnd(howItEnded(code, signal)));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.file} has no process id`);
  return {
    pid,
    running: () => child.exitCode === null && child.signalCode === null,
    send: (line) => {
      if (child.stdin.writable) child.stdin.write(`${line}\n`);
    },
    signal: (signal) => {
      child.kill(signal);
    },
    stop: async (withinMs) => await goneAfter(child, pid, withinMs),
  };
};
