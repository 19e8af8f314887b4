import { fail, ok, type Result } from '#base/result.ts';
import { type Command, type ControlState, type SiteFacts, startState, type TickInputs, type TickResult } from './state.ts';
import { controlTick } from './tick.ts';

/** Numbers further apart than this share of themselves differ; the same arithmetic on another processor stays far below. */
const TOLERANCE = 1e-9;
/** Tags of a Map and of a Set in a line of a tape. */
const MAP = '$map';
const SET = '$set';
/** Tag of a number that JSON has no word for. */
const NUMBER = '$number';

/** How a tape begins, also after a gap: everything the next tick starts from. */
export interface TapeStart {
  readonly kind: 'start';
  /** The release that decided. */
  readonly release: string;
  readonly state: ControlState;
  readonly facts: SiteFacts;
}

/** What a tick decided, as far as it leaves the tick. */
export interface Decided {
  readonly commands: readonly Command[];
  readonly records: TickResult['records'];
  readonly limits: ControlState['limits'];
  readonly decision: ControlState['decision'];
}

export interface TapeTick {
  readonly kind: 'tick';
  readonly inputs: TickInputs;
  /** Present when the site changed since the tick before: a device was met. */
  readonly facts?: SiteFacts;
  readonly decided: Decided;
}

/** A line of a tape: what one live tick saw and decided (design D4: the same inputs decide the same). */
export type TapeLine = TapeStart | TapeTick;

export const decidedBy = ({ state, commands, records }: TickResult): Decided => ({
  commands,
  records,
  limits: state.limits,
  decision: state.decision,
});

/** One line of JSON. Maps, sets and numbers beyond JSON are tagged; a member that is undefined is left out. */
export const encodeTapeLine = (line: TapeLine): string =>
  JSON.stringify(line, (_key, value: unknown) => {
    if (value instanceof Map) return { [MAP]: [...value] };
    if (value instanceof Set) return { [SET]: [...value] };
    if (typeof value === 'number' && !Number.isFinite(value)) return { [NUMBER]: String(value) };
    return value;
  });

/** A tape is a tool's file, made by `encodeTapeLine` of some release: its frame is checked, its contents are judged by replay. */
export const decodeTapeLine = (text: string): Result<TapeLine, string> => {
  let value: unknown;
  try {
    value = JSON.parse(text, (_key, member: unknown) => {
      if (typeof member !== 'object' || member === null) return member;
      if (MAP in member && Array.isArray(member[MAP])) return new Map(member[MAP] as [unknown, unknown][]);
      if (SET in member && Array.isArray(member[SET])) return new Set(member[SET] as unknown[]);
      return NUMBER in member ? Number(member[NUMBER]) : member;
    });
  } catch {
    return fail('no JSON');
  }
  if (typeof value !== 'object' || value === null || !('kind' in value)) return fail('no line of a tape');
  return value.kind === 'start' || value.kind === 'tick' ? ok(value as TapeLine) : fail('no line of a tape');
};

/** Where a tape and the present code part. */
export interface Difference {
  /** Ticks before this one that decided the same. */
  readonly tick: number;
  readonly now: number;
  /** Member of what was decided that differs first, as a path, with both values as JSON. */
  readonly where: string;
  readonly taped: string;
  readonly present: string;
}

/** A reader of tapes: give it each line in order. */
export class Replay {
  #state: ControlState | null = null;
  #facts: SiteFacts | null = null;
  #ticks = 0;

  /** Ticks that decided the same as on the tape. */
  get ticks(): number {
    return this.#ticks;
  }

  /** The first difference; null: the same. A tick before any start, or a tick that throws, is a fault of the tape. */
  take(line: TapeLine): Result<Difference | null, string> {
    if (line.kind === 'start') {
      // A tape of an older release lacks what the state has learned to hold since.
      this.#state = { ...startState(line.state), ...line.state };
      this.#facts = line.facts;
      return ok(null);
    }
    if (line.facts !== undefined) this.#facts = line.facts;
    if (this.#state === null || this.#facts === null) return fail('a tick before the start');
    let result: TickResult;
    try {
      result = controlTick(this.#state, this.#facts, line.inputs);
    } catch (error) {
      return fail(`the tape does not fit this release: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#state = result.state;
    const found = firstDifference(line.decided, decidedBy(result), 'decided');
    if (found === null) {
      this.#ticks += 1;
      return ok(null);
    }
    return ok({ ...found, tick: this.#ticks, now: line.inputs.now });
  }
}

type Found = Pick<Difference, 'where' | 'taped' | 'present'>;

const membersOf = (value: object): readonly (readonly [string, unknown])[] =>
  value instanceof Map
    ? [...value].map(([key, member]) => [String(key), member] as const)
    : Object.entries(value).filter(([, member]) => member !== undefined);

const sameLeaf = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'number' || typeof b !== 'number') return Object.is(a, b);
  return Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
};

const firstDifference = (taped: unknown, present: unknown, where: string): Found | null => {
  if (typeof taped !== 'object' || taped === null || typeof present !== 'object' || present === null) {
    return sameLeaf(taped, present) ? null : { where, taped: shown(taped), present: shown(present) };
  }
  const was = new Map(membersOf(taped));
  const is = new Map(membersOf(present));
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const found = firstDifference(was.get(key), is.get(key), `${where}.${key}`);
    if (found !== null) return found;
  }
  return null;
};

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
