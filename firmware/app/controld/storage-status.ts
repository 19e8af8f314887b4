import { type MonoMs, type Percent, wattHours, type WattHours, watts } from '#base/units.ts';
import { powerOf, type StorageTrack } from '#control/storage/track.ts';
import type { SiteStorage, StorageStatus } from '#link/message.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';

/** Storage of the site as configured and met. */
export interface StoragePlate {
  readonly record: DeviceRecord | null;
  /** What its owner keeps in it. */
  readonly reserve: Percent;
  /** The inverter whose output it shares; null: it has its own. */
  readonly behind: DeviceId | null;
}

const sumOf = (one: WattHours | null, other: number | null): WattHours | null =>
  one === null || other === null ? null : wattHours(one + other);

/** Rates and content summed; a content that one does not state is not known of all. Null: one was never met. */
export const storageRating = (storages: readonly StoragePlate[]): Required<SiteStorage> | null => {
  let sum: Required<SiteStorage> = { maxCharge: watts(0), maxDischarge: watts(0), capacity: wattHours(0), floor: wattHours(0) };
  for (const { record, reserve } of storages) {
    const one = record?.storage;
    if (one === undefined) return null;
    sum = {
      maxCharge: watts(sum.maxCharge + one.maxCharge),
      maxDischarge: watts(sum.maxDischarge + one.maxDischarge),
      capacity: sumOf(sum.capacity, one.capacity),
      floor: sumOf(sum.floor, one.capacity === null ? null : (one.capacity * reserve) / 100),
    };
  }
  return sum;
};

/** IEEE 2030.5 ConnectStatusType bits. */
const CONNECTED = 1;
const AVAILABLE = 2;
const OPERATING = 4;
const FAULT = 16;
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

/** Connect states of all storage together, an error of one among them, mean state of charge, and what they do together. Null: there is none. */
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
    if (!isReached(track.device)) continue;
    connectStatus |= track.isFaulty === true ? CONNECTED | FAULT : CONNECTED | AVAILABLE | (works ? OPERATING : 0);
  }
  const range = tracks.reduce((all, track) => all + rangeOf(track), 0);
  return { connectStatus, stateOfCharge: chargeOf(tracks), mode: sum === null ? null : modeOf(sum, range) };
};
