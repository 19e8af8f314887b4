import { SeededRandom } from '#base/random.ts';
import { frameOf, isFrame } from './modbus.ts';

/** What a device on the line says to a request addressed to it. */
export interface Answer {
  /** Usually its own; a device with a fault may use another. */
  readonly unitId: number;
  readonly pdu: Uint8Array;
  /** Extra time before it answers, milliseconds. */
  readonly delayMs: number;
  /** Sent with a wrong CRC. */
  readonly corrupt: boolean;
}

/** A device as the line sees it; null: it stays silent. `at` is when the request's frame ended. */
export interface LineDevice {
  readonly unitId: number;
  answer(at: number, pdu: Uint8Array): Answer | null;
}

export interface LineSettings {
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Devices take a uniform draw of this, milliseconds, between the end of the request and their answer. */
  readonly turnaroundMs: readonly [least: number, most: number];
  /** Bytes handed over at a time, each piece when its last byte is through; 0: the reply in one piece at its end. */
  readonly pieceBytes: number;
  /** Probability that a request or reply is lost, and that a reply arrives with a flipped bit. */
  readonly loss: number;
  readonly crcErrors: number;
  /** How long an incomplete request waits for its rest, milliseconds; above 0 only where an operating system may split a write. */
  readonly patienceMs: number;
}

export const LINE_9600_8N1: LineSettings = {
  baudRate: 9600,
  parity: 'none',
  stopBits: 1,
  turnaroundMs: [20, 50],
  pieceBytes: 0,
  loss: 0,
  crcErrors: 0,
  patienceMs: 0,
};

export interface Delivery {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** One exchange as it really happened on the wire, for timing proofs. Milliseconds. */
export interface Exchange {
  readonly requestStart: number;
  readonly requestEnd: number;
  readonly turnaround: number;
  readonly replyStart: number;
  readonly replyEnd: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
}

interface Pending {
  start: number;
  readonly frame: Uint8Array;
  sent: number;
}

/** Above this speed the silent interval is fixed (MODBUS over Serial Line 1.02, 2.5.1.1). */
const FIXED_GAP_ABOVE_BAUD = 19200;
const FIXED_GAP_MS = 1.75;
const GAP_CHARACTERS = 3.5;
const EXCHANGES_KEPT = 2000;
const REQUEST_BYTES_HELD = 512;

/** Milliseconds one character takes. */
export const characterMs = (settings: LineSettings): number => {
  const bits = 1 + 8 + (settings.parity === 'none' ? 0 : 1) + settings.stopBits;
  return (bits * 1000) / settings.baudRate;
};

/** Silence that ends a frame, milliseconds. */
export const gapMs = (settings: LineSettings): number => {
  return settings.baudRate > FIXED_GAP_ABOVE_BAUD ? FIXED_GAP_MS : GAP_CHARACTERS * characterMs(settings);
};

/**
 * A half-duplex RS-485 line with Modbus RTU devices on it. Bytes take their time, a frame ends with 3.5 characters of silence,
 * bytes that meet on the wire destroy each other. Driven by anybody's clock: `receive`, `nextAt`, `advance`.
 */
export class RigLine {
  readonly #settings: LineSettings;
  readonly #devices = new Map<number, LineDevice>();
  readonly #random: SeededRandom;
  readonly #character: number;
  readonly #gap: number;
  #request: number[] = [];
  #requestStart = 0;
  #requestEnd = 0;
  #replies: Pending[] = [];
  #wireFree = 0;
  #plugged = true;
  #exchanges: Exchange[] = [];
  readonly #counts = { requests: 0, badFrames: 0, collisions: 0, shortGaps: 0, busyMs: 0 };

  constructor(settings: LineSettings, devices: readonly LineDevice[], seed: number) {
    this.#settings = settings;
    for (const device of devices) this.#devices.set(device.unitId, device);
    this.#random = new SeededRandom(seed, 'line');
    this.#character = characterMs(settings);
    this.#gap = gapMs(settings);
  }

  get counts(): Readonly<{ requests: number; badFrames: number; collisions: number; shortGaps: number; busyMs: number }> {
    return this.#counts;
  }

  /** The last exchanges, oldest first. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /** A cut cable swallows everything, the reply on its way included. */
  plug(plugged: boolean): void {
    this.#plugged = plugged;
    this.#request = [];
    this.#replies = [];
  }

