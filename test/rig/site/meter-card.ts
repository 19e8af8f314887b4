import type { Answer, LineDevice } from './line.ts';
import { EXCEPTION, exceptionReply } from './modbus.ts';

type Quantity = 'W' | 'WL1' | 'WL2' | 'WL3' | 'var' | 'VL1' | 'VL2' | 'VL3' | 'Hz' | 'kWhIn' | 'kWhOut';
type Coding = 'f32' | 's32' | 'u16';

/** A meter as its manual describes it: quantity, register (wire address), coding and steps of the register per unit. */
export interface MeterCard {
  readonly product: string;
  /** Functions it reads with. */
  readonly functions: readonly number[];
  /** Two-register values: which word comes first. */
  readonly first: 'high' | 'low';
  /** Registers one request may ask for. */
  readonly longest: number;
  /** Spans of registers that answer; what is not named in them reads zero. */
  readonly spans: readonly (readonly [from: number, to: number])[];
  readonly values: readonly (readonly [Quantity, number, Coding, number])[];
  /** Address of its serial number 4711, as a number or as text; null: not readable. */
  readonly serial: { readonly functions: readonly number[]; readonly at: number; readonly text: boolean } | null;
}

const EASTRON_SERIAL = { functions: [3], at: 0xfc00, text: false } as const;
const GAVAZZI_SERIAL = { functions: [3, 4], at: 0x5000, text: true } as const;
const gavazzi = (product: string): MeterCard => ({
  product,
  functions: [3, 4],
  first: 'low',
  longest: 60,
  spans: [[0, 0x4f]],
  values: [
    ['VL1', 0x00, 's32', 10],
    ['VL2', 0x02, 's32', 10],
    ['VL3', 0x04, 's32', 10],
    ['WL1', 0x12, 's32', 10],
    ['WL2', 0x14, 's32', 10],
    ['WL3', 0x16, 's32', 10],
    ['VL1', 0x24, 's32', 10],
    ['W', 0x28, 's32', 10],
    ['var', 0x2c, 's32', 10],
    ['Hz', 0x33, 'u16', 10],
    ['kWhIn', 0x34, 's32', 10],
    ['kWhOut', 0x4e, 's32', 10],
  ],
  serial: GAVAZZI_SERIAL,
});

/** Written from what is commonly known of these meters, not from our profiles; the makers' lists have not confirmed every address. */
export const METER_CARDS: readonly MeterCard[] = [
  {
    product: 'Eastron SDM630',
    functions: [4],
    first: 'high',
    longest: 80,
    spans: [[0, 0x4f]],
    values: [
      ['VL1', 0x00, 'f32', 1],
      ['VL2', 0x02, 'f32', 1],
      ['VL3', 0x04, 'f32', 1],
      ['WL1', 0x0c, 'f32', 1],
      ['WL2', 0x0e, 'f32', 1],
      ['WL3', 0x10, 'f32', 1],
      ['W', 0x34, 'f32', 1],
      ['var', 0x3c, 'f32', 1],
      ['Hz', 0x46, 'f32', 1],
      ['kWhIn', 0x48, 'f32', 1],
      ['kWhOut', 0x4a, 'f32', 1],
    ],
    serial: EASTRON_SERIAL,
  },
  {
    product: 'Eastron SDM120',
    functions: [4],
    first: 'high',
    longest: 80,
    spans: [[0, 0x4f]],
    values: [
      ['VL1', 0x00, 'f32', 1],
      ['W', 0x0c, 'f32', 1],
      ['var', 0x18, 'f32', 1],
      ['Hz', 0x46, 'f32', 1],
      ['kWhIn', 0x48, 'f32', 1],
      ['kWhOut', 0x4a, 'f32', 1],
    ],
    serial: EASTRON_SERIAL,
  },
  gavazzi('Carlo Gavazzi EM24'),
  gavazzi('Carlo Gavazzi EM340'),
  {
    product: 'WattNode',
    functions: [3, 4],
    first: 'low',
    longest: 120,
    spans: [
      [1000, 1034],
      [1100, 1160],
    ],
    values: [
      ['kWhIn', 1002, 'f32', 1],
      ['W', 1008, 'f32', 1],
      ['WL1', 1010, 'f32', 1],
      ['WL2', 1012, 'f32', 1],
      ['WL3', 1014, 'f32', 1],
      ['VL1', 1018, 'f32', 1],
      ['VL2', 1020, 'f32', 1],
      ['VL3', 1022, 'f32', 1],
      ['Hz', 1032, 'f32', 1],
      ['kWhOut', 1112, 'f32', 1],
      ['var', 1146, 'f32', 1],
    ],
    serial: { functions: [3, 4], at: 1700, text: false },
  },
];

const SERIAL = 4711;

/** A meter after its card, holding still at what it was given. */
export class CardMeter implements LineDevice {
  readonly unitId: number;
  readonly #card: MeterCard;
  readonly #words = new Map<number, number>();

  constructor(card: MeterCard, unitId: number) {
    this.unitId = unitId;
    this.#card = card;
    for (const [from, to] of card.spans) for (let at = from; at <= to; at += 1) this.#words.set(at, 0);
    if (card.serial !== null) {
      const words = card.serial.text ? [0x3437, 0x3131, 0, 0, 0, 0, 0] : [SERIAL >>> 16, SERIAL & 0xffff];
      words.forEach((word, i) => this.#words.set((card.serial?.at ?? 0) + i, word));
    }
  }

  show(values: Readonly<Record<Quantity, number>>): void {
    for (const [quantity, at, coding, steps] of this.#card.values) this.#put(at, coding, values[quantity] * steps);
  }

  answer(_at: number, pdu: Uint8Array): Answer | null {
    return { unitId: this.unitId, pdu: this.#reply(pdu), delayMs: 0, corrupt: false };
  }

  #put(at: number, coding: Coding, value: number): void {
    if (coding === 'u16') {
      this.#words.set(at, Math.round(value));
      return;
    }
    const view = new DataView(new ArrayBuffer(4));
    if (coding === 'f32') view.setFloat32(0, value);
    else view.setInt32(0, Math.round(value));
    const [high, low] = [view.getUint16(0), view.getUint16(2)];
    this.#words.set(at, this.#card.first === 'high' ? high : low);
    this.#words.set(at + 1, this.#card.first === 'high' ? low : high);
  }

  #reply(pdu: Uint8Array): Uint8Array {
    const [code = 0, high = 0, low = 0, , count = 0] = pdu;
    const { serial, functions, longest } = this.#card;
    const address = (high << 8) | low;
    const known = serial !== null && address === serial.at ? serial.functions : functions;
    if (!known.includes(code)) return exceptionReply(code, EXCEPTION.function);
    if (count < 1 || count > longest) return exceptionReply(code, EXCEPTION.value);
    const words = Array.from({ length: count }, (_, i) => this.#words.get(address + i));
    if (words.includes(undefined)) return exceptionReply(code, EXCEPTION.address);
    return Uint8Array.from([code, 2 * count, ...words.flatMap((word = 0) => [word >> 8, word & 0xff])]);
  }
}
