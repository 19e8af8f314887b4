import type { Answer, LineDevice } from './line.ts';
import type { Plant } from './plant.ts';
import { EXCEPTION, exceptionReply, parseRequest, writeReply } from './modbus.ts';

type Coding = 'u16' | 's16' | 'u32' | 's32' | 'f32' | 'text';

/** Where a product keeps a value, as its manual says: table, register (wire address), coding, steps of the register per unit. */
interface Register {
  readonly table: 'input' | 'holding';
  readonly at: number;
  readonly coding: Coding;
  readonly steps?: number;
  /** Two-register values: which word comes first. */
  readonly first?: 'high' | 'low';
}

/** The registers of a device by table. */
class Registers {
  readonly #words = { input: new Map<number, number>(), holding: new Map<number, number>() };

  span(table: Register['table'], from: number, to: number): void {
    for (let at = from; at <= to; at += 1) this.#words[table].set(at, 0);
  }

  read(table: Register['table'], address: number, count: number): readonly number[] | null {
    const words = Array.from({ length: count }, (_, i) => this.#words[table].get(address + i));
    return words.includes(undefined) ? null : words.map((word = 0) => word);
  }

  write(address: number, words: readonly number[]): void {
    words.forEach((word, i) => this.#words.holding.set(address + i, word));
  }

  put({ table, at, coding, steps = 1, first = 'high' }: Register, value: number): void {
    if (coding === 'u16' || coding === 's16') {
      this.#words[table].set(at, Math.round(value * steps) & 0xffff);
      return;
    }
    const view = new DataView(new ArrayBuffer(4));
    if (coding === 'f32') view.setFloat32(0, value * steps);
    else view.setInt32(0, Math.round(value * steps));
    const [high, low] = [view.getUint16(0), view.getUint16(2)];
    this.#words[table].set(at, first === 'high' ? high : low);
    this.#words[table].set(at + 1, first === 'high' ? low : high);
  }

  text(table: Register['table'], at: number, text: string): void {
    for (let i = 0; i < text.length; i += 2)
      this.#words[table].set(at + i / 2, (text.charCodeAt(i) << 8) | (i + 1 < text.length ? text.charCodeAt(i + 1) : 0));
  }

  get({ table, at, coding, steps = 1, first = 'high' }: Register): number {
    const one = this.#words[table].get(at) ?? 0;
    if (coding === 'u16') return one / steps;
    if (coding === 's16') return ((one << 16) >> 16) / steps;
    const two = this.#words[table].get(at + 1) ?? 0;
    const view = new DataView(new ArrayBuffer(4));
    view.setUint16(0, first === 'high' ? one : two);
    view.setUint16(2, first === 'high' ? two : one);
    return (coding === 'f32' ? view.getFloat32(0) : coding === 's32' ? view.getInt32(0) : view.getUint32(0)) / steps;
  }
}

type Get = (register: Register) => number;

/** A product that is limited in registers of its own, as its manual describes it. */
export interface RegisterInverterCard {
  readonly product: string;
  readonly unitId: number;
  /** Spans that answer; what is not named in them reads zero. */
  readonly spans: readonly (readonly ['input' | 'holding', number, number])[];
  readonly serial: readonly ['input' | 'holding', number];
  /** What it shows at all times, and what it starts with. */
  readonly fixed: readonly (readonly [Register, number])[];
  readonly watts: Register;
  /** Modbus functions that write. */
  readonly writes: readonly (6 | 16)[];
  /** Holding registers that take a write; others earn an exception. */
  readonly takes: readonly number[];
  /** Most that it gives, watts; null: unlimited. `quiet`: seconds since the register `refreshedBy` was written. */
  readonly limit: (get: Get, quiet: number) => number | null;
  readonly refreshedBy: number;
}

const RATED_W = 10_000;
const AVAILABLE_W = 8000;
const input = (at: number, coding: Coding, steps = 1): Register => ({ table: 'input', at, coding, steps, first: 'low' });
const holding = (at: number, coding: Coding, steps = 1, first: 'high' | 'low' = 'high'): Register => ({
  table: 'holding',
  at,
  coding,
  steps,
  first,
});

/** Document numbers count from 1: number 5008 is address 5007 on the wire. */
const SUNGROW = { switch: holding(5006, 'u16'), setting: holding(5007, 'u16', 10) };
const EDPC = {
  enable: holding(0xf300, 'u16'),
  max: holding(0xf304, 'f32', 1, 'low'),
  timeout: holding(0xf310, 'u32', 1, 'low'),
  fallback: holding(0xf312, 'f32', 1, 'low'),
  rampUp: holding(0xf318, 'f32', 1, 'low'),
  rampDown: holding(0xf31a, 'f32', 1, 'low'),
  limit: holding(0xf322, 'f32', 1, 'low'),
};

/** Wire addresses as they stand in public documentation; holding registers, high word first. */
const READ_ONLY = {
  writes: [6, 16] as const,
  limit: (): null => null,
  refreshedBy: 0,
};

/** Written from sunspec.md section 8 and public documentation, not from our profiles. */
export const REGISTER_INVERTERS: readonly RegisterInverterCard[] = [
  {
    product: 'Sungrow SG10RT',
    unitId: 1,
    spans: [
      ['input', 4949, 5100],
      ['holding', 5000, 5050],
    ],
    serial: ['input', 4989],
    fixed: [
      [input(5000, 'u16', 0.01), RATED_W],
      [input(5003, 'u32', 0.001), 1_000_000],
      [input(5018, 'u16', 10), 230],
      [input(5019, 'u16', 10), 230],
      [input(5020, 'u16', 10), 230],
      [input(5035, 'u16', 10), 50],
      [input(5037, 'u16'), 0],
      [SUNGROW.switch, 0x55],
      [SUNGROW.setting, 100],
    ],
    watts: input(5030, 'u32'),
    writes: [6, 16],
    takes: [5005, 5006, 5007],
    // No output would be 0.0 %, which some of its interfaces take for no limit.
    limit: (get: Get): number | null => {
      const percent = get(SUNGROW.setting);
      return get(SUNGROW.switch) !== 0xaa || percent === 0 ? null : (percent / 100) * RATED_W;
    },
    refreshedBy: 5007,
  },
  {
    product: 'SolarEdge SE10K',
    unitId: 1,
    spans: [
      ['holding', 40_000, 40_121],
      ['holding', 0xf300, 0xf329],
    ],
    serial: ['holding', 40_052],
    fixed: [
      [holding(40_000, 'u32'), 0x5375_6e53],
      [holding(40_069, 'u16'), 103],
      [holding(40_070, 'u16'), 50],
      [holding(40_079, 'u16', 10), 230],
      [holding(40_080, 'u16', 10), 230],
      [holding(40_081, 'u16', 10), 230],
      [holding(40_082, 's16'), -1],
      [holding(40_084, 's16'), 0],
      [holding(40_085, 'u16', 100), 50],
      [holding(40_086, 's16'), -2],
      [holding(40_093, 'u32'), 1_000_000],
      [holding(40_107, 'u16'), 4],
      [EDPC.max, RATED_W],
      [EDPC.timeout, 60],
      [EDPC.fallback, 100],
      [EDPC.rampUp, 5],
      [EDPC.rampDown, 5],
      [EDPC.limit, 100],
    ],
    watts: holding(40_083, 's16'),
    writes: [16],
    takes: [0xf300, 0xf310, 0xf312, 0xf318, 0xf31a, 0xf322],
    // A ramp of 5 % a minute would not follow within this card's time: it counts as no limit.
    limit: (get: Get, quiet: number): number | null => {
      if (get(EDPC.enable) !== 1 || get(EDPC.rampDown) !== -1 || get(EDPC.rampUp) !== -1) return null;
      const percent = quiet > get(EDPC.timeout) ? get(EDPC.fallback) : get(EDPC.limit);
      return percent >= 0 && percent <= 100 ? (percent / 100) * RATED_W : null;
    },
    refreshedBy: 0xf322,
  },
  {
    ...READ_ONLY,
    product: 'Huawei SUN2000-10KTL',
    unitId: 1,
    spans: [
      ['holding', 30_000, 30_080],
      ['holding', 32_000, 32_120],
      ['holding', 40_120, 40_130],
    ],
    serial: ['holding', 30_015],
    fixed: [
      [holding(30_073, 'u32'), RATED_W],
      [holding(32_069, 'u16', 10), 230],
      [holding(32_070, 'u16', 10), 230],
      [holding(32_071, 'u16', 10), 230],
      [holding(32_082, 's32'), 0],
      [holding(32_085, 'u16', 100), 50],
      [holding(32_089, 'u16'), 0x200],
      [holding(32_106, 'u32', 0.1), 1_000_000],
    ],
    watts: holding(32_080, 's32'),
    takes: [40_125, 40_126],
  },
  {
    ...READ_ONLY,
    product: 'GoodWe GW10K-ET',
    unitId: 247,
    spans: [
      ['holding', 35_000, 35_032],
      ['holding', 35_100, 35_224],
      ['holding', 47_509, 47_510],
    ],
    serial: ['holding', 35_003],
    fixed: [
      [holding(35_001, 'u16'), RATED_W],
      [holding(35_121, 'u16', 10), 230],
      [holding(35_123, 'u16', 100), 50],
      [holding(35_126, 'u16', 10), 230],
      [holding(35_131, 'u16', 10), 230],
      [holding(35_136, 'u16'), 1],
      [holding(35_191, 'u32', 0.01), 1_000_000],
    ],
    watts: holding(35_138, 's16'),
    takes: [47_509, 47_510],
  },
];

/** The product of this name. */
export const registerInverterNamed = (product: string): RegisterInverterCard => {
  const card = REGISTER_INVERTERS.find((one) => one.product === product);
  if (card === undefined) throw new Error(`no card of ${product}`);
  return card;
};

/** An inverter after its card, in front of a plant's output stage; without one it obeys at once, and stands in the sun with 8 kW of 10. */
export class RegisterInverter implements LineDevice {
  readonly unitId: number;
  readonly #card: RegisterInverterCard;
  readonly #registers = new Registers();
  readonly #writes: number[] = [];
  readonly #plant: Plant | null;
  #refreshedAt = 0;
  /** It does not answer. */
  silent = false;

  constructor(card: RegisterInverterCard, serial = 'CARD-1', plant: Plant | null = null) {
    this.#card = card;
    this.#plant = plant;
    this.unitId = card.unitId;
    for (const [table, from, to] of card.spans) this.#registers.span(table, from, to);
    for (const [register, value] of card.fixed) this.#registers.put(register, value);
    this.#registers.text(card.serial[0], card.serial[1], serial);
  }

  /** First registers of the writes it has carried out, in their order. */
  get writes(): readonly number[] {
    return this.#writes;
  }

  /** What it gives at this instant, watts. */
  outputAt(at: number): number {
    if (this.#plant !== null) return Math.round(this.#plant.generationAt(at));
    const limit = this.#limitAt(at);
    return Math.round(Math.min(AVAILABLE_W, limit ?? AVAILABLE_W));
  }

  #limitAt(at: number): number | null {
    return this.#card.limit((register) => this.#registers.get(register), (at - this.#refreshedAt) / 1000);
  }

  /** Somebody else writes this register. */
  meddle(address: number, words: readonly number[]): void {
    this.#registers.write(address, words);
  }

  answer(at: number, pdu: Uint8Array): Answer | null {
    if (this.silent) return null;
    return { unitId: this.unitId, pdu: this.#reply(at, pdu), delayMs: 0, corrupt: false };
  }

  #read(at: number, [code = 0, high = 0, low = 0, , count = 0]: Uint8Array): Uint8Array {
    this.#registers.put(this.#card.watts, this.outputAt(at));
    const words = this.#registers.read(code === 4 ? 'input' : 'holding', (high << 8) | low, count);
    if (words === null || count < 1 || count > 125) return exceptionReply(code, EXCEPTION.address);
    return Uint8Array.from([code, 2 * count, ...words.flatMap((word) => [word >> 8, word & 0xff])]);
  }

  #reply(at: number, pdu: Uint8Array): Uint8Array {
    const [code = 0] = pdu;
    if (code === 3 || code === 4) return this.#read(at, pdu);
    const request = parseRequest(pdu);
    if (typeof request === 'number') return exceptionReply(code, request);
    if (request.kind !== 'write' || !this.#card.writes.some((known) => known === code))
      return exceptionReply(code, EXCEPTION.function);
    if (!this.#card.takes.includes(request.address)) return exceptionReply(code, EXCEPTION.address);
    this.#registers.write(request.address, request.words);
    this.#writes.push(request.address);
    if (request.address === this.#card.refreshedBy) this.#refreshedAt = at;
    this.#plant?.command(at, this.#limitAt(at));
    return writeReply(pdu);
  }
}
