import type { Spread } from '#control/record.ts';

/** A measured value at an instant of the monotonic clock, milliseconds. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** What was measured of one quantity in one interval: straight lines between samples, weighted by time. */
export interface Tally {
  /** Milliseconds covered. */
  readonly covered: number;
  /** Integral over the covered time, value times milliseconds. */
  readonly area: number;
  readonly min: number;
  readonly max: number;
}

export const NOTHING: Tally = { covered: 0, area: 0, min: Infinity, max: -Infinity };

const valueAt = (from: Point, to: Point, at: number): number =>
  from.value + ((to.value - from.value) * (at - from.at)) / (to.at - from.at);

/** The part of the line between two samples that lies within [start, end), added. */
export const addSegment = (tally: Tally, from: Point, to: Point, start: number, end: number): Tally => {
  const left = Math.max(from.at, start);
  const right = Math.min(to.at, end);
  if (right <= left) return tally;
  const a = valueAt(from, to, left);
  const b = valueAt(from, to, right);
  return {
    covered: tally.covered + (right - left),
    area: tally.area + ((a + b) / 2) * (right - left),
    min: Math.min(tally.min, a, b),
    max: Math.max(tally.max, a, b),
  };
};

/** Mean, minimum and maximum; null when nothing was covered, never 0. */
export const spreadOf = <T extends number>(tally: Tally): Spread<T> | null => {
  if (tally.covered <= 0) return null;
  const mean = Math.min(tally.max, Math.max(tally.min, tally.area / tally.covered));
  return { mean: mean as T, min: tally.min as T, max: tally.max as T };
};
