import {
  after,
  type DurationMs,
  durationMs,
  elapsed,
  type MonoMs,
  monoMs,
  seconds,
  type UtilitySeconds,
  utilitySeconds,
} from '#base/units.ts';

/** An answer that took longer may be wrong by half of that: it is asked for again soon. */
const COARSE: DurationMs = seconds(3);
const ASK_AGAIN = seconds(20);
/** A server that is always slow is asked at its own rate after that. */
const ASKED_AGAIN_MAX = 5;

/** An answer of Time, placed in the middle of its round trip. */
export interface TimeAnswer {
  readonly utility: UtilitySeconds;
  readonly middle: MonoMs;
  readonly roundTrip: DurationMs;
  /** When a better one is to be asked for; null: this one will do, or the server is always so slow. */
  readonly again: MonoMs | null;
}

/** What the walk knows of the utility's clock (IEEE 2030.5 Time). */
export class WalkedTime {
  #newest: Pick<TimeAnswer, 'utility' | 'middle'> | null = null;
  #coarse = 0;

  take(sentAt: MonoMs, now: MonoMs, utility: UtilitySeconds): TimeAnswer {
    const roundTrip = durationMs(elapsed(sentAt, now));
    const middle = monoMs(sentAt + roundTrip / 2);
    this.#newest = { utility, middle };
    this.#coarse = roundTrip > COARSE ? this.#coarse + 1 : 0;
    const again = this.#coarse > 0 && this.#coarse <= ASKED_AGAIN_MAX ? after(now, ASK_AGAIN) : null;
    return { utility, middle, roundTrip, again };
  }

  /** 0: not known. */
  at(now: MonoMs): UtilitySeconds {
    if (this.#newest === null) return utilitySeconds(0);
    return utilitySeconds(Math.floor(this.#newest.utility + elapsed(this.#newest.middle, now) / 1000));
  }
}
