import { type MonoMs, monoMs } from '#base/units.ts';

/** Refreshes seen in a row before their rhythm is trusted. */
const TRUSTED_AFTER = 4;
/** Periods that polling in phase is for, milliseconds: a faster meter is polled at its profile's pace all the same. */
const SHORTEST_MS = 550;
const LONGEST_MS = 10_000;
/** A poll's instant is known to within this: turnaround and the process's own delays. */
const POLL_ERROR_MS = 10;
/** What a meter's clock may wander from one refresh to the next. */
const WANDER_MS = 2;
/** A refresh known more closely than this is waited for; less closely, a poll halves what is left. */
const CLOSE_MS = 80;
/** The period is measured over at most so many refreshes, then anew from the last: it follows temperature. */
const COUNT_MAX = 64;
/** A second poll is never sooner after the first than this. */
const APART_MS = 40;

interface Span {
  readonly lo: number;
  readonly hi: number;
}

const ANY_PERIOD: Span = { lo: SHORTEST_MS, hi: LONGEST_MS };

const widthOf = (span: Span): number => span.hi - span.lo;

/**
 * When a meter renews its registers, learned from polls alone: a poll that finds them moved, after one that did not, brackets the
 * refresh. Period and phase are intervals that every poll narrows; what contradicts them is forgotten, and the caller polls fast again.
 * Values of a meter that is polled in phase are fresh when they come, and polls that would find nothing new are spared. Pure.
 */
export class RefreshPhase {
  #polledAt: number | null = null;
  /** The newest refresh. */
  #last: Span | null = null;
  /** The refresh that periods are counted from. */
  #anchor: Span | null = null;
  #count = 0;
  #trust = 0;
  #period: Span = ANY_PERIOD;

  /** True while the rhythm is known. */
  get isLearned(): boolean {
    return this.#last !== null && this.#trust >= TRUSTED_AFTER;
  }

  /** Registers were read at `at`; `moved`: they differ from those of the poll before. */
  polled(at: MonoMs, moved: boolean): void {
    const before = this.#polledAt;
    if (before !== null && at <= before) return;
    this.#polledAt = at;
    if (before === null) return;
    if (moved) this.#refreshed({ lo: before - POLL_ERROR_MS, hi: at + POLL_ERROR_MS });
    else if (this.#last !== null && at > this.#expected(this.#last).hi + 2 * POLL_ERROR_MS) this.forget();
  }

  /** The rhythm is not to be relied on any more: an answer failed, or the meter was away. */
  forget(): void {
    this.#last = null;
    this.#anchor = null;
    this.#trust = 0;
  }

  /**
   * When the registers should be read next; null: not known, poll fast. `closely`: once before each refresh besides, so that its
   * instant is known to within the two: the output of an inverter on the move is held against it.
   */
  next(closely: boolean): MonoMs | null {
    if (this.#last === null || !this.isLearned) return null;
    const { lo, hi } = this.#expected(this.#last);
    const polledAt = this.#polledAt ?? lo;
    if (closely && polledAt < lo - CLOSE_MS) return monoMs(lo - POLL_ERROR_MS);
    const from = Math.max(lo, polledAt + POLL_ERROR_MS);
    const at = hi - from <= CLOSE_MS ? hi + POLL_ERROR_MS : (from + hi) / 2;
    return monoMs(Math.max(at, polledAt + APART_MS));
  }

  #expected(last: Span): Span {
    return { lo: last.lo + this.#period.lo - WANDER_MS, hi: last.hi + this.#period.hi + WANDER_MS };
  }

  #refreshed(seen: Span): void {
    if (this.#last === null || this.#anchor === null) {
      this.#begin(seen);
      return;
    }
    const expected = this.#expected(this.#last);
    const last = { lo: Math.max(seen.lo, expected.lo), hi: Math.min(seen.hi, expected.hi) };
    const count = this.#count + 1;
    const period = {
      lo: Math.max(this.#period.lo, (last.lo - this.#anchor.hi) / count),
      hi: Math.min(this.#period.hi, (last.hi - this.#anchor.lo) / count),
    };
    if (widthOf(last) <= 0 || widthOf(period) < 0) {
      this.#begin(seen);
      return;
    }
    this.#last = last;
    this.#period = period;
    this.#count = count;
    this.#trust += 1;
    if (count < COUNT_MAX) return;
    this.#anchor = last;
    this.#count = 0;
    this.#period = { lo: period.lo - WANDER_MS, hi: period.hi + WANDER_MS };
  }

  #begin(seen: Span): void {
    this.#last = seen;
    this.#anchor = seen;
    this.#count = 0;
    this.#trust = 0;
    this.#period = ANY_PERIOD;
  }
}
