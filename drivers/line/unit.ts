import type { MonoMs } from '#base/units.ts';
import { functionCode } from './reply.ts';
import type { Request } from './transaction.ts';
import { dataBytes } from './wire-time.ts';

/** Turnaround allowed before a unit has ever answered, and after it missed two in a row. */
export const FIRST_ALLOWANCE_MS = 300;
/** A scan allows a unit that never answered so long for its whole answer. */
export const STRANGER_TIMEOUT_MS = 250;
/** Silence after that, while nothing but the scan waits: a late reply could only disturb the next probe, which is of another unit. */
export const STRANGER_QUARANTINE_MS = 25;
const LEAST_ALLOWANCE_MS = 100;
const MOST_ALLOWANCE_MS = 1000;
const ALLOWANCE_FACTOR = 4;
const LEARNING_RATE = 1 / 8;
/** A reply this long overdue is taken to be lost for good. */
const LATE_REPLY_HORIZON_MS = 5000;
/** More cannot come together within the horizon: each costs at least a time-out and a quarantine. */
const MOST_OWED = 32;

interface Owed {
  readonly request: Request;
  readonly until: MonoMs;
}

export interface UnitCounters {
  readonly requests: number;
  readonly replies: number;
  readonly refused: number;
  readonly timeouts: number;
  readonly garbled: number;
  /** Replies that came after their time-out; never delivered. */
  readonly late: number;
  readonly timeoutsInARow: number;
  /** Learned turnaround, milliseconds; null before the first reply. */
  readonly turnaround: number | null;
  /** The longest turnaround ever seen, late replies included, milliseconds. */
  readonly longestTurnaround: number;
}

/** What the line knows about one unit: how fast it answers, and which replies it still owes. */
export class UnitMemory {
  requests = 0;
  replies = 0;
  refused = 0;
  timeouts = 0;
  garbled = 0;
  late = 0;
  #timeoutsInARow = 0;
  #turnaround: number | null = null;
  #longest = 0;
  #owed: Owed[] = [];

  /** It has answered at least once, if only with an exception. */
  get isKnown(): boolean {
    return this.#turnaround !== null;
  }

  /** How long after the request the reply may begin: learned, with bounds; milliseconds. */
  allowance(): number {
    if (this.#turnaround === null) return FIRST_ALLOWANCE_MS;
    const learned = Math.min(Math.max(LEAST_ALLOWANCE_MS, ALLOWANCE_FACTOR * this.#turnaround), MOST_ALLOWANCE_MS);
    return this.#timeoutsInARow >= 2 ? Math.max(learned, FIRST_ALLOWANCE_MS) : learned;
  }

  get longestTurnaround(): number {
    return this.#longest;
  }

  answered(turnaround: number): void {
    this.#timeoutsInARow = 0;
    this.#turnaround =
      this.#turnaround === null ? turnaround : this.#turnaround + LEARNING_RATE * (turnaround - this.#turnaround);
    this.#longest = Math.max(this.#longest, turnaround);
    if (this.#owed.length > 0) this.#owed = [];
  }

  /** A reply came after its time-out: the unit is slower than believed, and, when it was data, owes nothing from before it. */
  answeredLate(turnaround: number, isData: boolean): void {
    this.late += 1;
    this.#turnaround = Math.min(Math.max(this.#turnaround ?? 0, turnaround), MOST_ALLOWANCE_MS);
    this.#longest = Math.min(Math.max(this.#longest, turnaround), MOST_ALLOWANCE_MS);
    if (isData) this.#owed = [];
  }

  timedOut(): void {
    this.timeouts += 1;
    this.#timeoutsInARow += 1;
  }

  /** The reply to `request` may still come. */
  owes(request: Request, now: MonoMs): void {
    if (this.#owed.length >= MOST_OWED) this.#owed.shift();
    this.#owed.push({ request, until: (now + LATE_REPLY_HORIZON_MS) as MonoMs });
  }

  forgive(): void {
    this.#owed = [];
  }

  /** True when a reply still owed could be an exception of the same function. */
  owesSameFunction(request: Request, now: MonoMs): boolean {
    return this.#owed.some((owed) => owed.until > now && functionCode(owed.request) === functionCode(request));
  }

  /**
   * What to ask first so that an owed reply cannot pass for the answer to `request`: a short read of a length that nothing owed has.
   * Units answer in order, so its answer proves that what was owed came or never will. Null when the owed replies differ anyway.
   */
  settlingRead(request: Request, now: MonoMs): Request | null {
    if (this.#owed.length === 0) return null;
    const owed = this.#owed.filter((one) => one.until > now);
    if (!owed.some((one) => replyAlike(one.request, request))) return null;
    // Coils come eight a byte: only another number of bytes is another length.
    const table = request.kind === 'read' ? request.table : undefined;
    const step = table === 'coils' ? 8 : 1;
    let count = 1;
    while (owed.some(({ request: one }) => one.kind === 'read' && dataBytes(one.table, one.count) === dataBytes(table, count)))
      count += step;
    const read = { kind: 'read', unitId: request.unitId, address: Math.min(request.address, 0x10000 - count), count } as const;
    return table === undefined ? read : { ...read, table };
  }

  counters(): UnitCounters {
    const { requests, replies, refused, timeouts, garbled, late } = this;
    const turnaround = this.#turnaround;
    return {
      requests,
      replies,
      refused,
      timeouts,
      garbled,
      late,
      turnaround,
      timeoutsInARow: this.#timeoutsInARow,
      longestTurnaround: this.#longest,
    };
  }
}

/** Whether a reply to one could pass for a reply to the other, of the same unit. */
const replyAlike = (one: Request, other: Request): boolean => {
  if (one.kind === 'read')
    return other.kind === 'read' && dataBytes(one.table, one.count) === dataBytes(other.table, other.count);
  return other.kind === 'write' && one.address === other.address && one.words.length === other.words.length;
};
