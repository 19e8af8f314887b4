import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { vars, watts } from '#base/units.ts';
import { CURVE_TYPES, type Curve } from '#control/curve.ts';
import { CONTROL_MODES } from '#control/modes.ts';
import { activeLimits } from '#control/plan/active.ts';
import { drawFor } from '#control/plan/randomise.ts';
import type { ControlMode, ControlModes, EventBody, PlanPolicy } from '#control/program.ts';
import type { Limit } from '#control/limits.ts';
import { at, body, Driver, FALLBACK, NO_COMMISSIONED, program, SEED, setOf } from '../../unit/plan/build.ts';

/** Every mode of the standard with some value; who holds it is told by the source. */
const VALUES: Required<ControlModes> = {
  ...(Object.fromEntries(Object.keys(CURVE_TYPES).map((mode) => [mode, mode])) as Required<
    Pick<ControlModes, keyof typeof CURVE_TYPES>
  >),
  opModExpLimW: watts(1),
  opModImpLimW: watts(2),
  opModGenLimW: watts(3),
  opModLoadLimW: watts(4),
  opModMaxLimW: 5,
  opModEnergize: true,
  opModConnect: true,
  opModStorageTargetW: watts(-6),
  opModFixedW: -7,
  opModTargetW: watts(8),
  opModFixedVar: { percent: 9, of: 'setMaxVar' },
  opModTargetVar: vars(10),
  opModFixedPFInjectW: { displacement: 0.9, absorbsVar: true },
  opModFixedPFAbsorbW: { displacement: 0.8, absorbsVar: false },
  opModFreqDroop: { bandOver: 0.1, bandUnder: 0.1, droopOver: 0.05, droopUnder: 0.05, openLoopSeconds: 1 },
};
const CURVES: readonly Curve[] = Object.entries(CURVE_TYPES).map(([id, type]) => ({
  id,
  type,
  reference: 0,
  points: [{ x: 1, y: 1, absorbsVar: null }],
  openLoopSeconds: null,
  vRef: null,
}));

const heldBy = (driver: Driver, now: number): ReadonlyMap<ControlMode, string> => {
  const limits = activeLimits(driver.plan, at(now), NO_COMMISSIONED, FALLBACK);
  const { exportLimit, importLimit, generationLimit, loadLimit, maxPower, energize, connect, targets } = limits;
  const named: readonly (readonly [string, Limit<unknown> | undefined])[] = [
    ['opModExpLimW', exportLimit],
    ['opModImpLimW', importLimit],
    ['opModGenLimW', generationLimit],
    ['opModLoadLimW', loadLimit],
    ['opModMaxLimW', maxPower],
    ['opModEnergize', energize],
    ['opModConnect', connect],
    ...Object.entries(targets ?? {}),
  ];
  return new Map(
    named.flatMap(([mode, limit]) => (limit?.source.kind === 'event' ? [[mode as ControlMode, limit.source.mRID] as const] : [])),
  );
};

const END = 40;
const PROGRAMS = ['p', 'q', 'r'] as const;

interface Case {
  readonly program: number;
  readonly creation: number;
  readonly start: number;
  readonly duration: number;
  readonly arrival: number;
  /** When the server cancels it, and when its list loses it; null: never. */
  readonly cancelled: number | null;
  readonly gone: number | null;
  readonly modes: readonly ControlMode[];
}

