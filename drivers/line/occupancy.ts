import type { MonoMs } from '#base/units.ts';

const BUCKETS = 60;
const BUCKET_MS = 1000;

/** How much of the last minute the line was taken: from a request's first byte to the end of its reply, time-out or quarantine. */
export class Occupancy {
  readonly #taken = new Float64Array(BUCKETS);
  readonly #second = new Float64Array(BUCKETS).fill(-1);
  #since: MonoMs | null = null;

  /** Adds a span that ended at `until`; booked in the second it ended. */
  add(from: MonoMs, until: MonoMs): void {
    this.#since ??= from;
    const second = Math.floor(until / BUCKET_MS);
    const index = second % BUCKETS;
    if (this.#second[index] !== second) {
      this.#second[index] = second;
      this.#taken[index] = 0;
    }
    this.#taken[index] = (this.#taken[index] ?? 0) + (until - from);
  }

  /** Fraction of the last minute (of the time since the first transaction, when shorter), 0-1. */
  fraction(now: MonoMs): number {
    if (this.#since === null) return 0;
    const oldest = Math.floor(now / BUCKET_MS) - BUCKETS;
    let taken = 0;
    for (let i = 0; i < BUCKETS; i += 1) if ((this.#second[i] ?? -1) > oldest) taken += this.#taken[i] ?? 0;
    const span = Math.min(BUCKETS * BUCKET_MS, Math.max(now - this.#since, BUCKET_MS));
    return Math.min(taken / span, 1);
  }
}
