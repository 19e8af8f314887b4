import type { Note } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { type Curve, CURVE_TYPES, type CurveMode } from '../curve.ts';
import { isCurveMode, modesOf } from '../modes.ts';
import type { ControlMode, Refusal } from '../program.ts';
import type { Taker, Transition, TransitionStatus } from '../record.ts';
import type { FinalStatus, Plan, StoredEvent, StoredServer } from './plan.ts';

/** The modes of an event that can be carried out here. */
export type Capability = (event: StoredEvent) => readonly ControlMode[];

/** The curve that a mode of an event names; null: it is not known. */
export const curveOf = (event: StoredEvent, mode: CurveMode, servers: readonly StoredServer[]): Curve | null => {
  const id = event.body.modes[mode];
  const theirs = servers.filter(({ server }) => server === event.server).flatMap(({ curves }) => curves);
  // The newest last: what a set brings goes before what was known.
  return theirs.findLast((curve) => curve.id === id) ?? null;
};

/** Why the curve of a mode cannot be followed; null: it can, or it is not known yet. */
export const curveTrouble = (event: StoredEvent, mode: ControlMode, servers: readonly StoredServer[]): string | null => {
  if (!isCurveMode(mode)) return null;
  const curve = curveOf(event, mode, servers);
  if (curve === null || curve.fault !== undefined) return curve?.fault ?? null;
  return curve.type === CURVE_TYPES[mode] ? null : `${mode}: curveType ${curve.type}`;
};

/** A mode that follows a curve can be carried out while a sound curve of its type is known. */
export const capabilityOf = ({ executable, servers }: Pick<Plan, 'executable' | 'servers'>): Capability => {
  const able = new Set(executable);
  const follows = (event: StoredEvent, mode: ControlMode): boolean =>
    !isCurveMode(mode) || (curveOf(event, mode, servers) !== null && curveTrouble(event, mode, servers) === null);
  return (event) => modesOf(event.body.modes).filter((mode) => able.has(mode) && follows(event, mode));
};

/** What a step collects while it works, and what of an event is ours to answer for. */
export interface Outbox {
  readonly transitions: Transition[];
  readonly notes: Note[];
  readonly capability: Capability;
  /** Of an event of which nothing can be carried out now: why that is for good; null: a curve may yet be read. */
  readonly prospects: (event: StoredEvent) => Extract<Refusal, 'not-applicable' | 'invalid'> | null;
}

export const outboxFor = (plan: Plan): Outbox => ({
  transitions: [],
  notes: [],
  capability: capabilityOf(plan),
  prospects: (event) => {
    const ours = modesOf(event.body.modes).filter((mode) => plan.executable.includes(mode));
    if (ours.length === 0) return 'not-applicable';
    return ours.every((mode) => curveTrouble(event, mode, plan.servers) !== null) ? 'invalid' : null;
  },
});

/** @param taker of a superseded event: where the one that took its last mode is from; absent: the server said so */
export const transitionOf = (
  event: StoredEvent,
  status: TransitionStatus,
  at: UtilitySeconds,
  capability: Capability,
  taker?: Taker,
): Transition => ({
  kind: 'transition',
  server: event.server,
  mRID: event.body.mRID,
  status,
  at,
  replyTo: event.body.replyTo,
  responseRequired: event.body.responseRequired,
  modes: status === 'started' || status === 'completed' ? capability(event) : modesOf(event.body.modes),
  ...(taker === undefined ? {} : { taker }),
});

/** Records a final status, once. Of an event without a mode we can carry out nothing was ours to supersede. */
const answer = (event: StoredEvent, status: FinalStatus, at: UtilitySeconds, out: Outbox, taker?: Taker): StoredEvent => {
  if (event.answered !== null || (status === 'superseded' && out.capability(event).length === 0)) return event;
  out.transitions.push(transitionOf(event, status, at, out.capability, taker));
  return { ...event, answered: status };
};

/** Tells the utility that nothing of an event will be carried out, where it wants to know; told so, it is told nothing else. */
export const refuse = (event: StoredEvent, refusal: Refusal, at: UtilitySeconds, out: Outbox): StoredEvent =>
  answer(event, refusal, at, out);

/**
 * Ends an event for good. `completed` is recorded only for an event recorded as started: what never bound was not carried out, it
 * lapses without a final status and leaves a note, also where the curve it needed was never read. Cancelled and superseded are recorded whether it had started or not.
 */
export const closeEvent = (
  event: StoredEvent,
  status: 'completed' | 'cancelled' | 'superseded',
  at: UtilitySeconds,
  out: Outbox,
  taker?: Taker,
): StoredEvent => {
  if (status !== 'completed') return { ...answer(event, status, at, out, taker), phase: status };
  if (event.started !== null) return { ...answer(event, 'completed', at, out), phase: 'completed' };
  if (event.answered === null && (out.capability(event).length > 0 || out.prospects(event) === null)) {
    const text = `event ${event.body.mRID} ended at ${at} without having been carried out`;
    out.notes.push({ event: 'event-lapsed', level: 'warn', text });
  }
  return { ...event, phase: 'lapsed' };
};
