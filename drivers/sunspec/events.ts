import type { StandardAlarm } from '#site/alarm.ts';
import type { Nameplate } from '#site/device.ts';

/**
 * Bits of Evt1 (models 101-103, 111-113) and of Alrm (701) that IEEE 2030.5 has an alarm for: both families count the same way up to
 * bit 15 (sunspec.md 4.6). Ground fault, disconnectors, temperature, fuse and memory have none: the state says fault.
 */
export const EVENT_ALARMS: ReadonlyMap<number, StandardAlarm> = new Map([
  [1, 'over-voltage'],
  [6, 'local-emergency'],
  [8, 'over-frequency'],
  [9, 'under-frequency'],
  [10, 'over-voltage'],
  [11, 'under-voltage'],
]);

/**
 * The same of Evt1 of a battery (802), which counts otherwise: too much current in or out, too much voltage. Its warnings, temperatures
 * and limits of charge have none.
 */
const BATTERY_ALARMS: ReadonlyMap<number, StandardAlarm> = new Map([
  [5, 'over-current'],
  [7, 'over-current'],
  [9, 'over-voltage'],
]);

/** The same of DCAlrm of a port (714). Ground fault, disconnector, cabinet, temperature, fuse, memory and arc have none: its state says error. */
const PORT_ALARMS: ReadonlyMap<number, StandardAlarm> = new Map([
  [1, 'over-voltage'],
  [21, 'under-voltage'],
  [22, 'over-current'],
]);

/** Registers in which a maker reports what the standard has no bit for. */
export const VENDOR_EVENTS = ['EvtVnd1', 'EvtVnd2', 'EvtVnd3', 'EvtVnd4'] as const;

/** A maker's bit that means a standard alarm (device profile). */
export interface VendorEvent {
  readonly point: (typeof VENDOR_EVENTS)[number];
  readonly bit: number;
  readonly alarm: StandardAlarm;
}

/** What alarms are found in; null: not implemented. */
export interface AlarmBasis {
  /** Evt1 or Alrm. */
  readonly events: number | null;
  readonly vendor: Readonly<Partial<Record<VendorEvent['point'], number | null>>>;
  /** Sum of the phases, amperes. */
  readonly current: number | null;
  readonly currents: readonly (number | null)[];
  readonly voltages: readonly (number | null)[];
  readonly frequency: number | null;
}

/** Amperes above this multiple of the rated current. */
const OVER_CURRENT = 1.1;
/** Volts and hertz as shares of their nominal values, where the device has no event register (IEEE 1547 OV1, UV1, OF1, UF1). */
const VOLTS = { over: 1.1, under: 0.88 };
const HERTZ = { over: 1.02, under: 0.975 };
/** The phase furthest from the mean of the phases, as a share of it. */
const VOLTAGE_IMBALANCE = 0.03;
const CURRENT_IMBALANCE = 0.2;
/** Below this share of the rated current phases tell nothing of each other. */
const LOADED = 0.1;
/** A phase below this share of nominal voltage is not connected to anything. */
const PRESENT = 0.2;
/** Further than this from every meaning of VRef nothing is concluded. */
const FITS = 0.3;

const isSet = (bits: number | null | undefined, bit: number): boolean =>
  bits !== null && bits !== undefined && Math.floor(bits / 2 ** bit) % 2 === 1;

/** Largest distance of a phase from the mean of all, as a share of it; 0: fewer than two phases. */
const imbalance = (phases: readonly (number | null)[]): number => {
  const known = phases.filter((phase) => phase !== null);
  const mean = known.reduce((sum, phase) => sum + phase, 0) / known.length;
  return known.length < 2 || mean <= 0 ? 0 : Math.max(...known.map((phase) => Math.abs(phase - mean))) / mean;
};

/** The nominal voltage of a phase: VRef is stated to neutral, across two phases or across half a split phase; null: it fits none. */
const nominalOf = (reference: number | null, phases: readonly number[]): number | null => {
  if (reference === null || phases.length === 0) return null;
  const mean = phases.reduce((sum, phase) => sum + phase, 0) / phases.length;
  const off = (nominal: number): number => Math.abs(mean / nominal - 1);
  const nominals = [reference, reference / Math.sqrt(3), reference / 2].sort((a, b) => off(a) - off(b));
  const [nearest] = nominals;
  return nearest !== undefined && off(nearest) <= FITS ? nearest : null;
};

const measured = (basis: AlarmBasis, nameplate: Nameplate): readonly (readonly [boolean, StandardAlarm])[] => {
  const { nominalFrequency: nominal, ratedApparent } = nameplate;
  const least = PRESENT * (nameplate.referenceVoltage ?? 0);
  const volts = basis.voltages.filter((phase) => phase !== null).filter((phase) => phase > least);
  const reference = nominalOf(nameplate.referenceVoltage, volts);
  const rated = reference === null ? null : (ratedApparent ?? nameplate.ratedPower) / reference;
  const loaded = rated !== null && (basis.current ?? 0) > LOADED * rated;
  // A phase that the device does not have reads zero, not unknown, on some makes.
  const currents = volts.length < 2 ? [] : basis.currents.slice(0, volts.length);
  const found: (readonly [boolean, StandardAlarm])[] = [
    [rated !== null && (basis.current ?? 0) > OVER_CURRENT * rated, 'over-current'],
    [imbalance(volts) > VOLTAGE_IMBALANCE, 'voltage-imbalance'],
    [loaded && imbalance(currents) > CURRENT_IMBALANCE, 'current-imbalance'],
  ];
  if (basis.events !== null) return found;
  if (reference !== null) {
    found.push([volts.some((phase) => phase > VOLTS.over * reference), 'over-voltage']);
    found.push([volts.some((phase) => phase < VOLTS.under * reference), 'under-voltage']);
  }
  const { frequency } = basis;
  if (nominal !== null && frequency !== null && frequency > 0) {
    found.push([frequency > HERTZ.over * nominal, 'over-frequency']);
    found.push([frequency < HERTZ.under * nominal, 'under-frequency']);
  }
  return found;
};

const alarmsOf = (table: ReadonlyMap<number, StandardAlarm>, events: number | null): readonly StandardAlarm[] => [
  ...new Set([...table].filter(([bit]) => isSet(events, bit)).map(([, alarm]) => alarm)),
];

/** The standard alarms that a battery's Evt1 shows. */
export const batteryAlarms = (events: number | null): readonly StandardAlarm[] => alarmsOf(BATTERY_ALARMS, events);

/** The standard alarms that DCAlrm of a battery's DC port shows. */
export const portAlarms = (events: number | null): readonly StandardAlarm[] => alarmsOf(PORT_ALARMS, events);

/**
 * The standard alarms that one reading shows: by the standard's event bits, by the maker's own where the device profile names them,
 * and by measurement against the nameplate where no register says it.
 */
export const alarmsIn = (
  basis: AlarmBasis,
  nameplate: Nameplate | null,
  vendorEvents: readonly VendorEvent[],
): readonly StandardAlarm[] => {
  const found = new Set<StandardAlarm>();
  for (const [bit, alarm] of EVENT_ALARMS) if (isSet(basis.events, bit)) found.add(alarm);
  for (const { point, bit, alarm } of vendorEvents) if (isSet(basis.vendor[point], bit)) found.add(alarm);
  if (nameplate !== null) for (const [stands, alarm] of measured(basis, nameplate)) if (stands) found.add(alarm);
  return [...found];
};
