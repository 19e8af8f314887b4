import type { DeviceId } from '#site/device.ts';
import type { Point } from './quantity.ts';

/** Points kept of each device: enough to look back over a slower neighbour's poll. */
const POINTS_MAX = 8;

/** The newest points of each device, oldest first. */
export type Fleet = ReadonlyMap<DeviceId, readonly Point[]>;

export const noFleet = (): Fleet => new Map();

/** A new value of one device; null (not measured) ends its line. */
export const observe = (fleet: Fleet, device: DeviceId, at: number, value: number | null): Fleet => {
  const known = fleet.get(device);
  if (value === null || !Number.isFinite(value)) {
    if (known === undefined) return fleet;
    const without = new Map(fleet);
    without.delete(device);
    return without;
  }
  const newest = known?.at(-1);
  if (newest !== undefined && at <= newest.at) return fleet;
  return new Map(fleet).set(device, [...(known ?? []), { at, value }].slice(-POINTS_MAX));
};

const valueAt = (points: readonly Point[], at: number, gapMax: number): number | null => {
  const next = points.findIndex((point) => point.at >= at);
  const to = points[next];
  if (to === undefined) return null;
  if (to.at === at) return to.value;
  const from = points[next - 1];
  if (from === undefined || to.at - from.at > gapMax) return null;
  return from.value + ((to.value - from.value) * (at - from.at)) / (to.at - from.at);
};

/**
 * The sum of all devices at the newest instant that every one of them has reached, each interpolated to it: values of different age
 * are never added. Null: one of them is not known there.
 */
export const alignedSum = (fleet: Fleet, devices: readonly DeviceId[], gapMax: number): Point | null => {
  if (devices.length === 0) return null;
  const lines = devices.map((device) => fleet.get(device) ?? []);
  const at = Math.min(...lines.map((points) => points.at(-1)?.at ?? -Infinity));
  if (!Number.isFinite(at)) return null;
  let sum = 0;
  for (const points of lines) {
    const value = valueAt(points, at, gapMax);
    if (value === null) return null;
    sum += value;
  }
  return { at, value: sum };
};
