import type { Plant, Truth } from './plant.ts';

/** Instants of truth held until every inverter has told its part. */
const INSTANTS_HELD = 4096;
const NOTHING = { generated: 0, imported: 0, exported: 0 };

/** What flows where the site meets the grid: the first plant has the site's load, the others add to its generation. */
export class ConnectionPoint {
  readonly #onTruth: (truth: Truth) => void;
  readonly #count: number;
  readonly #waiting = new Map<number, (Truth | undefined)[]>();
  #plants: readonly Plant[] = [];
  #seconds = 0;
  #summed = NOTHING;

  constructor(count: number, onTruth: (truth: Truth) => void) {
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
    if (this.#count === 1) {
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
    return this.#plants[0]?.loadAt(t) ?? 0;
  }

  /** Watt-hours since the start. */
  energy(): { readonly generated: number; readonly imported: number; readonly exported: number } {
    if (this.#count === 1) return this.#plants[0]?.energy() ?? NOTHING;
    const { generated, imported, exported } = this.#summed;
    return { generated: generated / 3600, imported: imported / 3600, exported: exported / 3600 };
  }

  #tell(parts: readonly Truth[]): void {
    const first = parts[0] as Truth;
    const generation = parts.reduce((sum, part) => sum + part.generation, 0);
    const available = parts.reduce((sum, part) => sum + part.available, 0);
    const caps = parts.map(({ cap }) => cap).filter((cap) => cap !== null);
    const netExport = generation - first.load;
    if (first.t > 0) {
      const { generated, imported, exported } = this.#summed;
      this.#summed = {
        generated: generated + generation * this.#seconds,
        imported: imported + Math.max(0, -netExport) * this.#seconds,
        exported: exported + Math.max(0, netExport) * this.#seconds,
      };
    }
    const cap = caps.length === parts.length ? caps.reduce((sum, one) => sum + one, 0) : null;
    this.#onTruth({ t: first.t, generation, load: first.load, netExport, cap, available, parts });
  }
}
