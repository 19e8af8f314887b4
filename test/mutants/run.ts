/** Runs of the tests that must notice a break: in a vitest that stays, or in one of its own where the break asks for that. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESIDENT = join(ROOT, 'test/mutants/resident.ts');
/** A break may make the tests hang: that is noticed too. */
const LONGEST_MS = 120_000;
/** One test, where the break is one that hangs. */
const HANGING_MS = 15_000;

export interface Run {
  readonly passed: number;
  readonly failed: number;
  /** Test files that could not even be loaded: a break that does not parse catches nothing. */
  readonly unloaded: number;
  readonly output: string;
}

export const NOTHING_RUN: Run = { passed: 0, failed: 0, unloaded: 0, output: '' };

/** What a vitest that stays is told: the tests to run, and the files that are not as they were at the run before. */
export interface Order {
  readonly tests: readonly string[];
  readonly changed: readonly string[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const killGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // gone by itself
  }
};

/** How a run differs from the usual one. */
interface Manner {
  /** Tests that hang count as failed after a while. */
  readonly hangs?: boolean;
  /** Another addon than the sound one. */
  readonly addon?: string | null;
}

/** Runs test files in a tree by a vitest of its own; tests that hang count as one failure. */
export const runAlone = (tree: string, files: readonly string[], { hangs = false, addon = null }: Manner = {}): Promise<Run> =>
  new Promise((resolve) => {
    const report = join(tree, 'build/report.json');
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [
      ...[vitest, 'run', '--config', 'test/vitest.config.ts', '--bail', '1', '--reporter', 'json', `--outputFile=${report}`],
      ...(hangs ? [`--testTimeout=${HANGING_MS}`] : []),
    ];
    const env = addon === null ? process.env : { ...process.env, GRIDWARD_ADDON: addon };
    // a group of its own: a worker that spins in an endless loop ends with it
    const child = spawn(process.execPath, [...args, ...files], {
      cwd: tree,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, LONGEST_MS);
    const finish = async (): Promise<void> => {
      clearTimeout(timer);
      const text = await readFile(report, 'utf8').catch(() => null);
      await rm(report, { force: true });
      if (text === null) {
        resolve({ ...NOTHING_RUN, failed: late ? 1 : 0, output });
        return;
      }
      const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as Report;
      const unloaded = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
      resolve({ passed: numPassedTests, failed: numFailedTests, unloaded: unloaded.length, output });
    };
    child.once('close', () => {
      finish().catch((error: unknown) => resolve({ ...NOTHING_RUN, output: String(error) }));
    });
  });

/** A vitest that stays in a tree; one that hangs or dies is replaced at the next run. */
export class Resident {
  readonly #tree: string;
  #child: ChildProcess | null = null;
  /** Broken at the run before, and mended since. */
  #mended: string | null = null;

  constructor(tree: string) {
    this.#tree = tree;
  }

  /** Runs tests while `broken` (null: nothing) is broken; tests that hang count as one failure. */
  async run(tests: readonly string[], broken: string | null): Promise<Run> {
    const child = this.#child ?? (await this.#start());
    const order: Order = { tests, changed: [broken, this.#mended].filter((file) => file !== null) };
    this.#mended = broken;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => end({ ...NOTHING_RUN, failed: 1, output: 'the tests hang' }, true), LONGEST_MS);
      const end = (run: Run, isLost: boolean): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (isLost) this.stop();
        resolve(run);
      };
      child.once('message', (run: Run) => end(run, false));
      child.once('exit', (code) => end({ ...NOTHING_RUN, output: `the runner ended with ${String(code)}` }, true));
      child.send(order);
    });
  }

  stop(): void {
    if (this.#child !== null) killGroup(this.#child);
    this.#child = null;
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(RESIDENT, { cwd: this.#tree, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true });
    this.#child = child;
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('the runner of the tests does not start')));
    });
    child.removeAllListeners();
    return child;
  }
}
