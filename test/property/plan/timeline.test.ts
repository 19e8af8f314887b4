import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { activeLimits } from '#control/plan/active.ts';
import { decodePlan } from '#control/plan/store.ts';
import type { ControlMode, EventBody } from '#control/program.ts';
import { at, body, defaults, Driver, FALLBACK, NO_COMMISSIONED, program, setOf } from '../../unit/plan/build.ts';

const END = 40;
const MODES = ['opModExpLimW', 'opModGenLimW', 'opModLoadLimW'] as const;
type Mode = (typeof MODES)[number];
const EXECUTABLE: readonly ControlMode[] = ['opModExpLimW', 'opModGenLimW'];

interface Case {
  readonly primacy: 1 | 2;
  readonly creation: number;
  readonly start: number;
  readonly duration: number;
  readonly arrival: number;
  readonly modes: readonly Mode[];
}

const name = (index: number): string => `e${index}`;

const cases = (latestArrival: number) =>
  fc.array(
    fc.record<Case>({
      primacy: fc.constantFrom(1, 2),
      creation: fc.integer({ min: 0, max: 2 }),
      start: fc.integer({ min: 1, max: 25 }),
      duration: fc.integer({ min: 1, max: 14 }),
      arrival: fc.integer({ min: 0, max: latestArrival }),
      modes: fc.subarray([...MODES], { minLength: 1 }),
    }),
    { maxLength: 7 },
  );

const bodyOf = (one: Case, index: number, patch: Partial<EventBody> = {}): EventBody =>
  body(name(index), one.start, one.duration, {
    creationTime: at(one.creation),
    modes: Object.fromEntries(one.modes.map((mode) => [mode, watts(index)])),
    ...patch,
  });

const listAt = (
  all: readonly Case[],
  now: number,
  order: (bodies: EventBody[]) => EventBody[],
  patch: Partial<EventBody> = {},
) => {
  const inProgram = (primacy: number): readonly EventBody[] =>
    order(all.flatMap((one, index) => (one.primacy === primacy && one.arrival <= now ? [bodyOf(one, index, patch)] : [])));
  return setOf([
    program('one', 1, inProgram(1), { defaultControl: null }),
    program('two', 2, inProgram(2), { defaultControl: defaults({ opModExpLimW: watts(500) }) }),
  ]);
};

/** The slow, obvious model: second by second, who of the active ones is beaten, for good; who is left holds the mode. */
const model = (all: readonly Case[]) => {
  const beats = (a: number, b: number): boolean => {
    const [x, y] = [all[a]!, all[b]!];
    if (x.primacy !== y.primacy) return x.primacy < y.primacy;
    if (x.creation !== y.creation) return x.creation > y.creation;
    if (x.start !== y.start) return x.start > y.start;
    return name(a) > name(b);
  };
  const lost = new Set<string>();
  const out = new Set<number>();
  const statuses = all.map((one) => (one.start + one.duration > one.arrival ? ['received'] : []));
  const holders: (number | null)[][] = [];
  const has = (i: number, mode: Mode): boolean => all[i]!.modes.includes(mode) && !lost.has(`${i} ${mode}`);
  const contest = (now: number, known: (one: Case) => boolean): void => {
    const active = all.flatMap((one, i) =>
      known(one) && one.start <= now && now < one.start + one.duration && !out.has(i) ? [i] : [],
    );
    const beaten = MODES.flatMap((mode) =>
      active
        .filter((i) => has(i, mode) && active.some((j) => j !== i && has(j, mode) && beats(j, i)))
        .map((i) => [i, mode] as const),
    );
    for (const [i, mode] of beaten) lost.add(`${i} ${mode}`);
    for (const i of active) {
      const wanted = all[i]!.modes.filter((mode) => EXECUTABLE.includes(mode));
      if ((wanted.length > 0 ? wanted : all[i]!.modes).every((mode) => lost.has(`${i} ${mode}`))) {
        out.add(i);
        statuses[i]!.push('superseded');
      } else if (wanted.length > 0 && !statuses[i]!.includes('started')) statuses[i]!.push('started');
    }
    holders[now] = MODES.map((mode) => active.find((i) => !out.has(i) && has(i, mode)) ?? null);
  };
  for (let now = 0; now <= END; now += 1) {
    all.forEach((one, i) => {
      if (one.start + one.duration === now && statuses[i]!.includes('started') && !out.has(i)) statuses[i]!.push('completed');
    });
    // What arrives in this second meets what the second itself brought about.
    contest(now, (one) => one.arrival < now);
    contest(now, (one) => one.arrival <= now);
  }
  return { holders, statuses };
};

