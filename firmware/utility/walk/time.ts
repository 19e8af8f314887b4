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

/** An answer that took longer may be wrong by half of that, and the first one of all may be doubted: it is asked for again soon. */
const COARSE: DurationMs = seconds(3);
const ASK_AGAIN = seconds(20);
const FIRST_AGAIN = seconds(10);
/** A server that is always slow is asked at its own rate after that. */
const ASKED_AGAIN_MAX = 5;

/** An answer of Time, placed in the middle of its round trip. */
export interface TimeAnswer {
  readonly utility: UtilitySeconds;
  readonly middle: MonoMs;
  readonly roundTrip: DurationMs;
  /** When another one is to be asked for; null: this one will do, or the server is always so slow. */
  readonly again: MonoMs | null;
}

/** What the walk knows of the utility's clock (IEEE 2030.5 Time). */
export class WalkedTime {
  #newest: Pick<TimeAnswer, 'utility' | 'middle'> | null = null;
  #coarse = 0;

  take(sentAt: MonoMs, now: MonoMs, utility: UtilitySeconds): TimeAnswer {
    const roundTrip = durationMs(elapsed(sentAt, now));
    const middle = monoMs(sentAt + roundTrip / 2);
    // After a power cut the machine's own clock may contradict it, and it is doubted until a second one agrees.
    const isFirst = this.#newest === null;
    this.#newest = { utility, middle };
    this.#coarse = roundTrip > COARSE ? this.#coarse + 1 : 0;
    const isCoarse = this.#coarse > 0 && this.#coarse <= ASKED_AGAIN_MAX;
    const again = isCoarse ? after(now, ASK_AGAIN) : isFirst ? after(now, FIRST_AGAIN) : null;
    return { utility, middle, roundTrip, again };
  }

  /** 0: not known. */
  at(now: MonoMs): UtilitySeconds {
    if (this.#newest === null) return utilitySeconds(0);
    return utilitySeconds(Math.floor(this.#newest.utility + elapsed(this.#newest.middle, now) / 1000));
  }
}
