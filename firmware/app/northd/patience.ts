import type { Clock } from '#base/ports.ts';
import { after, monoMs, seconds, type MonoMs } from '#base/units.ts';
import type { Waker } from './waker.ts';

/** The service manager hears from us at least this often, however long we wait. */
const EVIDENCE = seconds(10);

/** Long waits of a process that gives evidence of its life meanwhile (design D12). */
export class Patience {
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #onGoodTurn: () => void;
  #stopping = false;

  constructor(clock: Clock, waker: Waker, onGoodTurn: () => void) {
    this.#clock = clock;
    this.#waker = waker;
    this.#onGoodTurn = onGoodTurn;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Ends every wait, present and to come. */
  stop(): void {
    this.#stopping = true;
    this.#waker.wake();
  }

  /** Until the deadline, or stopped. */
  async until(deadline: MonoMs): Promise<void> {
    for (let now = this.#clock.now(); now < deadline && !this.#stopping; now = this.#clock.now()) {
      this.#onGoodTurn();
      await this.#waker.sleepUntil(monoMs(Math.min(deadline, after(now, EVIDENCE))));
    }
  }
}
