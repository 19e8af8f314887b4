/** The addon of a tree in which a line of C++ is broken: only what changed is compiled. */
import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Below a tree; its build/native stays the sound one. */
const PLACE = 'build/broken';

/** Where `buildBroken` leaves the addon of a tree. */
export const brokenAddon = (tree: string): string => join(tree, PLACE, 'gridward.node');

/** Gives a tree the objects of the sound addon at `root`, if there are any. */
export const lendObjects = async (root: string, tree: string): Promise<void> => {
  await mkdir(join(tree, PLACE), { recursive: true });
  const work = join(root, 'build/native/work');
  await cp(work, join(tree, PLACE, 'work'), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }).catch(
    () => undefined,
  );
};

/** Null: built. Otherwise what the compiler said. */
export const buildBroken = async (tree: string): Promise<string | null> => {
  try {
    await run(join(tree, 'native/build.sh'), [], { env: { ...process.env, OUT: PLACE }, maxBuffer: 4_000_000 });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
