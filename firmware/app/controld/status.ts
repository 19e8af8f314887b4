import { type MonoMs, type UtilitySeconds, voltAmperes, watts, type Watts } from '#base/units.ts';
import type { ControlState } from '#control/tick/state.ts';
import { type GenerationTrack, latestGeneration } from '#control/limiter/generation.ts';
import { isStopped } from '#control/limits/power.ts';
import { isReturning } from '#control/limits/service.ts';
import type { ControlMode } from '#control/program.ts';
import type { SiteNameplate, SiteSnapshot, SiteStatus, SiteStorage, StorageStatus } from '#link/message.ts';
import { alarmStatus } from '#site/alarm.ts';
import type { Connection, DeviceId, DeviceRecord, LeastFactor, Nameplate } from '#site/device.ts';
import type { DeviceStanding, InverterState } from '#site/sample.ts';
import { storageReserve } from './storage-reserve.ts';
import { storageRating, type StoragePlate, storageStatus } from './storage-status.ts';

/** IEEE 2030.5 ConnectStatusType bits. */
const CONNECTED = 1;
const AVAILABLE = 2;
const OPERATING = 4;
const FAULT = 16;
/** SunSpec St value as IEEE 2030.5 InverterStatusType (0 N/A, 1 off, 2 sleeping, ... 8 standby): same order. */
const INVERTER_STATUS: Readonly<Record<InverterState, number>> = {
  unknown: 0,
  off: 1,
  sleeping: 2,
  starting: 3,
  producing: 4,
  throttled: 5,
  'shutting-down': 6,
  fault: 7,
  standby: 8,
};
/** It answers, and would start: connected and available, not operating. */
const RESTING: readonly InverterState[] = ['off', 'sleeping'];
/** It gives all that its source has. */
const AT_ITS_BEST: readonly InverterState[] = ['producing', 'sleeping'];
/** A device silent for longer has its connect bits clear (CSIP-AUS). */
const SILENT_MS = 60_000;

const sumOf = (nameplates: readonly Nameplate[], pick: (nameplate: Nameplate) => number | null): number | null => {
  let sum = 0;
  for (const nameplate of nameplates) {
    const one = pick(nameplate);
    if (one === null) return null;
    sum += one;
  }
  return sum;
};

/** What each of them can hold; none: one does not say. */
const factorOf = (nameplates: readonly Nameplate[]): Pick<SiteNameplate, 'leastFactor'> => {
  const told = nameplates.flatMap(({ leastFactor }) => leastFactor ?? []);
  if (told.length < nameplates.length) return {};
  const most = (pick: (one: LeastFactor) => number): number => Math.max(...told.map(pick));
  return { leastFactor: { overExcited: most((one) => one.overExcited), underExcited: most((one) => one.underExcited) } };
};

/** Storage without an inverter beside it: its discharge is the site's active power. */
const storageAlone = (storages: readonly StoragePlate[], storage: Required<SiteStorage>): SiteNameplate => {
  const plates = storages.flatMap(({ record }) => record?.nameplate ?? []);
  const whole = plates.length === storages.length ? plates : [];
  const sum = (pick: (nameplate: Nameplate) => number | null): number | null => (whole.length === 0 ? null : sumOf(whole, pick));
  const apparent = storages.map(({ record }) => record?.nameplate?.ratedApparent ?? record?.storage?.maxDischarge ?? 0);
  return {
    ratedPower: storage.maxDischarge,
    maxPower: storage.maxDischarge,
    ratedApparent: voltAmperes(apparent.reduce<number>((all, one) => all + one, 0)),
    ratedVarInjected: sum((one) => one.ratedVarInjected),
    ratedVarAbsorbed: sum((one) => one.ratedVarAbsorbed),
    referenceVoltage: plates[0]?.referenceVoltage ?? null,
    ...(whole.length === 0 ? {} : factorOf(whole)),
    storage,
    isStorageAlone: true,
  };
};

/**
 * Ratings of the devices met so far, summed; null while one of them was never met. Active power is the inverters' alone, which is what
 * per cents of setMaxW limit; apparent power is that of all outputs.
 */
export const siteNameplate = (
  inverters: readonly (DeviceRecord | null)[],
  storages: readonly StoragePlate[] = [],
): SiteNameplate | null => {
  const nameplates: Nameplate[] = [];
  for (const record of inverters) {
    if (record?.nameplate === null || record?.nameplate === undefined) return null;
    nameplates.push(record.nameplate);
  }
  const [first] = nameplates;
  const storage = storageRating(storages);
  if (storage === null) return null;
  if (first === undefined) return storages.length > 0 ? storageAlone(storages, storage) : null;
  const own = storages
    .filter(({ behind }) => behind === null)
    .flatMap(({ record }) => record?.nameplate?.ratedApparent ?? record?.storage?.maxDischarge ?? 0);
  const apparent = sumOf(nameplates, (one) => one.ratedApparent);
  return {
    ratedPower: watts(sumOf(nameplates, (one) => one.ratedPower) ?? 0),
    maxPower: watts(sumOf(nameplates, (one) => one.maxPower) ?? 0),
    ratedApparent: apparent === null ? null : voltAmperes(own.reduce<number>((sum, one) => sum + one, apparent)),
    ratedVarInjected: sumOf(nameplates, (one) => one.ratedVarInjected),
    ratedVarAbsorbed: sumOf(nameplates, (one) => one.ratedVarAbsorbed),
    referenceVoltage: first.referenceVoltage,
    ...factorOf(nameplates),
    ...(storages.length === 0 ? {} : { storage }),
  };
};

export interface DeviceSight {
  readonly standing: DeviceStanding;
  /** When it last stopped answering; null while it answers. */
  readonly silentSince: MonoMs | null;
}

