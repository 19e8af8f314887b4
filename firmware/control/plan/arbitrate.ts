import { oncePer } from '#base/memo.ts';
import { modesOf } from '../modes.ts';
import type { ControlMode } from '../program.ts';
import { isLive, type Plan, specifiedEnd, type StoredEvent, type StoredProgram } from './plan.ts';

/** Primacy of an event whose program is not known: last of all (PrimacyType is 0-255). */
const PRIMACY_LAST = 255;

/** The primacy of an event: the best of the programs that list it, as they rank now. */
export type PrimacyOf = (event: StoredEvent) => number;

export const primacies = (programs: readonly StoredProgram[]): PrimacyOf => {
  const known = new Map(programs.map((program) => [`${program.server}\n${program.id}`, program.primacy]));
  // A list of programs belongs to one event and stays the same object in all its states.
  const found = new WeakMap<readonly string[], number>();
  return ({ server, programs: listing }) => {
    const before = found.get(listing);
    if (before !== undefined) return before;
    const primacy = listing.reduce((best, id) => Math.min(best, known.get(`${server}\n${id}`) ?? PRIMACY_LAST), PRIMACY_LAST);
    found.set(listing, primacy);
    return primacy;
  };
};

/** The events in force by a plan, and how they rank. */
export interface InForce {
  readonly running: readonly StoredEvent[];
  readonly primacyOf: PrimacyOf;
}

/** The events in force by an advanced plan; it is asked several times a second, and changes a few times a day. */
export const inForce = oncePer(
  (plan: Plan): InForce => ({
    running: plan.events.filter((event) => isLive(event) && event.phase === 'running'),
    primacyOf: primacies(plan.programs),
  }),
);

/** Overlap as specified, half open: what does not overlap here is never in conflict, whatever randomisation does (ieee2030_5 3.5, 3.7). */
export const conflict = (a: StoredEvent, b: StoredEvent): boolean =>
  a.body.start < specifiedEnd(b) && b.body.start < specifiedEnd(a);

/** What decided between two events; for people. */
export type Reason = 'primacy' | 'newer creation time' | 'active at the server' | 'later start' | 'mRID' | 'server name';

const decide = (a: StoredEvent, b: StoredEvent, primacyOf: PrimacyOf): { readonly order: number; readonly reason: Reason } => {
  const active = (event: StoredEvent): number => (event.body.status === 'active' ? 0 : 1);
  const text = (x: string, y: string): number => (x === y ? 0 : x > y ? -1 : 1);
  const steps: readonly { readonly order: number; readonly reason: Reason }[] = [
    { order: primacyOf(a) - primacyOf(b), reason: 'primacy' },
    { order: b.body.creationTime - a.body.creationTime, reason: 'newer creation time' },
    { order: active(a) - active(b), reason: 'active at the server' },
    { order: b.body.start - a.body.start, reason: 'later start' },
    { order: text(a.body.mRID, b.body.mRID), reason: 'mRID' },
    { order: text(a.server, b.server), reason: 'server name' },
  ];
  return steps.find((step) => step.order !== 0) ?? { order: 0, reason: 'server name' };
};

/**
 * True when `a` is the better of two conflicting events: lowest primacy, then newest creation time, even when it is less restrictive
 * (design section 3); equal ones: the server's EventStatus decides, else the later start, else the higher mRID.
 */
export const isBetter = (a: StoredEvent, b: StoredEvent, primacyOf: PrimacyOf): boolean => {
  // The two that mostly decide, without building the whole comparison: a thousand events may meet at one instant.
  const byPrimacy = primacyOf(a) - primacyOf(b);
  const first = byPrimacy === 0 ? b.body.creationTime - a.body.creationTime : byPrimacy;
  return first === 0 ? decide(a, b, primacyOf).order < 0 : first < 0;
};

/** Why the better of two events is better. */
export const reasonFor = (a: StoredEvent, b: StoredEvent, primacyOf: PrimacyOf): Reason => decide(a, b, primacyOf).reason;

/** The modes an event sets and has not lost. */
export const heldModes = (event: StoredEvent): readonly ControlMode[] =>
  modesOf(event.body.modes).filter((mode) => !event.lost.includes(mode));

/** What an event loses, and the better event that took the last of it. */
export interface Loss {
  readonly modes: readonly ControlMode[];
  readonly better: StoredEvent;
}

/** Modes `event` loses now to the better of the running events it conflicts with; null: none. */
export const newlyLost = (event: StoredEvent, running: readonly StoredEvent[], primacyOf: PrimacyOf): Loss | null => {
  const better = running.filter((other) => other !== event && conflict(event, other) && isBetter(other, event, primacyOf));
  if (better.length === 0) return null;
  const takes = (mode: ControlMode): StoredEvent | undefined => better.find((other) => heldModes(other).includes(mode));
  const modes = heldModes(event).filter((mode) => takes(mode) !== undefined);
  const last = modes.at(-1);
  const taker = last === undefined ? undefined : takes(last);
  return taker === undefined ? null : { modes, better: taker };
};

/**
 * Who holds a mode among the running events that did not lose it. They do not conflict as specified, so at most randomisation
 * makes them meet: the earlier one keeps the mode to its effective end.
 */
export const holderOf = (mode: ControlMode, running: readonly StoredEvent[], primacyOf: PrimacyOf): StoredEvent | null => {
  let holder: StoredEvent | null = null;
  for (const event of running) {
    if (event.body.modes[mode] === undefined || event.lost.includes(mode)) continue;
    if (holder === null || precedes(event, holder, primacyOf)) holder = event;
  }
  return holder;
};

const precedes = (a: StoredEvent, b: StoredEvent, primacyOf: PrimacyOf): boolean =>
  conflict(a, b) ? isBetter(a, b, primacyOf) : a.body.start < b.body.start;
