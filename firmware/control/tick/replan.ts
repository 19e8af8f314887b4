import type { Note } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { advancePlan } from '#control/plan/advance.ts';
import type { Surroundings } from '#control/plan/course.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { type Plan, withExecutable } from '#control/plan/plan.ts';
import type { ProgramSet } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { ControlState, SiteFacts } from './state.ts';

/** When a tick plans, and among what. */
export interface PlanningTime {
  /** Null: unknown. */
  readonly utility: UtilitySeconds | null;
  /** False: nobody but a real-time clock says so (clock.ts, isUnvouched). */
  readonly vouched: boolean;
  /** What a ramp that begins now starts from. */
  readonly surroundings: Surroundings;
}

export interface Planned {
  readonly plan: Plan;
  /** As it would be by a real-time clock that nobody vouches for; null: somebody does, or the time is unknown. */
  readonly foreseen: Plan | null;
  /** Sets that wait for a clock that somebody vouches for, the newest of each server. */
  readonly waiting: readonly ProgramSet[];
  /** Sets that are part of the plan now. */
  readonly folded: readonly ProgramSet[];
  readonly records: readonly RecordBody[];
  readonly notes: readonly Note[];
}

const newest = (sets: readonly ProgramSet[]): readonly ProgramSet[] =>
  sets.filter((set, index) => sets.findLastIndex(({ server }) => server === set.server) === index);

/**
 * The plan after what the utility said and the time that passed. While only a real-time clock vouches for the time the plan stays as it
 * is and sets wait: by a clock that is hours ahead they would end what runs, for good, and tell the utility so.
 */
export const replan = (
  state: ControlState,
  facts: SiteFacts,
  arrived: readonly ProgramSet[],
  { utility, vouched, surroundings }: PlanningTime,
): Planned => {
  let plan = withExecutable(state.plan, facts.executable);
  const rest = { foreseen: null, folded: [], records: [] } as const;
  if (utility === null) {
    const note: Note = {
      event: 'program-set-too-early',
      level: 'warn',
      text: 'a program set came before the utility time was known',
    };
    return { ...rest, plan, waiting: state.waiting, notes: arrived.length > 0 ? [note] : [] };
  }
  const sets = arrived.length === 0 ? state.waiting : newest([...state.waiting, ...arrived]);
  if (!vouched) {
    // From tick to tick, not anew each time: a thousand events may have passed in the dark.
    const foreseen = advancePlan(withExecutable(state.foreseen ?? plan, facts.executable), utility, surroundings).plan;
    return { ...rest, plan, foreseen, waiting: sets, notes: [] };
  }
  const records: RecordBody[] = [];
  const notes: Note[] = [];
  for (const set of sets) {
    const step = foldProgramSet(plan, set, utility, facts.seed, surroundings);
    plan = step.plan;
    records.push(...step.transitions);
    notes.push(...step.notes);
  }
  const step = advancePlan(plan, utility, surroundings);
  return {
    plan: step.plan,
    foreseen: null,
    waiting: [],
    folded: sets,
    records: [...records, ...step.transitions],
    notes: [...notes, ...step.notes],
  };
};
