import type { DeviceId } from '#site/device.ts';
import type { Point } from './quantity.ts';

/** Points kept of each device: enough to look back over a slower neighbour's poll. */
const POINTS_MAX = 8;

/** The newest points of each device, oldest first. */
export type Fleet = ReadonlyMap<DeviceId, readonly Point[]>;

export const noFleet = (): Fleet => new Map();

/** A new value of one device, noted in a fleet of the caller's own; null (not measured) ends its line. */
export const observe = (fleet: Map<DeviceId, readonly Point[]>, device: DeviceId, at: number, value: number | null): void => {
  const known = fleet.get(device);
  if (value === null || !Number.isFinite(value)) {
    if (known !== undefined) fleet.delete(device);
    return;
  }
  if (known === undefined) {
    fleet.set(device, [{ at, value }]);
    return;
  }
  if (at <= (known.at(-1)?.at ?? -Infinity)) return;
  const kept = known.slice(1 - POINTS_MAX);
  kept.push({ at, value });
  fleet.set(device, kept);
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
  let at = Infinity;
  for (const device of devices) at = Math.min(at, fleet.get(device)?.at(-1)?.at ?? -Infinity);
  if (!Number.isFinite(at)) return null;
  let sum = 0;
  for (const device of devices) {
    const value = valueAt(fleet.get(device) ?? [], at, gapMax);
    if (value === null) return null;
    sum += value;
  }
  return { at, value: sum };
};
