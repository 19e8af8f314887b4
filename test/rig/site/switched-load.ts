import type { Beside } from './beside.ts';
import type { Answer, LineDevice } from './line.ts';
import { coilsReply, EXCEPTION, exceptionReply, parseRequest, readReply, writeReply, type Request } from './modbus.ts';
import type { Profile } from './profile.ts';

export interface SwitchedLoadSettings {
  readonly unitId: number;
  /** What it draws at most, watts. */
  readonly ratedW: number;
  /** What it would draw if nobody switched it; absent: its rating. */
  readonly wants?: Profile;
  /** A relay of a coil, or a holding register in steps of `stepW`. */
  readonly takes:
    | { readonly kind: 'coil'; readonly coil: number }
    | { readonly kind: 'register'; readonly address: number; readonly stepW: number };
  /** Modbus functions that it understands. */
  readonly functions: readonly number[];
}

export const RELAY_DEFAULTS: SwitchedLoadSettings = {
  unitId: 31,
  ratedW: 3000,
  takes: { kind: 'coil', coil: 0 },
  functions: [1, 5, 15],
};

export const REGISTER_LOAD_DEFAULTS: SwitchedLoadSettings = {
  unitId: 32,
  ratedW: 6000,
  takes: { kind: 'register', address: 1000, stepW: 100 },
  functions: [3, 6, 16],
};

export interface SwitchedLoadFaults {
  readonly silent: boolean;
  /** Acknowledges and reads back, and goes on as before. */
  readonly ignores: boolean;
}

const LOOKS_KEPT = 128;

/** A controllable load: a contactor, or a heating rod with a power register. Acts at once. */
export class SwitchedLoad implements LineDevice, Beside {
  readonly unitId: number;
  readonly #settings: SwitchedLoadSettings;
  readonly #looks: { readonly t: number; readonly power: number }[] = [];
  /** Coil 0 or 1, or the register. */
  #word: number;
  #acts: number;
  #faults: SwitchedLoadFaults = { silent: false, ignores: false };
  #writes = 0;

  constructor(settings: SwitchedLoadSettings) {
    this.unitId = settings.unitId;
    this.#settings = settings;
    this.#word = this.#full();
    this.#acts = this.#word;
  }

  get writes(): number {
    return this.#writes;
  }

  fault(change: Partial<SwitchedLoadFaults>): void {
    this.#faults = { ...this.#faults, ...change };
  }

  /** Power cut: on again, as its maker set it. */
  restart(): void {
    this.#word = this.#full();
    this.#acts = this.#word;
  }

  /** A second master. */
  turn(word: number): void {
    this.#word = word;
    this.#acts = word;
  }

  step(t: number): void {
    const { takes, ratedW, wants } = this.#settings;
    const most = takes.kind === 'coil' ? this.#acts * ratedW : this.#acts * takes.stepW;
    this.#looks.push({ t, power: Math.min(most, ratedW, wants?.(t) ?? ratedW) });
    if (this.#looks.length > LOOKS_KEPT) this.#looks.shift();
  }

  powerAt(t: number): number {
    return (this.#looks.findLast((look) => look.t <= t) ?? this.#looks[0])?.power ?? 0;
  }

  answer(_at: number, pdu: Uint8Array): Answer | null {
    if (this.#faults.silent) return null;
    return { unitId: this.unitId, pdu: this.#reply(pdu), delayMs: 0, corrupt: false };
  }

  #full(): number {
    const { takes, ratedW } = this.#settings;
    return takes.kind === 'coil' ? 1 : Math.round(ratedW / takes.stepW);
  }

  #reply(pdu: Uint8Array): Uint8Array {
    const code = pdu[0] ?? 0;
    const request = parseRequest(pdu);
    if (typeof request === 'number') return exceptionReply(code, request);
    if (!this.#settings.functions.includes(code)) return exceptionReply(code, EXCEPTION.function);
    return this.#settings.takes.kind === 'coil' ? this.#coil(pdu, request) : this.#register(pdu, request);
  }

  #coil(pdu: Uint8Array, request: Request): Uint8Array {
    const { takes } = this.#settings;
    const code = pdu[0] ?? 0;
    if (request.kind !== 'coils' || takes.kind !== 'coil') return exceptionReply(code, EXCEPTION.function);
    const { address, count, bits } = request;
    if (address !== takes.coil || count !== 1) return exceptionReply(code, EXCEPTION.address);
    if (bits === null) return coilsReply([this.#word === 1]);
    this.#write(bits[0] === true ? 1 : 0);
    return writeReply(pdu);
  }

  #register(pdu: Uint8Array, request: Request): Uint8Array {
    const { takes } = this.#settings;
    const code = pdu[0] ?? 0;
    if (request.kind === 'coils' || takes.kind !== 'register') return exceptionReply(code, EXCEPTION.function);
    const count = request.kind === 'read' ? request.count : request.words.length;
    if (request.address !== takes.address || count !== 1) return exceptionReply(code, EXCEPTION.address);
    if (request.kind === 'read') return readReply(Uint16Array.of(this.#word));
    this.#write(request.words[0] ?? 0);
    return writeReply(pdu);
  }

  #write(word: number): void {
    this.#writes += 1;
    this.#word = word;
    if (!this.#faults.ignores) this.#acts = word;
  }
}
