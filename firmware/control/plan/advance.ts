import { assert } from '#base/assert.ts';
import type { Note } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { EXECUTABLE_MODES } from '../limits.ts';
import { EVENTS_MAX } from '../program.ts';
import type { ControlMode } from '../program.ts';
import type { Transition, TransitionStatus } from '../record.ts';
import { conflict, heldModes, holderOf, isBetter, newlyLost, primacies, type PrimacyOf } from './arbitrate.ts';
import { NOTHING_KNOWN, steer, type Surroundings } from './course.ts';
import { dueAt, effectiveSpans } from './effective.ts';
import { isLive, keyOf, keyText, modesOf, type EventKey, type FinalStatus, type Plan, type StoredEvent } from './plan.ts';

/** Each stored event changes by time at most twice: begin and end. Beyond that something loops. */
const STEPS_MAX = 2 * EVENTS_MAX + 10;

export interface PlanStep {
  readonly plan: Plan;
  readonly transitions: readonly Transition[];
  readonly notes: readonly Note[];
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

/** What a step collects while it works. */
export interface Outbox {
  readonly transitions: Transition[];
  readonly notes: Note[];
}

const answer = (event: StoredEvent, status: FinalStatus, at: UtilitySeconds, out: Outbox): StoredEvent => {
  // Of an event without a mode we can carry out only `received` is told: it superseded nothing of ours.
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

const endThose = (events: readonly StoredEvent[], t: UtilitySeconds, out: Outbox): readonly StoredEvent[] =>
  events.map((event) => {
    if (!isLive(event) || event.begun === null) return event;
    if (event.cancelAt !== null && Math.min(event.cancelAt, event.begun.end) <= t) return closeEvent(event, 'cancelled', t, out);
    return event.begun.end <= t ? closeEvent(event, 'completed', t, out) : event;
  });

const beginThose = (events: readonly StoredEvent[], t: UtilitySeconds, out: Outbox): readonly StoredEvent[] => {
  const spanOf = effectiveSpans(events);
  return events.map((event) => {
    if (!isLive(event) || event.phase !== 'waiting') return event;
    const span = spanOf(event);
    if (span.start > t) return event;
    if (span.end <= t) return closeEvent({ ...event, begun: span }, 'completed', t, out);
    return { ...event, phase: 'running' as const, begun: { start: t, end: span.end } };
  });
};

/**
 * What a running event loses to a better running one is lost for good (CSIP 7.10); with its last mode it is superseded. Only then is it
 * answered: an event that is covered whole is judged at its own start, not foretold (ieee2030_5 3.6 allows either), for until then the
 * better one may itself be cancelled or superseded, and what the utility was told to be superseded must never bind.
 */
const loseModes = (
  events: readonly StoredEvent[],
  t: UtilitySeconds,
  primacyOf: PrimacyOf,
  out: Outbox,
): readonly StoredEvent[] => {
  const running = events.filter((event) => isLive(event) && event.phase === 'running');
  return events.map((event) => {
    if (!isLive(event) || event.phase !== 'running') return event;
    const taken = newlyLost(event, running, primacyOf);
    if (taken.length === 0) return event;
    const lost = [...event.lost, ...taken];
    const left = (executableModes(event).length > 0 ? executableModes(event) : modesOf(event.body.modes)).filter(
      (mode) => !lost.includes(mode),
    );
    const next = { ...event, lost };
    return left.length > 0 ? next : closeEvent(next, 'superseded', t, out);
  });
};

/** The server says superseded: it ends now, unless a better event that we know has yet to start (envoy says so long before). */
const obeyServer = (
  events: readonly StoredEvent[],
  t: UtilitySeconds,
  primacyOf: PrimacyOf,
  out: Outbox,
): readonly StoredEvent[] => {
  const coming = events.filter((event) => isLive(event) && event.phase === 'waiting');
  return events.map((event) => {
    if (!isLive(event) || event.body.status !== 'superseded') return event;
    const kept = coming.some(
      (other) =>
        other !== event &&
        other.body.status !== 'superseded' &&
        conflict(event, other) &&
        isBetter(other, event, primacyOf) &&
        heldModes(other).some((mode) => heldModes(event).includes(mode)),
    );
    return kept ? event : closeEvent(event, 'superseded', t, out);
  });
};

/** Everything that is so at `t`: ends before starts, then arbitration. */
const stepTo = (plan: Plan, t: UtilitySeconds, out: Outbox, surroundings: Surroundings): Plan => {
  const primacyOf = primacies(plan.programs);
  let events = endThose(plan.events, t, out);
  events = beginThose(events, t, out);
  events = obeyServer(events, t, primacyOf, out);
  events = loseModes(events, t, primacyOf, out);
  const running = events.filter((event) => isLive(event) && event.phase === 'running');
  const bearings = steer(plan, { programs: plan.programs, running, primacyOf, at: t, surroundings });
  return { ...plan, ...bearings, events, dueAt: dueAt(events) };
};

/** Brings a plan whose content just changed to `now`; nothing is dated before it. */
export const settle = (plan: Plan, now: UtilitySeconds, out: Outbox, surroundings: Surroundings): Plan => {
  let settled = stepTo(plan, now, out, surroundings);
  for (let steps = 0; settled.dueAt !== null && settled.dueAt <= now; steps += 1) {
    assert(steps < STEPS_MAX, 'a plan settles');
    settled = stepTo(settled, now, out, surroundings);
  }
  return settled;
};

/**
 * Time passes up to `now`. Every instant since the last call is replayed in order, so a process that was dead catches up: an event
 * whose whole time passed meanwhile lapses; one that was recorded as started and ended meanwhile completes (devices hold their cap
 * while we are away, design D8). `surroundings`: what a ramp that begins starts from. A clock that steps back changes nothing. Returns the same plan while nothing changes.
 */
export const advancePlan = (plan: Plan, now: UtilitySeconds, surroundings = NOTHING_KNOWN): PlanStep => {
  if (plan.dueAt === null || plan.dueAt > now) return { plan, transitions: [], notes: [] };
  const out: Outbox = { transitions: [], notes: [] };
  let next = plan;
  let t = plan.dueAt;
  for (let steps = 0; next.dueAt !== null && next.dueAt <= now; steps += 1) {
    assert(steps < STEPS_MAX, 'a plan advances');
    t = Math.max(t, next.dueAt) as UtilitySeconds;
    next = stepTo(next, t, out, surroundings);
  }
  return { plan: next, ...out };
};

/** The next instant after `now` at which anything changes by time alone; null: never. */
export const nextBoundary = (plan: Plan, now: UtilitySeconds): UtilitySeconds | null => advancePlan(plan, now).plan.dueAt;

const unconfirmed = (plan: Plan): readonly StoredEvent[] => {
  const primacyOf = primacies(plan.programs);
  const running = plan.events.filter((event) => isLive(event) && event.phase === 'running');
  return running.filter(
    (event) =>
      event.started === null &&
      event.answered === null &&
      executableModes(event).some((mode) => holderOf(mode, running, primacyOf) === event),
  );
};

/** Events in force now, of an advanced plan, that hold at least one executable mode and were not yet recorded as started. */
export const pendingStarts = (plan: Plan, now: UtilitySeconds): readonly EventKey[] =>
  unconfirmed(advancePlan(plan, now).plan).map(keyOf);

/**
 * Records `started` for events whose limit now binds the limiter and was read back where a write was needed (Response 2, design
 * section 3). A key that is unknown, not in force, or already recorded is ignored.
 */
export const confirmStarted = (
  plan: Plan,
  keys: readonly EventKey[],
  at: UtilitySeconds,
): { readonly plan: Plan; readonly transitions: readonly Transition[] } => {
  const asked = new Set(keys.map(keyText));
  const due = new Set(unconfirmed(plan).filter((event) => asked.has(keyText(keyOf(event)))));
  if (due.size === 0) return { plan, transitions: [] };
  const transitions = [...due].map((event) => transitionOf(event, 'started', at));
  const events = plan.events.map((event) => (due.has(event) ? { ...event, started: at } : event));
  return { plan: { ...plan, events }, transitions };
};