const some = { minLength: 1, maxLength: 5 };
const event = fc.record<Case>({
  program: fc.integer({ min: 0, max: 2 }),
  creation: fc.integer({ min: 0, max: 2 }),
  start: fc.integer({ min: 1, max: 25 }),
  duration: fc.integer({ min: 1, max: 14 }),
  arrival: fc.integer({ min: 0, max: 20 }),
  cancelled: fc.option(fc.integer({ min: 0, max: 35 }), { freq: 2 }),
  gone: fc.option(fc.integer({ min: 0, max: 35 }), { freq: 2 }),
  modes: fc.oneof(fc.subarray([...CONTROL_MODES], some), fc.subarray(CONTROL_MODES.slice(0, 5), some)),
});
const scene = fc.record({
  events: fc.array(event, { maxLength: 7 }),
  /** Primacy of each program before and from a moment on. */
  before: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
  after: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
  turn: fc.integer({ min: 0, max: END }),
  vanished: fc.constantFrom('keep' as const, 'cancel' as const),
  noDefault: fc.constantFrom('fallback' as const, 'siteCap' as const),
  able: fc.subarray([...CONTROL_MODES]),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

const nameOf = (index: number): string => `e${index}`;

/** The slow, obvious model: what is known of each event, second by second; who of the active ones is beaten loses for good. */
class Model {
  readonly #scene: Scene;
  readonly statuses: string[][];
  readonly #known = new Set<number>();
  readonly #over = new Set<number>();
  readonly #lost = new Set<string>();
  readonly #missing = new Map<number, number>();
  readonly #heard = new Set<number>();
  #primacy: readonly number[];

  constructor(one: Scene) {
    this.#scene = one;
    this.statuses = one.events.map(() => []);
    this.#primacy = one.before;
  }

  /** Time passes to `now`. */
  pass(now: number): void {
    this.#scene.events.forEach((one, i) => {
      if (!this.#known.has(i) || this.#over.has(i) || now < one.start + one.duration) return;
      this.#over.add(i);
      if (this.#say(i).includes('started')) this.#say(i).push('completed');
    });
    this.#contest(now);
  }

  /** The programs that could be read at `now`. */
  read(now: number, readable: readonly boolean[]): void {
    const { events, turn, before, after, vanished } = this.#scene;
    const ranks = now >= turn ? after : before;
    this.#primacy = this.#primacy.map((known, i) => (readable[i] === true ? (ranks[i] ?? known) : known));
    readable.forEach((isRead, i) => {
      if (isRead) this.#heard.add(i);
    });
    events.forEach((one, i) => {
      if (readable[one.program] !== true) this.#missing.delete(i);
      else if (isListed(one, now)) this.#list(one, i, now);
      else if (this.#known.has(i) && !this.#over.has(i) && now < one.start + one.duration) {
        const since = this.#missing.get(i);
        if (since === undefined) this.#missing.set(i, now);
        else if (vanished === 'cancel' && now - since >= 5) this.#end(i, 'cancelled');
      }
    });
    this.#contest(now);
  }

  holders(now: number): ReadonlyMap<ControlMode, string> {
    const found = new Map<ControlMode, string>();
    for (const i of this.#active(now)) for (const mode of this.#held(i)) found.set(mode, nameOf(i));
    return found;
  }

  /** No program ever has a default. */
  get isFree(): boolean {
    return this.#scene.noDefault === 'siteCap' && this.#heard.size === PROGRAMS.length;
  }

  confirm(now: number): void {
    for (const i of this.#active(now)) {
      const ours = this.#held(i).some((mode) => this.#scene.able.includes(mode));
      if (ours && !this.#say(i).includes('started')) this.#say(i).push('started');
    }
  }

  #list(one: Case, i: number, now: number): void {
    this.#missing.delete(i);
    const isCancelled = one.cancelled !== null && now >= one.cancelled;
    if (!this.#known.has(i)) {
      this.#known.add(i);
      if (one.start + one.duration <= now) {
        this.#over.add(i);
        return;
      }
      this.#say(i).push('received');
    }
    if (isCancelled && !this.#over.has(i)) this.#end(i, 'cancelled');
  }

  #end(i: number, status: string): void {
    this.#over.add(i);
    this.#say(i).push(status);
  }

  #say(i: number): string[] {
    return this.statuses[i]!;
  }

  #held(i: number): readonly ControlMode[] {
    return this.#scene.events[i]!.modes.filter((mode) => !this.#lost.has(`${i} ${mode}`));
  }

  #active(now: number): readonly number[] {
    return this.#scene.events.flatMap((one, i) => {
      const isNow = one.start <= now && now < one.start + one.duration;
      return isNow && this.#known.has(i) && !this.#over.has(i) ? [i] : [];
    });
  }

  #beats(a: number, b: number, now: number): boolean {
    const [x, y] = [this.#scene.events[a]!, this.#scene.events[b]!];
    const rank = (one: Case): number => this.#primacy[one.program]!;
    if (rank(x) !== rank(y)) return rank(x) < rank(y);
    if (x.creation !== y.creation) return x.creation > y.creation;
    if (x.start !== y.start) return x.start > y.start;
    return now >= 0 && nameOf(a) > nameOf(b);
  }

  #contest(now: number): void {
    const active = this.#active(now);
    const beaten = active.flatMap((i) =>
      this.#held(i)
        .filter((mode) => active.some((j) => j !== i && this.#held(j).includes(mode) && this.#beats(j, i, now)))
        .map((mode) => `${i} ${mode}`),
    );
    for (const one of beaten) this.#lost.add(one);
    for (const i of active) {
      const { modes } = this.#scene.events[i]!;
      const ours = modes.filter((mode) => this.#scene.able.includes(mode));
      const left = this.#held(i);
      if ((ours.length > 0 ? ours : modes).some((mode) => left.includes(mode))) continue;
      this.#over.add(i);
      if (ours.length > 0) this.#say(i).push('superseded');
    }
  }
}

const isListed = (one: Case, now: number): boolean => one.arrival <= now && (one.gone === null || now < one.gone);

const bodyAt = (one: Case, index: number, now: number): EventBody =>
  body(nameOf(index), one.start, one.duration, {
    creationTime: at(one.creation),
    status: one.cancelled !== null && now >= one.cancelled ? 'cancelled' : 'scheduled',
    modes: Object.fromEntries(one.modes.map((mode) => [mode, VALUES[mode]])),
  });

const servedAt = (one: Scene, now: number, readable: readonly boolean[], reversed: boolean) => {
  const programs = PROGRAMS.map((id, number) => {
    const events = one.events.flatMap((each, index) =>
      each.program === number && isListed(each, now) ? [bodyAt(each, index, now)] : [],
    );
    const primacy = (now >= one.turn ? one.after : one.before)[number]!;
    const isRead = readable[number] === true;
    return program(id, primacy, isRead ? events : [], { defaultControl: null, read: isRead ? 'read' : 'unread' });
  });
  const policy: PlanPolicy = { vanished: one.vanished, noDefault: one.noDefault };
  return { ...setOf(reversed ? programs.reverse() : programs, one.vanished, policy), curves: CURVES };
};

describe('every mode, primacies that change, cancels, events that vanish, failed GETs and restarts', () => {
  test('give the timeline and the answers of the slow model', () => {
    fc.assert(
      fc.property(scene, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (one, dice) => {
        const roll = (): number => Number(dice.next().value);
        const driver = new Driver(one.able);
        const model = new Model(one);
        for (let now = 0; now <= END; now += 1) {
          model.pass(now);
          model.confirm(now);
          driver.advance(now);
          if (roll() < 7) {
            const readable = PROGRAMS.map(() => roll() < 8);
            // A program that was never read is not known with its rank; it has no event yet either.
            driver.fold(servedAt(one, now, readable, roll() < 5), now);
            model.read(now, readable);
            model.confirm(now);
          }
          if (roll() < 3) driver.restart();
          const held = [...model.holders(now)].filter(([mode]) => CONTROL_MODES.indexOf(mode) < 7 || one.able.includes(mode));
          expect(new Map(heldBy(driver, now))).toEqual(new Map(held));
          if (!held.some(([mode]) => mode === 'opModExpLimW')) expect(driver.exportAt(now)).toBe(model.isFree ? null : 1000);
        }
        one.events.forEach((_, index) => {
          const got = driver.transitions.filter(({ mRID }) => mRID === nameOf(index)).map(({ status }) => status);
          expect(got).toEqual(model.statuses[index]);
        });
      }),
      { numRuns: 100 },
    );
  });
});

/** Seconds of a range that a draw takes, sign kept. */
const part = (drawn: number, range: number): number => Math.sign(range) * Math.floor(drawn * (Math.abs(range) + 1));

const life = fc.record({
  start: fc.integer({ min: 10, max: 40 }),
  duration: fc.integer({ min: 1, max: 30 }),
  randomStart: fc.integer({ min: -15, max: 15 }),
  randomDuration: fc.integer({ min: -15, max: 15 }),
  arrival: fc.integer({ min: 0, max: 60 }),
  cancelled: fc.option(fc.integer({ min: 0, max: 90 })),
  mRID: fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16)),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** One event alone, by its own draws. */
class LifeModel {
  readonly answers: string[] = [];
  state: 'unknown' | 'waiting' | 'running' | 'over' = 'unknown';
  readonly #one: Life;
  readonly #draw: ReturnType<typeof drawFor>;
  #start = Infinity;
  #end = Infinity;
  #stop: number | null = null;

  constructor(one: Life) {
    this.#one = one;
    this.#draw = drawFor(SEED, one.mRID);
  }

  pass(now: number): void {
    if (this.state === 'waiting' && now >= this.#start) {
      // A draw may leave nothing of it.
      this.state = this.#end <= now ? 'over' : 'running';
      if (this.state === 'running') this.answers.push(`started@${now}`);
    }
    if (this.state === 'running' && now >= Math.min(this.#end, this.#stop ?? Infinity))
      this.#close(this.#stop === null ? 'completed' : 'cancelled', now);
  }

  read(now: number): void {
    const { cancelled, randomStart, randomDuration } = this.#one;
    if (this.state === 'unknown') this.#admit(now);
    if (cancelled !== null && now >= cancelled) {
      const range = Math.max(Math.abs(randomStart), Math.abs(randomDuration));
      if (this.state === 'waiting') this.#close('cancelled', now);
      else if (this.state === 'running') this.#stop ??= now + part(this.#draw.cancel, range);
    }
    this.pass(now);
  }

  #admit(now: number): void {
    const { start, duration, randomStart, randomDuration } = this.#one;
    const specified = start + duration;
    this.state = specified <= now ? 'over' : 'waiting';
    if (this.state === 'waiting') this.answers.push(`received@${now}`);
    this.#start = start + part(this.#draw.start, randomStart);
    this.#end = this.#start + duration + part(this.#draw.duration, randomDuration);
    if (this.#start >= now) return;
    // Late: begins now, or a random while from now, and keeps its specified end; the end's draw never eats all of it.
    const left = Math.max(0, specified - now - 1);
    this.#start = now <= start ? now : now + part(this.#draw.start, Math.min(Math.abs(randomStart), left));
    this.#end = specified + part(this.#draw.duration, Math.max(randomDuration, -Math.max(0, specified - this.#start - 1)));
  }

  #close(status: string, now: number): void {
    this.state = 'over';
    this.answers.push(`${status}@${now}`);
  }
}

describe('one event with randomisation', () => {
  const served = (one: Life, now: number): EventBody =>
    body(one.mRID, one.start, one.duration, {
      randomizeStart: one.randomStart,
      randomizeDuration: one.randomDuration,
      status: one.cancelled !== null && now >= one.cancelled ? 'cancelled-with-randomization' : 'active',
    });

  test('starts, ends and is cancelled when its own draws say, whatever is read and restarted in between', () => {
    fc.assert(
      fc.property(life, fc.infiniteStream(fc.boolean()), (one, coin) => {
        const flip = (): boolean => coin.next().value === true;
        const driver = new Driver();
        const model = new LifeModel(one);
        for (let now = 0; now <= 120; now += 1) {
          model.pass(now);
          driver.advance(now);
          if (now >= one.arrival && flip()) {
            model.read(now);
            driver.fold(setOf([program('p', 1, [served(one, now)])]), now);
          }
          if (flip()) driver.restart();
          const standing = driver.plan.programs.length === 0 ? 1000 : 5000;
          expect(driver.exportAt(now)).toBe(model.state === 'running' ? 1500 : standing);
        }
        expect(driver.answers(one.mRID)).toEqual(model.answers);
      }),
      { numRuns: 100 },
    );
  });
});
