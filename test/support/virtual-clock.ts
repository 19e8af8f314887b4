import type { Cancel, Clock } from '#base/ports.ts';
import { monoMs, wallSeconds } from '#base/units.ts';

interface Alarm {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

const isBefore = (a: Alarm, b: Alarm): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap of alarms, earliest first; those of one instant in the order in which they were set. */
class AlarmHeap {
  readonly #items: Alarm[] = [];

  get first(): Alarm | undefined {
    return this.#items[0];
  }

  push(alarm: Alarm): void {
    const items = this.#items;
    let index = items.length;
    items.push(alarm);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = items[above];
      if (other === undefined || isBefore(other, alarm)) break;
      items[index] = other;
      index = above;
    }
    items[index] = alarm;
  }

  pop(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let least = items[left];
      if (least === undefined) break;
      let place = left;
      const right = items[left + 1];
      if (right !== undefined && isBefore(right, least)) {
        least = right;
        place = left + 1;
      }
      if (isBefore(last, least)) break;
      items[index] = least;
      index = place;
    }
    items[index] = last;
  }
}

/** The clock of one process in virtual time. */
export interface ProcessClock extends Clock {
  /** The process died: nothing of it is ever called again. */
  kill(): void;
}

/** Something that acts by itself at times of its own: a simulated line. */
export interface TimedSource {
  /** Milliseconds of virtual time; null: nothing under way. */
  nextAt(): number | null;
  /** Called when its time has come. */
  act(now: number): void;
}

/** What the machine is at the start of virtual time. */
interface VirtualStart {
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly mono: number;
  /** The real-time clock, seconds since 1970. */
  readonly wall: number;
}

const START: VirtualStart = { mono: 100_000, wall: 1_700_000_000 };

/**
 * Virtual time of one machine: an event queue. Promises are let settle only after an event that touched something asynchronous
 * (`touch`), by one turn of the event loop, in which every promise that waits for no virtual time comes to its end.
 */
export class VirtualTime {
  readonly #heap = new AlarmHeap();
  readonly #sources: TimedSource[] = [];
  readonly #after = new Set<() => void>();
  readonly #start: VirtualStart;
  #now: number;
  #wallOffset = 0;
  #order = 0;
  #touched = true;
  #events = 0;

  constructor(start: VirtualStart = START) {
    this.#start = start;
    this.#now = start.mono;
  }

  get now(): number {
    return this.#now;
  }

  /** Events run so far. */
  get events(): number {
    return this.#events;
  }

  /** Seconds since 1970 as the machine's real-time clock has it. */
  get wall(): number {
    return this.#start.wall + (this.#now - this.#start.mono) / 1000 + this.#wallOffset;
  }

  stepWall(seconds: number): void {
    this.#wallOffset += seconds;
  }

  /** Something asynchronous began: promises have to settle before time goes on. */
  touch(): void {
    this.#touched = true;
  }

  add(source: TimedSource): void {
    this.#sources.push(source);
  }

  /** Called after every event, within its instant, until cancelled. */
  afterEach(run: () => void): Cancel {
    this.#after.add(run);
    return () => this.#after.delete(run);
  }

  at(deadline: number, run: () => void): Cancel {
    this.#order += 1;
    const alarm: Alarm = { at: Math.max(deadline, this.#now), order: this.#order, run };
    this.#heap.push(alarm);
    return () => {
      alarm.run = null;
    };
  }

  process(): ProcessClock {
    let alive = true;
    return {
      now: () => monoMs(this.#now),
      wall: () => wallSeconds(this.wall),
      at: (deadline, run): Cancel => {
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

  /** Runs everything until `end`, in order of time. */
  async runUntil(end: number): Promise<void> {
    await this.settle();
    for (let ran = this.#runNext(end); ran !== 'none'; ran = this.#runNext(end)) {
      if (ran === 'cancelled') continue;
      this.#events += 1;
      for (const after of this.#after) after();
      // What goes on after a promise that is settled already may touch something: a log whose file is open writes only then.
      if (!this.#touched) await Promise.resolve();
      if (this.#isTouched()) await this.settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Lets every promise that waits for no virtual time come to its end. */
  async settle(): Promise<void> {
    for (let more = true; more; more = this.#isTouched()) {
      this.#touched = false;
      await new Promise((resolve) => setImmediate(resolve));
      for (const after of this.#after) after();
    }
  }

  /** The earliest event up to `end`. */
  #runNext(end: number): 'ran' | 'cancelled' | 'none' {
    const alarm = this.#heap.first;
    const source = this.#nextSource();
    const next = Math.min(alarm?.at ?? Infinity, source?.nextAt() ?? Infinity);
    if (next > end) return 'none';
    this.#now = Math.max(this.#now, next);
    if (source !== null && (alarm === undefined || (source.nextAt() ?? Infinity) <= alarm.at)) {
      source.act(this.#now);
      return 'ran';
    }
    this.#heap.pop();
    if (alarm === undefined || alarm.run === null) return 'cancelled';
    alarm.run();
    return 'ran';
  }

  #isTouched(): boolean {
    return this.#touched;
  }

  #nextSource(): TimedSource | null {
    let earliest = Infinity;
    let found: TimedSource | null = null;
    for (const source of this.#sources) {
      const at = source.nextAt() ?? Infinity;
      if (at < earliest) {
        earliest = at;
        found = source;
      }
    }
    return found;
  }
}
