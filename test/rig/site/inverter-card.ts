import { RegisterImage } from './image.ts';
import type { Answer, LineDevice } from './line.ts';
import { EXCEPTION, exceptionReply, parseRequest, readReply, writeReply, type Request } from './modbus.ts';

/** A product as its own manual describes it. */
export interface InverterCard {
  readonly product: string;
  readonly unitId: number;
  readonly base: number;
  readonly ends: 'model' | 'zero' | 'nothing';
  readonly models: readonly number[];
  /** Exponent of the limit's per cent. */
  readonly limitScale: number;
  /** Modbus functions that write. */
  readonly writes: readonly (6 | 16)[];
  /** Points of the control model that take a write; null: those of the standard. */
  readonly takes: readonly string[] | null;
  /** The limit acts with the enable register as the factory left it. */
  readonly alwaysEnabled: boolean;
}

const ADDRESS_40000 = 40_000;
const LEGACY = [1, 103, 120, 121, 122, 123];
const standard = { unitId: 1, base: ADDRESS_40000, ends: 'model', writes: [6, 16], takes: null, alwaysEnabled: false } as const;

/** Written from sunspec.md section 8, not from our profiles. */
export const INVERTER_CARDS: readonly InverterCard[] = [
  { ...standard, product: 'plain 123', models: LEGACY, limitScale: -2 },
  { ...standard, product: 'plain 704', models: [1, 701, 702, 703, 704], limitScale: -1 },
  { ...standard, product: 'Fronius GEN24, float map', models: [1, 113, 120, 121, 122, 123], limitScale: -2 },
  { ...standard, product: 'SMA Tripower', unitId: 126, models: LEGACY, limitScale: 0, ends: 'nothing' },
  {
    ...standard,
    product: 'Kostal Plenticore',
    unitId: 71,
    models: [1, 103, 113, 120, 121, 122, 123],
    limitScale: -1,
    ends: 'zero',
    writes: [6],
    takes: ['WMaxLimPct'],
    alwaysEnabled: true,
  },
  { ...standard, product: 'KACO blueplanet', models: LEGACY, limitScale: -1 },
  { ...standard, product: 'ABB UNO behind VSN300', unitId: 2, base: 0, models: LEGACY, limitScale: 0 },
];

const RATED_W = 10_000;
const AVAILABLE_W = 8000;

/** An inverter after its card: obeys its limit at once, and stands in the sun with 8 kW of 10. Only an enabled limit acts. */
export class CardInverter implements LineDevice {
  readonly unitId: number;
  readonly #card: InverterCard;
  readonly #image: RegisterImage;
  readonly #written = new Map<string, number>();
  /** The limit of a 704 falls to its reversion value then; milliseconds. */
  #revertsAt = Infinity;

  constructor(card: InverterCard) {
    this.unitId = card.unitId;
    this.#card = card;
    this.#image = new RegisterImage(card.models, card.base, card.ends);
    this.#begin();
  }

  /** How often a point of the control model was written. */
  writesOf(point: string): number {
    return this.#written.get(point) ?? 0;
  }

  /** What it gives at this instant, watts. */
  outputAt(at: number): number {
    const image = this.#image;
    if (this.#isDer()) {
      if (at >= this.#revertsAt) {
        image.put(704, 'WMaxLimPct', image.get(704, 'WMaxLimPctRvrt'));
        image.put(704, 'WMaxLimPctEna', image.get(704, 'WMaxLimPctEnaRvrt'));
        this.#revertsAt = Infinity;
      }
      if (image.get(703, 'ES') === 0) return 0;
      return image.get(704, 'WMaxLimPctEna') === 1 ? this.#limited(image.get(704, 'WMaxLimPct')) : AVAILABLE_W;
    }
    if (image.get(123, 'Conn') === 0) return 0;
    const enabled = this.#card.alwaysEnabled || image.get(123, 'WMaxLim_Ena') === 1;
    return enabled ? this.#limited(image.get(123, 'WMaxLimPct')) : AVAILABLE_W;
  }

