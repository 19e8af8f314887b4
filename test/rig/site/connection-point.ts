import type { BatteryStage } from './battery-stage.ts';
import type { Beside } from './beside.ts';
import type { Plant, Truth } from './plant.ts';

/** Instants of truth held until every inverter has told its part. */
const INSTANTS_HELD = 4096;
const NOTHING = { generated: 0, imported: 0, exported: 0 };

/** A battery; one behind an inverter gives through it. */
interface Battery extends Beside {
  readonly stage: Pick<BatteryStage, 'charge' | 'told'>;
  readonly settings: { readonly behind?: boolean };
}

/** Devices beside the inverters. */
interface Others {
  readonly batteries: readonly Battery[];
  readonly loads: readonly Beside[];
}

const sumAt = (all: readonly Beside[], t: number): number => all.reduce((sum, one) => sum + one.powerAt(t), 0);

const besideOnly = (all: readonly Battery[]): readonly Battery[] => all.filter(({ settings }) => settings.behind !== true);
const behindOnly = (all: readonly Battery[]): readonly Battery[] => all.filter(({ settings }) => settings.behind === true);

/**
 * What flows where the site meets the grid: the first plant has the site's load, the others add to its generation; batteries and
 * switched loads are moved along here, each instant after all generation of it is known.
 */
export class ConnectionPoint {
  readonly #onTruth: (truth: Truth) => void;
  readonly #count: number;
  readonly #waiting = new Map<number, (Truth | undefined)[]>();
  #plants: readonly Plant[] = [];
  #seconds = 0;
  #summed = NOTHING;

  readonly #others: Others;

  constructor(count: number, onTruth: (truth: Truth) => void, others: Others = { batteries: [], loads: [] }) {
    this.#others = others;
    this.#count = count;
    this.#onTruth = onTruth;
  }

  /** Call once, before anything flows. */
  join(plants: readonly Plant[]): void {
    this.#plants = plants;
    this.#seconds = (plants[0]?.settings.truthMs ?? 0) / 1000;
  }

  /** The plant of this index has come so far. */
  take(index: number, part: Truth): void {
    if (this.#isPlain()) {
      this.#onTruth(part);
      return;
    }
    const parts = this.#waiting.get(part.t) ?? [];
    parts[index] = part;
    this.#waiting.set(part.t, parts);
    const whole = parts.filter((one) => one !== undefined);
    if (whole.length === this.#count) {
      this.#waiting.delete(part.t);
      this.#tell(whole);
    } else if (this.#waiting.size > INSTANTS_HELD) throw new Error('an inverter of the site is not brought along');
  }

  generationAt(t: number): number {
    return this.#plants.reduce((sum, plant) => sum + plant.generationAt(t), 0);
  }

  /** Of the inverter of this index alone. */
  generationOf(index: number, t: number): number {
    return this.#plants[index]?.generationAt(t) ?? 0;
  }

  get count(): number {
    return this.#count;
  }

  loadAt(t: number): number {
    return (this.#plants[0]?.loadAt(t) ?? 0) + sumAt(this.#others.loads, t);
  }

  /** What batteries give, watts; negative: they charge. */
  dischargeAt(t: number): number {
    return sumAt(besideOnly(this.#others.batteries), t);
  }

  /** Watt-hours since the start. */
  energy(): { readonly generated: number; readonly imported: number; readonly exported: number } {
    if (this.#isPlain()) return this.#plants[0]?.energy() ?? NOTHING;
    const { generated, imported, exported } = this.#summed;
    return { generated: generated / 3600, imported: imported / 3600, exported: exported / 3600 };
  }

  /** One inverter and nothing beside it: its plant knows all. */
  #isPlain(): boolean {
    return this.#count === 1 && this.#others.batteries.length + this.#others.loads.length === 0;
  }

  /** Moves what is beside the inverters to `t`; loads first, batteries make up for what is left. */
  #move(t: number, residual: number, available: number): { readonly discharge: number; readonly switched: number } {
    const { batteries, loads } = this.#others;
    const share = batteries.length === 0 ? 0 : 1 / batteries.length;
    const given = sumAt(behindOnly(batteries), t);
    const sun = Math.max(0, available - given);
    for (const load of loads) load.step(t, this.#seconds, { residual, share, sun });
    const switched = sumAt(loads, t);
    // What is behind an inverter is part of its output.
    for (const battery of batteries) battery.step(t, this.#seconds, { residual: residual + switched + given, share, sun });
    return { discharge: sumAt(besideOnly(batteries), t), switched };
  }

  #tell(parts: readonly Truth[]): void {
    const first = parts[0] as Truth;
    const generation = parts.reduce((sum, part) => sum + part.generation, 0);
    const available = parts.reduce((sum, part) => sum + part.available, 0);
    const caps = parts.map(({ cap }) => cap).filter((cap) => cap !== null);
    const { discharge, switched } = this.#move(first.t, first.load - generation, first.available);
    const load = first.load + switched;
    const netExport = generation + discharge - load;
    if (first.t > 0) {
      const { generated, imported, exported } = this.#summed;
      this.#summed = {
        generated: generated + generation * this.#seconds,
        imported: imported + Math.max(0, -netExport) * this.#seconds,
        exported: exported + Math.max(0, netExport) * this.#seconds,
      };
    }
    const cap = caps.length === parts.length ? caps.reduce((sum, one) => sum + one, 0) : null;
    const { batteries, loads } = this.#others;
    const stored = batteries.map((one) => {
      const { charge, told } = one.stage;
      return { discharge: one.powerAt(first.t), charge, told };
    });
    const beside = {
      ...(batteries.length > 0 ? { discharge, stored } : {}),
      ...(loads.length > 0 ? { switched: loads.map((one) => one.powerAt(first.t)) } : {}),
    };
    this.#onTruth({ t: first.t, generation, load, netExport, cap, available, parts, ...beside });
  }
}
