import { assert } from '#base/assert.ts';
import type { UtilitySeconds } from '#base/units.ts';
import type { ControlMode } from '../program.ts';
import { answer, closeEvent, executableModes, type Outbox } from './answer.ts';
import { conflict, heldModes, isBetter, newlyLost, primacies, type PrimacyOf } from './arbitrate.ts';
import { steer, type Surroundings } from './course.ts';
import { itemAt, type SpanBook, spanBook } from './effective.ts';
import { isLive, modesOf, specifiedEnd, type Plan, type StoredEvent } from './plan.ts';

/**
 * The working memory of one replay of time. What a step needs is kept between steps, so that a thousand events that ended while the
 * process was dead are caught up with in one tick: a step touches what begins, ends or meets in it, not every event.
 * Events are named by their index.
 */
interface Board {
  readonly events: StoredEvent[];
  readonly primacyOf: PrimacyOf;
  readonly spans: SpanBook;
  /** Waiting ones by effective start, the next at the end; null: to be sorted anew. */
  agenda: number[] | null;
  /** Waiting at the begin of the replay, by specified start; those before `head` wait no more. */
  readonly byStart: readonly number[];
  readonly specified: readonly { readonly start: number; readonly end: number }[];
  head: number;
  /** Ascending. */
  running: readonly number[];
  /** Of running ones: no waiting event will take a mode of theirs. */
  readonly safe: Set<number>;
  /** The server says superseded; ascending. */
  readonly doomed: readonly number[];
  /** Of running and doomed ones: how far the search for a better event that is yet to come has got. What it passed never counts again. */
  readonly searched: Map<string, number>;
  /** No step was taken yet: ranks may have changed since the plan last came to rest, and everything is looked at. */
  fresh: boolean;
  /** Effective times changed in this step. */
  moved: boolean;
}

const isWaiting = (event: StoredEvent): boolean => isLive(event) && event.phase === 'waiting';
const isRunning = (event: StoredEvent): boolean => isLive(event) && event.phase === 'running';

const indicesOf = (events: readonly StoredEvent[], test: (event: StoredEvent) => boolean): number[] =>
  events.flatMap((event, index) => (test(event) ? [index] : []));

const boardOf = (plan: Plan): Board => {
  const events = [...plan.events];
  const specified = events.map((event) => ({ start: event.body.start, end: specifiedEnd(event) }));
  const startOf = (index: number): number => itemAt(specified, index).start;
  return {
    events,
    primacyOf: primacies(plan.programs),
    spans: spanBook(events),
    agenda: null,
    byStart: indicesOf(events, isWaiting).sort((a, b) => startOf(a) - startOf(b)),
    specified,
    head: 0,
    running: indicesOf(events, isRunning),
    safe: new Set(),
    doomed: indicesOf(events, (event) => isLive(event) && event.body.status === 'superseded'),
    searched: new Map(),
    fresh: true,
    moved: false,
  };
};

const eventAt = (board: Board, index: number): StoredEvent => itemAt(board.events, index);

/** The waiting ones, the next to begin at the end. */
const agendaOf = (board: Board): number[] => {
  board.agenda ??= indicesOf(board.events, isWaiting).sort((a, b) => board.spans.spanOf(b).start - board.spans.spanOf(a).start);
  return board.agenda;
};

const endOf = ({ begun, cancelAt }: StoredEvent): number => Math.min(begun?.end ?? Infinity, cancelAt ?? Infinity);

/** The next instant at which time alone changes something; null: never. */
const dueOf = (board: Board): UtilitySeconds | null => {
  const agenda = agendaOf(board);
  while (agenda.length > 0 && !isWaiting(eventAt(board, itemAt(agenda, agenda.length - 1)))) agenda.pop();
  const next = agenda.at(-1);
  let due = next === undefined ? Infinity : board.spans.spanOf(next).start;
  for (const index of board.running) due = Math.min(due, endOf(eventAt(board, index)));
  return due === Infinity ? null : (due as UtilitySeconds);
};

