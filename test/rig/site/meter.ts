import { SeededRandom } from '#base/random.ts';
import type { ConnectionPoint } from './connection-point.ts';
import { RegisterImage } from './image.ts';
import type { Answer, LineDevice } from './line.ts';
import { EXCEPTION, exceptionReply, parseRequest, readReply } from './modbus.ts';

export interface MeterSettings {
  readonly unitId: number;
  readonly serial: string;
  /** Registers are renewed this often, milliseconds; null: the phase of it is drawn from the seed. */
  readonly refreshMs: number;
  readonly refreshPhaseMs: number | null;
  /** So old is what is renewed: an inverter reads the meter and passes it on. Absent: nothing. */
  readonly ageMs?: number;
  /** The phase each inverter feeds, in their order; null or absent: all three alike. */
  readonly feeds?: readonly ('A' | 'B' | 'C' | null)[];
}

export const METER_DEFAULTS: MeterSettings = { unitId: 2, serial: 'RIG-MTR-0001', refreshMs: 1000, refreshPhaseMs: null };

export interface MeterFaults {
  readonly silent: boolean;
  /** Answers, and nothing in its block moves any more. */
  readonly frozen: boolean;
  readonly signFlipped: boolean;
  /** The current transformer of this phase is turned round; null: none is. */
  readonly turned: 'A' | 'B' | 'C' | null;
  /** The current transformers of these phases sit each on the conductor of the next of them; absent or empty: each on its own. */
  readonly exchanged: readonly ('A' | 'B' | 'C')[];
  /** It sits on a circuit with the load alone. */
  readonly apart: boolean;
  /** Watts added to what it shows. */
  readonly offsetW: number;
  readonly lateMs: number;
}

const SOUND: MeterFaults = {
  silent: false,
  frozen: false,
  signFlipped: false,
  turned: null,
  exchanged: [],
  apart: false,
  offsetW: 0,
  lateMs: 0,
};
const PHASE_VOLTS = 230;
/** Shares of the load on the phases; the inverter feeds all three alike. */
const LOAD_SHARES = [0.45, 0.3, 0.25] as const;
const PHASES = ['A', 'B', 'C'] as const;
/** Current and voltage of different phases, at power factor 1. */
const COS_120 = -0.5;

/** A SunSpec meter (models 1, 203) at the connection point; positive power flows into the site. */
export class MeterCore implements LineDevice {
  readonly unitId: number;
  readonly #settings: MeterSettings;
  readonly #point: ConnectionPoint;
  readonly #image = new RegisterImage([1, 203]);
  readonly #seed: number;
  readonly #sync: (at: number) => void;
  readonly #phase: number;
  #faults: MeterFaults = SOUND;
  #lastRefresh: number | null = null;

  /** `sync` brings the site to an instant before the meter looks at it. */
  constructor(settings: MeterSettings, point: ConnectionPoint, seed: number, sync: (at: number) => void) {
    this.unitId = settings.unitId;
    this.#settings = settings;
    this.#point = point;
    this.#seed = seed;
    this.#sync = sync;
    this.#phase = settings.refreshPhaseMs ?? new SeededRandom(seed, 'meter').between(0, settings.refreshMs);
  }

