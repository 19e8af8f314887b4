import type { DurationMs } from '#base/units.ts';
import type { DeliveryOutcome } from './queue.ts';

/** Client errors that say "later", not "never": time-out, too early, too many. */
const LATER: readonly number[] = [408, 425, 429];
/**
 * Client errors that speak of the registration or of the place, not of what was sent: a server that is being repaired, restored or
 * moved answers so for a while.
 */
const DENIED: readonly number[] = [401, 403, 404, 410];
const NOT_IMPLEMENTED = 501;

/**
 * What an answer to a POST means for the record that made it. Any 2xx is acceptance, with or without a body (a body where 204 was
 * expected is no fault). A redirect waits for the rediscovery that follows it. Null status: no answer at all.
 */
export const outcomeOf = (status: number | null, retryAfter: DurationMs | null): DeliveryOutcome => {
  if (status === null) return { kind: 'retry', after: null };
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (DENIED.includes(status)) return { kind: 'denied' };
  const isFinal = (status >= 400 && status < 500 && !LATER.includes(status)) || status === NOT_IMPLEMENTED;
  return isFinal ? { kind: 'refused' } : { kind: 'retry', after: retryAfter };
};
