import { InverterCore, INVERTER_DEFAULTS, type InverterSettings } from './inverter.ts';
import { LINE_9600_8N1, RigLine, type Delivery, type LineSettings } from './line.ts';
import { MeterCore, METER_DEFAULTS, type MeterSettings } from './meter.ts';
import { Plant, type PlantSettings, type Truth } from './plant.ts';

export interface SiteSettings {
  readonly plant: PlantSettings;
  readonly inverter: InverterSettings;
  readonly meter: MeterSettings;
  readonly line: LineSettings;
  readonly startAsleep: boolean;
  readonly seed: number;
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

/**
 * The whole simulated site: plant, inverter and meter on one line. Pure: time (milliseconds since the start) is passed in,
 * never goes back, and the same calls give the same bytes. Call `advance(at)` before `receive(at, ..)`.
 */
export class RigSite {
  readonly plant: Plant;
  readonly inverter: InverterCore;
  readonly meter: MeterCore;
  readonly line: RigLine;

  constructor(settings: SiteSettings, onTruth: (truth: Truth) => void) {
    this.plant = new Plant(settings.plant, onTruth);
    const inverter = new InverterCore(settings.inverter, this.plant, settings.seed);
    this.inverter = inverter;
    this.meter = new MeterCore(settings.meter, this.plant, settings.seed, (at) => inverter.advance(at));
    this.line = new RigLine(settings.line, [this.inverter, this.meter], settings.seed);
    this.inverter.begin(settings.startAsleep);
    this.meter.begin();
  }

  /** Bytes from the gateway. */
  receive(at: number, bytes: Uint8Array): void {
    this.line.receive(at, bytes);
  }

  /** When the line next delivers or decides; null: nothing under way. The plant needs no calls of its own. */
  nextAt(): number | null {
    return this.line.nextAt();
  }

  /** Brings everything to `to`; returns the bytes that reach the gateway until then. */
  advance(to: number): readonly Delivery[] {
    const delivered = this.line.advance(to);
    this.inverter.advance(to);
    return delivered;
  }
}
