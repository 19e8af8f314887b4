import type { Hertz, UtilitySeconds, Vars, Volts, WattHours, Watts } from '#base/units.ts';
import type { ControlMode, Refusal } from './program.ts';

/** What happened to an event here; the north makes a Response of each (design section 3). */
export type TransitionStatus = 'received' | 'started' | 'completed' | 'cancelled' | 'superseded' | Refusal;

/** Where the event is from that took the last mode of a superseded one, as Responses 7, 14 and 13 tell apart. */
export type Taker = 'same-program' | 'other-program' | 'other-server';

/** Compliance record: one change of an event's status. At most one of each status per event, `received` and `started` before a final one. */
export interface Transition {
  readonly kind: 'transition';
  readonly server: string;
  readonly mRID: string;
  readonly status: TransitionStatus;
  /** When it happened, utility time. */
  readonly at: UtilitySeconds;
  /** Copied from the event, so that the record alone suffices to answer. */
  readonly replyTo: string | null;
  readonly responseRequired: number;
  readonly modes: readonly ControlMode[];
  /** Of `superseded`; absent: the server said so, or it is not known. */
  readonly taker?: Taker;
}

export interface AlarmRecord {
  readonly kind: 'alarm';
  /** Stable kebab-case name: `meter-silent`, `inverter-disobeys`, ... */
  readonly alarm: string;
  readonly change: 'raised' | 'cleared';
  readonly device: string | null;
  readonly text: string;
  /** When, utility time; null or absent: it was not known then. */
  readonly at?: UtilitySeconds | null;
}

/** Mean, minimum and maximum of one quantity over an interval. */
export interface Spread<T> {
  readonly mean: T;
  readonly min: T;
  readonly max: T;
  /** The value at the end of the interval; null or absent: not measured there. */
  readonly last?: T | null;
}

/** Quantities that the first format of readings did not have: voltages of the phases at the site, volts and hertz at the DER. */
export const MORE_QUANTITIES = ['site.Va', 'site.Vb', 'site.Vc', 'der.V', 'der.Va', 'der.Vb', 'der.Vc', 'der.Hz'] as const;
export type MoreQuantity = (typeof MORE_QUANTITIES)[number];
/** Mean, minimum, maximum, and the value at the end (null: not measured there): short, since each minute of 40 days has it on flash. */
export type Quad = readonly [mean: number, min: number, max: number, last: number | null];

/** Telemetry of one closed interval on whole UTC minutes of utility time. Null: nothing measured; never 0 for unknown. */
export interface ReadingRecord {
  readonly kind: 'reading';
  readonly start: UtilitySeconds;
  /** Seconds. */
  readonly duration: number;
  /** Fraction of the interval covered by samples, 0-1. */
  readonly coverage: number;
  readonly siteNetImport: Spread<Watts> | null;
  readonly siteReactiveImport: Spread<Vars> | null;
  readonly siteVoltage: Spread<Volts> | null;
  readonly siteFrequency: Spread<Hertz> | null;
  readonly generation: Spread<Watts> | null;
  readonly generationReactive: Spread<Vars> | null;
  readonly importedEnergy: WattHours | null;
  readonly exportedEnergy: WattHours | null;
  /** What else was measured; a quantity that was not is absent. */
  readonly more?: Readonly<Partial<Record<MoreQuantity, Quad>>>;
  /** In all storage at the end of the interval; null or absent: no storage, or not known. */
  readonly storedEnergy?: WattHours | null;
}

/** What bound the site changed: kept for the audit of enforced limits. */
export interface LimitRecord {
  readonly kind: 'limit';
  readonly exportLimit: Watts | null;
  readonly source: string;
  /** The other limits that stand; absent: none does. */
  readonly others?: readonly { readonly limit: OtherLimit; readonly value: Watts; readonly source: string }[];
}

/** Limits of power besides the one on export. */
export const OTHER_LIMITS = ['importLimit', 'generationLimit', 'loadLimit'] as const;
export type OtherLimit = (typeof OTHER_LIMITS)[number];

/** Something northd asked to have kept in the log. */
export interface NorthRecord {
  readonly kind: 'north';
  readonly event: string;
  readonly text: string;
}

export type RecordBody = Transition | AlarmRecord | ReadingRecord | LimitRecord | NorthRecord;

/** Compliance records are never dropped and are durable within 1 s; telemetry may be grouped for 60 s and dropped oldest first (design D14). */
export const isCompliance = (body: RecordBody): boolean => body.kind !== 'reading';
