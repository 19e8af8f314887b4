import { BATTERY_DEFAULTS, BatteryCore, type BatterySettings } from './battery.ts';
import { ConnectionPoint } from './connection-point.ts';
import { InverterCore } from './inverter.ts';
import { INVERTER_DEFAULTS, type InverterSettings } from './inverter-settings.ts';
import { LINE_9600_8N1, RigLine, type Delivery, type LineSettings } from './line.ts';
import { MeterCore, METER_DEFAULTS, type MeterSettings } from './meter.ts';
import { RegisterInverter, registerInverterNamed } from './register-inverter.ts';
import { Plant, type PlantSettings, type Truth } from './plant.ts';
import { SwitchedLoad, type SwitchedLoadSettings } from './switched-load.ts';

/** A further inverter of the site, with sun and output stage of its own; the load is the first one's. */
interface FurtherInverter {
  readonly plant: PlantSettings;
  readonly inverter: InverterSettings;
  /** Which line it is on; 0: the meter's. */
  readonly line: number;
}

export interface SiteSettings {
  readonly plant: PlantSettings;
  readonly inverter: InverterSettings;
  readonly meter: MeterSettings;
  readonly line: LineSettings;
  readonly startAsleep: boolean;
  readonly seed: number;
  /** A product that is limited in registers of its own, in place of the first inverter; absent: none. */
  readonly registerInverter?: string;
  /** Inverters beside the first; absent: none. */
  readonly others?: readonly FurtherInverter[];
  /** Batteries and switched loads, on the meter's line unless said otherwise. */
  readonly batteries?: readonly BatterySettings[];
  readonly switchedLoads?: readonly SwitchedLoadSettings[];
  /** Which line those are on; absent: the meter's. */
  readonly besideLine?: number;
}

/** A 10 kW plant in full sun with no load, a lag of 1 s, and one line at 9600 baud: the bench's plant. */
export const siteOf = (change: {
  readonly plant?: Partial<PlantSettings>;
  readonly inverter?: Partial<InverterSettings>;
  readonly meter?: Partial<MeterSettings>;
  readonly line?: Partial<LineSettings>;
  readonly startAsleep?: boolean;
  readonly seed?: number;
}): SiteSettings => ({
  plant: {
    ratedW: 10_000,
    sun: () => 10_000,
    load: () => 0,
    lagSeconds: 1,
    deadSeconds: 0,
    slewPercentPerSecond: Infinity,
    gainErrorPercent: 0,
    minimumOutput: null,
    truthMs: 100,
    ...change.plant,
  },
  inverter: { ...INVERTER_DEFAULTS, ...change.inverter },
  meter: { ...METER_DEFAULTS, ...change.meter },
  line: { ...LINE_9600_8N1, ...change.line },
  startAsleep: change.startAsleep ?? false,
  seed: change.seed ?? 1,
});

/** What one more inverter differs in from the site's first. */
export interface InverterChange {
  readonly plant?: Partial<PlantSettings>;
  readonly inverter?: Partial<InverterSettings>;
  readonly line?: number;
}

/** Unit ids of further inverters begin here; the meter's lies below. */
const FURTHER_UNIT = 11;

/** The site with further inverters: each like the first but for what is said, with a unit id and a serial number of its own. */
export const withInverters = (site: SiteSettings, others: readonly InverterChange[]): SiteSettings => ({
  ...site,
  others: others.map(({ plant, inverter, line }, index) => ({
    plant: { ...site.plant, load: () => 0, ...plant },
    inverter: { ...site.inverter, unitId: FURTHER_UNIT + index, serial: `RIG-INV-${1001 + index}`, ...inverter },
    line: line ?? 0,
  })),
});

/** The site with these batteries; unit ids from 21. */
export const withStorage = (site: SiteSettings, batteries: readonly Partial<BatterySettings>[]): SiteSettings => ({
  ...site,
  batteries: batteries.map((change, index) => ({
    ...BATTERY_DEFAULTS,
    unitId: BATTERY_DEFAULTS.unitId + index,
    serial: `RIG-BAT-000${1 + index}`,
    ...change,
  })),
});