/** A superseded event hands over to nobody: those that would have followed it have their own times again. */
const supersede = (board: Board, index: number, event: StoredEvent, t: UtilitySeconds, out: Outbox): void => {
  board.events[index] = closeEvent(event, 'superseded', t, out);
  if (board.spans.drop(index)) {
    board.agenda = null;
    board.moved = true;
  }
};

const endThose = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  for (const index of board.running) {
    const event = eventAt(board, index);
    if (endOf(event) > t) continue;
    board.events[index] = closeEvent(event, event.cancelAt === null ? 'completed' : 'cancelled', t, out);
  }
  board.running = board.running.filter((index) => isRunning(eventAt(board, index)));
};

/** Returns what begins now, ascending. */
const beginThose = (board: Board, t: UtilitySeconds, out: Outbox): readonly number[] => {
  const agenda = agendaOf(board);
  const due: number[] = [];
  for (let next = agenda.at(-1); next !== undefined; next = agenda.at(-1)) {
    if (isWaiting(eventAt(board, next))) {
      if (board.spans.spanOf(next).start > t) break;
      due.push(next);
    }
    agenda.pop();
  }
  const begun: number[] = [];
  for (const index of due.sort((a, b) => a - b)) {
    const event = eventAt(board, index);
    const span = board.spans.spanOf(index);
    if (span.end <= t) board.events[index] = closeEvent({ ...event, begun: span }, 'completed', t, out);
    else {
      board.events[index] = { ...event, phase: 'running', begun: { start: t, end: span.end } };
      begun.push(index);
    }
  }
  if (begun.length > 0) board.running = [...board.running, ...begun].sort((a, b) => a - b);
  return begun;
};

/** Is there a waiting event for which `test` holds, among those that conflict as specified? The search goes on where it last stopped. */
const comes = (board: Board, name: string, index: number, test: (other: StoredEvent) => boolean): boolean => {
  const { start, end } = itemAt(board.specified, index);
  let place = Math.max(board.searched.get(name) ?? 0, board.head);
  for (; place < board.byStart.length; place += 1) {
    const found = itemAt(board.byStart, place);
    const other = itemAt(board.specified, found);
    if (other.start >= end) break;
    const event = eventAt(board, found);
    if (found !== index && other.end > start && isWaiting(event) && test(event)) break;
  }
  board.searched.set(name, place);
  const found = board.byStart[place];
  return found !== undefined && itemAt(board.specified, found).start < end;
};

/** The server says superseded: it ends now, unless a better event that we know has yet to start (envoy says so long before). */
const obeyServer = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  const { primacyOf } = board;
  const ended = board.doomed.filter((index) => {
    const event = eventAt(board, index);
    if (!isLive(event)) return false;
    return !comes(board, `doomed ${index}`, index, (other) => {
      const beaten = other.body.status !== 'superseded' && conflict(event, other) && isBetter(other, event, primacyOf);
      return beaten && heldModes(other).some((mode) => heldModes(event).includes(mode));
    });
  });
  for (const index of ended) supersede(board, index, eventAt(board, index), t, out);
  if (ended.length > 0) board.running = board.running.filter((index) => isRunning(eventAt(board, index)));
};

/** Those that met before have settled it between them: only what began now meets the others. */
const loseModes = (board: Board, begun: readonly number[], t: UtilitySeconds, out: Outbox): void => {
  if (!board.fresh && begun.length === 0) return;
  const running = board.running.map((index) => eventAt(board, index));
  const news = new Set(begun);
  const newcomers = begun.map((index) => eventAt(board, index)).filter(isRunning);
  const taken = new Map<number, readonly ControlMode[]>();
  for (const index of board.running) {
    const others = board.fresh || news.has(index) ? running : newcomers;
    const lost = newlyLost(eventAt(board, index), others, board.primacyOf);
    if (lost.length > 0) taken.set(index, lost);
  }
  for (const [index, modes] of taken) {
    const event = eventAt(board, index);
    const next = { ...event, lost: [...event.lost, ...modes] };
    const wanted = executableModes(event).length > 0 ? executableModes(event) : modesOf(event.body.modes);
    if (wanted.some((mode) => !next.lost.includes(mode))) board.events[index] = next;
    else supersede(board, index, next, t, out);
  }
  if (taken.size > 0) board.running = board.running.filter((index) => isRunning(eventAt(board, index)));
};

