import { describe, expect, test } from 'vitest';
import { advancePlan } from '#control/plan/advance.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { EVENTS_MAX, type EventBody } from '#control/program.ts';
import { at, body, program, SEED, setOf } from './build.ts';

/** The plan with every look at an event's start counted: what every comparison of two events and every effective time begins with. */
const counting = (events: readonly EventBody[]): { readonly plan: Plan; readonly looks: () => number } => {
  const { plan } = foldProgramSet(emptyPlan(), setOf([program('p', 1, events)]), at(10), SEED);
  let looks = 0;
  const watched = plan.events.map((event) => {
    const { start } = event.body;
    const counted = { ...event.body };
    Object.defineProperty(counted, 'start', {
      enumerable: true,
      get: () => {
        looks += 1;
        return start;
      },
    });
    return { ...event, body: counted };
  });
  return { plan: { ...plan, events: watched }, looks: () => looks };
};

const LATE = at(1_000_000);
const indices = Array.from({ length: EVENTS_MAX }, (_, index) => index);

const few = indices.slice(0, 200);

describe('a thousand events that ended while the process was dead', () => {
  test('in a chain are caught up with by work that grows with their number, not with its square', () => {
    const { plan, looks } = counting(indices.map((index) => body(`e${index}`, 100 + index * 60, 60)));
    const step = advancePlan(plan, LATE);
    expect(step.plan.events.every((event) => event.phase === 'lapsed')).toBe(true);
    expect(step.plan.dueAt).toBeNull();
    expect(looks()).toBeLessThan(20 * EVENTS_MAX);
  });

  test('each superseding the one before are caught up with likewise', () => {
    const { plan, looks } = counting(indices.map((index) => body(`e${index}`, 100 + index, 5000, { creationTime: at(index) })));
    const step = advancePlan(plan, LATE);
    expect(step.plan.events.filter((event) => event.phase === 'superseded')).toHaveLength(EVENTS_MAX - 1);
    expect(looks()).toBeLessThan(50 * EVENTS_MAX);
  });

  test('all running at once, by randomisation, cost no more than each meeting each a few times', () => {
    const { plan, looks } = counting(few.map((index) => body(`e${index}`, 100 + index * 3, 2, { randomizeDuration: 3600 })));
    advancePlan(plan, LATE);
    expect(looks()).toBeLessThan(10 * few.length ** 2);
  });
});
