import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, type DurationMs, durationMs, type MonoMs, seconds } from '#base/units.ts';
import { CheckPace } from './check-pace.ts';
import { PRIORITY } from './transaction.ts';
import type { Line, LineFault, Priority, Reply, Request } from './transaction.ts';

/** How soon a write is wanted: a cut goes next on the line, a raise behind the meter, a refresh is written even when nothing changed. */
export type Urgency = 'cut' | 'raise' | 'refresh' | 'gone';

/** One thing that a device is to do: what is written, in this order, and how a read shows that it stands. */
export interface Order<T> {
  /** What the device does when it stands. */
  readonly meaning: T;
  /** Orders of one key write the same. */
  readonly key: string;
  readonly writes: readonly Request[];
  readonly read: Request;
  readonly stands: (words: Uint16Array) => boolean;
  /** The device gives it up by itself after that; null: never. */
  readonly lapses: DurationMs | null;
}

/** What became of a write, beside its confirmation. */
export type OrderFault =
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'refused'; readonly exceptionCode: number }
  | { readonly kind: 'lost' };

export interface OrderWriterOptions<T> {
  /** Names its transactions. */
  readonly device: string;
  readonly line: Line;
  readonly clock: Clock;
  readonly readBackDelayMs: DurationMs;
  /** How often the registers are read to see that the order still stands. */
  readonly checkEvery: DurationMs;
  /** Least time between two orders. */
  readonly spacingMs: DurationMs;
  /** Is `to` a cut where `from` was written? Absent: what is called a cut is one. */
  readonly tightens?: (from: T, to: T) => boolean;
  readonly onConfirmed: (meaning: T) => void;
  readonly onFault: (fault: OrderFault) => void;
  readonly onAnswered: () => void;
  readonly onUnanswered: (fault: LineFault) => void;
  /** Registers of every read-back; false: they are not what was asked for, and count for nothing. */
  readonly onRead: (reply: Reply) => boolean;
  readonly onNote: (note: Note) => void;
}

/** What the device may be doing: an order proven by read-back, and those written since. */
export interface OrdersHeld<T> {
  readonly proven: T;
  /** When the device gives the proven one up unless it is written again; null: never. */
  readonly until: MonoMs | null;
  readonly since: readonly T[];
}

const MISMATCHES_AT_ONCE = 3;
const MISMATCH_RETRY: DurationMs = seconds(5);
const REFUSED_RETRY: DurationMs = seconds(1);
/** A timer that runs must not lapse long after the device takes writes again. */
const REFUSED_RETRY_MAX: DurationMs = seconds(10);
/** Modbus exceptions 5 (acknowledge) and 6 (busy): the device asks for a moment. */
const BUSY_CODES: readonly number[] = [5, 6];
const BUSY_RETRY: DurationMs = durationMs(200);
const BUSY_MAX = 3;
const DROPPED_RETRY: DurationMs = durationMs(100);
const LOST_RETRY: DurationMs = seconds(1);
/** A timer is refreshed at a third of its span (design D8). */
const REFRESH_PART = 3;
/** Orders written and not yet proven that are remembered; beyond them the oldest stands for itself no more. */
const UNPROVEN_MAX = 16;
/** Orders may follow one another unproven for so long; then all but a cut wait for the read-back of the newest. */
const UNPROVEN_SPAN: DurationMs = seconds(2);

/**
 * Keeps one order written and read back on a device whose orders take several writes. Works between `open` and `close`. A device that
 * already does what is wanted is not written. However fast orders change, the newest is proven within 2 s, one read-back and
 * the cuts that come meanwhile: a cut never waits.
 */
export class OrderWriter<T> {
  readonly #options: OrderWriterOptions<T>;
  #wanted: Order<T> | null = null;
  #written: { readonly order: Order<T>; readonly at: MonoMs } | null = null;
  #held: OrdersHeld<T> | null = null;
  #open = false;
  /** Replies to an older attempt are ignored. */
  #sequence = 0;
  #mismatches = 0;
  #refusals = 0;
  #losses = 0;
  #backingOff = false;
  #looking = false;
  #cancel: Cancel | null = null;
  /** The write that waits for its turn; what was written before it is read back meanwhile. */
  #cancelTurn: Cancel | null = null;
  /** When the first order was written that nothing has proven yet; null: none. */
  #unprovenSince: MonoMs | null = null;
  /** From a write until its read-back came, differed or failed. */
  #proving = false;
  readonly #checks: CheckPace;

  constructor(options: OrderWriterOptions<T>) {
    this.#options = options;
    this.#checks = new CheckPace(options.checkEvery);
  }

