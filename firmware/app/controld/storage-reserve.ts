import { durationMs, type DurationMs, type MonoMs, watts } from '#base/units.ts';
import { powerOf, type StorageTrack } from '#control/storage/track.ts';
import type { StorageReserve } from '#link/message.ts';
import type { DeviceId } from '#site/device.ts';
import type { StoragePlate } from './storage-status.ts';

const HOUR_MS = 3_600_000;
/** Told in steps, so that it is not another one every second. */
const STEP_W = 10;
const STEP_MS = 60_000;

/** What one could do beyond what it does, watts; how long at full rate, hours (null: content not known, Infinity: it does not count). */
interface Reserve {
  readonly discharge: number;
  readonly charge: number;
  readonly dischargeHours: number | null;
  readonly chargeHours: number | null;
}

const hoursOf = (capacity: number | null, per: number, rate: number): number | null =>
  capacity === null ? null : (capacity * per) / 100 / rate;

/** Null: what it does or holds is not known. `room`: what its inverter has left, where it shares one. */
const reserveOf = (track: StorageTrack, { record, reserve }: StoragePlate, room: number, now: MonoMs): Reserve | null => {
  const power = powerOf(track, now);
  const { stateOfCharge } = track;
  if (power === null || stateOfCharge === null) return null;
  const capacity = record?.storage?.capacity ?? null;
  const gives = stateOfCharge > reserve && !track.isEmpty;
  const takes = stateOfCharge < 100 && !track.isFull;
  return {
    discharge: Math.min(room, Math.max(0, gives ? track.maxDischarge - power : 0 - power)),
    charge: Math.max(0, takes ? track.maxCharge + power : power),
    dischargeHours: gives ? hoursOf(capacity, stateOfCharge - reserve, track.maxDischarge) : Infinity,
    chargeHours: takes ? hoursOf(capacity, 100 - stateOfCharge, track.maxCharge) : Infinity,
  };
};

/** Until the first of those that could runs out, whole minutes; zero: none could. */
const shortest = (hours: readonly (number | null)[]): DurationMs | null => {
  let least = Infinity;
  for (const one of hours) {
    if (one === null) return null;
    least = Math.min(least, one);
  }
  return durationMs(least === Infinity ? 0 : Math.floor((least * HOUR_MS) / STEP_MS) * STEP_MS);
};

/**
 * Reserve of all storage together, rounded down. Null: there is none, or of one nothing is known. `room`: watts that an inverter has
 * left for the storage behind it.
 */
export const storageReserve = (
  storages: readonly StoragePlate[],
  tracks: ReadonlyMap<DeviceId, StorageTrack> | undefined,
  room: (inverter: DeviceId) => number,
  now: MonoMs,
): StorageReserve | null => {
  const each: Reserve[] = [];
  for (const plate of storages) {
    const track = plate.record === null ? undefined : tracks?.get(plate.record.device);
    const left = plate.behind === null ? Infinity : room(plate.behind);
    const one = track === undefined ? null : reserveOf(track, plate, left, now);
    if (one === null) return null;
    each.push(one);
  }
  if (each.length === 0) return null;
  const sum = (pick: (one: Reserve) => number): number => each.reduce((all, one) => all + pick(one), 0);
  return {
    discharge: watts(Math.floor(sum((one) => one.discharge) / STEP_W) * STEP_W),
    charge: watts(Math.floor(sum((one) => one.charge) / STEP_W) * STEP_W),
    dischargesFor: shortest(each.map((one) => one.dischargeHours)),
    chargesFor: shortest(each.map((one) => one.chargeHours)),
  };
};
