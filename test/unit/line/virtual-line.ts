import type { Cancel, Clock } from '#base/ports.ts';
import { monoMs, wallSeconds, type MonoMs, type WallSeconds } from '#base/units.ts';
import type { LinePort } from '#drivers/line/port.ts';

/** Time that passes only when a test says so. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers: { readonly at: number; readonly run: () => void }[] = [];

  now(): MonoMs {
    return monoMs(this.#now);
  }

  wall(): WallSeconds {
    return wallSeconds(0);
  }

  at(deadline: MonoMs, run: () => void): Cancel {
    const timer = { at: Math.max(deadline, this.#now), run };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timers[middle]!.at <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** Runs everything due up to `until`. */
  run(until: number): void {
    for (;;) {
      const next = this.#timers[0];
      if (next === undefined || next.at > until) break;
      this.#timers.shift();
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }

  runFor(span: number): void {
    this.run(this.#now + span);
  }
}

export const crcOf = (bytes: readonly number[]): [number, number] => {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return [crc & 0xff, crc >> 8];
};

export const withCrc = (bytes: readonly number[]): number[] => [...bytes, ...crcOf(bytes)];

export interface HeardRequest {
  readonly at: number;
  readonly index: number;
  readonly unitId: number;
  readonly code: number;
  readonly address: number;
  readonly count: number;
  readonly words: readonly number[];
}

/** What a slave does with a request: the frame it answers, how long after the request it begins, or null for silence. */
export type Behaviour = (request: HeardRequest) => { readonly frame: readonly number[]; readonly turnaround: number } | null;

export const wordOf = (index: number, offset: number): number => (index * 257 + offset * 31) & 0xffff;

/** The proper answer; every request gets words of its own, so that an answer to another request shows. */
export const properFrame = (request: HeardRequest): number[] => {
  const { unitId, code, count, address, index } = request;
  if (code === 16) return withCrc([unitId, 16, address >> 8, address & 0xff, count >> 8, count & 0xff]);
  const data = Array.from({ length: count }, (_, i) => wordOf(index, i)).flatMap((word) => [word >> 8, word & 0xff]);
  return withCrc([unitId, 3, 2 * count, ...data]);
};

const CHUNK = 8;
/** A slave that is further behind has forgotten the request. */
const LONGEST_DELAY_MS = 4500;

/** A wire with byte times and slaves that answer in order, each unit by itself. */
export class VirtualLine implements LinePort {
  readonly heard: HeardRequest[] = [];
  readonly flushes: number[] = [];
  opens = 0;
  behaviour: Behaviour = (request) => ({ frame: properFrame(request), turnaround: 20 });
  echo = false;
  /** Bytes the port hands over at once. */
  chunk = CHUNK;
  /** What the engine said is missing, after each piece. */
  readonly missing: number[] = [];
  /** What happens when the port is opened: null opens it, a text is why it fails. */
  openFault: string | null = null;
  #handlers: Parameters<LinePort['open']>[0] | null = null;
  readonly #busyUntil = new Map<number, number>();
  readonly clock: VirtualClock;
  readonly characterMs: number;

  constructor(clock: VirtualClock, characterMs: number) {
    this.clock = clock;
    this.characterMs = characterMs;
  }

  open(handlers: Parameters<LinePort['open']>[0]): void {
    this.opens += 1;
    this.#handlers = handlers;
    this.clock.at(monoMs(this.clock.now() + 1), () => {
      if (this.openFault === null) handlers.onUp();
      else handlers.onDown(this.openFault);
    });
  }

  write(bytes: Uint8Array): void {
    const sentAt = this.clock.now();
    const end = sentAt + bytes.length * this.characterMs;
    if (this.echo) this.transmit([...bytes], sentAt);
    const field = (i: number): number => (bytes[i]! << 8) + bytes[i + 1]!;
    const words: number[] = [];
    if (bytes[1] === 16) for (let i = 7; i + 1 < bytes.length - 2; i += 2) words.push(field(i));
    const request: HeardRequest = {
      at: sentAt,
      index: this.heard.length,
      unitId: bytes[0]!,
      code: bytes[1]!,
      address: field(2),
      count: field(4),
      words,
    };
    this.heard.push(request);
    const answer = this.behaviour(request);
    if (answer === null) return;
    const start = Math.max(end, this.#busyUntil.get(request.unitId) ?? 0) + answer.turnaround;
    if (start - end > LONGEST_DELAY_MS) return;
    this.#busyUntil.set(request.unitId, start + answer.frame.length * this.characterMs);
    this.transmit(answer.frame, start);
  }

  /** Puts bytes on the wire, the first bit at `start`. */
  transmit(frame: readonly number[], start: number): void {
    for (let i = 0; i < frame.length; i += this.chunk) {
      const piece = Uint8Array.from(frame.slice(i, i + this.chunk));
      const arrival = monoMs(start + (i + piece.length) * this.characterMs);
      this.clock.at(arrival, () => {
        if (this.#handlers !== null) this.missing.push(this.#handlers.onBytes(piece, arrival));
      });
    }
  }

  unplug(why: string): void {
    this.#handlers?.onDown(why);
  }

  flush(): void {
    this.flushes.push(this.clock.now());
  }

  close(): void {
    this.#handlers = null;
  }
}