  /** The device is verified: what it does is looked at first, and written where it is not what is wanted. */
  open(): void {
    this.#open = true;
    this.#held = null;
    this.#written = null;
    this.#mismatches = 0;
    this.#refusals = 0;
    this.#losses = 0;
    this.#unprovenSince = null;
    this.#look();
  }

  close(): void {
    this.#open = false;
    this.#sequence += 1;
    this.#rest();
  }

  want(order: Order<T>, urgency: Urgency): void {
    const same = this.#wanted?.key === order.key;
    this.#wanted = order;
    if (!this.#open || this.#backingOff) return;
    if (this.#written === null) {
      // A look ends in a write where one is needed.
      if (!this.#looking) this.#look();
      return;
    }
    if (same && this.#written.order.key === order.key && urgency !== 'refresh' && urgency !== 'gone') return;
    if (same && this.#cancelTurn !== null) return;
    // What was proven proves nothing any more.
    if (urgency === 'gone') {
      this.#held = null;
      this.#checks.gone(this.#options.clock.now());
    }
    const { tightens = () => true } = this.#options;
    const isCut = urgency === 'cut' && tightens(this.#written.order.meaning, order.meaning);
    this.#write(isCut ? PRIORITY.cut : PRIORITY.control);
  }

  /** What the device provably does; null: nothing is proven, or it has given it up. */
  held(): OrdersHeld<T> | null {
    return this.#held;
  }

  /** Reads what the device does before anything is written to it. */
  #look(): void {
    this.#sequence += 1;
    this.#rest();
    this.#looking = this.#wanted !== null;
    if (this.#wanted !== null) this.#read(this.#wanted, 'look');
  }

  #write(priority: Priority): void {
    const { clock, spacingMs } = this.#options;
    const order = this.#wanted;
    if (!this.#open || order === null) return;
    const now = clock.now();
    // What is proven next writes what is then wanted.
    if (priority !== PRIORITY.cut && this.#awaitsProof(now)) return;
    const free = this.#written === null ? now : after(this.#written.at, spacingMs);
    if (now < free) {
      this.#awaitTurn(free, priority);
      return;
    }
    this.#rest();
    this.#sequence += 1;
    this.#looking = false;
    this.#written = { order, at: now };
    this.#proving = true;
    this.#unprovenSince ??= now;
    if (this.#held !== null) this.#held = { ...this.#held, since: [...this.#held.since, order.meaning].slice(0 - UNPROVEN_MAX) };
    this.#send(order, 0, priority);
  }

  /** Orders have followed one another too long for the read-back of any: the newest is read before the next is written. */
  #awaitsProof(now: MonoMs): boolean {
    return this.#proving && this.#unprovenSince !== null && now - this.#unprovenSince >= UNPROVEN_SPAN;
  }

  #awaitTurn(free: MonoMs, priority: Priority): void {
    this.#cancelTurn?.();
    this.#cancelTurn = this.#options.clock.at(free, () => {
      this.#cancelTurn = null;
      this.#write(priority);
    });
  }

  /** One write of the order, the next when it is acknowledged. */
  #send(order: Order<T>, index: number, priority: Priority): void {
    const { line, device, readBackDelayMs, onAnswered } = this.#options;
    const request = order.writes[index];
    assert(request !== undefined, 'an order has a write');
    const sequence = this.#sequence;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (!result.ok) {
        this.#writeFailed(result.fault, priority);
        return;
      }
      this.#losses = 0;
      onAnswered();
      if (index + 1 < order.writes.length) this.#send(order, index + 1, PRIORITY.cut);
      else this.#later(readBackDelayMs, () => this.#read(order, 'write'));
    };
    line.submit(request, priority, take, `${device}:order`);
  }

