import { describe, expect, test } from 'vitest';
import { hertz, voltAmperes, volts, watts } from '#base/units.ts';
import { alarmsIn, type AlarmBasis, type VendorEvent } from '#drivers/sunspec/events.ts';
import type { Nameplate } from '#site/device.ts';
import { STANDARD_ALARMS } from '#site/alarm.ts';

const PLATE: Nameplate = {
  ratedPower: watts(10_000),
  maxPower: watts(10_000),
  ratedApparent: voltAmperes(10_000),
  referenceVoltage: volts(230),
  nominalFrequency: hertz(50),
  ratedVarInjected: null,
  ratedVarAbsorbed: null,
};
const SOUND: AlarmBasis = {
  events: 0,
  vendor: {},
  current: 40,
  currents: [13.3, 13.3, 13.4],
  voltages: [231, 230, 232],
  frequency: 50,
};
const found = (change: Partial<AlarmBasis>, vendorEvents: readonly VendorEvent[] = [], plate: Nameplate | null = PLATE) =>
  alarmsIn({ ...SOUND, ...change }, plate, vendorEvents);

describe('the alarms of a reading', () => {
  test('are none while all is well, by registers and by measurement', () => {
    expect(found({})).toEqual([]);
    expect(found({ events: null })).toEqual([]);
    expect(found({ voltages: [null, null, null], current: null, frequency: null, events: null })).toEqual([]);
  });

  test.each([
    [1, 'over-voltage'],
    [6, 'local-emergency'],
    [8, 'over-frequency'],
    [9, 'under-frequency'],
    [10, 'over-voltage'],
    [11, 'under-voltage'],
  ])('event bit %d of either family is %s', (bit, alarm) => {
    expect(found({ events: 2 ** bit }, [], null)).toEqual([alarm]);
  });

  test('of bits without a standard alarm are none', () => {
    const others = [0, 2, 3, 4, 5, 7, 12, 13, 14, 15, 16, 31].reduce((bits, bit) => bits + 2 ** bit, 0);
    expect(found({ events: others })).toEqual([]);
  });

  test.each([
    ['over-current', { current: 48, currents: [16, 16, 16] }],
    ['voltage-imbalance', { voltages: [230, 230, 245] }],
    ['current-imbalance', { currents: [20, 10, 10] }],
  ] as const)('%s is measured: no register says it', (alarm, change) => {
    expect(found(change)).toEqual([alarm]);
  });

  test.each([
    ['over-voltage', { voltages: [254, 254, 254] }],
    ['under-voltage', { voltages: [200, 200, 200] }],
    ['over-frequency', { frequency: 51.1 }],
    ['under-frequency', { frequency: 48.7 }],
  ] as const)('%s is measured where there is no event register, and left to the register where there is one', (alarm, change) => {
    expect(found({ events: null, ...change })).toEqual([alarm]);
    expect(found(change)).toEqual([]);
  });

  test('a device with one phase has no imbalance, a reference voltage across phases is understood, a foreign one concludes nothing', () => {
    expect(found({ voltages: [230, null, null], currents: [40, null, null] })).toEqual([]);
    expect(found({ voltages: [230, 0, 0], currents: [40, 0, 0] })).toEqual([]);
    expect(found({ events: null }, [], { ...PLATE, referenceVoltage: volts(400) })).toEqual([]);
    expect(found({ events: null, current: 900 }, [], { ...PLATE, referenceVoltage: volts(1000) })).toEqual([]);
  });

  test('each of the eleven can come from a bit of the maker that the device profile names', () => {
    const events = STANDARD_ALARMS.map((alarm, bit): VendorEvent => ({ point: 'EvtVnd2', bit: bit + 20, alarm }));
    STANDARD_ALARMS.forEach((alarm, bit) => {
      expect(found({ vendor: { EvtVnd2: 2 ** (bit + 20) } }, events)).toEqual([alarm]);
      expect(found({ vendor: { EvtVnd1: 2 ** (bit + 20), EvtVnd2: null } }, events)).toEqual([]);
    });
  });
});
