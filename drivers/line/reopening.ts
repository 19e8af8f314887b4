import type { MonoMs } from '#base/units.ts';

const BACKOFF_MS = [1000, 2000, 5000] as const;
/** Time-outs in a row, whatever the unit, after which the port is opened afresh: perhaps the adapter is stuck. */
export const TIMEOUTS_BEFORE_REOPEN = 5;
/** A line whose only unit sleeps must not be reopened all night at every probe. */
const REOPEN_SPACING_MS = 30_000;

/** When to open the port again. */
export class Reopening {
  #attempts = 0;
  #timeoutsInARow = 0;
  #reopenedAt: MonoMs | null = null;

  answered(): void {
    this.#attempts = 0;
    this.#timeoutsInARow = 0;
  }

  /** Notes a time-out; true when the port shall be closed and opened afresh. */
  timedOut(now: MonoMs): boolean {
    this.#timeoutsInARow += 1;
    if (this.#timeoutsInARow < TIMEOUTS_BEFORE_REOPEN) return false;
    if (this.#reopenedAt !== null && now - this.#reopenedAt < REOPEN_SPACING_MS) return false;
    this.#reopenedAt = now;
    return true;
  }

  /** The port went down: milliseconds to wait before opening it, growing until a unit answers. */
  wentDown(): number {
    const wait = BACKOFF_MS[Math.min(this.#attempts, BACKOFF_MS.length - 1)] ?? 0;
    this.#attempts += 1;
    this.#timeoutsInARow = 0;
    return wait;
  }
}
