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
  /** Milliseconds of them between samples that lie as close as an average wants them. */
  readonly close: number;
  /** Integral over the covered time, value times milliseconds. */
  readonly area: number;
  readonly min: number;
  readonly max: number;
  /** Where the newest line ends, and its value there. */
  readonly until: number;
  readonly last: number;
}

export const NOTHING: Tally = { covered: 0, close: 0, area: 0, min: Infinity, max: -Infinity, until: -Infinity, last: 0 };

/** Samples further apart than this are no base for an average: they are asked for each second, and one answer may be lost. */
const SPACING_MAX_MS = 2_000;

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
    close: tally.close + (to.at - from.at <= SPACING_MAX_MS ? right - left : 0),
    area: tally.area + ((a + b) / 2) * (right - left),
    min: Math.min(tally.min, a, b),
    max: Math.max(tally.max, a, b),
    until: right,
    last: b,
  };
};

/** Keeps a record short on flash. */
const rounded = (value: number, step: number): number => Number((Math.round(value / step) * step).toFixed(6));

/** Mean, minimum, maximum, and the value at `end`; null when nothing was covered, never 0. `step`: what the values are rounded to. */
export const spreadOf = <T extends number>(tally: Tally, end: number, step: number): Spread<T> | null => {
  if (tally.covered <= 0) return null;
  const round = (value: number): T => rounded(value, step) as T;
  const mean = Math.min(tally.max, Math.max(tally.min, tally.area / tally.covered));
  return {
    mean: round(mean),
    min: round(tally.min),
    max: round(tally.max),
    last: tally.until >= end ? round(tally.last) : null,
  };
};
