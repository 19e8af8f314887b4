import type { Amperes, Hertz, MonoMs, Percent, Vars, VoltAmperes, Volts, WattHours, Watts } from '#base/units.ts';
import type { StandardAlarm } from './alarm.ts';
import type { DeviceId } from './device.ts';

/** Values of the three phases; null where not implemented. */
export interface PerPhase<T> {
  readonly a: T | null;
  readonly b: T | null;
  readonly c: T | null;
}

/** SunSpec 103 St, same numbers and names. */
export type InverterState =
  | 'off'
  | 'sleeping'
  | 'starting'
  | 'producing'
  | 'throttled'
  | 'shutting-down'
  | 'fault'
  | 'standby'
  | 'unknown';

/** One reading of an inverter. `takenAt` is when the device answered, on the gateway's monotonic clock. Null: not implemented or not read. */
export interface InverterSample {
  readonly kind: 'inverter';
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  /** Active power out of the inverter, AC side, positive = generating. */
  readonly generation: Watts | null;
  /** Reactive power delivered, sign as the device gives it. */
  readonly reactive: Vars | null;
  readonly apparent: VoltAmperes | null;
  readonly current: Amperes | null;
  readonly voltage: PerPhase<Volts>;
  readonly frequency: Hertz | null;
  readonly lifetimeEnergy: WattHours | null;
  readonly state: InverterState;
  /** Standard alarms that this reading shows; absent: none. */
  readonly alarms?: readonly StandardAlarm[];
}

/** One reading of the meter at the connection point. */
export interface MeterSample {
  readonly kind: 'meter';
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  /** Active power into the site, positive = import, negative = export. */
  readonly netImport: Watts | null;
  readonly netImportPerPhase: PerPhase<Watts>;
  /** Reactive power into the site. */
  readonly reactiveImport: Vars | null;
  readonly voltage: PerPhase<Volts>;
  readonly frequency: Hertz | null;
  readonly importedEnergy: WattHours | null;
  readonly exportedEnergy: WattHours | null;
  /** Changes whenever anything in the meter's measured block moved; the limiter sees a refresh, and a frozen meter, by it. */
  readonly fingerprint: number;
}

/** SunSpec 124 and 802 ChaSt, same names. */
export type StorageMode = 'off' | 'empty' | 'discharging' | 'charging' | 'full' | 'holding' | 'testing' | 'unknown';

/** One reading of a storage device. Null: not implemented or not read. */
export interface StorageSample {
  readonly kind: 'storage';
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  /** Active power, AC side, positive = discharging. */
  readonly discharge: Watts | null;
  readonly stateOfCharge: Percent | null;
  readonly stored: WattHours | null;
  readonly mode: StorageMode;
  readonly voltage: PerPhase<Volts>;
  readonly frequency: Hertz | null;
  /** Standard alarms that this reading shows; absent: none. */
  readonly alarms?: readonly StandardAlarm[];
  /** By its own word it has an error (713 Sta, 802 State) and serves nothing; absent: it says nothing of it. */
  readonly isFaulty?: boolean;
}

/** One reading of a controllable load. */
export interface LoadSample {
  readonly kind: 'load';
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  /** What it draws; null: a relay without a meter. */
  readonly power: Watts | null;
  /** Null: not known. */
  readonly on: boolean | null;
}

export type Sample = InverterSample | MeterSample | StorageSample | LoadSample;

/** How a device stands to us (design section 3). */
export type DeviceStanding = 'answering' | 'asleep' | 'silent' | 'unverified';
