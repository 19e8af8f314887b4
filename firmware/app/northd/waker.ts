import { sleepUntil, type Clock } from '#base/ports.ts';
import type { MonoMs } from '#base/units.ts';

/** A sleep that news cut short. One sleeper. */
export class Waker {
  readonly #clock: Clock;
  #sleeping: AbortController | null = null;
  /** News came while nobody slept: the next sleep does not. */
  #pending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    if (this.#sleeping === null) this.#pending = true;
    else this.#sleeping.abort();
  }

  /** Until the deadline or the next `wake`, one since the last sleep included. */
  async sleepUntil(deadline: MonoMs): Promise<void> {
    if (!this.#pending) {
      this.#sleeping = new AbortController();
      await sleepUntil(this.#clock, deadline, this.#sleeping.signal);
      this.#sleeping = null;
    }
    this.#pending = false;
  }
}
