import type { UtilitySeconds } from '#base/units.ts';
import { EVENTS_MAX } from '../program.ts';
import type { Outbox } from './answer.ts';
import { isLive, REMEMBER_SECONDS, specifiedEnd, type StoredEvent } from './plan.ts';

/** When nothing of an event can matter any more: a day after its last end, specified or effective. Listed again, it is too old to be admitted. */
const forgettable = (event: StoredEvent, now: UtilitySeconds): boolean =>
  !isLive(event) && Math.max(specifiedEnd(event), event.begun?.end ?? 0) + REMEMBER_SECONDS <= now;

/** Lower goes first: over, then closed, then waiting with the latest start; a running event is never dropped. */
const worth = (event: StoredEvent, now: UtilitySeconds): number => {
  if (event.phase === 'running' && !event.withdrawn) return 3;
  if (isLive(event)) return 2;
  return specifiedEnd(event) <= now ? 0 : 1;
};

/**
 * Forgets what is safely over and, beyond the bound of 1 000, the least needed: keep the earliest starting, never drop an active one
 * (ieee2030_5 3.5). An event given up here is one the server may list again; then it is a new one.
 */
export const bounded = (events: readonly StoredEvent[], now: UtilitySeconds, out: Outbox): readonly StoredEvent[] => {
  const kept = events.filter((event) => !forgettable(event, now));
  if (kept.length <= EVENTS_MAX) return kept;
  const ranked = [...kept].sort((a, b) => {
    const byWorth = worth(b, now) - worth(a, now);
    if (byWorth !== 0) return byWorth;
    return isLive(a) ? a.body.start - b.body.start : specifiedEnd(b) - specifiedEnd(a);
  });
  const stay = new Set(ranked.slice(0, EVENTS_MAX));
  const text = `${kept.length} events, ${EVENTS_MAX} kept: the latest starting were dropped`;
  out.notes.push({ event: 'events-overflow', level: 'error', text });
  return kept.filter((event) => stay.has(event));
};