  /** The master hands over bytes at `at`; they follow each other on the wire from then on. */
  receive(at: number, bytes: Uint8Array): void {
    if (!this.#plugged || bytes.length === 0) return;
    const fresh = this.#request.length === 0;
    const start = fresh ? at : Math.max(at, this.#requestEnd);
    const end = start + bytes.length * this.#character;
    if (fresh) {
      this.#requestStart = start;
      if (start < this.#wireFree + this.#gap - 0.001 && this.#wireFree > 0) this.#counts.shortGaps += 1;
    }
    this.#requestEnd = end;
    this.#counts.busyMs += bytes.length * this.#character;
    for (const byte of bytes) if (this.#request.length < REQUEST_BYTES_HELD) this.#request.push(byte);
    this.#collide(start, end);
  }

  /** When `advance` next has something to do; null: nothing is on its way. */
  nextAt(): number | null {
    let next = this.#request.length === 0 ? Infinity : this.#frameAt();
    for (const reply of this.#replies) next = Math.min(next, this.#pieceAt(reply));
    return next === Infinity ? null : next;
  }

  /** Brings the line to `to` and returns what the master receives until then, in order. */
  advance(to: number): readonly Delivery[] {
    const delivered: Delivery[] = [];
    for (;;) {
      const next = this.nextAt();
      if (next === null || next > to) return delivered;
      if (this.#request.length > 0 && this.#frameAt() <= next) this.#endOfFrame(next);
      else this.#deliver(next, delivered);
    }
  }

  #frameAt(): number {
    const quiet = this.#requestEnd + this.#gap;
    if (this.#settings.patienceMs === 0 || isFrame(Uint8Array.from(this.#request))) return quiet;
    return quiet + this.#settings.patienceMs;
  }

  #endOfFrame(at: number): void {
    const frame = Uint8Array.from(this.#request);
    this.#request = [];
    this.#counts.requests += 1;
    if (!isFrame(frame)) {
      this.#counts.badFrames += 1;
      return;
    }
    if (this.#random.chance(this.#settings.loss)) return;
    const pdu = frame.subarray(1, frame.length - 2);
    if (frame[0] === 0) {
      for (const device of this.#devices.values()) device.answer(at, pdu);
      return;
    }
    const device = this.#devices.get(frame[0] ?? 0);
    const [least, most] = this.#settings.turnaroundMs;
    const turnaround = this.#random.between(least, most);
    const answer = device?.answer(at, pdu) ?? null;
    if (answer === null || this.#random.chance(this.#settings.loss)) return;
    this.#reply(at, frame.length, turnaround, answer);
  }

  #reply(at: number, requestBytes: number, turnaround: number, answer: Answer): void {
    const reply = frameOf(answer.unitId, answer.pdu);
    if (answer.corrupt) reply[reply.length - 1] = (reply[reply.length - 1] ?? 0) ^ 0xff;
    if (this.#random.chance(this.#settings.crcErrors)) {
      const hit = this.#random.integer(0, reply.length - 1);
      reply[hit] = (reply[hit] ?? 0) ^ (1 << this.#random.integer(0, 7));
    }
    const last = this.#replies.at(-1);
    const earliest = last === undefined ? 0 : this.#endOf(last) + this.#gap;
    const start = Math.max(at + turnaround + answer.delayMs, earliest);
    const pending: Pending = { start, frame: reply, sent: 0 };
    this.#replies.push(pending);
    this.#counts.busyMs += reply.length * this.#character;
    if (this.#exchanges.length >= EXCHANGES_KEPT) this.#exchanges = this.#exchanges.slice(EXCHANGES_KEPT / 2);
    this.#exchanges.push({
      requestStart: this.#requestStart,
      requestEnd: this.#requestEnd,
      turnaround,
      replyStart: start,
      replyEnd: this.#endOf(pending),
      requestBytes,
      replyBytes: reply.length,
    });
  }

  #endOf(reply: Pending): number {
    return reply.start + reply.frame.length * this.#character;
  }

  #pieceAt(reply: Pending): number {
    const piece = this.#settings.pieceBytes;
    const until = piece === 0 ? reply.frame.length : Math.min(reply.frame.length, reply.sent + piece);
    return reply.start + until * this.#character;
  }

  #deliver(at: number, into: Delivery[]): void {
    const index = this.#replies.findIndex((reply) => this.#pieceAt(reply) === at);
    const reply = this.#replies[index];
    if (reply === undefined) return;
    const piece = this.#settings.pieceBytes === 0 ? reply.frame.length : this.#settings.pieceBytes;
    into.push({ at, bytes: reply.frame.slice(reply.sent, reply.sent + piece) });
    reply.sent += piece;
    if (reply.sent < reply.frame.length) return;
    this.#replies.splice(index, 1);
    this.#wireFree = at;
  }

  /** Master bytes that overlap a reply: neither survives. */
  #collide(start: number, end: number): void {
    for (const reply of this.#replies) {
      if (start >= this.#endOf(reply) || end <= reply.start) continue;
      this.#counts.collisions += 1;
      const from = Math.max(0, Math.floor((start - reply.start) / this.#character));
      const until = Math.min(reply.frame.length, Math.ceil((end - reply.start) / this.#character));
      for (let i = from; i < until; i += 1) reply.frame[i] = (reply.frame[i] ?? 0) ^ 0x5a;
      this.#request = this.#request.map((byte) => byte ^ 0x5a);
    }
  }
}
