import { assert } from '#base/assert.ts';
import type { DurationMs, MonoMs } from '#base/units.ts';
import { seconds } from '#base/units.ts';

/**
 * Delivery of log records to the utility, at least once and in order per subject.
 *
 * `offer` records in log order while there is `room`; `next` yields what may be sent now; `settle` takes the outcome. The cursor in
 * the state moves only when the server has answered, so what is saved never runs ahead of what was accepted: a crash in between
 * sends that one record again.
 */
export interface QueueState<T> {
  readonly cursor: Cursor;
  /** Newest record offered. */
  readonly offered: number;
  /** In log order. */
  readonly pending: readonly Pending<T>[];
  /** Records the server refused for good since the start: set aside, for the alarm. */
  readonly refused: number;
}

/** Durable position: every record up to `seq` is dealt with, and of the later ones those in `beyond` (rising). */
export interface Cursor {
  readonly seq: number;
  readonly beyond: readonly number[];
}

export interface Delivery<T> {
  readonly seq: number;
  /** Deliveries of one subject go one after the other, in order: an event's mRID, a mirror. */
  readonly subject: string;
  readonly payload: T;
}

interface Pending<T> extends Delivery<T> {
  readonly inFlight: boolean;
  /** Failed attempts so far. */
  readonly attempts: number;
  /** Of those the ones that were denied: an outage before them does not count. */
  readonly denials: number;
  readonly notBefore: MonoMs;
}

export type DeliveryOutcome =
  | { readonly kind: 'accepted' }
  /** Not now: no answer, 5xx, 429. `after`: what the server asked for, null when nothing. */
  | { readonly kind: 'retry'; readonly after: DurationMs | null }
  /** Not by this client, or not there (401, 403, 404, 410): tried again for `DENIED_ATTEMPTS`, then set aside. */
  | { readonly kind: 'denied' }
  /** Never, as it is: a final 4xx. */
  | { readonly kind: 'refused' };

/** Records held while they wait. */
export const PENDING_MAX = 64;
/** Records accepted past one that waits, remembered in the cursor. */
export const BEYOND_MAX = 256;

/** With the back-off below about half an hour: long enough for a registration to be made again, short enough not to fill the queue. */
export const DENIED_ATTEMPTS = 13;

const BACKOFF_FIRST = seconds(5);
const BACKOFF_MAX = seconds(300);
/** Longest wait a server can ask for (reference: cap Retry-After at 1 h). */
const RETRY_AFTER_MAX = seconds(3600);

export const START: Cursor = { seq: 0, beyond: [] };

export const openQueue = <T>(cursor: Cursor): QueueState<T> => ({ cursor, offered: cursor.seq, pending: [], refused: 0 });

/** How many more records may be offered now; 0 means: settle some first. */
export const room = <T>(state: QueueState<T>): number =>
  Math.max(0, Math.min(PENDING_MAX, BEYOND_MAX - state.cursor.beyond.length) - state.pending.length);

/** Takes the next record of the log. `delivery` null: it makes nothing to send. Gaps in the numbers are dropped telemetry. */
export const offer = <T>(state: QueueState<T>, seq: number, delivery: Delivery<T> | null): QueueState<T> => {
  assert(seq > state.offered, 'records are offered in log order, once');
  const advanced = { ...state, offered: seq };
  if (delivery === null || state.cursor.beyond.includes(seq)) return moveCursor(advanced, state.cursor.beyond);
  assert(room(state) > 0 && delivery.seq === seq, 'a delivery is offered under its own number, where there is room');
  const pending: Pending<T> = { ...delivery, inFlight: false, attempts: 0, denials: 0, notBefore: 0 as MonoMs };
  return moveCursor({ ...advanced, pending: [...state.pending, pending] }, state.cursor.beyond);
};

