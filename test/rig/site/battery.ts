import { BatteryStage, type StageSettings, type Window } from './battery-stage.ts';
import type { Beside, Flows } from './beside.ts';
import { RegisterImage } from './image.ts';
import type { Answer, LineDevice } from './line.ts';
import { EXCEPTION, exceptionReply, parseRequest, readReply, writeReply } from './modbus.ts';

export interface BatterySettings extends StageSettings {
  readonly unitId: number;
  readonly serial: string;
  /** `window`: models 103, 120, 121, 124; `inputs`: the same, its power as DC inputs 3 and 4 of 160; `setpoint`: 701, 702, 704 (WSet), 713, 714. */
  readonly family: 'window' | 'inputs' | 'setpoint';
  /** What it does while nobody commands it: keeps the flow of the connection point at zero, rests, or this power. */
  readonly automatic: 'self-consumption' | number;
  /** SunSpec 124 ChaGriSet: false, it takes no more than the sun leaves over. */
  readonly gridCharge: boolean;
  /** Seconds after which a command lapses although it was given no timer; null: never. */
  readonly lapses: number | null;
  /** Behind the first inverter (hybrid): it adds to what its panels offer, and charges from them. Absent: it has an AC output of its own. */
  readonly behind?: boolean;
  /** `setpoint`: the pack has a model of its own beside 713 (802). Absent: not. */
  readonly pack?: boolean;
  /** `setpoint`: two strings of it are told of, in a bank (803). Absent: not. */
  readonly strings?: boolean;
}

export const BATTERY_DEFAULTS: BatterySettings = {
  unitId: 21,
  serial: 'RIG-BAT-0001',
  family: 'window',
  automatic: 'self-consumption',
  gridCharge: true,
  lapses: null,
  maxChargeW: 5000,
  maxDischargeW: 4000,
  capacityWh: 10_000,
  chargePercent: 60,
  efficiency: 0.95,
  lagSeconds: 0.5,
  deadSeconds: 0.2,
};

export interface BatteryFaults {
  readonly silent: boolean;
  /** Acknowledges and reads back what it is told, and goes on as before. */
  readonly ignores: boolean;
  /** Exception code of every write; 0: none. */
  readonly refusesWrites: number;
  /** 713 says error. */
  readonly storeError: boolean;
  /** 802 says fault, and these bits of its events. */
  readonly packFault: boolean;
  readonly packEvents: number;
  /** Why the second string of 803 is not connected (0: it is), and bits of its events. */
  readonly stringFailure: number;
  readonly stringEvents: number;
  /** State and alarms of its DC port (714). */
  readonly portState: number;
  readonly portAlarms: number;
}

const SOUND: BatteryFaults = {
  silent: false,
  ignores: false,
  refusesWrites: 0,
  storeError: false,
  packFault: false,
  packEvents: 0,
  stringFailure: 0,
  stringEvents: 0,
  portState: 1,
  portAlarms: 0,
};

const CHARGE_LIMIT = 1;
const DISCHARGE_LIMIT = 2;
const CHA_ST = { empty: 2, discharging: 3, charging: 4, full: 5, holding: 6 } as const;
const MPPT = 4;
const STANDBY = 8;
const REST_W = 20;
const PHASE_VOLTS = 230;
const MODELS = {
  window: [1, 103, 120, 121, 124],
  inputs: [1, 103, 120, 121, 124, 160],
  setpoint: [1, 701, 702, 704, 713, 714],
} as const;

/** A battery with an inverter of its own on the site's AC side, after SunSpec 124 or 704. */
export class BatteryCore implements LineDevice, Beside {
  readonly unitId: number;
  readonly settings: BatterySettings;
  readonly stage: BatteryStage;
  readonly #image: RegisterImage;
  #faults = SOUND;
  #deadUntil = 0;
  #revertsAt = Infinity;
  #seconds = 0;
  #throughputWh = 0;
  #writes = 0;

