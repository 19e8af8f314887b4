import type { Clock } from '#base/ports.ts';
import { fail } from '#base/result.ts';
import type { MonoMs } from '#base/units.ts';
import type { Deliver, LineFault } from './transaction.ts';

/** Outcomes that never were on the wire come this much later, so that a caller that asks again at once cannot spin. */
export const REFUSAL_DELAY_MS = 20;

/** Delivers `down` and `dropped`: in order, never inside the call that caused them. Bounded by what callers submit within the delay. */
export class Refusals {
  readonly #clock: Clock;
  #waiting: { readonly deliver: Deliver; readonly fault: LineFault }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(deliver: Deliver, fault: LineFault): void {
    this.#waiting.push({ deliver, fault });
    if (this.#waiting.length === 1) this.#clock.at((this.#clock.now() + REFUSAL_DELAY_MS) as MonoMs, this.#deliverAll);
  }

  readonly #deliverAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { deliver, fault } of waiting) deliver(fail(fault));
  };
}
