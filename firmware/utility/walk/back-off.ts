import type { SeededRandom } from '#base/random.ts';
import { seconds, type DurationMs } from '#base/units.ts';

/** Longest first wait after a failure, seconds (reference 3.3, 3.9). */
const FIRST_MAX = 15;
const CAP_MAX = 300;
/** A Retry-After counts up to this, seconds. */
export const RETRY_AFTER_MAX = 3600;

/**
 * How long the server is left alone after its `failures`-th failure in a row (1: the first). Doubles from at most 15 s up to
 * min(300 s, `rate`): recovery is noticed within one poll (CSIP-AUS ALL-23). Half of it is jitter. A Retry-After only lengthens.
 */
export const backOff = (failures: number, rate: number, retryAfter: number | null, random: SeededRandom): DurationMs => {
  const cap = Math.min(CAP_MAX, rate);
  const whole = Math.min(FIRST_MAX * 2 ** Math.min(failures - 1, 16), cap);
  const wait = whole * (0.5 + 0.5 * random.fraction());
  return seconds(Math.max(wait, Math.min(retryAfter ?? 0, RETRY_AFTER_MAX)));
};
