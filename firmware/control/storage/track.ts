import { type MonoMs, type Percent, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { Output } from '#control/limiter/load.ts';
import type { Band } from '#site/device.ts';

const READINGS_MAX = 24;
const READINGS_SPAN_MS = 10_000;
/** A reading this old no longer says what the storage does. */
const STALE_MS = 3000;
/** How old its registers may be when they are read. */
const REGISTER_AGE_MS = 150;
/** A band that came into force less long ago may still be on its way. */
const MOVING_MS = 4000;
/** A reading this shortly after an instant still speaks for it. */
const KNOWN_BEFORE_MS = 50;
/** Per cent of its range that it may drift while nothing tells it to: then it is taken for resting. */
const REST_FRACTION = 0.002;

interface StorageReading {
  readonly at: MonoMs;
  /** AC side, positive = discharging. */
  readonly discharge: Watts;
}

/** What is known of one storage device over the last seconds, and of the band it was last given. */
export interface StorageTrack {
  readonly device: DeviceId;
  readonly maxCharge: Watts;
  readonly maxDischarge: Watts;
  /** Oldest first, strictly increasing `at`. */
  readonly readings: readonly StorageReading[];
  readonly stateOfCharge: Percent | null;
  /** By its own word it can take, or give, no more. */
  readonly isFull: boolean;
  readonly isEmpty: boolean;
  /** By its own word it has an error; absent: in a tape of an earlier release. */
  readonly isFaulty?: boolean;
  /** The band that provably holds; null: none does. */
  readonly held: Band | null;
  readonly heldSince: MonoMs | null;
  /** A band on its way: it may act before it is read back. */
  readonly asked: { readonly band: Band; readonly at: MonoMs } | null;
}

export const newStorageTrack = (
  device: DeviceId,
  rating: { readonly maxCharge: Watts; readonly maxDischarge: Watts },
): StorageTrack => ({
  device,
  maxCharge: rating.maxCharge,
  maxDischarge: rating.maxDischarge,
  readings: [],
  stateOfCharge: null,
  isFull: false,
  isEmpty: false,
  held: null,
  heldSince: null,
  asked: null,
});

/** One reading of a storage device as the track takes it. */
export interface StorageSight {
  readonly takenAt: MonoMs;
  readonly discharge: Watts | null;
  readonly stateOfCharge: Percent | null;
  readonly mode: string;
  readonly isFaulty?: boolean;
}

/** Adds a reading; one that is not newer than the newest changes nothing. */
export const withStorageReading = (track: StorageTrack, sight: StorageSight): StorageTrack => {
  const { takenAt, discharge, mode } = sight;
  const newest = track.readings.at(-1);
  if (newest !== undefined && takenAt <= newest.at) return track;
  const stateOfCharge = sight.stateOfCharge ?? track.stateOfCharge;
  const next = { ...track, stateOfCharge, isFull: mode === 'full', isEmpty: mode === 'empty', isFaulty: sight.isFaulty ?? false };
  if (discharge === null) return next;
  const kept = track.readings.filter(({ at }) => takenAt - at <= READINGS_SPAN_MS).slice(-(READINGS_MAX - 1));
  return { ...next, readings: [...kept, { at: takenAt, discharge }] };
};

export const sameBand = (a: Band | null, b: Band | null): boolean =>
  a === b || (a !== null && b !== null && a.least === b.least && a.most === b.most);

export const withHeldBand = (track: StorageTrack, held: Band | null, now: MonoMs): StorageTrack =>
  sameBand(track.held, held) ? track : { ...track, held, heldSince: now };

export const withAskedBand = (track: StorageTrack, band: Band, now: MonoMs): StorageTrack => ({
  ...track,
  asked: { band, at: now },
});

/** The newest power while it is fresh, else null. */
export const powerOf = (track: StorageTrack, now: MonoMs): Watts | null => {
  const newest = track.readings.at(-1);
  return newest !== undefined && now - newest.at <= STALE_MS ? newest.discharge : null;
};

/** From a decision until the device acts on it: the wire, its turnaround, and what its registers are old. */
const ACTUATION_MS = 350;

/** What it gives when a command of now acts; null: not known. */
export const expectedOf = (track: StorageTrack, now: MonoMs): Watts | null => {
  const newest = track.readings.at(-1);
  if (newest === undefined || powerOf(track, now) === null) return null;
  const earlier = track.readings.findLast(({ at }) => newest.at - at >= 150);
  const rate = earlier === undefined ? 0 : (newest.discharge - earlier.discharge) / (newest.at - earlier.at);
  return watts(newest.discharge + rate * (Math.min(now - newest.at, ACTUATION_MS) + ACTUATION_MS));
};

/** The most it may discharge, whatever it does now: what it provably holds and what is on its way, else its rating. */
export const possibleDischarge = ({ held, asked, heldSince, maxDischarge }: StorageTrack): number => {
  if (held === null) return maxDischarge;
  const open = asked !== null && (heldSince === null || heldSince < asked.at) ? asked.band.most : 0;
  return Math.max(0, Math.min(maxDischarge, Math.max(held.most, open)));
};

const interpolate = (before: StorageReading, later: StorageReading, at: number): number =>
  before.discharge + ((later.discharge - before.discharge) * (at - before.at)) / (later.at - before.at);

const within = (value: number, { least, most }: Band): Watts => watts(Math.min(Math.max(value, least), most));

/** Where its power may be after the newest reading. */
const beyond = (track: StorageTrack, newest: StorageReading, gap: number): readonly number[] => {
  const value = newest.discharge;
  const { asked, held, heldSince, readings } = track;
  const reach: Watts[] = [value];
  if (asked !== null && newest.at - asked.at < MOVING_MS) reach.push(within(value, asked.band));
  if (held !== null && heldSince !== null && newest.at - heldSince < MOVING_MS) reach.push(within(value, held));
  const earlier = readings.findLast(({ at }) => newest.at - at >= 150);
  const rate = earlier === undefined ? 0 : (value - earlier.discharge) / (newest.at - earlier.at);
  const drift = rate * gap;
  if (Math.abs(drift) > REST_FRACTION * (track.maxCharge + track.maxDischarge)) reach.push(watts(value + drift));
  return reach;
};

/** Least and most of its power between two instants; null: not known there. */
const envelopeOf = (track: StorageTrack, from: MonoMs, to: MonoMs): Output | null => {
  const { readings } = track;
  const newest = readings.at(-1);
  if (newest === undefined || from - newest.at > STALE_MS) return null;
  const end = to + REGISTER_AGE_MS;
  const seen: number[] = [];
  let before: StorageReading | null = null;
  for (const reading of readings) {
    if (before !== null) {
      if (before.at < from && reading.at > from) seen.push(interpolate(before, reading, from));
      if (before.at < end && reading.at > end) seen.push(interpolate(before, reading, end));
    }
    if (reading.at >= from && reading.at <= end) seen.push(reading.discharge);
    before = reading;
  }
  const settled = newest.at >= end;
  if (!settled) seen.push(...beyond(track, newest, end - newest.at));
  const oldest = readings[0];
  if (oldest !== undefined && oldest.at > from + KNOWN_BEFORE_MS) seen.push(0 - track.maxCharge, track.maxDischarge);
  return { low: watts(Math.min(...seen)), high: watts(Math.max(...seen)), settled, unread: 0 };
};

/** Least and most that these together gave between two instants (values of one age only); null: one is not known there. */
export const storageOutput = (tracks: readonly StorageTrack[], from: MonoMs, to: MonoMs): Output | null => {
  let sum: Output = { low: watts(0), high: watts(0), settled: true, unread: 0 };
  for (const track of tracks) {
    const one = envelopeOf(track, from, to);
    if (one === null) return null;
    sum = {
      low: watts(sum.low + one.low),
      high: watts(sum.high + one.high),
      settled: sum.settled && one.settled,
      unread: 0,
    };
  }
  return sum;
};
