import type { UtilitySeconds } from '#base/units.ts';
import { PROGRAMS_MAX, type Program, type ProgramSet } from '../program.ts';
import type { Outbox } from './answer.ts';
import { PLAN_PROGRAMS_MAX, type StoredProgram } from './plan.ts';
import { WALKS_APART_SECONDS } from './walk.ts';

const foldDefault = (known: StoredProgram, program: Program, now: UtilitySeconds, out: Outbox): StoredProgram => {
  if (program.defaultControl !== null) {
    return { ...known, defaultControl: program.defaultControl, defaultMissingSince: null };
  }
  if (known.defaultControl === null) return known;
  if (known.defaultMissingSince === null) return { ...known, defaultMissingSince: now };
  if (now - known.defaultMissingSince < WALKS_APART_SECONDS) return known;
  out.notes.push({ event: 'default-forgotten', level: 'warn', text: `program ${program.id} has no default any more` });
  return { ...known, defaultControl: null, defaultMissingSince: null };
};

const foldProgram = (
  known: StoredProgram | undefined,
  server: string,
  program: Program,
  now: UtilitySeconds,
  out: Outbox,
): StoredProgram => {
  if (known !== undefined && program.read === 'unread') return { ...known };
  const { id, primacy } = program;
  const fresh: StoredProgram = { server, id, primacy, defaultControl: null, defaultMissingSince: null, heard: false };
  return program.read === 'unread' ? fresh : foldDefault({ ...(known ?? fresh), primacy, heard: true }, program, now, out);
};

/**
 * The programs after a fold. Unread: as known. Gone from the set: forgotten with their default, unless the set is partial. A default is replaced at once and
 * forgotten after two consecutive walks that say there is none (ieee2030_5 3.9); a time-out never removes one.
 */
export const foldPrograms = (
  known: readonly StoredProgram[],
  set: ProgramSet,
  now: UtilitySeconds,
  out: Outbox,
): readonly StoredProgram[] => {
  const others = known.filter((program) => program.server !== set.server);
  const ours = new Map(known.filter((program) => program.server === set.server).map((program) => [program.id, program]));
  const seen = new Map<string, StoredProgram>();
  for (const program of set.programs.slice(0, PROGRAMS_MAX)) {
    if (seen.has(program.id)) continue;
    const before = ours.get(program.id);
    const after = foldProgram(before, set.server, program, now, out);
    seen.set(program.id, before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after);
  }
  if (set.partial === true)
    for (const [id, program] of ours) if (!seen.has(id) && seen.size < PROGRAMS_MAX) seen.set(id, program);
  if (set.programs.length > PROGRAMS_MAX) {
    out.notes.push({ event: 'programs-overflow', level: 'error', text: `${set.programs.length} programs, ${PROGRAMS_MAX} kept` });
  }
  return [...others, ...seen.values()].slice(0, PLAN_PROGRAMS_MAX);
};