/** The running ones that no waiting event will take a mode from, as far as that is new. */
const newlySafe = (board: Board): readonly number[] =>
  board.running.filter((index) => {
    if (board.safe.has(index)) return false;
    const event = eventAt(board, index);
    if (comes(board, `running ${index}`, index, (other) => newlyLost(event, [other], board.primacyOf).length > 0)) return false;
    board.safe.add(index);
    return true;
  });

/** The waiting ones that conflict, as specified, with one of these. */
const inTheWayOf = (board: Board, indices: readonly number[]): readonly number[] => {
  const found = new Set<number>();
  for (const index of indices) {
    const { start, end } = itemAt(board.specified, index);
    for (let place = board.head; place < board.byStart.length; place += 1) {
      const other = itemAt(board.byStart, place);
      const span = itemAt(board.specified, other);
      if (span.start >= end) break;
      if (span.end > start) found.add(other);
    }
  }
  return [...found].sort((a, b) => a - b);
};

/**
 * A waiting event that a running better one will not leave a single mode of is answered at that one's start (ieee2030_5 3.6), but
 * stays: it runs, unanswered, should the better one be cancelled first. A running event may itself lose to one that is yet to start:
 * only what is safe counts.
 */
const foretell = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  while (board.head < board.byStart.length && !isWaiting(eventAt(board, itemAt(board.byStart, board.head)))) board.head += 1;
  const found = newlySafe(board);
  const safe = board.running.filter((index) => board.safe.has(index));
  for (const index of inTheWayOf(board, board.fresh || board.moved ? safe : found)) {
    const event = eventAt(board, index);
    const wanted = executableModes(event);
    if (!isWaiting(event) || event.answered !== null || wanted.length === 0) continue;
    const start = board.spans.spanOf(index).start;
    const outlasting = safe.map((other) => eventAt(board, other)).filter((other) => endOf(other) > start);
    const taken = newlyLost(event, outlasting, board.primacyOf);
    if (wanted.every((mode) => taken.includes(mode))) board.events[index] = answer(event, 'superseded', t, out);
  }
};

/** Everything that is so at `t`: ends before starts, then arbitration. */
const stepTo = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  endThose(board, t, out);
  const begun = beginThose(board, t, out);
  obeyServer(board, t, out);
  loseModes(board, begun, t, out);
  foretell(board, t, out);
  board.fresh = false;
  board.moved = false;
};

/** What a replay goes by. */
export interface ReplaySpan {
  readonly first: UtilitySeconds;
  readonly now: UtilitySeconds;
  readonly surroundings: Surroundings;
  readonly stepsMax: number;
}

/** Replays every instant from `first` to `now` at which something changes, in order; nothing is dated before `first`. */
export const replay = (plan: Plan, { first, now, surroundings, stepsMax }: ReplaySpan, out: Outbox): Plan => {
  const board = boardOf(plan);
  let bearings: Pick<Plan, 'courses' | 'service'> = plan;
  let t: UtilitySeconds | null = first;
  let due: UtilitySeconds | null = null;
  for (let steps = 0; t !== null; steps += 1) {
    assert(steps < stepsMax, 'a plan comes to rest');
    stepTo(board, t, out);
    const running = board.running.map((index) => eventAt(board, index));
    bearings = steer(bearings, { programs: plan.programs, running, primacyOf: board.primacyOf, at: t, surroundings });
    due = dueOf(board);
    t = due === null || due > now ? null : (Math.max(t, due) as UtilitySeconds);
  }
  return { ...plan, ...bearings, events: board.events, dueAt: due };
};
