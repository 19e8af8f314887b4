import type { MonoMs } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { ObeyState } from './obey.ts';
import type { StorageTrack } from './track.ts';

/** One that says it has an error, and falls short of what it was asked for so long, is counted out. */
const SHORT_MS = 4000;

/**
 * Batteries that are counted out: by their own word faulty, and short of their band. A fault of one string of many takes nothing from what a
 * battery gives, so its word alone is not enough; once out it is out until it takes its word back, or it would be asked again and again.
 */
export const failedAfter = (
  before: ReadonlySet<DeviceId>,
  tracks: Iterable<StorageTrack>,
  obeys: ReadonlyMap<DeviceId, ObeyState>,
  now: MonoMs,
): ReadonlySet<DeviceId> => {
  const failed = [...tracks].filter(({ device, isFaulty }) => {
    const since = obeys.get(device)?.straysSince ?? null;
    return isFaulty === true && (before.has(device) || (since !== null && now - since >= SHORT_MS));
  });
  return new Set(failed.map(({ device }) => device));
};
