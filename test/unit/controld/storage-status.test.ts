import { describe, expect, it } from 'vitest';
import { monoMs, percent, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import { siteNameplate } from '#app/controld/status.ts';
import { storageStatus } from '#app/controld/storage-status.ts';
import { newStorageTrack, type StorageTrack, withStorageReading } from '#control/storage/track.ts';
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

describe('DERStatus of storage', () => {
  it.each([
    [-3000, 7, 0],
    [3000, 7, 1],
    [10, 3, 2],
    [null, 3, null],
  ])('%s W: bits %s, mode %s', (power, connectStatus, mode) => {
    expect(statusOf([track('a', power, 60)])).toEqual({ connectStatus, stateOfCharge: 6000, mode });
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
    device: toDeviceId(role),
    role,
    manufacturer: 'M',
    model: 'M',
    serialNumber: role,
    firmwareVersion: '1',
    base: 40_000,
    models: [],
    nameplate: null,
    limitScale: null,
    ...patch,
  });
  const inverter = record('inverter', { nameplate: PLATE });
  const storage = record('storage', { storage: RATING });

  it('sums storage; apparent power of what has an output of its own alone', () => {
    const beside = siteNameplate([inverter], [{ record: storage, isHybrid: false }]);
    expect(beside).toMatchObject({ ratedPower: 5000, maxPower: 5000, ratedApparent: 9000, storage: RATING });
    expect(siteNameplate([inverter], [{ record: storage, isHybrid: true }])).toMatchObject({ ratedApparent: 5000 });
    const both = [storage, record('storage', { storage: { ...RATING, capacity: null } })];
    expect(
      siteNameplate(
        [inverter],
        both.map((one) => ({ record: one, isHybrid: false })),
      )?.storage,
    ).toEqual({ maxCharge: 10_000, maxDischarge: 8000, capacity: null });
  });

  it('waits until every storage was met', () => {
    expect(siteNameplate([inverter], [{ record: null, isHybrid: false }])).toBeNull();
    expect(siteNameplate([inverter])).not.toHaveProperty('storage');
  });
});