/** The site with these switched loads. */
export const withLoads = (site: SiteSettings, switchedLoads: readonly SwitchedLoadSettings[]): SiteSettings => ({
  ...site,
  switchedLoads,
});

/**
 * The whole simulated site: plants, inverters and a meter on one line or several. Pure: time (milliseconds since the start) is
 * passed in, never goes back, and the same calls give the same bytes. Call `advance(at)` before `receive(at, ..)`.
 */
export class RigSite {
  /** The first inverter and its plant, and the line it shares with the meter. */
  readonly plant: Plant;
  readonly inverter: InverterCore;
  readonly meter: MeterCore;
  readonly line: RigLine;
  readonly inverters: readonly InverterCore[];
  readonly lines: readonly RigLine[];
  readonly batteries: readonly BatteryCore[];
  readonly switchedLoads: readonly SwitchedLoad[];
  /** In place of the first inverter on the line. */
  readonly registerInverter: RegisterInverter | null;

  constructor(settings: SiteSettings, onTruth: (truth: Truth) => void) {
    const { seed, others = [] } = settings;
    this.batteries = (settings.batteries ?? []).map((one) => new BatteryCore(one));
    const all = [{ plant: this.#sharedPlant(settings.plant), inverter: settings.inverter, line: 0 }, ...others];
    this.switchedLoads = (settings.switchedLoads ?? []).map((one) => new SwitchedLoad(one));
    const { batteries, switchedLoads } = this;
    const point = new ConnectionPoint(all.length, onTruth, { batteries, loads: switchedLoads });
    const plants = all.map((one, index) => new Plant(one.plant, (truth) => point.take(index, truth)));
    point.join(plants);
    this.inverters = all.map((one, index) => new InverterCore(one.inverter, plants[index] as Plant, seed + 7919 * index));
    this.plant = plants[0] as Plant;
    this.inverter = this.inverters[0] as InverterCore;
    this.meter = new MeterCore(settings.meter, point, seed, (at) => this.#bring(at));
    const { besideLine = 0, registerInverter: product } = settings;
    this.registerInverter =
      product === undefined ? null : new RegisterInverter(registerInverterNamed(product), 'CARD-1', this.plant);
    const count = 1 + Math.max(besideLine, ...all.map(({ line }) => line));
    this.lines = Array.from({ length: count }, (_, index) => {
      const mine = this.inverters
        .map((each, which) => (which === 0 ? (this.registerInverter ?? each) : each))
        .filter((_each, which) => all[which]?.line === index);
      const beside = index === besideLine ? [...batteries, ...switchedLoads] : [];
      return new RigLine(settings.line, [...mine, ...(index === 0 ? [this.meter] : []), ...beside], seed + index);
    });
    this.line = this.lines[0] as RigLine;
    for (const inverter of this.inverters) inverter.begin(settings.startAsleep);
    this.meter.begin();
  }

  /** Bytes from the gateway. */
  receive(at: number, bytes: Uint8Array, line = 0): void {
    this.lines[line]?.receive(at, bytes);
  }

  /** When the line next delivers or decides; null: nothing under way. The plant needs no calls of its own. */
  nextAt(line = 0): number | null {
    return this.lines[line]?.nextAt() ?? null;
  }

  /** Brings the line and every plant to `to`; returns the bytes that reach the gateway over that line until then. */
  advance(to: number, line = 0): readonly Delivery[] {
    const delivered = this.lines[line]?.advance(to) ?? [];
    this.#bring(to);
    return delivered;
  }

  /** A hybrid's: its batteries add to the sun. */
  #sharedPlant(plant: PlantSettings): PlantSettings {
    const behind = this.batteries.filter((one) => one.settings.behind === true);
    if (behind.length === 0) return plant;
    return { ...plant, sun: (t) => Math.max(0, plant.sun(t)) + behind.reduce((sum, one) => sum + one.powerAt(t), 0) };
  }

  #bring(to: number): void {
    for (const inverter of this.inverters) inverter.advance(to);
  }
}
