import { assert } from '#base/assert.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { modesOf } from '../modes.ts';
import type { Taker } from '../record.ts';
import { closeEvent, type Outbox } from './answer.ts';
import { conflict, heldModes, isBetter, type Loss, newlyLost, primacies, type PrimacyOf } from './arbitrate.ts';
import { rampScopeOf, steer, type Surroundings } from './course.ts';
import { itemAt, type SpanBook, spanBook } from './effective.ts';
import { isLive, specifiedEnd, type Plan, type StoredEvent } from './plan.ts';

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
  /** Waiting at the begin of the replay, by specified start. */
  readonly byStart: readonly number[];
  readonly specified: readonly { readonly start: number; readonly end: number }[];
  /** Ascending. */
  running: readonly number[];
  /** The server says superseded; ascending. */
  readonly doomed: readonly number[];
  /** Of the doomed ones: how far the search for a better event that is yet to come has got. What it passed never counts again. */
  readonly searched: Map<number, number>;
  /** No step was taken yet: ranks may have changed since the plan last came to rest, and everything is looked at. */
  fresh: boolean;
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
    running: indicesOf(events, isRunning),
    doomed: indicesOf(events, (event) => isLive(event) && event.body.status === 'superseded'),
    searched: new Map(),
    fresh: true,
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

interface Superseded {
  readonly index: number;
  readonly event: StoredEvent;
  /** Absent: the server said so. */
  readonly taker?: Taker;
}

/** A superseded event hands over to nobody: those that would have followed it have their own times again. */
const supersede = (board: Board, { index, event, taker }: Superseded, t: UtilitySeconds, out: Outbox): void => {
  board.events[index] = closeEvent(event, 'superseded', t, out, taker);
  if (board.spans.drop(index)) board.agenda = null;
};

const takerOf = (event: StoredEvent, better: StoredEvent): Taker => {
  if (event.server !== better.server) return 'other-server';
  return event.programs.some((program) => better.programs.includes(program)) ? 'same-program' : 'other-program';
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
const comes = (board: Board, index: number, test: (other: StoredEvent) => boolean): boolean => {
  const { start, end } = itemAt(board.specified, index);
  let place = board.searched.get(index) ?? 0;
  for (; place < board.byStart.length; place += 1) {
    const found = itemAt(board.byStart, place);
    const other = itemAt(board.specified, found);
    if (other.start >= end) break;
    const event = eventAt(board, found);
    if (found !== index && other.end > start && isWaiting(event) && test(event)) break;
  }
  board.searched.set(index, place);
  const found = board.byStart[place];
  return found !== undefined && itemAt(board.specified, found).start < end;
};

/** The server says superseded: it ends now, unless a better event that we know has yet to start (envoy says so long before). */
const obeyServer = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  const { primacyOf } = board;
  const ended = board.doomed.filter((index) => {
    const event = eventAt(board, index);
    if (!isLive(event)) return false;
    return !comes(board, index, (other) => {
      const beaten = other.body.status !== 'superseded' && conflict(event, other) && isBetter(other, event, primacyOf);
      return beaten && heldModes(other).some((mode) => heldModes(event).includes(mode));
    });
  });
  for (const index of ended) supersede(board, { index, event: eventAt(board, index) }, t, out);
  if (ended.length > 0) board.running = board.running.filter((index) => isRunning(eventAt(board, index)));
};

/**
 * What a running event loses to a better running one is lost for good (CSIP 7.10); with its last mode it is superseded. Only then is it
 * answered: an event that is covered whole is judged at its own start, not foretold (ieee2030_5 3.6 allows either), for until then the
 * better one may itself be cancelled or superseded, and what the utility was told to be superseded must never bind.
 * Those that met before have settled it between them: only what began now meets the others.
 */
const loseModes = (board: Board, begun: readonly number[], t: UtilitySeconds, out: Outbox): void => {
  if (!board.fresh && begun.length === 0) return;
  const running = board.running.map((index) => eventAt(board, index));
  const news = new Set(begun);
  const newcomers = begun.map((index) => eventAt(board, index)).filter(isRunning);
  const taken = new Map<number, Loss>();
  for (const index of board.running) {
    const others = board.fresh || news.has(index) ? running : newcomers;
    const loss = newlyLost(eventAt(board, index), others, board.primacyOf);
    if (loss !== null) taken.set(index, loss);
  }
  for (const [index, { modes, better }] of taken) {
    const event = eventAt(board, index);
    const next = { ...event, lost: [...event.lost, ...modes] };
    const ours = out.capability(event);
    const wanted = ours.length > 0 ? ours : modesOf(event.body.modes);
    if (wanted.some((mode) => !next.lost.includes(mode))) board.events[index] = next;
    else supersede(board, { index, event: next, taker: takerOf(event, better) }, t, out);
  }
  if (taken.size > 0) board.running = board.running.filter((index) => isRunning(eventAt(board, index)));
};

/** Everything that is so at `t`: ends before starts, then arbitration. */
const stepTo = (board: Board, t: UtilitySeconds, out: Outbox): void => {
  endThose(board, t, out);
  const begun = beginThose(board, t, out);
  obeyServer(board, t, out);
  loseModes(board, begun, t, out);
  board.fresh = false;
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
  const scope = rampScopeOf(plan.servers);
  let t: UtilitySeconds | null = first;
  let due: UtilitySeconds | null = null;
  for (let steps = 0; t !== null; steps += 1) {
    assert(steps < stepsMax, 'a plan comes to rest');
    stepTo(board, t, out);
    const running = board.running.map((index) => eventAt(board, index));
    bearings = steer(bearings, { programs: plan.programs, running, primacyOf: board.primacyOf, at: t, surroundings, scope });
    due = dueOf(board);
    t = due === null || due > now ? null : (Math.max(t, due) as UtilitySeconds);
  }
  return { ...plan, ...bearings, events: board.events, dueAt: due };
};
