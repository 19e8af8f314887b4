import { SeededRandom } from '#base/random.ts';

/** A quantity over time: watts at `t` milliseconds since the scenario's start. Pure: the same `t` always gives the same value. */
export type Profile = (t: number) => number;

/** `[seconds, watts]`, ascending in time. Before the first point its value holds, after the last the last. */
export type Point = readonly [seconds: number, watts: number];

/** Index of the last point at or before `seconds`, or -1. */
const lastBefore = (points: readonly Point[], seconds: number): number => {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as Point)[0] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** Each value holds until the next point: load steps. */
export const steps = (points: readonly Point[]): Profile => {
  return (t) => points[Math.max(0, lastBefore(points, t / 1000))]?.[1] ?? 0;
};

/** Straight lines between the points: sun, day curves. */
export const lines = (points: readonly Point[]): Profile => {
  return (t) => {
    const seconds = t / 1000;
    const index = lastBefore(points, seconds);
    const from = points[Math.max(0, index)];
    const to = points[index + 1];
    if (from === undefined) return 0;
    if (index < 0 || to === undefined) return from[1];
    return from[1] + ((to[1] - from[1]) * (seconds - from[0])) / (to[0] - from[0]);
  };
};

/** Adds `watts` during the second half of each period: a kettle, a compressor. */
export const cycling = (base: Profile, watts: number, halfPeriodSeconds: number): Profile => {
  return (t) => base(t) + (Math.floor(t / (halfPeriodSeconds * 1000)) % 2 === 1 ? watts : 0);
};

/** Repeats the first `seconds` of a profile for ever. */
export const looping = (base: Profile, seconds: number): Profile => {
  return (t) => base(t % (seconds * 1000));
};

/** Milliseconds for which one draw of load noise holds. */
const NOISE_CELL_MS = 1000;

/** Adds normal noise of standard deviation `sigma`, one draw a second, never below zero; the draw depends on seed and second alone. */
export const noisy = (base: Profile, sigma: number, seed: number): Profile => {
  if (sigma === 0) return base;
  let cell = -1;
  let draw = 0;
  return (t) => {
    const now = Math.floor(t / NOISE_CELL_MS);
    if (now !== cell) {
      cell = now;
      draw = new SeededRandom(seed + now, 'load').normal() * sigma;
    }
    return Math.max(0, base(t) + draw);
  };
};