/** Less than this fraction of WMax is no power: a stop has had its effect. */
const NO_POWER_FRACTION = 0.005;

/** What a stop made of an inverter, by its measured power and by the read-back of its connection, not by what it was told. */
const stoppedBits = (state: ControlState, track: GenerationTrack, at: StatusMoment): number | null => {
  const stopped = isStopped(state.limits);
  const returning = at.utility !== null && isReturning(state.plan.service, at.utility);
  const output = latestGeneration(track, at.now);
  if ((!stopped && !returning) || output === null || output > NO_POWER_FRACTION * track.maxPower) return null;
  const isOpen = at.connections.get(track.device) === 'disconnected';
  return isOpen && state.limits.connect?.value === false ? 0 : CONNECTED | AVAILABLE;
};

const connectBits = (sight: DeviceSight | undefined, inverter: InverterState, now: MonoMs): number => {
  if (sight === undefined) return 0;
  if (sight.standing === 'asleep') return CONNECTED | AVAILABLE;
  if (sight.silentSince !== null && now - sight.silentSince > SILENT_MS) return 0;
  if (inverter === 'fault') return CONNECTED | FAULT;
  return RESTING.includes(inverter) ? CONNECTED | AVAILABLE : CONNECTED | AVAILABLE | OPERATING;
};

/** Now, and what the connections provably are. */
export interface StatusMoment {
  readonly now: MonoMs;
  /** Null: unknown. */
  readonly utility: UtilitySeconds | null;
  readonly connections: ReadonlyMap<DeviceId, Connection | null>;
  /** Storage of the site; absent: none. */
  readonly storages?: readonly StoragePlate[];
}

/** 0 W while every inverter gives all that its source has; one that is held back could give more, nobody knows how much. */
const reserveOf = (state: ControlState, sights: ReadonlyMap<DeviceId, DeviceSight>): Watts | null => {
  const all = [...state.tracks].every(([device, track]) => {
    const standing = sights.get(device)?.standing;
    return standing === 'asleep' || (standing === 'answering' && AT_ITS_BEST.includes(track.state));
  });
  return all && state.tracks.size > 0 ? watts(0) : null;
};

/** It answers, or was silent for less than a minute. */
const isReached = (sight: DeviceSight | undefined, now: MonoMs): boolean =>
  sight !== undefined && (sight.silentSince === null || now - sight.silentSince <= SILENT_MS);

const storageOf = (state: ControlState, sights: ReadonlyMap<DeviceId, DeviceSight>, at: StatusMoment): StorageStatus | null => {
  const { now, storages = [] } = at;
  const tracks = state.storage?.tracks;
  const status = storageStatus(tracks, (device) => isReached(sights.get(device), now), now);
  const room = (device: DeviceId): number => {
    const track = state.tracks.get(device);
    const output = track === undefined ? null : latestGeneration(track, now);
    return track === undefined || output === null ? 0 : Math.max(0, track.maxPower - output);
  };
  return status === null ? null : { ...status, reserve: storageReserve(storages, tracks, room, now) };
};

/** Of a site without an inverter, storage is the generation. */
const statusAlone = (
  { tracks }: ControlState,
  storage: StorageStatus | null,
): Partial<Pick<SiteStatus, 'genConnectStatus' | 'operationalModeStatus'>> => {
  if (tracks.size > 0 || storage === null) return {};
  const { connectStatus } = storage;
  return { genConnectStatus: connectStatus, operationalModeStatus: (connectStatus & OPERATING) === 0 ? 1 : 2 };
};

/** Best connect state of any inverter, worst status; a device silent for more than a minute counts as away. */
export const siteStatus = (state: ControlState, sights: ReadonlyMap<DeviceId, DeviceSight>, at: StatusMoment): SiteStatus => {
  const { now } = at;
  let genConnectStatus = 0;
  let inverterStatus: number | null = null;
  let producing = false;
  let limited = false;
  for (const [device, track] of state.tracks) {
    const sight = sights.get(device);
    const bits = connectBits(sight, track.state, now);
    genConnectStatus |= bits & (stoppedBits(state, track, at) ?? bits);
    producing ||= (latestGeneration(track, now) ?? 0) > 0;
    limited ||= track.heldCap !== null && track.heldCap < track.maxPower;
    const status = INVERTER_STATUS[sight?.standing === 'asleep' ? 'sleeping' : track.state];
    inverterStatus = Math.max(inverterStatus ?? 0, status);
  }
  // Nothing produced for want of sun, and no control of ours explains it: off (CSIP-AUS ALL-08).
  const returning = at.utility !== null && isReturning(state.plan.service, at.utility);
  const storage = storageOf(state, sights, at);
  const explained = limited && state.decision !== null && (state.decision.command <= 0 || returning);
  return {
    genConnectStatus,
    operationalModeStatus: producing || explained ? 2 : 1,
    inverterStatus,
    alarmStatus: alarmStatus(state.alarms.map(({ alarm }) => alarm)),
    reserve: reserveOf(state, sights),
    storage,
    ...statusAlone(state, storage),
  };
};

export const snapshotOf = (nameplate: SiteNameplate | null, status: SiteStatus, modes: readonly ControlMode[]): SiteSnapshot => ({
  type: 'site-snapshot',
  nameplate,
  status,
  modes,
});

/** Generation of all inverters now; null when one that should answer does not. */
export const generationNow = (state: ControlState, sights: ReadonlyMap<DeviceId, DeviceSight>, now: MonoMs): Watts | null => {
  let sum = 0;
  for (const [device, track] of state.tracks) {
    if (sights.get(device)?.standing === 'asleep') continue;
    const one = latestGeneration(track, now);
    if (one === null) return null;
    sum += one;
  }
  return state.tracks.size === 0 ? null : watts(sum);
};
