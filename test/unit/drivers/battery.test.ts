import { describe, expect, it } from 'vitest';
import { monoMs, wattHours, watts } from '#base/units.ts';
import { readCharge, readCondition } from '#drivers/storage/charge.ts';
import { readStorage } from '#drivers/storage/reading.ts';
import { batteryModel } from '#drivers/sunspec/models/battery.ts';
import { derDcModel } from '#drivers/sunspec/models/der-dc.ts';
import { derStorageModel } from '#drivers/sunspec/models/der-storage.ts';
import { mpptModel } from '#drivers/sunspec/models/mppt.ts';
import { type DeviceRecord, toDeviceId } from '#site/device.ts';
import { storageBench } from './storage-bench.ts';

const PLACE = { id: 802, address: 40_100, length: batteryModel.length };
const CAPACITY = wattHours(10_000);

/** 62 % charged, charging, with these bits of Evt1. */
const battery = (bits: readonly number[]): Uint16Array => {
  const { points } = batteryModel;
  const words = new Uint16Array(2 + batteryModel.length);
  words.set([802, batteryModel.length]);
  words[points.SoC.at] = 620;
  words[points.SoC_SF.at] = 0xffff;
  words[points.ChaSt.at] = 4;
  const events = bits.reduce((sum, bit) => sum + 2 ** bit, 0);
  words.set([Math.floor(events / 0x1_0000), events % 0x1_0000], points.Evt1.at);
  return words;
};

describe('a battery of model 802', () => {
  it.each([
    [[], []],
    [[5], ['over-current']],
    [[5, 7], ['over-current']],
    [[9], ['over-voltage']],
    [[0, 1, 2, 3, 6, 8, 10, 11, 13, 15, 17, 20, 25, 28], []],
  ])('event bits %j: %j', (bits, alarms) => {
    const charge = { stateOfCharge: 62, stored: 6200, mode: 'charging', alarms, isFaulty: false };
    expect(readCharge(battery(bits), PLACE, CAPACITY)).toEqual(charge);
  });

  it('has its alarms in the sample of the storage it belongs to', () => {
    const place = { id: 160, address: 40_200, length: 88 };
    const words = new Uint16Array(2 + place.length);
    words.set([160, place.length]);
    words[mpptModel.points.N.at] = 4;
    words[mpptModel.points.DCW_3.at] = 1200;
    const device = toDeviceId('storage');
    const storage = { maxCharge: watts(5000), maxDischarge: watts(5000), capacity: CAPACITY };
    const named = { manufacturer: 'M', model: 'M', serialNumber: 'S', firmwareVersion: '1' };
    const record: DeviceRecord = {
      ...{ ...named, device, role: 'storage', base: 40_000, models: [PLACE, place] },
      ...{ nameplate: null, limitScale: 0, storage },
    };
    const charge = readCharge(battery([7]), PLACE, CAPACITY)!;
    const reading = readStorage(words, place, { device, takenAt: monoMs(1), record, charge, whole: null });
    expect(reading).toMatchObject({ ok: true, value: { discharge: -1200, mode: 'charging', alarms: ['over-current'] } });
  });
});

describe('an error that storage tells', () => {
  const STORE = { id: 713, address: 40_300, length: derStorageModel.length };
  const store = (state: number): Uint16Array => {
    const words = new Uint16Array(2 + STORE.length);
    words.set([713, STORE.length]);
    words[derStorageModel.points.SoC.at] = 50;
    words[derStorageModel.points.Sta.at] = state;
    return words;
  };

  it.each([
    [0, false],
    [1, false],
    [2, true],
    [0xffff, undefined],
  ])('Sta %i of 713: %s', (state, isFaulty) => {
    expect(readCharge(store(state), STORE, CAPACITY)?.isFaulty).toBe(isFaulty);
  });

  it.each([
    [3, false],
    [6, false],
    [99, true],
  ])('State %i of 802: %s', (state, isFaulty) => {
    const words = battery([]);
    words[batteryModel.points.State.at] = state;
    expect(readCharge(words, PLACE, CAPACITY)?.isFaulty).toBe(isFaulty);
  });
});

describe('a pack that tells of itself beside the store of energy', () => {
  it('is asked for its alarms and its fault; how full it is the store says', () => {
    const { clock, session, samples, battery: rig } = storageBench('sunspec-704-storage', { family: 'setpoint', pack: true });
    session.start();
    clock.runFor(5000);
    expect(samples.at(-1)).toMatchObject({ alarms: [], isFaulty: false });
    expect(samples.at(-1)?.stateOfCharge).toBeGreaterThan(59);
    rig.fault({ packEvents: 2 ** 7 + 2 ** 9 });
    expect(clock.runUntil(() => samples.at(-1)?.alarms?.length === 2, 70_000)).toBe(true);
    expect(samples.at(-1)).toMatchObject({ alarms: ['over-current', 'over-voltage'], isFaulty: false });
    rig.fault({ packEvents: 0, packFault: true });
    expect(clock.runUntil(() => samples.at(-1)?.isFaulty === true, 70_000)).toBe(true);
    expect(samples.at(-1)?.alarms).toEqual([]);
    rig.fault({ packFault: false, storeError: true });
    clock.runFor(70_000);
    expect(samples.at(-1)?.isFaulty).toBe(true);
    rig.fault({ storeError: false });
    expect(clock.runUntil(() => samples.at(-1)?.isFaulty === false, 70_000)).toBe(true);
    expect(samples.at(-1)?.stateOfCharge).toBeGreaterThan(0);
  });
});

describe('the DC ports of 714', () => {
  const ports = (...each: readonly (readonly [type: number, state: number, alarms: number])[]) => {
    const place = { id: 714, address: 40_400, length: 18 + 25 * each.length };
    const words = new Uint16Array(2 + place.length);
    words.set([714, place.length]);
    words[derDcModel.points.NPrt.at] = each.length;
    for (const [index, [type, state, alarms]] of each.entries()) {
      const from = derDcModel.points.PrtTyp_1.at + 25 * index;
      words[from] = type;
      words.set([state, alarms >>> 16, alarms & 0xffff], from + 22);
    }
    return readCondition(words, place);
  };

  it.each([
    [1, ['over-voltage']],
    [21, ['under-voltage']],
    [22, ['over-current']],
    [0, []],
    [3, []],
    [7, []],
    [15, []],
  ])("bit %i of a battery's port: %j", (bit, alarms) => {
    expect(ports([1, 1, 2 ** bit])).toEqual({ alarms, isFaulty: false });
  });

  it("say of a battery's alone, and nothing where there is none", () => {
    expect(ports([0, 3, 2], [1, 3, 0])).toEqual({ alarms: [], isFaulty: true });
    expect(ports([0, 3, 2], [1, 1, 0])).toEqual({ alarms: [], isFaulty: false });
    expect(ports([0, 3, 2])).toBeNull();
  });

  it('are read from the rig, beside the store of energy', () => {
    const { clock, session, samples, battery: rig } = storageBench('sunspec-704-storage', { family: 'setpoint', pack: true });
    session.start();
    clock.runFor(5000);
    rig.fault({ portState: 3, portAlarms: 2 ** 22, packEvents: 2 ** 9 });
    expect(clock.runUntil(() => samples.at(-1)?.isFaulty === true, 70_000)).toBe(true);
    clock.runFor(3000);
    expect(samples.at(-1)?.alarms).toEqual(['over-voltage', 'over-current']);
  });
});
