import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { conditionPlaces, conditionRegisters, NO_CHARGE, readCondition, withConditions } from '#drivers/storage/charge.ts';
import { batteryBankModel } from '#drivers/sunspec/models/battery-bank.ts';
import { batteryStringModel } from '#drivers/sunspec/models/battery-string.ts';
import { type DeviceRecord, toDeviceId } from '#site/device.ts';
import { storageBench } from './storage-bench.ts';

const BANK_HEAD = 26;
const STRING_REGISTERS = 32;

interface Told {
  readonly soc?: number;
  readonly bits?: readonly number[];
  readonly failure?: number;
  readonly reason?: number;
}

const raised = (bits: readonly number[] = []): readonly [number, number] => {
  const events = bits.reduce((sum, bit) => sum + 2 ** bit, 0);
  return [Math.floor(events / 0x1_0000), events % 0x1_0000];
};

/** A bank of these strings, registers as they are read. */
const bank = (...strings: readonly Told[]) => {
  const { points } = batteryBankModel;
  const place = { id: 803, address: 40_100, length: BANK_HEAD + STRING_REGISTERS * strings.length };
  const words = new Uint16Array(2 + place.length);
  words.set([803, place.length, strings.length]);
  words[points.SoC_SF.at] = 0xffff;
  for (const [index, { soc = 500, bits, failure = 0, reason = 0 }] of strings.entries()) {
    const shift = STRING_REGISTERS * index;
    words[points.StrSoC_1.at + shift] = soc;
    words[points.StrConFail_1.at + shift] = failure;
    words[points.StrDisRsn_1.at + shift] = reason;
    words.set(raised(bits), points.StrEvt1_1.at + shift);
  }
  return readCondition(words.subarray(0, conditionRegisters(place)), place);
};

/** One string of two modules. */
const string = ({ soc = 500, bits, failure = 0 }: Told) => {
  const { points } = batteryStringModel;
  const place = { id: 804, address: 40_200, length: 46 + 2 * 16 };
  const words = new Uint16Array(2 + place.length);
  words.set([804, place.length]);
  words[points.SoC.at] = soc;
  words[points.SoC_SF.at] = 0xffff;
  words[points.ConFail.at] = failure;
  words.set(raised(bits), points.Evt1.at);
  return readCondition(words.subarray(0, conditionRegisters(place)), place);
};

describe('a battery of the rig with two strings', () => {
  it('has the alarm and the fault of one of them in its samples', () => {
    const { clock, session, samples, battery } = storageBench('sunspec-704-storage', { family: 'setpoint', strings: true });
    session.start();
    clock.runFor(5000);
    expect(samples.at(-1)).toMatchObject({ alarms: [], isFaulty: false });
    battery.fault({ stringEvents: 2 ** 9 });
    expect(clock.runUntil(() => samples.at(-1)?.alarms?.length === 1, 70_000)).toBe(true);
    expect(samples.at(-1)).toMatchObject({ alarms: ['over-voltage'], isFaulty: false });
    battery.fault({ stringEvents: 0, stringFailure: 6 });
    expect(clock.runUntil(() => samples.at(-1)?.isFaulty === true, 70_000)).toBe(true);
    expect(samples.at(-1)?.alarms).toEqual([]);
    battery.fault({ stringFailure: 0 });
    expect(clock.runUntil(() => samples.at(-1)?.isFaulty === false, 70_000)).toBe(true);
  });
});

describe('a battery that tells of its strings', () => {
  it.each([
    [[], []],
    [[5], ['over-current']],
    [
      [7, 9],
      ['over-current', 'over-voltage'],
    ],
    [[0, 1, 2, 3, 6, 8, 10, 11, 13, 15, 17, 20, 22, 25, 28], []],
  ])('event bits %j: %j', (bits, alarms) => {
    const told = { alarms, isFaulty: false, stateOfCharge: 50 };
    expect(string({ bits })).toEqual(told);
    expect(bank({}, { bits })).toEqual(told);
  });

  it.each([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
    [4, false],
    [5, true],
    [6, true],
    [7, true],
    [8, true],
    [0xffff, false],
  ])('not connected for reason %i: fault %s', (failure, isFaulty) => {
    expect(string({ failure })?.isFaulty).toBe(isFaulty);
    expect(bank({}, {}, { failure })?.isFaulty).toBe(isFaulty);
  });

  it('a bank says that a string was disabled by a fault, and how full its strings are', () => {
    expect(bank({ soc: 400 }, { soc: 800, reason: 1 })).toEqual({ alarms: [], isFaulty: true, stateOfCharge: 60 });
    expect(bank({ soc: 400 }, { soc: 0xffff, reason: 2 })).toEqual({ alarms: [], isFaulty: false, stateOfCharge: 40 });
    expect(bank({ soc: 1200 })?.stateOfCharge).toBeNull();
    // Of five strings three are read.
    expect(bank({}, {}, {}, { failure: 8 }, {})?.isFaulty).toBe(false);
  });

  it('a reply that is another model tells nothing', () => {
    expect(readCondition(Uint16Array.of(802, 46), { id: 804, address: 0, length: 46 })).toBeNull();
    expect(readCondition(Uint16Array.of(803, 90), { id: 803, address: 0, length: 58 })).toBeNull();
  });

  it('the bank is asked in place of its strings; of many strings four', () => {
    const at = (id: number, index: number) => ({ id, address: 40_000 + 100 * index, length: 62 });
    const named = { manufacturer: 'M', model: 'M', serialNumber: 'S', firmwareVersion: '1' };
    const storage = { maxCharge: watts(5000), maxDischarge: watts(5000), capacity: null };
    const asked = (ids: readonly number[]): readonly number[] => {
      const models = ids.map(at);
      const device = toDeviceId('storage');
      const record: DeviceRecord = {
        ...{ ...named, device, role: 'storage', base: 40_000, models },
        ...{ nameplate: null, limitScale: 0, storage },
      };
      return conditionPlaces(record).map(({ id }) => id);
    };
    expect(asked([124, 802, 803, 804, 804])).toEqual([803]);
    expect(asked([713, 802, 804, 804])).toEqual([802, 804, 804]);
    expect(asked([124, 804, 804, 804, 804, 804])).toEqual([804, 804, 804, 804]);
  });

  it('says how full storage is only where nothing else does', () => {
    const strings = [string({ soc: 300 })!, string({ soc: 500, bits: [9] })!];
    expect(withConditions(NO_CHARGE, strings)).toMatchObject({ stateOfCharge: 40, alarms: ['over-voltage'], isFaulty: false });
    expect(withConditions({ ...NO_CHARGE, stateOfCharge: 62 as never }, strings).stateOfCharge).toBe(62);
  });
});
