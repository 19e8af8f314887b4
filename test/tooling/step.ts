/** One step of a verification: a program, what it counted, how long it took. */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REPORTS = join(ROOT, 'build/report');
/** A step that takes longer hangs. */
const LONGEST_MS = 1_800_000;
/** Longest output that is kept of one program, in bytes; the end counts. */
const MAX_OUTPUT = 400_000;

/** What a step found; `text` says what is not visible in the numbers. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** `idle`: beside what listens to real time, on processor time that nobody else wants. */
export type Urgency = 'normal' | 'idle';

export interface Step {
  readonly name: string;
  readonly run: (urgency: Urgency) => Promise<Outcome>;
}

/** Linux's SCHED_IDLE: such a process leaves the processor as soon as another can run. */
const IDLE = ['chrt', '--idle', '0'];

interface Ended {
  readonly code: number;
  readonly output: string;
}

const running = new Set<number>();

/** Ends what still runs; for whoever interrupts a verification. */
export const endAll = (): void => {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      // gone by itself
    }
  }
};

/** Runs a program of node_modules/.bin or of the system to its end; never rejects. This Node comes first in its PATH. */
export const ended = (program: string, args: readonly string[], urgency: Urgency = 'normal'): Promise<Ended> =>
  new Promise((resolve) => {
    const [command = program, ...rest] = urgency === 'idle' ? [...IDLE, program, ...args] : [program, ...args];
    const path = [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(':');
    const environment: NodeJS.ProcessEnv = { ...process.env, PATH: path, NO_COLOR: '1' };
    delete environment['FORCE_COLOR'];
    // a group of its own: what it started ends with it
    const child = spawn(command, rest, { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    if (child.pid !== undefined) running.add(child.pid);
    let output = '';
    const keep = (bytes: Buffer): void => {
      output = (output + bytes.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const late = setTimeout(() => {
      output += `\nstill running after ${LONGEST_MS / 1000} s`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, LONGEST_MS);
    const finish = (code: number): void => {
      clearTimeout(late);
      if (child.pid !== undefined) running.delete(child.pid);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      output += error.message;
      finish(1);
    });
    child.once('close', (code) => finish(code ?? 1));
  });

/** A program that passes or fails as a whole. */
export const whole = (name: string, program: string, args: readonly string[]): Step => ({
  name,
  run: async (urgency) => {
    const { code, output } = await ended(program, args, urgency);
    return code === 0 ? { passed: 1, failed: 0, text: '' } : { passed: 0, failed: 1, text: output };
  },
});

/** Only what is wrong is shown: what vitest says of the tests that passed, and the mutants that were caught, are left out. */
const withoutGreen = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !/^\s*✓|^caught\s/.test(line))
    .join('\n');

/** A script that closes with `N <good>, N <bad>`, each of which counts. */
export const counted = (name: string, script: string, args: readonly string[], good: string, bad: string): Step => ({
  name,
  run: async (urgency) => {
    const { code, output } = await ended(process.execPath, [script, ...args], urgency);
    const line = new RegExp(`(\\d+) ${good}, (\\d+) ${bad}\\s*$`).exec(output.trimEnd());
    const passed = Number(line?.[1] ?? 0);
    const failed = Number(line?.[2] ?? 0);
    const broken = code !== 0 || line === null;
    return { passed, failed: broken ? Math.max(1, failed) : failed, text: broken || failed > 0 ? withoutGreen(output) : '' };
  },
});

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const sum = (report: VitestReport, code: number): { passed: number; failed: number } => {
  // a file that could not even be loaded reports no test; a skipped test proves nothing
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests + unloaded.length;
  const nothing = report.numPassedTests + failed === 0;
  return { passed: report.numPassedTests, failed: code !== 0 || nothing ? Math.max(1, failed) : failed };
};

/** Tests of one vitest project, or of the files of it whose path contains one of `filters`. No test at all is a failure. */
export const tests = (project: string, filters: readonly string[] = [], name = project): Step => ({
  name,
  run: async (urgency) => {
    const report = join(REPORTS, `${name.replaceAll(' ', '-')}.json`);
    await rm(report, { force: true });
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [
      ...[vitest, 'run', '--config', 'test/vitest.config.ts', '--project', project, ...filters],
      ...['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${report}`],
    ];
    const { code, output } = await ended(process.execPath, args, urgency);
    const written = await readFile(report, 'utf8').catch(() => null);
    if (written === null) return { passed: 0, failed: 1, text: output };
    const { passed, failed } = sum(JSON.parse(written) as VitestReport, code);
    return { passed, failed, text: failed > 0 ? withoutGreen(output) : '' };
  },
});