  answer(at: number, pdu: Uint8Array): Answer | null {
    return { unitId: this.unitId, pdu: this.#reply(at, pdu), delayMs: 0, corrupt: false };
  }

  #reply(at: number, pdu: Uint8Array): Uint8Array {
    const code = pdu[0] ?? 0;
    const request = parseRequest(pdu);
    if (typeof request === 'number') return exceptionReply(code, request);
    if (request.kind === 'coils') return exceptionReply(code, EXCEPTION.function);
    if (request.kind === 'read') {
      this.#measure(at);
      const words = this.#image.read(request.address, request.count);
      return words === null ? exceptionReply(code, EXCEPTION.address) : readReply(words);
    }
    if (!this.#card.writes.some((known) => known === code)) return exceptionReply(code, EXCEPTION.function);
    return this.#write(at, request) ? writeReply(pdu) : exceptionReply(code, EXCEPTION.address);
  }

  #write(at: number, { address, words }: Request & { readonly kind: 'write' }): boolean {
    const touched = this.#pointsAt(address, words.length);
    const { takes } = this.#card;
    if (takes !== null && touched.some((point) => !takes.includes(point))) return false;
    if (!this.#image.write(address, words)) return false;
    for (const point of touched) this.#written.set(point, this.writesOf(point) + 1);
    if (!this.#isDer()) return true;
    const seconds = this.#image.get(704, 'WMaxLimPctRvrtTms');
    this.#revertsAt = seconds > 0 ? at + seconds * 1000 : Infinity;
    return true;
  }

  /** Points of the control models in these registers. */
  #pointsAt(address: number, count: number): readonly string[] {
    return (this.#isDer() ? [703, 704] : [123]).flatMap((model) => this.#image.pointsAt(model, address, count));
  }

  #limited(percent: number): number {
    return Math.min(AVAILABLE_W, (percent / 100) * RATED_W);
  }

  #isDer(): boolean {
    return this.#card.models.includes(704);
  }

  #measure(at: number): void {
    const watts = this.outputAt(at);
    const image = this.#image;
    const has = (model: number): boolean => this.#card.models.includes(model);
    for (const model of [103, 113].filter(has)) {
      for (const [point, value] of [
        ['W', watts],
        ['VA', watts],
        ['A', watts / 690],
        ['Hz', 50],
        ['WH', 1e6],
        ['St', 4],
      ] as const)
        image.put(model, point, value);
      for (const phase of ['A', 'B', 'C']) image.put(model, `PhVph${phase}`, 230);
    }
    if (!has(701)) return;
    for (const [point, value] of [
      ['W', watts],
      ['Hz', 50],
      ['InvSt', 3],
      ['St', 1],
      ['ConnSt', 1],
      ['TotWhInj', 1e6],
    ] as const)
      image.put(701, point, value);
    for (const phase of [1, 2, 3]) image.put(701, `VL${phase}`, 230);
  }

  #begin(): void {
    const image = this.#image;
    const [maker = '', ...rest] = this.#card.product.split(' ');
    image.putText(1, 'Mn', maker);
    image.putText(1, 'Md', rest.join(' ').slice(0, 32));
    image.putText(1, 'SN', `CARD-${this.unitId}`);
    const scales = (model: number, all: Readonly<Record<string, number>>): void => {
      for (const [name, exponent] of Object.entries(all)) image.put(model, `${name}_SF`, exponent);
    };
    if (this.#card.models.includes(103)) scales(103, { A: -2, V: -1, W: 0, Hz: -2, VA: 0, WH: 0 });
    if (this.#isDer()) {
      scales(701, { W: 0, Hz: -2, V: -1, TotWh: 0 });
      scales(702, { W: 0, VA: 0, V: 0 });
      for (const point of ['WMaxRtg', 'WMax', 'VAMaxRtg']) image.put(702, point, RATED_W);
      image.put(703, 'ES', 1);
      scales(704, { WMaxLimPct: this.#card.limitScale });
      image.put(704, 'WMaxLimPctEna', 0);
      image.put(704, 'WMaxLimPct', 100);
      return;
    }
    scales(120, { WRtg: 0 });
    image.put(120, 'WRtg', RATED_W);
    scales(121, { WMax: 0 });
    image.put(121, 'WMax', RATED_W);
    scales(123, { WMaxLimPct: this.#card.limitScale });
    image.put(123, 'Conn', 1);
    image.put(123, 'WMaxLimPct', 100);
    image.put(123, 'WMaxLim_Ena', this.#card.alwaysEnabled ? 1 : 0);
  }
}
