/**
 * `make mutants [ONLY='word|other']`: breaks the product at one place after another and runs the tests that must notice. A break counts
 * as caught when those tests ran and failed, at the first look or, told as AT LAST, at the second. Closes with `N caught, N survived`;
 * a survivor, a search text that is not found exactly once, or tests that are red without any break make the exit code 1.
 * `--proven`: that they are green was seen before.
 */
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenAddon, buildBroken, lendObjects } from './addon.ts';
import { MUTANTS } from './list.ts';
import type { Mutant } from './mutant.ts';
import { Resident, runAlone } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TREES = join(ROOT, 'build/mutants');
/** Copied for each tree; node_modules is shared, build is linked for the helper programs in it. */
const COPIED = ['firmware', 'drivers', 'config', 'native', 'image', 'test', 'package.json', 'tsconfig.json'];
/** Trees that work side by side. */
const TREES_AT_ONCE = 3;
/** C++: an addon is built for the tests. */
const isNative = ({ file }: Mutant): boolean => file.startsWith('native/');

/** A copy of the product to break, and the vitest that stays in it. */
interface Tree {
  readonly path: string;
  readonly resident: Resident;
}

const makeTree = async (number: number): Promise<Tree> => {
  const tree = join(TREES, String(number));
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'build'), { recursive: true });
  for (const name of COPIED) await cp(join(ROOT, name), join(tree, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  await mkdir(join(ROOT, 'build/rig'), { recursive: true });
  for (const name of ['bin', 'rig', 'venv', 'native']) await symlink(join(ROOT, 'build', name), join(tree, 'build', name));
  return { path: tree, resident: new Resident(tree) };
};

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

/** Null: caught. Otherwise why not. */
const look = async ({ path: tree, resident }: Tree, mutant: Mutant): Promise<string | null> => {
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
  const { failed, passed, unloaded, output } =
    hangs || addon !== null ? await runAlone(tree, tests, { hangs, addon }) : await resident.run(tests, path);
  await writeFile(path, source);
  if (failed > 0) return null;
  if (unloaded > 0) return `the tests cannot be loaded with it: ${output.slice(0, 1000)}`;
  return passed > 0 ? `${passed} tests stayed green: ${tests.join(', ')}` : `no test ran: ${output.slice(0, 1000)}`;
};

/** As `look`; what survived is looked at again, since tests of real processes may miss a race: caught then, it is told apart. */
const judge = async (tree: Tree, mutant: Mutant): Promise<{ readonly why: string | null; readonly first: string | null }> => {
  const first = await look(tree, mutant);
  return { why: first === null ? null : await look(tree, mutant), first };
};

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** The named tests must be green as things are: what is red anyway catches nothing. */
const green = async ({ path: tree }: Tree, mutants: readonly Mutant[]): Promise<string | null> => {
  const files = [...new Set(mutants.flatMap(({ tests }) => tests))].sort();
  const { passed, failed, unloaded, output } = await runAlone(tree, files);
  return failed === 0 && unloaded === 0 && passed > 0
    ? null
    : `without any break ${failed} tests are red, ${passed} green\n${output.slice(-4000)}`;
};

const started = performance.now();
const proven = process.argv.includes('--proven');
const only = (process.argv.slice(2).find((word) => !word.startsWith('--')) ?? '').split('|');
const chosen = MUTANTS.filter(({ name }) => only.some((word) => name.includes(word)));
const trees = await Promise.all(Array.from({ length: TREES_AT_ONCE }, (_, number) => makeTree(number)));
if (chosen.some(isNative)) for (const tree of trees) await lendObjects(ROOT, tree.path);
const unsound = proven || trees[0] === undefined ? null : await green(trees[0], chosen);
let caught = 0;
let survived = 0;
if (unsound === null) {
  const waiting = [...chosen];
  const work = async (tree: Tree): Promise<void> => {
    const looked: Mutant[] = [];
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      looked.push(mutant);
      const from = performance.now();
      const { why, first } = await judge(tree, mutant);
      if (why === null) caught += 1;
      else survived += 1;
      const verdict = why !== null ? 'SURVIVED' : first !== null ? 'AT LAST ' : 'caught  ';
      process.stdout.write(`${verdict}  ${seconds(from).padStart(7)}  ${mutant.name}\n`);
      if (first !== null) process.stdout.write(`          ${why ?? `caught at the second look; at the first ${first}`}\n`);
    }
    // what stayed of a break would catch all that came after it
    const last = looked.findLast(({ tests }) => tests.every((test) => test.startsWith('test/unit/')));
    if (last === undefined) return;
    const { failed, unloaded, passed, output } = await tree.resident.run(last.tests, null);
    if (failed === 0 && unloaded === 0 && passed > 0) return;
    survived += 1;
    process.stdout.write(
      `SURVIVED  the mended tree is not green at the end (${failed} red, ${passed} green): ${output.slice(0, 1000)}\n`,
    );
  };
  await Promise.all(trees.map(work));
} else {
  process.stdout.write(`${unsound}\n`);
  survived = chosen.length;
}
for (const { resident } of trees) resident.stop();
await rm(TREES, { recursive: true, force: true });
process.stdout.write(`mutants ${seconds(started)}\n${caught} caught, ${survived} survived\n`);
process.exitCode = survived === 0 && caught > 0 ? 0 : 1;
