import type { DurationMs, Hertz, Percent, VoltAmperes, Volts, WattHours, Watts } from '#base/units.ts';
import type { CurveFunction, CurveSetting } from './curve.ts';

declare const deviceId: unique symbol;
/** The site's own name of a device (`pv`, `grid-meter`), unique in the configuration. */
export type DeviceId = string & { readonly [deviceId]: true };
export const toDeviceId = (name: string): DeviceId => name as DeviceId;

/** One SunSpec model found on a device. `address` is the register of the model's ID. */
export interface ModelPlace {
  readonly id: number;
  readonly address: number;
  /** Registers after the ID and L registers. */
  readonly length: number;
}

/** Ratings as the nameplate model states them (SunSpec 120, 121). Null: the device does not say. */
export interface Nameplate {
  /** WRtg, continuous active power. */
  readonly ratedPower: Watts;
  /** WMax setting (121): the base of WMaxLimPct. */
  readonly maxPower: Watts;
  /** VARtg */
  readonly ratedApparent: VoltAmperes | null;
  /** VRef */
  readonly referenceVoltage: Volts | null;
  readonly nominalFrequency: Hertz | null;
  /** ArRtg of the quadrants 1 and 4, vars; positive numbers. */
  readonly ratedVarInjected: number | null;
  readonly ratedVarAbsorbed: number | null;
  /** PFRtgQ1 and Q4 (120), PFOvrExtRtg and PFUndExtRtg (702): the least displacement factor, over 0 to 1. Absent: it does not say. */
  readonly leastFactor?: LeastFactor;
}

/** Least displacement factor at rated power while var are given (over-excited) and while they are taken. */
export interface LeastFactor {
  readonly overExcited: number;
  readonly underExcited: number;
}

/** What storage takes, gives and holds at most; positive numbers (SunSpec 124 WChaMax, 702 WChaRteMax and WDisChaRteMax, 713 or 802 WHRtg). */
export interface StorageRating {
  readonly maxCharge: Watts;
  readonly maxDischarge: Watts;
  /** Null: the device does not say. */
  readonly capacity: WattHours | null;
}

/** What commissioning or the first verified contact recorded of a device; keyed by its serial number (design D17 `devices`). */
export interface DeviceRecord {
  readonly device: DeviceId;
  readonly role: DeviceRole;
  readonly manufacturer: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly firmwareVersion: string;
  readonly base: number;
  readonly models: readonly ModelPlace[];
  /** Scale factors and ratings that do not change while the device runs; null for a meter. */
  readonly nameplate: Nameplate | null;
  /** WMaxLimPct_SF of model 123, 10^sf per cent a step; null where the device has no such control. */
  readonly limitScale: number | null;
  /** Of storage alone; absent in records of earlier releases. */
  readonly storage?: StorageRating;
  /** Of a controllable load alone. */
  readonly load?: { readonly maxPower: Watts };
}

export type DeviceRole = 'inverter' | 'meter' | 'storage' | 'load';

/** AC power of storage that stays between the two: positive discharges, negative charges; `least` <= `most`. */
export interface Band {
  readonly least: Watts;
  readonly most: Watts;
}

/** What a device does by itself when the gateway falls silent after a setpoint (design D8). */
export type OnSilence =
  | { readonly kind: 'reverts-to'; readonly cap: Watts; readonly after: DurationMs }
  | { readonly kind: 'holds' }
  | { readonly kind: 'opens'; readonly after: DurationMs };

/** Of an inverter to the grid: SunSpec 123 Conn. */
export type Connection = 'connected' | 'disconnected';

/** What an inverter is to do with reactive power. */
export type Reactive =
  /** cos phi while it generates; `absorbsVar`: takes var from the grid. */
  | { readonly kind: 'factor'; readonly displacement: number; readonly absorbsVar: boolean }
  /** -100 to 100, positive gives var to the grid. */
  | { readonly kind: 'share'; readonly percent: number; readonly of: 'setMaxW' | 'setMaxVar' | 'statVarAvail' };

/** The registers of reactive power as they stood before the gateway wrote any of them. */
export interface FoundReactive {
  readonly device: DeviceId;
  /** They belong to this one alone. */
  readonly serialNumber: string;
  readonly words: readonly number[];
}

/** A curve model of a device as it stood before the gateway wrote any of it. */
export interface FoundCurve {
  readonly device: DeviceId;
  /** It belongs to this one alone. */
  readonly serialNumber: string;
  /** SunSpec model, and the stored curve of it that is ours to write, counted from 1. */
  readonly model: number;
  readonly slot: number;
  /** Registers of the model before its first curve, of the curve in force, and of the slot. */
  readonly head: readonly number[];
  readonly active: readonly number[];
  readonly stored: readonly number[];
}

/**
 * A cap is a ceiling of active power output; `reactive` or `curve` null gives back what was found; `connect` and `disconnect` close and
 * open the inverter's connection. A band is for storage: the whole of its rating gives it back to its own automatic. `consume` is for a
 * controllable load: it may draw at most this; a relay is off below its rating, a scale is rounded down.
 */
export type SetpointCommand =
  | { readonly kind: 'cap'; readonly cap: Watts }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'connect' }
  | { readonly kind: 'reactive'; readonly reactive: Reactive | null }
  | { readonly kind: 'curve'; readonly follows: CurveFunction; readonly curve: CurveSetting | null }
  | { readonly kind: 'band'; readonly least: Watts; readonly most: Watts }
  | { readonly kind: 'consume'; readonly most: Watts };

/** A command to one device. */
export interface Setpoint {
  readonly device: DeviceId;
  readonly command: SetpointCommand;
  readonly onSilence: OnSilence;
}

/** What became of the newest setpoint write of a device. */
export type WriteOutcome =
  /** Written and read back equal; `cap` is what the device now holds, after its own rounding. */
  | { readonly kind: 'confirmed'; readonly cap: Watts; readonly percent: Percent }
  | { readonly kind: 'mismatch'; readonly wrote: number; readonly readBack: number }
  | { readonly kind: 'refused'; readonly exceptionCode: number }
  | { readonly kind: 'lost' };
