/**
 * `make sim SEED=n [COUNT=m] [HOURS=h] [WHOLE=1 | FLEET=1 | STORAGE=1 | CONTROL=1]`: runs the seeds from n on, side by side on all cores, and shows them in order. A seed
 * that fails shows what was violated and the last notes before it. Closes, for several seeds, with the simulated hours a minute.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Run, runTask, type Task } from './task.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Of each seed, simulated. */
    hours: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    /** Both processes and the utility server, not only control. */
    whole: { type: 'boolean', default: false },
    /** Control of several inverters. */
    fleet: { type: 'boolean', default: false },
    /** Control with batteries and controllable loads. */
    storage: { type: 'boolean', default: false },
    /** Control between drivers and disk, without bytes: many times faster. */
    control: { type: 'boolean', default: false },
    /** With `control`: 8 760 gateway-hours from this seed on, the first of them one gateway for weeks. */
    year: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** What was run: the commit, and whether anything differs from it. */
const commit = (): string => {
  const said = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { encoding: 'utf8' });
  return said.status === 0 ? said.stdout.trim() : 'unknown';
};

const report = (seed: number, { about, faults, violations, notes, origin, hash }: Run): void => {
  say(`seed ${seed}: ${about}`);
  if (values.verbose) {
    for (const { fault, from, until } of faults) say(`  ${from.toFixed(1)} - ${until.toFixed(1)} ${fault}`);
  }
  for (const { rule, at, text } of violations) say(`VIOLATION seed ${seed} at ${at.toFixed(1)} s: ${rule}: ${text}`);
  if (violations.length > 0) {
    process.exitCode = 1;
    say(`seed ${seed} failed at commit ${commit()}; its last notes:`);
  }
  for (const { at, module, note } of notes) {
    say(`  ${((at - origin) / 1000).toFixed(3)} ${module} ${note.level} ${note.event}: ${note.text}`);
  }
  say(`trace ${hash}`);
};

const answerOf = async (worker: Worker, task: Task): Promise<Run> =>
  await new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ run, error }: { readonly run?: Run; readonly error?: string }) => {
      worker.removeAllListeners('error');
      if (run === undefined) reject(new Error(error));
      else resolve(run);
    });
    worker.postMessage(task);
  });

/** All tasks on all cores; each is shown once those before it were. */
const runAll = async (tasks: readonly Task[]): Promise<void> => {
  const done = new Map<number, Run>();
  let next = 0;
  let shown = 0;
  const show = (): void => {
    // A year takes long: each as it comes.
    if (values.year) {
      for (const [index, run] of done) report(tasks[index]?.seed ?? 0, run);
      done.clear();
    }
    for (let run = done.get(shown); run !== undefined; run = done.get(shown)) {
      report(tasks[shown]?.seed ?? 0, run);
      done.delete(shown);
      shown += 1;
    }
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    for (let mine = next; mine < tasks.length; mine = next) {
      next += 1;
      const task = tasks[mine];
      if (task !== undefined) done.set(mine, await answerOf(worker, task));
      show();
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(tasks.length, availableParallelism()) }, work));
};

const first = Number(values.seed);
const hours = Number(values.hours);
const { whole, fleet, storage, control, year } = values;
/** A year of gateway-hours: one gateway for four weeks, others for two days each. */
const YEAR_HOURS = 8760;
const LONG_HOURS = 672;
const SLICE_HOURS = 48;
const spans = year
  ? [LONG_HOURS, ...Array.from({ length: Math.ceil((YEAR_HOURS - LONG_HOURS) / SLICE_HOURS) }, () => SLICE_HOURS)]
  : Array.from({ length: Number(values.count) }, () => hours);
const tasks = spans.map((span, index) => ({ ...{ seed: first + index, hours: span, whole, fleet, storage, control } }));
const [only] = tasks;
if (tasks.length === 1 && only !== undefined) report(only.seed, await runTask(only));
else {
  const started = performance.now();
  await runAll(tasks);
  const minutes = (performance.now() - started) / 60_000;
  const total = spans.reduce((sum, span) => sum + span, 0);
  const { user, system } = process.cpuUsage();
  const processor = (user + system) / 1e6 / total;
  const failed = process.exitCode === 1 ? 'with violations' : 'no violation';
  say(
    `${tasks.length} seeds, ${total.toFixed(1)} simulated hours in ${minutes.toFixed(1)} min: ${(total / minutes).toFixed(1)} a minute, ${processor.toFixed(2)} s of processor each, ${failed}`,
  );
}