/** The oldest delivery that may go now, marked in flight; null: none (see `wakeAt`). */
export const next = <T>(
  state: QueueState<T>,
  now: MonoMs,
): { readonly state: QueueState<T>; readonly delivery: Delivery<T> } | null => {
  const due = heads(state).find((item) => !item.inFlight && item.notBefore <= now);
  if (due === undefined) return null;
  const pending = state.pending.map((item) => (item === due ? { ...item, inFlight: true } : item));
  return { state: { ...state, pending }, delivery: { seq: due.seq, subject: due.subject, payload: due.payload } };
};

/**
 * Like `next`, with those behind it that may go along: the same subject, in order, at most `max`. All are in flight; each has an
 * outcome of its own.
 */
export const nextRun = <T>(
  state: QueueState<T>,
  now: MonoMs,
  max: number,
): { readonly state: QueueState<T>; readonly run: readonly Delivery<T>[] } | null => {
  const due = heads(state).find((item) => !item.inFlight && item.notBefore <= now);
  if (due === undefined) return null;
  const run = state.pending.filter((item) => item.subject === due.subject).slice(0, max);
  const pending = state.pending.map((item) => (run.includes(item) ? { ...item, inFlight: true } : item));
  return { state: { ...state, pending }, run: run.map(({ seq, subject, payload }) => ({ seq, subject, payload })) };
};

/** When `next` will have something without further input; null: not before an outcome or a record. */
export const wakeAt = <T>(state: QueueState<T>): MonoMs | null => {
  const times = heads(state)
    .filter((item) => !item.inFlight)
    .map((item) => item.notBefore);
  return times.length === 0 ? null : (Math.min(...times) as MonoMs);
};

/** Whether the delivery `seq` is dealt with by this outcome, one way or the other. */
export const isFinal = <T>(state: QueueState<T>, seq: number, { kind }: DeliveryOutcome): boolean => {
  const denials = state.pending.find((item) => item.seq === seq)?.denials ?? 0;
  return kind === 'denied' ? denials + 1 >= DENIED_ATTEMPTS : kind !== 'retry';
};

/** Tells what became of the delivery `seq` in flight. */
export const settle = <T>(state: QueueState<T>, seq: number, outcome: DeliveryOutcome, now: MonoMs): QueueState<T> => {
  const settled = state.pending.find((item) => item.seq === seq);
  assert(settled?.inFlight === true, 'only a delivery in flight has an outcome');
  if (!isFinal(state, seq, outcome)) {
    const notBefore = (now + waitAfter(settled.attempts, outcome.kind === 'retry' ? outcome.after : null)) as MonoMs;
    const denials = settled.denials + (outcome.kind === 'denied' ? 1 : 0);
    const again = { ...settled, inFlight: false, attempts: settled.attempts + 1, denials, notBefore };
    return { ...state, pending: state.pending.map((item) => (item === settled ? again : item)) };
  }
  const rest = {
    ...state,
    pending: state.pending.filter((item) => item !== settled),
    refused: state.refused + (outcome.kind === 'accepted' ? 0 : 1),
  };
  return moveCursor(rest, [...state.cursor.beyond, seq]);
};

const waitAfter = (attempts: number, asked: DurationMs | null): number =>
  asked === null
    ? Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** Math.min(attempts, 16))
    : Math.max(0, Math.min(RETRY_AFTER_MAX, asked));

/** The first pending delivery of each subject. */
const heads = <T>(state: QueueState<T>): readonly Pending<T>[] => {
  const seen = new Set<string>();
  return state.pending.filter((item) => {
    const first = !seen.has(item.subject);
    seen.add(item.subject);
    return first;
  });
};

/** Up to the record before the oldest that waits; `beyond` keeps what was settled past it, also by an earlier life of this process. */
const moveCursor = <T>(state: QueueState<T>, beyond: readonly number[]): QueueState<T> => {
  const seq = Math.max(state.cursor.seq, (state.pending[0]?.seq ?? state.offered + 1) - 1);
  return { ...state, cursor: { seq, beyond: beyond.filter((number) => number > seq).sort((a, b) => a - b) } };
};
