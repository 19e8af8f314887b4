import { PRIORITY, type Deliver, type Priority, type Request } from './transaction.ts';

/** Requests waiting on one line. A tick submits a handful per device; more waiting means that the line cannot keep up. */
export const QUEUE_CAPACITY = 64;

/** After so many cuts in a row a meter that waits has its turn: caps for a whole fleet would blind the site for longer than its flow counts. */
const CUTS_IN_A_ROW = 8;

/** After so many reads of the meter whatever else waited meanwhile has a turn: on a line that they fill no inverter would be found or capped. */
const METERS_IN_A_ROW = 1;

export interface Job {
  readonly request: Request;
  readonly priority: Priority;
  readonly deliver: Deliver;
  readonly key: string | undefined;
}

/** Jobs by priority, first come first served within one; bounded. */
export class JobQueue {
  readonly #lanes: Job[][] = Object.values(PRIORITY).map(() => []);
  #size = 0;
  #cutsInARow = 0;
  #metersInARow = 0;

  get size(): number {
    return this.#size;
  }

  /** Queues `job`. Returns the job that had to go: the one with the same key, the newest of the lowest priority when full, or null. */
  add(job: Job): Job | null {
    if (job.key !== undefined) {
      const replaced = this.#replace(job);
      if (replaced !== null) return replaced;
    }
    let victim: Job | null = null;
    if (this.#size >= QUEUE_CAPACITY) {
      victim = this.#dropBelow(job.priority);
      if (victim === null) return job;
    }
    this.#lane(job.priority).push(job);
    this.#size += 1;
    return victim;
  }

  /** Puts a job that was taken back at the head of its priority: its turn is not over. */
  putBack(job: Job): void {
    this.#lane(job.priority).unshift(job);
    this.#size += 1;
  }

  take(): Job | null {
    for (const lane of this.#inTurn()) {
      const job = lane.shift();
      if (job !== undefined) {
        this.#size -= 1;
        this.#cutsInARow = job.priority === PRIORITY.cut ? this.#cutsInARow + 1 : 0;
        const isWaitedFor = job.priority === PRIORITY.meter && this.#size > this.#lane(PRIORITY.meter).length;
        this.#metersInARow = isWaitedFor ? this.#metersInARow + 1 : 0;
        return job;
      }
    }
    return null;
  }

  /** The lanes in the order in which they have their turn now. */
  #inTurn(): readonly Job[][] {
    if (this.#cutsInARow >= CUTS_IN_A_ROW) return [this.#lane(PRIORITY.meter), ...this.#lanes];
    if (this.#metersInARow < METERS_IN_A_ROW) return this.#lanes;
    const meter = this.#lane(PRIORITY.meter);
    return [...this.#lanes.filter((lane) => lane !== meter), meter];
  }

  /** True when something more urgent than a scan waits. */
  get hasUrgent(): boolean {
    return this.#size > this.#lane(PRIORITY.scan).length;
  }

  takeAll(): readonly Job[] {
    const all = this.#lanes.flat();
    for (const lane of this.#lanes) lane.length = 0;
    this.#size = 0;
    return all;
  }

  #lane(priority: Priority): Job[] {
    return this.#lanes[priority] ?? [];
  }

  /** A replacement of the same priority keeps the turn, so that a wish repeated each tick is not put off for ever. */
  #replace(job: Job): Job | null {
    for (const [priority, lane] of this.#lanes.entries()) {
      const index = lane.findIndex((other) => other.key === job.key);
      const old = lane[index];
      if (old === undefined) continue;
      if (priority === job.priority) lane[index] = job;
      else {
        lane.splice(index, 1);
        this.#lane(job.priority).push(job);
      }
      return old;
    }
    return null;
  }

  #dropBelow(priority: Priority): Job | null {
    for (let lowest = this.#lanes.length - 1; lowest > priority; lowest -= 1) {
      const victim = this.#lanes[lowest]?.pop();
      if (victim !== undefined) {
        this.#size -= 1;
        return victim;
      }
    }
    return null;
  }
}
