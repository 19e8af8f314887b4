import { type MonoMs, wattHours, watts } from '#base/units.ts';
import { powerOf, type StorageTrack } from '#control/storage/track.ts';
import type { StorageStatus } from '#link/message.ts';
import type { DeviceId, DeviceRecord, StorageRating } from '#site/device.ts';

/** Storage of the site: its record, and whether it has an AC output of its own. */
export interface StoragePlate {
  readonly record: DeviceRecord | null;
  readonly isHybrid: boolean;
}

/** Rates and content summed; a content that one does not state is not known of all. Null: one was never met. */
export const storageRating = (storages: readonly StoragePlate[]): StorageRating | null => {
  let sum: StorageRating = { maxCharge: watts(0), maxDischarge: watts(0), capacity: wattHours(0) };
  for (const { record } of storages) {
    const one = record?.storage;
    if (one === undefined) return null;
    sum = {
      maxCharge: watts(sum.maxCharge + one.maxCharge),
      maxDischarge: watts(sum.maxDischarge + one.maxDischarge),
      capacity: sum.capacity === null || one.capacity === null ? null : wattHours(sum.capacity + one.capacity),
    };
  }
  return sum;
};

/** IEEE 2030.5 ConnectStatusType bits. */
const CONNECTED = 1;
const AVAILABLE = 2;
const OPERATING = 4;
/** StorageModeStatusType. */
const CHARGING = 0;
const DISCHARGING = 1;
const HOLDING = 2;
/** Less than this part of its range is rest. */
const REST_FRACTION = 0.005;
/** DERStatus tells hundredths of a per cent. */
const FULL = 10_000;

/** Of what each holds, weighted by what it can give; null: none says. */
const chargeOf = (tracks: readonly StorageTrack[]): number | null => {
  let charge = 0;
  let weight = 0;
  for (const { stateOfCharge, maxDischarge } of tracks) {
    if (stateOfCharge === null) continue;
    charge += stateOfCharge * maxDischarge;
    weight += maxDischarge;
  }
  return weight === 0 ? null : Math.min(FULL, Math.max(0, Math.round((100 * charge) / weight)));
};

const rangeOf = ({ maxCharge, maxDischarge }: StorageTrack): number => maxCharge + maxDischarge;

/** What this power of that range is. */
const modeOf = (power: number, range: number): 0 | 1 | 2 => {
  if (Math.abs(power) <= REST_FRACTION * range) return HOLDING;
  return power > 0 ? DISCHARGING : CHARGING;
};

/** Best connect state of any storage, mean state of charge, and what they do together. Null: there is none. */
export const storageStatus = (
  known: ReadonlyMap<DeviceId, StorageTrack> | undefined,
  isReached: (device: DeviceId) => boolean,
  now: MonoMs,
): StorageStatus | null => {
  const tracks = [...(known?.values() ?? [])];
  if (tracks.length === 0) return null;
  let connectStatus = 0;
  let sum: number | null = 0;
  for (const track of tracks) {
    const power = powerOf(track, now);
    sum = power === null || sum === null ? null : sum + power;
    const works = power !== null && modeOf(power, rangeOf(track)) !== HOLDING;
    if (isReached(track.device)) connectStatus |= CONNECTED | AVAILABLE | (works ? OPERATING : 0);
  }
  const range = tracks.reduce((all, track) => all + rangeOf(track), 0);
  return { connectStatus, stateOfCharge: chargeOf(tracks), mode: sum === null ? null : modeOf(sum, range) };
};
