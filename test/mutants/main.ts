/**
 * `make mutants [ONLY='word|other']`: breaks the product at one place after another and runs the tests that must notice. A break counts
 * as caught when those tests ran and failed, at the first look or, told as AT LAST, at the second. Closes with `N caught, N survived`;
 * a survivor, a search text that is not found exactly once, or tests that are red without any break make the exit code 1.
 * `--proven`: that they are green was seen before.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenAddon, buildBroken, lendObjects } from './addon.ts';
import { MUTANTS } from './list.ts';
import type { Mutant } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TREES = join(ROOT, 'build/mutants');
/** Copied for each tree; node_modules is shared, build is linked for the helper programs in it. */
const COPIED = ['firmware', 'drivers', 'config', 'native', 'image', 'test', 'package.json', 'tsconfig.json'];
/** Trees that work side by side. */
const TREES_AT_ONCE = 2;
/** A break may make the tests hang: that is noticed too. */
const LONGEST_MS = 120_000;
/** One test, where the break is one that hangs. */
const HANGING_MS = 15_000;
/** C++: an addon is built for the tests. */
const isNative = ({ file }: Mutant): boolean => file.startsWith('native/');

interface Run {
  readonly passed: number;
  readonly failed: number;
  /** Test files that could not even be loaded: a break that does not parse catches nothing. */
  readonly unloaded: number;
  readonly output: string;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const makeTree = async (number: number): Promise<string> => {
  const tree = join(TREES, String(number));
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'build'), { recursive: true });
  for (const name of COPIED) await cp(join(ROOT, name), join(tree, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  await mkdir(join(ROOT, 'build/rig'), { recursive: true });
  for (const name of ['bin', 'rig', 'venv', 'native']) await symlink(join(ROOT, 'build', name), join(tree, 'build', name));
  return tree;
};

/** Runs test files in a tree; tests that hang count as one failure. `addon`: another than the sound one. */
const runTests = (tree: string, files: readonly string[], hangs = false, addon: string | null = null): Promise<Run> =>
  new Promise((resolve) => {
    const report = join(tree, 'build/report.json');
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [
      vitest,
      'run',
      '--config',
      'test/vitest.config.ts',
      '--bail',
      '1',
      '--reporter',
      'json',
      `--outputFile=${report}`,
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
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, LONGEST_MS);
    const finish = async (): Promise<void> => {
      clearTimeout(timer);
      const text = await readFile(report, 'utf8').catch(() => null);
      await rm(report, { force: true });
      if (text === null) {
        resolve({ passed: 0, failed: late ? 1 : 0, unloaded: 0, output });
        return;
      }
      const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as Report;
      const unloaded = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
      resolve({ passed: numPassedTests, failed: numFailedTests, unloaded: unloaded.length, output });
    };
    child.once('close', () => {
      finish().catch((error: unknown) => resolve({ passed: 0, failed: 0, unloaded: 0, output: String(error) }));
    });
  });

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

/** Null: caught. Otherwise why not. */
const look = async (tree: string, mutant: Mutant): Promise<string | null> => {
  const { file, search, replace, tests, hangs = false } = mutant;
  const path = join(tree, file);
  const source = await readFile(path, 'utf8').catch(() => null);
  if (source === null) return `${file} does not exist`;
  const found = occurrences(source, search);
  if (found !== 1) return `the text to break occurs ${found} times in ${file}: ${search}`;
  await writeFile(
    path,
    source.replace(search, () => replace),
  );
  const unbuilt = isNative(mutant) ? await buildBroken(tree) : null;
  if (unbuilt !== null) {
    await writeFile(path, source);
    return `the addon cannot be built with it: ${unbuilt.slice(-2000)}`;
  }
  const addon = isNative(mutant) ? brokenAddon(tree) : null;
  const { failed, passed, unloaded, output } = await runTests(tree, tests, hangs, addon);
  await writeFile(path, source);
  if (failed > 0) return null;
  if (unloaded > 0) return `the tests cannot be loaded with it: ${output.slice(0, 1000)}`;
  return passed > 0 ? `${passed} tests stayed green: ${tests.join(', ')}` : `no test ran: ${output.slice(0, 1000)}`;
};

/** As `look`; what survived is looked at again, since tests of real processes may miss a race: caught then, it is told apart. */
const judge = async (tree: string, mutant: Mutant): Promise<{ readonly why: string | null; readonly first: string | null }> => {
  const first = await look(tree, mutant);
  return { why: first === null ? null : await look(tree, mutant), first };
};

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** The named tests must be green as things are: what is red anyway catches nothing. */
const green = async (tree: string, mutants: readonly Mutant[]): Promise<string | null> => {
  const files = [...new Set(mutants.flatMap(({ tests }) => tests))].sort();
  const { passed, failed, unloaded, output } = await runTests(tree, files);
  return failed === 0 && unloaded === 0 && passed > 0
    ? null
    : `without any break ${failed} tests are red, ${passed} green\n${output.slice(-4000)}`;
};

const started = performance.now();
const proven = process.argv.includes('--proven');
const only = (process.argv.slice(2).find((word) => !word.startsWith('--')) ?? '').split('|');
const chosen = MUTANTS.filter(({ name }) => only.some((word) => name.includes(word)));
const trees = await Promise.all(Array.from({ length: TREES_AT_ONCE }, (_, number) => makeTree(number)));
if (chosen.some(isNative)) for (const tree of trees) await lendObjects(ROOT, tree);
const unsound = proven ? null : await green(trees[0] ?? dirname(TREES), chosen);
let caught = 0;
let survived = 0;
if (unsound === null) {
  const waiting = [...chosen];
  const work = async (tree: string): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const from = performance.now();
      const { why, first } = await judge(tree, mutant);
      if (why === null) caught += 1;
      else survived += 1;
      const verdict = why !== null ? 'SURVIVED' : first !== null ? 'AT LAST ' : 'caught  ';
      process.stdout.write(`${verdict}  ${seconds(from).padStart(7)}  ${mutant.name}\n`);
      if (first !== null) process.stdout.write(`          ${why ?? `caught at the second look; at the first ${first}`}\n`);
    }
  };
  await Promise.all(trees.map(work));
} else {
  process.stdout.write(`${unsound}\n`);
  survived = chosen.length;
}
await rm(TREES, { recursive: true, force: true });
process.stdout.write(`mutants ${seconds(started)}\n${caught} caught, ${survived} survived\n`);
process.exitCode = survived === 0 && caught > 0 ? 0 : 1;
