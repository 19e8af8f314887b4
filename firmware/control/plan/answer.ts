import type { Note } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { EXECUTABLE_MODES } from '../limits.ts';
import type { ControlMode } from '../program.ts';
import type { Transition, TransitionStatus } from '../record.ts';
import { modesOf, type FinalStatus, type StoredEvent } from './plan.ts';

/** What a step collects while it works. */
export interface Outbox {
  readonly transitions: Transition[];
  readonly notes: Note[];
}

export const executableModes = (event: StoredEvent): readonly ControlMode[] =>
  modesOf(event.body.modes).filter((mode) => EXECUTABLE_MODES.includes(mode));

export const transitionOf = (event: StoredEvent, status: TransitionStatus, at: UtilitySeconds): Transition => ({
  kind: 'transition',
  server: event.server,
  mRID: event.body.mRID,
  status,
  at,
  replyTo: event.body.replyTo,
  responseRequired: event.body.responseRequired,
  modes: status === 'received' ? modesOf(event.body.modes) : executableModes(event),
});

/** Records a final status, once. Of an event without a mode we can carry out only `received` is told: nothing of it was ours to supersede. */
const answer = (event: StoredEvent, status: FinalStatus, at: UtilitySeconds, out: Outbox): StoredEvent => {
  if (event.answered !== null || (status === 'superseded' && executableModes(event).length === 0)) return event;
  out.transitions.push(transitionOf(event, status, at));
  return { ...event, answered: status };
};

/**
 * Ends an event for good. `completed` is recorded only for an event recorded as started: what never bound was not carried out, it
 * lapses without a final status and leaves a note. Cancelled and superseded are recorded whether it had started or not.
 */
export const closeEvent = (event: StoredEvent, status: FinalStatus, at: UtilitySeconds, out: Outbox): StoredEvent => {
  if (status !== 'completed') return { ...answer(event, status, at, out), phase: status };
  if (event.started !== null) return { ...answer(event, 'completed', at, out), phase: 'completed' };
  if (event.answered === null && executableModes(event).length > 0) {
    const text = `event ${event.body.mRID} ended at ${at} without having been carried out`;
    out.notes.push({ event: 'event-lapsed', level: 'warn', text });
  }
  return { ...event, phase: 'lapsed' };
};