  #writeFailed(fault: LineFault, priority: Priority): void {
    const { onFault, onAnswered, onUnanswered } = this.#options;
    this.#proving = false;
    if (fault.kind === 'dropped') {
      this.#later(DROPPED_RETRY, () => this.#write(priority));
      return;
    }
    if (fault.kind === 'refused') {
      onAnswered();
      this.#refusals += 1;
      onFault({ kind: 'refused', exceptionCode: fault.exceptionCode });
      const busy = BUSY_CODES.includes(fault.exceptionCode) && this.#refusals <= BUSY_MAX;
      const doubled = Math.min(REFUSED_RETRY * 2 ** (this.#refusals - 1), REFUSED_RETRY_MAX);
      this.#later(busy ? BUSY_RETRY : durationMs(doubled), () => this.#write(PRIORITY.cut));
      this.#backingOff = true;
      return;
    }
    onFault({ kind: 'lost' });
    onUnanswered(fault);
    // Whether it was executed is unknown; writing it again does no harm.
    this.#losses += 1;
    if (!this.#open) return;
    if (this.#losses === 1) this.#write(priority);
    else this.#later(LOST_RETRY, () => this.#write(priority));
  }

  /** `look`: before the first write. `write`: the read that confirms one. `check`: whether it still stands. */
  #read(order: Order<T>, reason: 'look' | 'write' | 'check'): void {
    const { line, device } = this.#options;
    const sequence = this.#sequence;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (result.ok) this.#took(result.value, order, reason);
      else this.#readFailed(result.fault, order, reason);
    };
    line.submit(order.read, PRIORITY.verify, take, `${device}:read-back`);
  }

  #took(reply: Reply, order: Order<T>, reason: 'look' | 'write' | 'check'): void {
    const { onAnswered, onRead } = this.#options;
    onAnswered();
    const sequence = this.#sequence;
    const isIt = onRead(reply);
    if (!isIt || sequence !== this.#sequence) return;
    if (reason === 'look') {
      const wanted = this.#wanted ?? order;
      // A running timer is of unknown age: such an order is written anew.
      if (wanted.lapses !== null || !wanted.stands(reply.words)) {
        this.#write(PRIORITY.cut);
        return;
      }
      this.#looking = false;
      this.#written = { order: wanted, at: this.#options.clock.now() };
      this.#standsNow(wanted, 'write');
    } else if (order.stands(reply.words)) this.#standsNow(order, reason);
    else this.#differs(reason);
  }

  #readFailed(fault: LineFault, order: Order<T>, reason: 'look' | 'write' | 'check'): void {
    const { checkEvery, onAnswered, onUnanswered, onFault } = this.#options;
    if (fault.kind === 'refused') {
      // It takes writes and does not let itself be read: nothing is proven.
      onAnswered();
      this.#proving = false;
      onFault({ kind: 'refused', exceptionCode: fault.exceptionCode });
      if (reason === 'look') this.#write(PRIORITY.cut);
      else {
        this.#later(checkEvery, () => this.#read(order, reason));
        this.#writeLatest();
      }
    } else if (fault.kind === 'dropped') this.#later(DROPPED_RETRY, () => this.#read(order, reason));
    else {
      if (reason === 'write') onFault({ kind: 'lost' });
      onUnanswered(fault);
      if (this.#open) this.#read(order, reason);
    }
  }

  #standsNow(order: Order<T>, reason: 'write' | 'check'): void {
    const { clock, onConfirmed } = this.#options;
    assert(this.#written !== null, 'what stands was written or found');
    const { at } = this.#written;
    this.#mismatches = 0;
    this.#refusals = 0;
    const until = order.lapses === null ? null : after(at, order.lapses);
    this.#held = { proven: order.meaning, until, since: [] };
    this.#unprovenSince = null;
    this.#proving = false;
    this.#cancel?.();
    const check = this.#checks.next(clock.now());
    const refresh = order.lapses === null ? null : after(at, durationMs(order.lapses / REFRESH_PART));
    this.#cancel =
      refresh !== null && refresh <= check
        ? clock.at(refresh, () => this.#write(PRIORITY.control))
        : clock.at(check, () => this.#read(order, 'check'));
    if (reason === 'write') onConfirmed(order.meaning);
    this.#writeLatest();
  }

  /** Writes what was wanted while the proof was waited for. */
  #writeLatest(): void {
    const isNew = this.#wanted !== null && this.#wanted.key !== this.#written?.order.key;
    if (isNew && this.#cancelTurn === null) this.#write(PRIORITY.control);
  }

  #differs(reason: 'write' | 'check'): void {
    const { device, clock, onFault, onNote } = this.#options;
    this.#held = null;
    this.#proving = false;
    this.#checks.gone(clock.now());
    onFault({ kind: 'mismatch' });
    if (reason === 'check') {
      const text = 'what was asked of it is gone from its registers; written again';
      onNote({ event: 'order-not-held', level: 'warn', text, detail: { device } });
    }
    this.#mismatches += 1;
    if (this.#mismatches <= MISMATCHES_AT_ONCE) this.#write(PRIORITY.cut);
    else this.#later(MISMATCH_RETRY, () => this.#write(PRIORITY.cut));
  }

  #later(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.at(after(clock.now(), span), run);
  }

  #rest(): void {
    this.#backingOff = false;
    this.#cancel?.();
    this.#cancel = null;
    this.#cancelTurn?.();
    this.#cancelTurn = null;
  }
}
