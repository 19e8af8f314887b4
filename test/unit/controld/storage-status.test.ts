import { describe, expect, it } from 'vitest';
import { monoMs, percent, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import { siteNameplate, siteStatus } from '#app/controld/status.ts';
import { type StoragePlate, storageStatus } from '#app/controld/storage-status.ts';
import { storageReserve } from '#app/controld/storage-reserve.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { NO_STORAGE } from '#control/storage/storage.ts';
import { startState } from '#control/tick/state.ts';
import { newStorageTrack, type StorageTrack, withStorageReading } from '#control/storage/track.ts';
import type { StorageReserve } from '#link/message.ts';
import { type DeviceId, type DeviceRecord, type StorageRating, toDeviceId } from '#site/device.ts';

const NOW = monoMs(10_000);
const track = (name: string, discharge: number | null, charge: number | null, maxDischarge = 4000): StorageTrack => {
  const fresh = newStorageTrack(toDeviceId(name), { maxCharge: watts(5000), maxDischarge: watts(maxDischarge) });
  const stateOfCharge = charge === null ? null : percent(charge);
  const power = discharge === null ? null : watts(discharge);
  return withStorageReading(fresh, { takenAt: NOW, discharge: power, stateOfCharge, mode: 'unknown' });
};
const statusOf = (tracks: readonly StorageTrack[], reached: (device: DeviceId) => boolean = () => true) =>
  storageStatus(new Map(tracks.map((one) => [one.device, one])), reached, NOW);

const SIGHT = { discharge: watts(0), stateOfCharge: null, mode: 'unknown' };

const RECORD: DeviceRecord = {
  device: toDeviceId('storage'),
  role: 'storage',
  manufacturer: 'M',
  model: 'M',
  serialNumber: '1',
  firmwareVersion: '1',
  base: 40_000,
  models: [],
  nameplate: null,
  limitScale: null,
};

describe('DERStatus of storage', () => {
  it.each([
    [-3000, 7, 0],
    [3000, 7, 1],
    [10, 3, 2],
    [null, 3, null],
  ])('%s W: bits %s, mode %s', (power, connectStatus, mode) => {
    expect(statusOf([track('a', power, 60)])).toEqual({ connectStatus, stateOfCharge: 6000, mode });
  });

  it('with an error says so, and that it is not available; one that works beside it is told too', () => {
    const faulty = { ...track('a', 0, 60), isFaulty: true };
    expect(statusOf([faulty])?.connectStatus).toBe(17);
    expect(statusOf([faulty, track('b', 3000, 60)])?.connectStatus).toBe(23);
    const healed = withStorageReading(faulty, { ...SIGHT, takenAt: monoMs(NOW + 1), isFaulty: false });
    expect(statusOf([healed])?.connectStatus).toBe(3);
    expect(withStorageReading(healed, { ...SIGHT, takenAt: monoMs(NOW + 2), isFaulty: true }).isFaulty).toBe(true);
  });

  it.each([
    [3000, 7, 2],
    [0, 3, 1],
  ])('of a site with storage alone, %s W: it is what generates', (power, genConnectStatus, operationalModeStatus) => {
    const one = track('a', power, 60);
    const storage = { ...NO_STORAGE, tracks: new Map([[one.device, one]]) };
    const state = { ...startState({ plan: emptyPlan(), clock: unknownClock() }), storage };
    const sights = new Map([[one.device, { standing: 'answering' as const, silentSince: null }]]);
    const status = siteStatus(state, sights, { now: NOW, utility: null, connections: new Map() });
    expect(status).toMatchObject({ genConnectStatus, operationalModeStatus, inverterStatus: null });
  });

  it('is one of all together: best connection, mean content by what each can give', () => {
    const both = [track('a', -3000, 90, 1000), track('b', 3000, 10, 3000)];
    expect(statusOf(both, (device) => device === 'a')).toEqual({ connectStatus: 7, stateOfCharge: 3000, mode: 2 });
    expect(statusOf([track('a', 0, null)])?.stateOfCharge).toBeNull();
    expect(statusOf(both, () => false)?.connectStatus).toBe(0);
    expect(statusOf([])).toBeNull();
  });
});

describe('ratings of the site', () => {
  const PLATE = {
    ratedPower: watts(5000),
    maxPower: watts(5000),
    ratedApparent: voltAmperes(5000),
    referenceVoltage: volts(230),
    nominalFrequency: null,
    ratedVarInjected: 2200,
    ratedVarAbsorbed: 2200,
  };
  const RATING: StorageRating = { maxCharge: watts(5000), maxDischarge: watts(4000), capacity: wattHours(10_000) };
  const record = (role: 'inverter' | 'storage', patch: Partial<DeviceRecord>): DeviceRecord => ({
    ...RECORD,
    device: toDeviceId(role),
    role,
    serialNumber: role,
    ...patch,
  });
  const inverter = record('inverter', { nameplate: PLATE });
  const storage = record('storage', { storage: RATING });
  const plate = (patch: Partial<StoragePlate> = {}): StoragePlate => ({
    record: storage,
    reserve: percent(20),
    behind: null,
    ...patch,
  });

  it('sums storage; apparent power of what has an output of its own alone', () => {
    const beside = siteNameplate([inverter], [plate()]);
    expect(beside).toMatchObject({ ratedPower: 5000, maxPower: 5000, ratedApparent: 9000, storage: { ...RATING, floor: 2000 } });
    expect(siteNameplate([inverter], [plate({ behind: toDeviceId('inverter') })])).toMatchObject({ ratedApparent: 5000 });
    const both = [storage, record('storage', { storage: { ...RATING, capacity: null } })];
    const rating = siteNameplate(
      [inverter],
      both.map((one) => plate({ record: one })),
    )?.storage;
    expect(rating).toEqual({ maxCharge: 10_000, maxDischarge: 8000, capacity: null, floor: null });
  });

  it('of a site without an inverter, active power is what storage gives', () => {
    const alone = siteNameplate([], [plate()]);
    expect(alone).toMatchObject({ ratedPower: 4000, maxPower: 4000, ratedApparent: 4000, isStorageAlone: true });
    expect(alone).toMatchObject({ ratedVarInjected: null, referenceVoltage: null, storage: RATING });
    const plated = plate({ record: record('storage', { storage: RATING, nameplate: PLATE }) });
    expect(siteNameplate([], [plated])).toMatchObject({ ratedApparent: PLATE.ratedApparent, ratedVarAbsorbed: 2200 });
    expect(siteNameplate([], [plate({ record: null })])).toBeNull();
    expect(siteNameplate([])).toBeNull();
  });

  it('the least displacement factor is what every inverter can hold', () => {
    const able = (overExcited: number, underExcited: number): DeviceRecord =>
      record('inverter', { nameplate: { ...PLATE, leastFactor: { overExcited, underExcited } } });
    const leastFactor = { overExcited: 0.9, underExcited: 0.85 };
    expect(siteNameplate([able(0.8, 0.85), able(0.9, 0.8)])).toMatchObject({ leastFactor });
    expect(siteNameplate([able(0.8, 0.85), inverter])).not.toHaveProperty('leastFactor');
  });

  it('waits until every storage was met', () => {
    expect(siteNameplate([inverter], [plate({ record: null })])).toBeNull();
    expect(siteNameplate([inverter])).not.toHaveProperty('storage');
  });
});

describe('what storage has in reserve', () => {
  const of = (one: StorageTrack, reserve: number, behind: string | null = null): StorageReserve | null => {
    const storage = { maxCharge: one.maxCharge, maxDischarge: one.maxDischarge, capacity: wattHours(10_000) };
    const record = { ...RECORD, device: one.device, storage };
    const plate = { record, reserve: percent(reserve), behind: behind === null ? null : toDeviceId(behind) };
    return storageReserve([plate], new Map([[one.device, one]]), () => 1500, NOW);
  };
  const hours = (value: number): number => value * 3_600_000;

  it.each([
    ['gives and takes more', -3000, 60, null, { discharge: 7000, charge: 2000, dischargesFor: 1.25, chargesFor: 0.8 }],
    ['is down to what its owner keeps', 1000, 10, null, { discharge: 0, charge: 6000, dischargesFor: 0, chargesFor: 1.8 }],
    ['is full', 1000, 100, null, { discharge: 3000, charge: 1000, dischargesFor: 2.25, chargesFor: 0 }],
    ['shares an output', 0, 60, 'pv', { discharge: 1500, charge: 5000, dischargesFor: 1.25, chargesFor: 0.8 }],
  ])('%s', (_, power, charge, behind, { dischargesFor, chargesFor, ...powers }) => {
    const durations = { dischargesFor: hours(dischargesFor), chargesFor: hours(chargesFor) };
    expect(of(track('a', power, charge), 10, behind)).toEqual({ ...powers, ...durations });
  });

  it('is not known where its power or content is not', () => {
    expect(of(track('a', null, 60), 10)).toBeNull();
    expect(of(track('a', 0, null), 10)).toBeNull();
    expect(storageReserve([], new Map(), () => 0, NOW)).toBeNull();
  });
});
