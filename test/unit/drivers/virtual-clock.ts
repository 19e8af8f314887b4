import type { Cancel, Clock } from '#base/ports.ts';
import { monoMs, wallSeconds } from '#base/units.ts';
import type { MonoMs, WallSeconds } from '#base/units.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves only when told to. */
export class VirtualClock implements Clock {
  #now = 1000;
  #order = 0;
  readonly #due = new Set<Due>();

  now(): MonoMs {
    return monoMs(this.#now);
  }

  wall(): WallSeconds {
    return wallSeconds(0);
  }

  at(deadline: MonoMs, run: () => void): Cancel {
    this.#order += 1;
    const due = { at: Math.max(deadline, this.#now), order: this.#order, run };
    this.#due.add(due);
    return () => this.#due.delete(due);
  }

  /** Runs everything due until then. */
  runFor(span: number): void {
    const end = this.#now + span;
    for (;;) {
      const next = [...this.#due]
        .filter(({ at }) => at <= end)
        .sort((a, b) => (a.at === b.at ? a.order - b.order : a.at - b.at))[0];
      if (next === undefined) break;
      this.#due.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  /** Runs until the condition holds; false when it does not within the span. */
  runUntil(condition: () => boolean, span: number): boolean {
    for (let t = 0; t < span && !condition(); t += 1) this.runFor(1);
    return condition();
  }

  pending(): number {
    return this.#due.size;
  }
}
