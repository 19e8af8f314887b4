import type { Note } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { type ControlMode, EVENTS_MAX } from '../program.ts';
import type { Transition } from '../record.ts';
import { capabilityOf, outboxFor, transitionOf, type Outbox } from './answer.ts';
import { holderOf, inForce } from './arbitrate.ts';
import { NOTHING_KNOWN, type Surroundings } from './course.ts';
import { keyOf, keyText, type EventKey, type Plan, type StoredEvent } from './plan.ts';
import { replay } from './replay.ts';

/** Each stored event changes by time at most twice: begin and end. Beyond that something loops. */
const STEPS_MAX = 2 * EVENTS_MAX + 10;

export interface PlanStep {
  readonly plan: Plan;
  readonly transitions: readonly Transition[];
  readonly notes: readonly Note[];
}

/** Brings a plan whose content just changed to `now`; nothing is dated before it. */
export const settle = (plan: Plan, now: UtilitySeconds, out: Outbox, surroundings: Surroundings): Plan =>
  replay(plan, { first: now, now, surroundings, stepsMax: STEPS_MAX }, out);

/**
 * Time passes up to `now`. Every instant since the last call is replayed in order, so a process that was dead catches up: an event
 * whose whole time passed meanwhile lapses; one that was recorded as started and ended meanwhile completes (devices hold their cap
 * while we are away, design D8). `surroundings`: what a ramp that begins starts from. A clock that steps back changes nothing. Returns the same plan while nothing changes.
 */
export const advancePlan = (plan: Plan, now: UtilitySeconds, surroundings = NOTHING_KNOWN): PlanStep => {
  if (plan.dueAt === null || plan.dueAt > now) return { plan, transitions: [], notes: [] };
  const out = outboxFor(plan);
  const next = replay(plan, { first: plan.dueAt, now, surroundings, stepsMax: STEPS_MAX }, out);
  return { plan: next, transitions: out.transitions, notes: out.notes };
};

/** The next instant after `now` at which anything changes by time alone; null: never. */
export const nextBoundary = (plan: Plan, now: UtilitySeconds): UtilitySeconds | null => advancePlan(plan, now).plan.dueAt;

const unconfirmed = (plan: Plan): readonly StoredEvent[] => {
  const { running, primacyOf } = inForce(plan);
  const open = running.filter((event) => event.started === null && event.answered === null);
  if (open.length === 0) return open;
  const capability = capabilityOf(plan);
  return open.filter((event) => capability(event).some((mode) => holderOf(mode, running, primacyOf) === event));
};

/** An event that is to be confirmed, and those of its modes that can be carried out. */
export interface PendingStart extends EventKey {
  readonly modes: readonly ControlMode[];
}

/** Events in force now, of an advanced plan, that hold at least one executable mode and were not yet recorded as started. */
export const pendingStarts = (plan: Plan, now: UtilitySeconds): readonly PendingStart[] => {
  const { plan: current } = advancePlan(plan, now);
  const capability = capabilityOf(current);
  return unconfirmed(current).map((event) => ({
    ...keyOf(event),
    modes: capability(event).filter((mode) => !event.lost.includes(mode)),
  }));
};

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
  const capability = capabilityOf(plan);
  const transitions = [...due].map((event) => transitionOf(event, 'started', at, capability));
  const events = plan.events.map((event) => (due.has(event) ? { ...event, started: at } : event));
  return { plan: { ...plan, events }, transitions };
};
