import type { UtilitySeconds } from '#base/units.ts';
import { isLive, modesOf, specifiedEnd, type Span, type StoredEvent } from './plan.ts';
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

/**
 * Effective times of events of one plan (ieee2030_5 3.5, 3.7). A begun event keeps what was frozen at its start.
 * Successive events (one ends where the other starts, on a shared mode) follow without gap or overlap: the later one starts at the
 * effective end of the earlier, whatever its own draw. An event first seen after its start begins then, plus a random part of
 * |randomizeStart| cut to what is left, and keeps its specified end.
 */
export const effectiveSpans = (events: readonly StoredEvent[]): ((event: StoredEvent) => Span) => {
  const endingAt = new Map<number, StoredEvent[]>();
  for (const event of events) {
    if (!canPrecede(event)) continue;
    const end = specifiedEnd(event);
    const list = endingAt.get(end);
    if (list === undefined) endingAt.set(end, [event]);
    else list.push(event);
  }
  const known = new Map<StoredEvent, Span>();
  // Depth is bounded by the number of events: a predecessor starts strictly earlier than its successor.
  const spanOf = (event: StoredEvent): Span => {
    if (event.begun !== null) return event.begun;
    const cached = known.get(event);
    if (cached !== undefined) return cached;
    const earlier = (endingAt.get(event.body.start) ?? []).filter((other) => other !== event && sharesMode(other, event));
    const own = event.body.start + offset(event.draw.start, event.body.randomizeStart);
    const start = earlier.length > 0 ? Math.min(...earlier.map((other) => spanOf(other).end)) : own;
    const length = event.body.duration + offset(event.draw.duration, event.body.randomizeDuration);
    const span = start < event.firstSeen ? lateSpan(event) : { start: at(start), end: at(start + length) };
    known.set(event, span);
    return span;
  };
  return spanOf;
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
