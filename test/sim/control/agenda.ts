import type { Cancel, Clock } from '#base/ports.ts';
import { monoMs, wallSeconds } from '#base/units.ts';

interface Item {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/** CLOCK_MONOTONIC and the real-time clock at second 0. */
const MONO_START = 100_000;
const WALL_START = 1_700_000_000;

/** The clock of one process: it ends with the process. */
export interface MortalClock extends Clock {
  kill(): void;
}

/**
 * Virtual time without promises: what is to happen, in order of time, and of arrival at one instant. Few things wait at any time, so
 * that a list searched from its end is faster than a heap.
 */
export class Agenda {
  /** Sorted, the next one last. */
  readonly #items: Item[] = [];
  #now = MONO_START;
  #order = 0;
  #wallOffset = 0;

  get now(): number {
    return this.#now;
  }

  /** Of the site's time, seconds. */
  get seconds(): number {
    return (this.#now - MONO_START) / 1000;
  }

  /** What waits. */
  get size(): number {
    return this.#items.length;
  }

  stepWall(seconds: number): void {
    this.#wallOffset += seconds;
  }

  at(deadline: number, run: () => void): Cancel {
    this.#order += 1;
    const item: Item = { at: Math.max(deadline, this.#now), order: this.#order, run };
    const items = this.#items;
    let index = items.length;
    // Of one instant the later comes later: it stands before the others in the list.
    while (index > 0 && (items[index - 1] as Item).at <= item.at) index -= 1;
    items.splice(index, 0, item);
    return () => {
      if (item.run === null) return;
      item.run = null;
      const place = items.indexOf(item);
      if (place >= 0) items.splice(place, 1);
    };
  }

  in(milliseconds: number, run: () => void): Cancel {
    return this.at(this.#now + milliseconds, run);
  }

  /** At a second of the site's time. */
  atSecond(seconds: number, run: () => void): Cancel {
    return this.at(MONO_START + seconds * 1000, run);
  }

  /** Everything until that second of the site's time, in order. */
  runUntil(seconds: number): void {
    const end = MONO_START + seconds * 1000;
    const items = this.#items;
    for (let next = items.at(-1); next !== undefined && next.at <= end; next = items.at(-1)) {
      items.pop();
      this.#now = next.at;
      const { run } = next;
      next.run = null;
      run?.();
    }
    this.#now = Math.max(this.#now, end);
  }

  process(): MortalClock {
    let alive = true;
    return {
      now: () => monoMs(this.#now),
      wall: () => wallSeconds(WALL_START + (this.#now - MONO_START) / 1000 + this.#wallOffset),
      at: (deadline, run) => {
        if (!alive) return () => undefined;
        return this.at(deadline, () => {
          if (alive) run();
        });
      },
      kill: () => {
        alive = false;
      },
    };
  }
}
