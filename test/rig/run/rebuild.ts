import { createHash } from 'node:crypto';
import { readFileSync, watch } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { bundleOf, type Program } from './gateway.ts';

/** A build writes its files in pieces: quiet for so long means done. */
const QUIET_MS = 300;
const PROGRAMS: readonly Program[] = ['controld', 'northd'];

const digestOf = (path: string): string | null => {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return null;
  }
};

/** Calls `onChanged` for each program whose bundle has other content than before. Returns how to end it. */
export const watchBundles = (onChanged: (program: Program) => void): (() => void) => {
  const known = new Map(PROGRAMS.map((program) => [program, digestOf(bundleOf(program))]));
  const timers = new Map<Program, NodeJS.Timeout>();
  const look = (program: Program): void => {
    const digest = digestOf(bundleOf(program));
    if (digest === null || digest === known.get(program)) return;
    known.set(program, digest);
    onChanged(program);
  };
  const directory = dirname(bundleOf('controld'));
  mkdirSync(directory, { recursive: true });
  const watcher = watch(directory, (_, name) => {
    const program = PROGRAMS.find((one) => basename(bundleOf(one)) === name);
    if (program === undefined) return;
    clearTimeout(timers.get(program));
    timers.set(
      program,
      setTimeout(() => look(program), QUIET_MS),
    );
  });
  return () => {
    watcher.close();
    for (const timer of timers.values()) clearTimeout(timer);
  };
};