  begin(): void {
    const image = this.#image;
    image.putText(1, 'Mn', 'Rig Works');
    image.putText(1, 'Md', 'Gridpoint 3');
    image.putText(1, 'Opt', 'none');
    image.putText(1, 'Vr', '2.0.1');
    image.putText(1, 'SN', this.#settings.serial);
    image.put(1, 'DA', this.unitId);
    const scales = { A: -2, V: -1, Hz: -2, W: 0, VA: 0, VAR: 0, PF: 0, TotWh: 0 };
    for (const [name, exponent] of Object.entries(scales)) image.put(203, `${name}_SF`, exponent);
    image.put(203, 'Evt', 0);
  }

  fault(at: number, change: Partial<MeterFaults>): void {
    this.#sync(at);
    if (change.frozen === true) this.#refresh(at);
    this.#faults = { ...this.#faults, ...change };
  }

  answer(at: number, pdu: Uint8Array): Answer | null {
    this.#sync(at);
    if (this.#faults.silent) return null;
    const request = parseRequest(pdu);
    return { unitId: this.unitId, pdu: this.#reply(at, pdu[0] ?? 0, request), delayMs: this.#faults.lateMs, corrupt: false };
  }

  #reply(at: number, code: number, request: ReturnType<typeof parseRequest>): Uint8Array {
    if (typeof request === 'number') return exceptionReply(code, request);
    if (request.kind === 'coils') return exceptionReply(code, EXCEPTION.function);
    if (request.kind === 'write') return exceptionReply(code, EXCEPTION.address);
    this.#refresh(at);
    const words = this.#image.read(request.address, request.count);
    return words === null ? exceptionReply(code, EXCEPTION.address) : readReply(words);
  }

  #refresh(at: number): void {
    const { refreshMs, ageMs = 0 } = this.#settings;
    const tick = Math.floor((at - this.#phase) / refreshMs);
    if (this.#faults.frozen || tick === this.#lastRefresh) return;
    this.#lastRefresh = tick;
    const seen = Math.max(0, tick * refreshMs + this.#phase - ageMs);
    const noise = new SeededRandom(this.#seed + tick, 'meter-noise');
    const sign = this.#faults.signFlipped ? -1 : 1;
    const load = this.#point.loadAt(seen);
    const put = (point: string, value: number | null): void => this.#image.put(203, point, value);
    const volts = PHASES.map(() => PHASE_VOLTS + noise.normal() * 0.4);
    const watts = PHASES.map((phase) => {
      const turned = phase === this.#faults.turned ? -sign : sign;
      return turned * this.#underTransformer(phase, seen) + this.#faults.offsetW / 3;
    });
    const generation = this.#faults.apart ? 0 : this.#point.generationAt(seen) + this.#point.dischargeAt(seen);
    const sum = watts.reduce((all, one) => all + one, 0);
    const total =
      this.#faults.turned === null && this.#faults.exchanged.length === 0
        ? sign * (load - generation) + this.#faults.offsetW
        : sum;
    this.#volts(volts);
    put('W', total);
    put('VA', Math.abs(total));
    put('VAR', 0);
    put('PF', 100);
    let amps = 0;
    PHASES.forEach((phase, i) => {
      const power = watts[i] ?? 0;
      const current = Math.abs(power) / (volts[i] ?? PHASE_VOLTS);
      amps += current;
      put(`Wph${phase}`, power);
      put(`VAph${phase}`, Math.abs(power));
      put(`VARph${phase}`, 0);
      put(`PFph${phase}`, 100);
      put(`Aph${phase}`, current);
    });
    put('A', amps);
    put('Hz', 50 + noise.normal() * 0.01);
    const energy = this.#point.energy();
    put('TotWhExp', 2_000_000 + energy.exported);
    put('TotWhImp', 3_000_000 + energy.imported);
  }

  /** Power that the meter makes of its own voltage and the current under the phase's transformer. */
  #underTransformer(phase: 'A' | 'B' | 'C', at: number): number {
    const { exchanged, apart } = this.#faults;
    const place = exchanged.indexOf(phase);
    const conductor = place < 0 ? phase : (exchanged[(place + 1) % exchanged.length] ?? phase);
    const load = this.#point.loadAt(at) * (LOAD_SHARES[PHASES.indexOf(conductor)] ?? 0);
    const flow = load - (apart ? 0 : this.#generationOn(conductor, at));
    return conductor === phase ? flow : COS_120 * flow;
  }

  #generationOn(phase: 'A' | 'B' | 'C', at: number): number {
    const { feeds } = this.#settings;
    const battery = this.#point.dischargeAt(at) / 3;
    if (feeds === undefined) return this.#point.generationAt(at) / 3 + battery;
    let sum = battery;
    for (let index = 0; index < this.#point.count; index += 1) {
      const on = feeds[index] ?? null;
      if (on === null) sum += this.#point.generationOf(index, at) / 3;
      else if (on === phase) sum += this.#point.generationOf(index, at);
    }
    return sum;
  }

  #volts(volts: readonly number[]): void {
    const put = (point: string, value: number): void => this.#image.put(203, point, value);
    const [a = 0, b = 0, c = 0] = volts;
    const root = Math.sqrt(3);
    put('PhV', (a + b + c) / 3);
    put('PhVphA', a);
    put('PhVphB', b);
    put('PhVphC', c);
    put('PPV', ((a + b + c) / 3) * root);
    put('PhVphAB', ((a + b) / 2) * root);
    put('PhVphBC', ((b + c) / 2) * root);
    put('PhVphCA', ((c + a) / 2) * root);
  }
}
