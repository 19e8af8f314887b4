import { assert } from '#base/assert.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { modesOf } from '../modes.ts';
import { isLive, specifiedEnd, type Span, type StoredEvent } from './plan.ts';
import { offset } from './randomise.ts';

const at = (value: number): UtilitySeconds => value as UtilitySeconds;

/** May hand over to the event that starts where it ends. A cancelled one leaves its successor to its own start. */
const canPrecede = (event: StoredEvent): boolean => {
  if (event.withdrawn || event.cancelAt !== null || event.body.duration <= 0) return false;
  if (isLive(event)) return true;
  return event.begun !== null && (event.phase === 'completed' || event.phase === 'lapsed');
};

const sharesMode = (a: StoredEvent, b: StoredEvent): boolean => {
  const modes = modesOf(a.body.modes);
  return modesOf(b.body.modes).some((mode) => modes.includes(mode));
};

const lateSpan = (event: StoredEvent): Span => {
  const { body, draw, firstSeen } = event;
  const specified = specifiedEnd(event);
  const left = Math.max(0, specified - firstSeen - 1);
  // Seen between a randomised early start and the specified one: no reason to wait any longer.
  const delay = firstSeen <= body.start ? 0 : offset(draw.start, Math.min(Math.abs(body.randomizeStart ?? 0), left));
  const start = firstSeen + delay;
  const range = body.randomizeDuration ?? 0;
  const shortest = Math.max(range, -Math.max(0, specified - start - 1));
  return { start: at(start), end: at(specified + offset(draw.duration, shortest)) };
};

/** Effective times of the events of one plan, by index; kept until something that they rest on is dropped. */
export interface SpanBook {
  readonly spanOf: (index: number) => Span;
  /** This event hands over to nobody any more. True when the times of a waiting one may have changed by it. */
  readonly drop: (index: number) => boolean;
}

/** What a list holds at an index that is known to be in it. */
export const itemAt = <T>(items: readonly T[], index: number): T => {
  const item = items[index];
  assert(item !== undefined, 'an index lies within its list');
  return item;
};

const gather = (events: readonly StoredEvent[], test: (event: StoredEvent) => boolean, keyOf: (event: StoredEvent) => number) => {
  const found = new Map<number, number[]>();
  for (const [index, event] of events.entries()) {
    if (!test(event)) continue;
    const list = found.get(keyOf(event));
    if (list === undefined) found.set(keyOf(event), [index]);
    else list.push(index);
  }
  return found;
};

/**
 * Effective times (ieee2030_5 3.5, 3.7). A begun event keeps what was frozen at its start.
 * Successive events (one ends where the other starts, on a shared mode) follow without gap or overlap: the later one starts at the
 * effective end of the earlier, whatever its own draw. An event first seen after its start begins then, plus a random part of
 * |randomizeStart| cut to what is left, and keeps its specified end.
 * `events` may be replaced, each by a later state of itself, while the book is in use; one that is superseded must be dropped.
 */
export const spanBook = (events: readonly StoredEvent[]): SpanBook => {
  const endingAt = gather(events, canPrecede, specifiedEnd);
  const startingAt = gather(events, isLive, (event) => event.body.start);
  const known = new Map<number, Span>();
  // Depth is bounded by the number of events: a predecessor starts strictly earlier than its successor.
  const spanOf = (index: number): Span => {
    const event = itemAt(events, index);
    if (event.begun !== null) return event.begun;
    const cached = known.get(index);
    if (cached !== undefined) return cached;
    const earlier = (endingAt.get(event.body.start) ?? []).filter(
      (other) => other !== index && sharesMode(itemAt(events, other), event),
    );
    const own = event.body.start + offset(event.draw.start, event.body.randomizeStart);
    const start = earlier.length > 0 ? Math.min(...earlier.map((other) => spanOf(other).end)) : own;
    const length = event.body.duration + offset(event.draw.duration, event.body.randomizeDuration);
    const span = start < event.firstSeen ? lateSpan(event) : { start: at(start), end: at(start + length) };
    known.set(index, span);
    return span;
  };
  const forget = (end: number): boolean => {
    let forgotten = false;
    for (const index of startingAt.get(end) ?? []) {
      if (!known.delete(index)) continue;
      forgotten = true;
      forget(specifiedEnd(itemAt(events, index)));
    }
    return forgotten;
  };
  const drop = (index: number): boolean => {
    const end = specifiedEnd(itemAt(events, index));
    const list = endingAt.get(end);
    if (list?.includes(index) !== true) return false;
    endingAt.set(
      end,
      list.filter((other) => other !== index),
    );
    return forget(end);
  };
  return { spanOf, drop };
};

/** Effective times by event, of one state of a plan. */
export const effectiveSpans = (events: readonly StoredEvent[]): ((event: StoredEvent) => Span) => {
  const { spanOf } = spanBook(events);
  const indices = new Map(events.map((event, index) => [event, index]));
  return (event) => spanOf(indices.get(event) ?? -1);
};

/** The next instant at which time alone changes something. */
export const dueAt = (events: readonly StoredEvent[]): UtilitySeconds | null => {
  const spanOf = effectiveSpans(events);
  let next: number | null = null;
  for (const event of events) {
    if (!isLive(event)) continue;
    const span = spanOf(event);
    const due = event.phase === 'waiting' ? span.start : Math.min(span.end, event.cancelAt ?? span.end);
    if (next === null || due < next) next = due;
  }
  return next === null ? null : at(next);
};
