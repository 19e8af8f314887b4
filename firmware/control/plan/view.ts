import { oncePer } from '#base/memo.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { modesOf } from '../modes.ts';
import type { ControlMode } from '../program.ts';
import { advancePlan } from './advance.ts';
import { holderOf, inForce, reasonFor, type PrimacyOf } from './arbitrate.ts';
import { effectiveSpans } from './effective.ts';
import { isLive, type Phase, type Plan, type StoredEvent } from './plan.ts';

export interface ModeView {
  readonly mode: ControlMode;
  /** due: before its start. holds: in force. waits: an earlier event, extended by randomisation, still holds it. lost: another took it for good. over: the event has ended. */
  readonly standing: 'due' | 'holds' | 'waits' | 'lost' | 'over';
  /** Why, for a person. */
  readonly why: string;
}

export interface EventView {
  readonly server: string;
  readonly mRID: string;
  readonly creationTime: UtilitySeconds;
  readonly state: Phase | 'started' | 'withdrawn';
  /** Effective: after randomisation and chaining. */
  readonly start: UtilitySeconds;
  readonly until: UtilitySeconds;
  readonly primacy: number;
  readonly modes: readonly ModeView[];
}

const viewMode = (event: StoredEvent, mode: ControlMode, running: readonly StoredEvent[], primacyOf: PrimacyOf): ModeView => {
  if (event.lost.includes(mode)) return { mode, standing: 'lost', why: 'a better event took it; it is not given back' };
  if (!isLive(event)) return { mode, standing: 'over', why: event.phase };
  if (event.phase === 'waiting') return { mode, standing: 'due', why: 'not begun' };
  const holder = holderOf(mode, running, primacyOf);
  if (holder !== event)
    return { mode, standing: 'waits', why: `event ${holder?.body.mRID ?? ''} holds it to its randomised end` };
  const beaten = running.filter((other) => other !== event && other.body.modes[mode] !== undefined);
  const why = beaten.map((other) => `over ${other.body.mRID} by ${reasonFor(event, other, primacyOf)}`).join(', ');
  return { mode, standing: 'holds', why: why === '' ? 'alone' : why };
};

/** By a plan that is advanced: asked each second, other a few times an hour. */
const eventsOf = oncePer((plan: Plan): readonly EventView[] => {
  const spanOf = effectiveSpans(plan.events);
  const { running, primacyOf } = inForce(plan);
  return plan.events.map((event) => {
    const span = spanOf(event);
    const state = event.phase === 'running' && event.started !== null ? 'started' : event.phase;
    return {
      server: event.server,
      mRID: event.body.mRID,
      creationTime: event.body.creationTime,
      state: event.withdrawn ? 'withdrawn' : state,
      start: span.start,
      until: event.cancelAt !== null && event.cancelAt < span.end ? event.cancelAt : span.end,
      primacy: primacyOf(event),
      modes: modesOf(event.body.modes).map((mode) => viewMode(event, mode, running, primacyOf)),
    };
  });
});

/** Every remembered event with its effective times, its state and why each mode's winner wins. For views; decides nothing. */
export const planEvents = (plan: Plan, now: UtilitySeconds): readonly EventView[] => eventsOf(advancePlan(plan, now).plan);
