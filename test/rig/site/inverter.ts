import { SeededRandom } from '#base/random.ts';
import { RegisterImage } from './image.ts';
import type { Answer, LineDevice } from './line.ts';
import { type InverterFaults, type InverterSettings, SOUND } from './inverter-settings.ts';
import { EXCEPTION, exceptionReply, parseRequest, readReply, writeReply, type Request } from './modbus.ts';
import { CurveFunctions, type GridNow } from './curve-functions.ts';
import { PHASE_VOLTS, writeNameplate } from './nameplate.ts';
import type { Plant } from './plant.ts';
import { reactiveDefaults, reactiveOf } from './reactive.ts';

/** Model 103 St (SunSpec 103). */
const ST = { off: 1, sleeping: 2, starting: 3, mppt: 4, throttled: 5, fault: 7 } as const;
const MODELS = [1, 103, 120, 121, 122, 123] as const;
/** Between checks of sun and timers while nobody asks, milliseconds. */
const CHECK_MS = 1000;
/** The same where it follows curves. */
const CURVES_CHECK_MS = 100;
/** It reads SLEEPING for this long before the line goes dead. */
const DOZE_MS = 20_000;
const NOT_IMPLEMENTED = 0xffff;

/** Most reactive power, of its rating. */
const MAX_VAR = 0.44;

type Wake = 'awake' | 'dozing' | 'asleep';

/** A three-phase SunSpec inverter: models 1, 103, 120, 121, 122, 123 at 40000, in front of the plant's output stage. */
export class InverterCore implements LineDevice {
  readonly unitId: number;
  readonly #settings: InverterSettings;
  readonly #plant: Plant;
  readonly #image: RegisterImage;
  readonly #curves: CurveFunctions;
  readonly #seed: number;
  readonly #random: SeededRandom;
  #faults: InverterFaults = SOUND;
  #wake: Wake = 'awake';
  #dozeEnds = 0;
  #startsAt = 0;
  #deadUntil = 0;
  #nextCheck: number;
  readonly #checkMs: number;
  /** Most that its curves let it give, watts; null: no bound. */
  #curveCap: number | null = null;
  #stopped = false;
  #lastRefresh = -1;
  /** The limit waits for its window, and lapses; milliseconds, Infinity: not running. */
  #windowEnds = Infinity;
  #revertsAt = Infinity;
  #connReverts = Infinity;
  #writes = 0;
  #now = 0;

  constructor(settings: InverterSettings, plant: Plant, seed: number) {
    this.unitId = settings.unitId;
    this.#settings = settings;
    this.#plant = plant;
    this.#image = new RegisterImage([...MODELS, ...settings.curves]);
    this.#curves = new CurveFunctions(this.#image, settings.curves);
    this.#checkMs = settings.curves.length > 0 ? CURVES_CHECK_MS : CHECK_MS;
    this.#nextCheck = this.#checkMs;
    this.#seed = seed;
    this.#random = new SeededRandom(seed, 'inverter');
  }