const heldAt = (driver: Driver, now: number): (number | null)[] => {
  const limits = activeLimits(driver.plan, at(now), NO_COMMISSIONED, FALLBACK);
  const found = [limits.exportLimit, limits.generationLimit, limits.loadLimit];
  return found.map((limit) => (limit?.source.kind === 'event' ? limit.value : null));
};

describe('the event memory against the slow model', () => {
  test('any arrival, any order, folds repeated, restarts between: the same timeline', () => {
    fc.assert(
      fc.property(cases(20), fc.infiniteStream(fc.boolean()), (all, coin) => {
        const driver = new Driver();
        const { holders } = model(all);
        const flip = (): boolean => coin.next().value === true;
        const order = (bodies: EventBody[]): EventBody[] => (flip() ? bodies.reverse() : bodies);
        for (let now = 0; now <= END; now += 1) {
          const news = all.some((one) => one.arrival === now);
          if (news || flip()) driver.fold(listAt(all, now, order), now);
          if (flip()) driver.restart();
          if (flip()) driver.advance(now);
          expect(heldAt(driver, now)).toEqual(holders[now]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('all known beforehand: each event is answered as the model says, in order and once', () => {
    fc.assert(
      fc.property(cases(0), (all) => {
        const driver = new Driver().fold(
          listAt(all, 0, (bodies) => bodies),
          0,
        );
        for (let now = 1; now <= END; now += 1) driver.advance(now).restart();
        const { statuses } = model(all);
        all.forEach((one, index) => {
          const got = driver.transitions.filter((transition) => transition.mRID === name(index)).map((one) => one.status);
          // An event without a mode we can carry out is answered `received` and nothing else.
          const wanted = one.modes.some((mode) => EXECUTABLE.includes(mode)) ? statuses[index] : ['received'];
          expect(got).toEqual(wanted);
        });
      }),
      { numRuns: 150 },
    );
  });

  test('with randomisation, cancels, vanishing and a clock that jumps: nothing throws, each status at most once and in order', () => {
    const rank = {
      received: 0,
      started: 1,
      completed: 2,
      cancelled: 2,
      superseded: 2,
      'not-applicable': 2,
      invalid: 2,
      expired: 2,
    };
    const status = fc.constantFrom<EventBody['status'][]>(
      'scheduled',
      'active',
      'cancelled',
      'cancelled-with-randomization',
      'superseded',
    );
    const step = fc.record({
      now: fc.integer({ min: 0, max: 60 }),
      status,
      hidden: fc.integer({ min: 0, max: 6 }),
      unread: fc.boolean(),
      range: fc.integer({ min: -10, max: 10 }),
    });
    fc.assert(
      fc.property(cases(0), fc.array(step, { maxLength: 25 }), (all, steps) => {
        const driver = new Driver();
        for (const { now, status, hidden, unread, range } of steps) {
          const patch = { randomizeStart: range, randomizeDuration: -range };
          const mixed = all.map((one, index) => bodyOf(one, index, index % 3 === 0 ? { ...patch, status } : patch));
          const shown = mixed.filter((_, index) => index !== hidden);
          driver.fold(setOf([program('one', 1, shown, { read: unread ? 'unread' : 'read' })], 'cancel'), now).restart();
          driver.advance(now);
        }
        all.forEach((_, index) => {
          const ranks = driver.transitions.filter((one) => one.mRID === name(index)).map((one) => rank[one.status]);
          expect(ranks).toEqual([...new Set(ranks)].sort());
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe('decodePlan', () => {
  test('never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        expect(decodePlan(value).ok).toBe(false);
        expect(decodePlan({ format: 1, programs: value, events: [] })).toHaveProperty('ok');
      }),
    );
  });
});