  constructor(settings: BatterySettings) {
    this.unitId = settings.unitId;
    this.settings = settings;
    this.stage = new BatteryStage(settings);
    const packs = [...(settings.pack === true ? [802] : []), ...(settings.strings === true ? [803] : [])];
    this.#image = new RegisterImage([...MODELS[settings.family], ...packs]);
    this.#nameplate();
    this.#defaults();
  }

  /** FC6 and FC16 requests carried out since the start. */
  get writes(): number {
    return this.#writes;
  }

  /** Value of a point of its map, engineering units. */
  point(model: number, name: string): number {
    return this.#image.get(model, name);
  }

  fault(change: Partial<BatteryFaults>): void {
    this.#faults = { ...this.#faults, ...change };
    if (change.ignores !== undefined) this.#apply(this.#seconds * 1000);
  }

  /** Power cycle: dark for a while, then back with what its maker set: automatic. */
  restart(at: number, darkSeconds: number): void {
    this.#deadUntil = at + darkSeconds * 1000;
    this.#revertsAt = Infinity;
    this.#defaults();
    this.stage.forget();
  }

  /** A second master gives it back to its own automatic. */
  release(at: number): void {
    if (this.#isWindow()) this.#image.put(124, 'StorCtl_Mod', 0);
    else this.#image.put(704, 'WSetEna', 0);
    this.#apply(at);
  }

  step(t: number, seconds: number, flows: Flows): void {
    this.#seconds = t / 1000;
    if (t >= this.#revertsAt) this.#revert(t);
    const dark = t < this.#deadUntil;
    const { automatic } = this.settings;
    const { residual, share, sun } = flows;
    const wish = dark ? 0 : automatic === 'self-consumption' ? residual * share : automatic;
    this.stage.step(t, seconds, wish, dark ? 0 : this.#mostCharge(residual, sun));
    this.#throughputWh += (Math.abs(this.stage.powerAt(t)) * seconds) / 3600;
  }

  #mostCharge(residual: number, sun: number): number {
    if (this.settings.behind === true) return sun;
    const isGrid = !this.#isWindow() || this.#image.get(124, 'ChaGriSet') === 1;
    return isGrid ? Infinity : Math.max(0, 0 - residual);
  }

  powerAt(t: number): number {
    return this.stage.powerAt(t);
  }

  answer(at: number, pdu: Uint8Array): Answer | null {
    if (this.#faults.silent || at < this.#deadUntil) return null;
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
    if (this.#faults.refusesWrites !== 0) return exceptionReply(code, this.#faults.refusesWrites);
    if (!this.#image.write(request.address, request.words)) return exceptionReply(code, EXCEPTION.address);
    this.#writes += 1;
    this.#apply(at);
    return writeReply(pdu);
  }

  /** What its registers say now acts; the timer of its commands starts anew. */
  #apply(at: number): void {
    const isWindow = this.#isWindow();
    const timer = isWindow ? this.#image.get(124, 'InOutWRte_RvrtTms') : this.#image.get(704, 'WSetRvrtTms');
    const seconds = timer > 0 ? timer : (this.settings.lapses ?? 0);
    this.#revertsAt = seconds > 0 && this.#isCommanded() ? at + seconds * 1000 : Infinity;
    if (!this.#faults.ignores) this.stage.command(at, isWindow ? this.#window() : this.#setpoint());
  }

  #isWindow(): boolean {
    return this.settings.family !== 'setpoint';
  }

  #isCommanded(): boolean {
    return this.#isWindow() ? this.#image.get(124, 'StorCtl_Mod') !== 0 : this.#image.get(704, 'WSetEna') === 1;
  }

  /** SunSpec 124: each rate bounds one side where its bit is set; a negative one moves the bound across zero. */
  #window(): Window | null {
    const { maxChargeW, maxDischargeW } = this.settings;
    const mode = this.#image.get(124, 'StorCtl_Mod');
    if (mode === 0) return null;
    const charge = (this.#image.get(124, 'InWRte') / 100) * this.#image.get(124, 'WChaMax');
    const discharge = (this.#image.get(124, 'OutWRte') / 100) * maxDischargeW;
    return {
      least: (mode & CHARGE_LIMIT) === 0 ? 0 - maxChargeW : 0 - charge,
      most: (mode & DISCHARGE_LIMIT) === 0 ? maxDischargeW : discharge,
    };
  }

  /** SunSpec 704: a power, in watts with WSetMod 1, in per cent of WMax with 0. */
  #setpoint(): Window | null {
    if (this.#image.get(704, 'WSetEna') !== 1) return null;
    const isWatts = this.#image.get(704, 'WSetMod') === 1;
    const power = isWatts ? this.#image.get(704, 'WSet') : (this.#image.get(704, 'WSetPct') / 100) * this.#image.get(702, 'WMax');
    return { least: power, most: power };
  }

  #revert(at: number): void {
    this.#revertsAt = Infinity;
    const image = this.#image;
    if (this.#isWindow()) image.put(124, 'StorCtl_Mod', 0);
    else {
      image.put(704, 'WSet', image.get(704, 'WSetRvrt'));
      image.put(704, 'WSetEna', image.get(704, 'WSetEnaRvrt'));
    }
    if (!this.#faults.ignores) this.stage.command(at, this.#isWindow() ? this.#window() : this.#setpoint());
  }

  #measure(at: number): void {
    const power = this.powerAt(at);
    if (this.#isWindow()) this.#measureWindow(power);
    else this.#measureSetpoint(power);
  }

  #measureWindow(power: number): void {
    const { charge } = this.stage;
    const put = (model: number, point: string, value: number): void => this.#image.put(model, point, value);
    put(103, 'W', power);
    put(103, 'VA', Math.abs(power));
    put(103, 'VAr', 0);
    put(103, 'A', Math.abs(power) / 3 / PHASE_VOLTS);
    for (const phase of ['A', 'B', 'C']) {
      put(103, `PhVph${phase}`, PHASE_VOLTS);
      put(103, `Aph${phase}`, Math.abs(power) / 3 / PHASE_VOLTS);
    }
    put(103, 'Hz', 50);
    put(103, 'WH', 1000 + this.#throughputWh);
    put(103, 'St', Math.abs(power) > REST_W ? MPPT : STANDBY);
    put(124, 'ChaState', charge);
    put(124, 'ChaSt', this.#chaSt(power, charge));
    if (this.settings.family !== 'inputs') return;
    put(160, 'DCW_3', Math.max(0, 0 - power));
    put(160, 'DCW_4', Math.max(0, power));
  }

  #measureSetpoint(power: number): void {
    const { charge, storedWh } = this.stage;
    const put = (model: number, point: string, value: number): void => this.#image.put(model, point, value);
    put(701, 'W', power);
    put(701, 'VA', Math.abs(power));
    put(701, 'Var', 0);
    put(701, 'Hz', 50);
    put(701, 'InvSt', 3);
    put(701, 'St', 1);
    put(701, 'ConnSt', 1);
    put(701, 'TotWhInj', 1000 + this.#throughputWh);
    for (const phase of [1, 2, 3]) put(701, `VL${phase}`, PHASE_VOLTS);
    put(713, 'WHAvail', storedWh);
    put(713, 'SoC', charge);
    put(713, 'Sta', this.#faults.storeError ? 2 : 0);
    if (this.settings.pack === true) {
      put(802, 'State', this.#faults.packFault ? 99 : 3);
      put(802, 'Evt1', this.#faults.packEvents);
    }
    if (this.settings.strings === true) this.#measureStrings(charge);
    put(714, 'DCW', power);
    put(714, 'DCW_1', power);
    put(714, 'DCSta_1', this.#faults.portState);
    put(714, 'DCAlrm_1', this.#faults.portAlarms);
  }

  #measureStrings(charge: number): void {
    const put = (point: string, value: number): void => this.#image.put(803, point, value);
    put('SoC_SF', -1);
    for (const point of ['NStr', 'NStrCon']) put(point, 2);
    for (const point of ['StrSoC_1', 'StrSoC_2']) put(point, charge);
    put('StrConFail_2', this.#faults.stringFailure);
    put('StrEvt1_2', this.#faults.stringEvents);
  }

  #chaSt(power: number, charge: number): number {
    if (power > REST_W) return CHA_ST.discharging;
    if (power < 0 - REST_W) return CHA_ST.charging;
    return charge >= 99.5 ? CHA_ST.full : charge <= 0.5 ? CHA_ST.empty : CHA_ST.holding;
  }

  #defaults(): void {
    const put = (model: number, point: string, value: number): void => this.#image.put(model, point, value);
    if (this.#isWindow()) {
      put(124, 'StorCtl_Mod', 0);
      put(124, 'OutWRte', 100);
      put(124, 'InWRte', 100);
      for (const timer of ['WinTms', 'RvrtTms', 'RmpTms']) put(124, `InOutWRte_${timer}`, 0);
      return;
    }
    for (const point of ['WSetEna', 'WSet', 'WSetRvrt', 'WSetEnaRvrt', 'WSetRvrtTms']) put(704, point, 0);
    put(704, 'WSetMod', 1);
    put(704, 'WMaxLimPctEna', 0);
    put(704, 'WMaxLimPct', 100);
  }

  #nameplate(): void {
    const image = this.#image;
    const { maxChargeW, maxDischargeW, capacityWh, serial, gridCharge } = this.settings;
    const scales = (model: number, exponents: Readonly<Record<string, number>>): void => {
      for (const [name, exponent] of Object.entries(exponents)) image.put(model, `${name}_SF`, exponent);
    };
    image.putText(1, 'Mn', 'Rig Works');
    image.putText(1, 'Md', 'Cellar');
    image.putText(1, 'Vr', '3.0.0');
    image.putText(1, 'SN', serial);
    image.put(1, 'DA', this.unitId);
    if (!this.#isWindow()) {
      scales(701, { W: 0, Hz: -2, V: -1, TotWh: 0, VA: 0, Var: 0 });
      scales(702, { W: 0, VA: 0, V: 0, Var: 0 });
      for (const [point, value] of [
        ['WMaxRtg', maxDischargeW],
        ['WMax', maxDischargeW],
        ['VAMaxRtg', maxDischargeW],
        ['WChaRteMaxRtg', maxChargeW],
        ['WDisChaRteMaxRtg', maxDischargeW],
        ['WChaRteMax', maxChargeW],
        ['WDisChaRteMax', maxDischargeW],
        ['VAMax', maxDischargeW],
      ] as const)
        image.put(702, point, value);
      scales(704, { WMaxLimPct: -1, WSet: 0, WSetPct: -1 });
      scales(713, { WH: 0, Pct: -1 });
      image.put(713, 'WHRtg', capacityWh);
      image.put(713, 'SoH', 98);
      scales(714, { DCA: -1, DCV: -1, DCW: 0, DCWH: 0, Tmp: 0 });
      image.put(714, 'NPrt', 1);
      image.put(714, 'PrtTyp_1', 1);
      return;
    }
    scales(103, { A: -2, V: -1, W: 0, Hz: -2, VA: 0, VAr: 0, PF: 0, WH: 0 });
    for (const point of ['Evt1', 'Evt2']) image.put(103, point, 0);
    scales(120, { WRtg: 0, VARtg: 0, WHRtg: 0, MaxChaRte: 0, MaxDisChaRte: 0 });
    image.put(120, 'DERTyp', 80);
    for (const point of ['WRtg', 'VARtg', 'MaxDisChaRte']) image.put(120, point, maxDischargeW);
    image.put(120, 'MaxChaRte', maxChargeW);
    image.put(120, 'WHRtg', capacityWh);
    if (this.settings.family === 'inputs') scales(160, { DCA: -1, DCV: -1, DCW: 0, DCWH: 0 });
    scales(121, { WMax: 0, VRef: 0, VAMax: 0 });
    for (const point of ['WMax', 'VAMax']) image.put(121, point, maxDischargeW);
    image.put(121, 'VRef', PHASE_VOLTS);
    scales(124, { WChaMax: 0, WChaDisChaGra: 0, MinRsvPct: 0, ChaState: -1, InOutWRte: -2 });
    image.put(124, 'WChaMax', maxChargeW);
    image.put(124, 'ChaGriSet', gridCharge ? 1 : 0);
  }
}
