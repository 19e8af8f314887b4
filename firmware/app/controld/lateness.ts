import type { MonoMs } from '#base/units.ts';

/** What is told is of the last ten to twenty seconds. */
const SPAN_MS = 10_000;

/** How late ticks ran after they were due: what stood in the way of this process, milliseconds. */
export class Lateness {
  #since: MonoMs | null = null;
  #most = 0;
  #before = 0;

  /** A tick that was due at `due` runs. */
  ran(due: MonoMs, now: MonoMs): void {
    this.#turn(now);
    this.#most = Math.max(this.#most, now - due);
  }

  /** The latest of the ticks of late. */
  most(now: MonoMs): number {
    this.#turn(now);
    return Math.max(this.#most, this.#before);
  }

  #turn(now: MonoMs): void {
    const spans = this.#since === null ? 0 : Math.floor((now - this.#since) / SPAN_MS);
    if (this.#since !== null && spans === 0) return;
    this.#before = spans === 1 ? this.#most : 0;
    this.#most = 0;
    this.#since = now;
  }
}
