import type { Truth } from '../../rig/site/plant.ts';

/** What a perfect instrument at the connection point saw during a run. Seconds and watts. */
export class TruthLog {
  readonly points: Truth[] = [];

  /** The points of a span. */
  between(from: number, until: number): readonly Truth[] {
    return this.points.slice(this.#indexAt(from), this.#indexAt(until + SMALLEST));
  }

  /** The last point at or before an instant. */
  at(seconds: number): Truth {
    const point = this.points[this.#indexAt(seconds + SMALLEST) - 1];
    if (point === undefined) throw new Error(`no truth at ${seconds} s`);
    return point;
  }

  exportAt(seconds: number): number {
    return this.at(seconds).netExport;
  }

  generationAt(seconds: number): number {
    return this.at(seconds).generation;
  }

  mostExport(from: number, until: number): number {
    return this.between(from, until).reduce((most, { netExport }) => Math.max(most, netExport), -Infinity);
  }

  leastExport(from: number, until: number): number {
    return this.between(from, until).reduce((least, { netExport }) => Math.min(least, netExport), Infinity);
  }

  mostGeneration(from: number, until: number): number {
    return this.between(from, until).reduce((most, { generation }) => Math.max(most, generation), -Infinity);
  }

  /** What storage gives, positive = discharging. */
  dischargeAt(seconds: number): number {
    return this.at(seconds).discharge ?? 0;
  }

  meanExport(from: number, until: number): number {
    const points = this.between(from, until);
    return points.reduce((sum, { netExport }) => sum + netExport, 0) / points.length;
  }

  meanGeneration(from: number, until: number): number {
    const points = this.between(from, until);
    return points.reduce((sum, { generation }) => sum + generation, 0) / points.length;
  }

  /** First second from `from` on at which the export is at or below `watts`; null: never. */
  firstBelow(from: number, watts: number): number | null {
    return this.#first(from, ({ netExport }) => netExport <= watts);
  }

  firstAbove(from: number, watts: number): number | null {
    return this.#first(from, ({ netExport }) => netExport >= watts);
  }

  /** Watts a second of the export between two instants, by least squares. */
  slope(from: number, until: number): number {
    const points = this.between(from, until);
    const mean = (of: (point: Truth) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    const t = mean((point) => point.t / MS);
    const w = mean((point) => point.netExport);
    const dot = (of: (point: Truth) => number): number => points.reduce((sum, point) => sum + (point.t / MS - t) * of(point), 0);
    return dot((point) => point.netExport - w) / dot((point) => point.t / MS - t);
  }

  #first(from: number, holds: (point: Truth) => boolean): number | null {
    for (let index = this.#indexAt(from); index < this.points.length; index += 1) {
      const point = this.points[index];
      if (point !== undefined && holds(point)) return point.t / MS;
    }
    return null;
  }

  /** Index of the first point not before an instant. */
  #indexAt(seconds: number): number {
    let low = 0;
    let high = this.points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle]?.t ?? Infinity) < seconds * MS) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const MS = 1000;
const SMALLEST = 1e-6;