  /** Writes nameplate and defaults; asleep or running. Call once. */
  begin(asleep: boolean): void {
    writeNameplate(this.#image, this.#settings, this.#plant.settings.ratedW);
    this.#curves.begin(this.#plant.settings.ratedW);
    this.#controlDefaults();
    this.#wake = asleep ? 'asleep' : 'awake';
    this.#plant.begin(!asleep);
  }

  /** FC6 and FC16 requests carried out since the start. */
  get writes(): number {
    return this.#writes;
  }

  /** Positive: given to the grid, var. */
  reactiveAt(at: number): number {
    const { ratedW } = this.#plant.settings;
    const watts = this.#plant.generationAt(at);
    const byCurve = this.#curves.varAt(this.#grid(at), watts, ratedW, MAX_VAR * ratedW);
    const asked = reactiveOf(this.#image, watts, ratedW);
    return asked !== 0 || byCurve === null || watts === 0
      ? asked
      : Math.max(-MAX_VAR, Math.min(MAX_VAR, byCurve / ratedW)) * ratedW;
  }

  get wake(): Wake {
    return this.#wake;
  }

  /** Changes what is wrong with it, from `at` on. */
  fault(at: number, change: Partial<InverterFaults>): void {
    this.advance(at);
    this.#faults = { ...this.#faults, ...change };
    if (change.ignoresLimit !== undefined) this.#apply(at, 0);
  }

  /** Its owner sets WMax at its panel, watts. */
  setMaxPower(at: number, watts: number): void {
    this.advance(at);
    this.#image.put(121, 'WMax', watts);
    this.#apply(at, 0);
  }

  /** Power cycle: dark for `darkSeconds`, then back with factory defaults: no limit. */
  restart(at: number, darkSeconds: number): void {
    this.advance(at);
    this.#deadUntil = at + darkSeconds * 1000;
    this.#startsAt = this.#deadUntil + this.#settings.startSeconds * 1000;
    this.#controlDefaults();
    this.#plant.forget(at, null);
    this.#switch(at);
  }

  /** Somebody else sets its limit: per cent of WMax, or none (its timer ran out early, it forgot). */
  overwrite(at: number, percent: number | null): void {
    this.advance(at);
    if (percent !== null) this.#image.put(123, 'WMaxLimPct', percent);
    this.#image.put(123, 'WMaxLim_Ena', percent === null ? 0 : 1);
    this.#arm(at);
  }

  /** When it next changes by itself. */
  nextAt(): number {
    return Math.min(
      this.#nextCheck,
      this.#windowEnds,
      this.#revertsAt,
      this.#connReverts,
      this.#curves.nextAt(),
      this.#startsAt > this.#now ? this.#startsAt : Infinity,
    );
  }

  /** Brings plant and device to `to`. */
  advance(to: number): void {
    for (;;) {
      const next = this.nextAt();
      if (next > to) break;
      this.#now = next;
      this.#plant.advance(next);
      if (next >= this.#windowEnds) this.#windowOver(next);
      if (next >= this.#revertsAt) this.#revert(next);
      if (next >= this.#connReverts) this.#reconnect(next);
      if (next >= this.#nextCheck) this.#check(next);
      this.#curves.advance(next);
      this.#watchSun(next);
      this.#switch(next);
    }
    if (to > this.#now) this.#now = to;
    this.#plant.advance(to);
  }

  answer(at: number, pdu: Uint8Array): Answer | null {
    this.advance(at);
    const faults = this.#faults;
    if (faults.silent || this.#wake === 'asleep' || at < this.#deadUntil) return null;
    const code = pdu[0] ?? 0;
    const request = parseRequest(pdu);
    const reply =
      faults.exception !== 0
        ? exceptionReply(code, faults.exception)
        : typeof request === 'number'
          ? exceptionReply(code, request)
          : this.#carryOut(at, request, pdu);
    return {
      unitId: faults.wrongUnit ? this.unitId + 1 : this.unitId,
      pdu: reply,
      delayMs: faults.lateMs,
      corrupt: faults.corruptCrc,
    };
  }

  #carryOut(at: number, request: Request, pdu: Uint8Array): Uint8Array {
    const code = pdu[0] ?? 0;
    if (request.kind === 'coils') return exceptionReply(code, EXCEPTION.function);
    if (request.kind === 'read') {
      this.#refresh(at);
      const words = this.#image.read(request.address, request.count);
      return words === null ? exceptionReply(code, EXCEPTION.address) : readReply(words);
    }
    const outside = this.#image.read(request.address, request.words.length) === null;
    if (outside || !this.#image.write(request.address, request.words)) return exceptionReply(code, EXCEPTION.address);
    this.#writes += 1;
    this.#written(at, request.address, request.words.length);
    return writeReply(pdu);
  }

  /** A write that touches the limit block arms it anew: window, ramp, reversion timer (SunSpec 123). */
  #written(at: number, address: number, count: number): void {
    this.#curves.written(at, address, count);
    const start = this.#image.addressOf(123);
    const touches = (first: number, last: number): boolean => address <= start + last && address + count > start + first;
    if (touches(5, 9)) this.#arm(at);
    if (touches(2, 4)) {
      const seconds = this.#seconds('Conn_RvrtTms');
      this.#connReverts = this.#image.get(123, 'Conn') === 0 && seconds > 0 ? at + seconds * 1000 : Infinity;
      this.#switch(at);
    }
  }

  #grid(at: number): GridNow {
    return { volts: this.#settings.gridVolts(at), hertz: this.#settings.gridHertz(at) };
  }

  /** Follows its curves. */
  #check(at: number): void {
    this.#nextCheck = at + this.#checkMs;
    if (this.#settings.curves.length === 0) return;
    const { ratedW } = this.#plant.settings;
    const cap = this.#curves.wattsAt(this.#grid(at), this.#plant.generationAt(at), this.#plant.availableAt(at), ratedW);
    this.#stopped = this.#curves.stoppedAt(at, this.#grid(at));
    if (Math.abs((cap ?? ratedW) - (this.#curveCap ?? ratedW)) < 1) return;
    this.#curveCap = cap;
    this.#apply(at, 0);
  }

  #arm(at: number): void {
    const enabled = this.#image.get(123, 'WMaxLim_Ena') === 1;
    const revert = this.#seconds('WMaxLimPct_RvrtTms');
    const window = enabled ? this.#seconds('WMaxLimPct_WinTms') : 0;
    this.#revertsAt = enabled && revert > 0 ? at + revert * 1000 : Infinity;
    this.#windowEnds = Infinity;
    if (window > 0) this.#windowEnds = at + this.#random.between(0, window) * 1000;
    else this.#apply(at, this.#seconds('WMaxLimPct_RmpTms'));
  }

  #windowOver(at: number): void {
    this.#windowEnds = Infinity;
    this.#apply(at, this.#seconds('WMaxLimPct_RmpTms'));
  }

  /** The reversion timer ran out: the limit is gone, the site is open (SunSpec 123). */
  #revert(at: number): void {
    this.#revertsAt = Infinity;
    this.#windowEnds = Infinity;
    this.#image.put(123, 'WMaxLim_Ena', 0);
    this.#apply(at, 0);
  }

  #reconnect(at: number): void {
    this.#connReverts = Infinity;
    this.#image.put(123, 'Conn', 1);
    this.#switch(at);
  }

  #apply(at: number, rampSeconds: number): void {
    if (this.#faults.ignoresLimit) return;
    const enabled = this.#image.get(123, 'WMaxLim_Ena') === 1;
    const percent = Math.max(0, this.#image.get(123, 'WMaxLimPct'));
    const { ratedW } = this.#plant.settings;
    const limit = ((enabled ? percent : 100) / 100) * this.#image.get(121, 'WMax');
    const watts = Math.min(limit, this.#curveCap ?? ratedW);
    this.#plant.command(at, watts < ratedW ? watts : null, rampSeconds);
  }

  #seconds(point: string): number {
    const value = this.#image.get(123, point);
    return value === NOT_IMPLEMENTED ? 0 : value;
  }

  #watchSun(at: number): void {
    const dark = this.#plant.availableAt(at) < this.#settings.sleepBelowW;
    if (!dark && this.#wake === 'asleep') this.#wakeUp(at);
    else if (!dark) this.#wake = 'awake';
    else if (this.#wake === 'awake') {
      this.#wake = 'dozing';
      this.#dozeEnds = at + DOZE_MS;
    } else if (this.#wake === 'dozing' && at >= this.#dozeEnds) this.#wake = 'asleep';
  }

  #wakeUp(at: number): void {
    this.#wake = 'awake';
    this.#startsAt = at + this.#settings.startSeconds * 1000;
    if (this.#settings.wakes === 'keeps') return;
    this.#controlDefaults();
    this.#plant.forget(at, null);
  }

  #switch(at: number): void {
    const running = this.#wake === 'awake' && at >= this.#startsAt && at >= this.#deadUntil;
    this.#plant.switch(at, running, this.#image.get(123, 'Conn') !== 0 && !this.#stopped);
  }

  #refresh(at: number): void {
    const tick = Math.floor(at / this.#settings.refreshMs);
    if (tick === this.#lastRefresh) return;
    this.#lastRefresh = tick;
    const seen = Math.max(0, tick * this.#settings.refreshMs - this.#settings.readingAgeMs);
    const noise = new SeededRandom(this.#seed + tick, 'inverter-noise');
    const put = (point: string, value: number | null): void => this.#image.put(103, point, value);
    const watts = this.#plant.generationAt(seen);
    const volts = [0, 0, 0].map(
      () => PHASE_VOLTS * (this.#settings.gridVolts(seen) / 100) + (5 * watts) / 10_000 + noise.normal() * 0.4,
    );
    const [a = 0, b = 0, c = 0] = volts;
    const amps = volts.map((phase) => watts / 3 / phase);
    put('A', (amps[0] ?? 0) + (amps[1] ?? 0) + (amps[2] ?? 0));
    ['AphA', 'AphB', 'AphC'].forEach((point, i) => put(point, amps[i] ?? null));
    ['PhVphA', 'PhVphB', 'PhVphC'].forEach((point, i) => put(point, volts[i] ?? null));
    put('PPVphAB', ((a + b) / 2) * Math.sqrt(3));
    put('PPVphBC', ((b + c) / 2) * Math.sqrt(3));
    put('PPVphCA', ((c + a) / 2) * Math.sqrt(3));
    put('W', watts);
    put('Hz', this.#settings.gridHertz(seen) + noise.normal() * 0.01);
    const reactive = this.reactiveAt(seen);
    put('VA', Math.hypot(watts, reactive));
    put('VAr', reactive);
    put('PF', watts === 0 ? 100 : (100 * watts) / Math.hypot(watts, reactive));
    put('WH', 1_234_000 + this.#plant.energy().generated);
    put('DCW', watts * 1.03);
    put('DCV', watts > 0 ? 620 : 0);
    put('DCA', (watts * 1.03) / 620);
    put('TmpCab', 35 + watts / 1000);
    put('St', this.#state(seen, watts));
    put('Evt1', this.#faults.events);
    const running = watts > 0 ? 0b111 : 0b001;
    this.#image.put(122, 'PVConn', running);
    this.#image.put(122, 'ECPConn', this.#image.get(123, 'Conn') === 0 ? 0 : 1);
    this.#image.put(122, 'ActWh', 1_234_000 + this.#plant.energy().generated);
    this.#image.put(122, 'WAval', this.#plant.availableAt(seen));
  }

  #state(seen: number, watts: number): number {
    if (this.#wake !== 'awake') return ST.sleeping;
    if (this.#image.get(123, 'Conn') === 0) return ST.off;
    if (seen < this.#startsAt) return ST.starting;
    return this.#plant.availableAt(seen) - watts > 0.01 * this.#plant.settings.ratedW ? ST.throttled : ST.mppt;
  }

  #controlDefaults(): void {
    const put = (point: string, value: number): void => this.#image.put(123, point, value);
    for (const group of ['WMaxLimPct', 'OutPFSet', 'VArPct']) {
      for (const timer of ['WinTms', 'RvrtTms', 'RmpTms']) put(`${group}_${timer}`, 0);
    }
    put('Conn_WinTms', 0);
    put('Conn_RvrtTms', 0);
    put('Conn', 1);
    put('WMaxLimPct', 100);
    put('WMaxLim_Ena', 0);
    put('OutPFSet', 1);
    put('OutPFSet_Ena', 0);
    put('VArPct_Ena', 0);
    reactiveDefaults(this.#image);
    this.#revertsAt = Infinity;
    this.#windowEnds = Infinity;
    this.#connReverts = Infinity;
  }
}
