/** What a killed process leaves on disk: what was durable when it died, read again through the product's own formats. */
import { assert } from '#base/assert.ts';
import type { Clock } from '#base/ports.ts';
import { type ClockState, startClock, unknownClock } from '#control/clock/clock.ts';
import { decodeClock, encodeClock } from '#control/clock/store.ts';
import { NOT_LOCKED, storeLockout } from '#control/local/lockout.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan, encodePlan } from '#control/plan/store.ts';
import type { Transition } from '#control/record.ts';
import type { ControlState } from '#control/tick/state.ts';

type StoredLockout = ReturnType<typeof storeLockout>;

/** From the tick that keeps to the file on flash, milliseconds. */
const DURABLE_MS = 30;

interface Kept {
  readonly at: number;
  readonly state: Pick<ControlState, 'plan' | 'clock' | 'lockout'>;
  readonly transitions: readonly Transition[];
}

export interface Remembered {
  readonly plan: Plan;
  readonly clock: ClockState;
  readonly lockout: StoredLockout;
}

/** The plan file with its outbox (firmware/app/controld/journal.ts): durable a moment after the tick that asked for it. */
export class Memory {
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #onTransition: (transition: Transition) => void;
  #durable: Kept | null = null;
  #pending: Kept[] = [];
  #restored: string | null = null;

  constructor(clock: Clock, bootId: string, onTransition: (transition: Transition) => void) {
    this.#clock = clock;
    this.#bootId = bootId;
    this.#onTransition = onTransition;
  }

  keep(state: ControlState, transitions: readonly Transition[]): void {
    this.#settle();
    const { plan, clock, lockout } = state;
    this.#pending.push({ at: this.#clock.now(), state: { plan, clock, lockout }, transitions });
  }

  /** What is durable by now is told; the rest goes with the process. */
  kill(): void {
    this.#settle();
    this.#pending = [];
  }

  /** Everything is durable: the run is over. */
  flush(): void {
    for (const kept of this.#pending.splice(0)) this.#become(kept);
  }

  /** As the next process reads it; the plan must be what it was. */
  load(): Remembered {
    const kept = this.#durable;
    const now = this.#clock.now();
    if (kept === null) return { plan: emptyPlan(), clock: unknownClock(), lockout: storeLockout(NOT_LOCKED, now) };
    const written = JSON.stringify({
      plan: encodePlan(kept.state.plan),
      clock: encodeClock(kept.state.clock),
      lockout: storeLockout(kept.state.lockout, now),
    });
    const read = JSON.parse(written) as { readonly plan: unknown; readonly clock: unknown; readonly lockout: StoredLockout };
    const plan = decodePlan(read.plan, kept.state.plan.executable);
    const clock = decodeClock(read.clock);
    assert(plan.ok && clock.ok, 'what was stored can be read');
    this.#restored = JSON.stringify(encodePlan(plan.value)) === JSON.stringify(encodePlan(kept.state.plan)) ? null : written;
    const instant = { bootId: this.#bootId, mono: now, wall: this.#clock.wall() };
    return { plan: plan.value, clock: startClock(clock.value, instant).state, lockout: read.lockout };
  }

  /** The last file read made another plan than it was written from; null: the same. */
  get differs(): string | null {
    return this.#restored;
  }

  #settle(): void {
    const now = this.#clock.now();
    while (this.#pending[0] !== undefined && now - this.#pending[0].at >= DURABLE_MS) this.#become(this.#pending.shift() as Kept);
  }

  #become(kept: Kept): void {
    this.#durable = kept;
    for (const transition of kept.transitions) this.#onTransition(transition);
  }
}
