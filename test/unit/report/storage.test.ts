import { describe, expect, it } from 'vitest';
import { durationMs, utilitySeconds, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { SiteNameplate, SiteStatus } from '#link/message.ts';
import { derCapability, derSettings } from '../../../firmware/utility/report/rating.ts';
import { derAvailability } from '../../../firmware/utility/report/status.ts';
import { writeResource } from '../../../firmware/utility/wire/write.ts';

describe('storage in the ratings', () => {
  const plate: SiteNameplate = {
    ratedPower: watts(10_000),
    maxPower: watts(10_000),
    ratedApparent: voltAmperes(14_000),
    ratedVarInjected: 4400,
    ratedVarAbsorbed: 4400,
    referenceVoltage: volts(230),
    storage: { maxCharge: watts(5000), maxDischarge: watts(4000), capacity: wattHours(10_000), floor: wattHours(2000) },
    leastFactor: { overExcited: 0.8, underExcited: 0.9001 },
  };
  const value = (pair: { value: number; multiplier: number } | undefined): number =>
    pair === undefined ? NaN : pair.value * 10 ** pair.multiplier;

  it('tells rates and content, and the type of both together', () => {
    const capability = derCapability(plate)!;
    const settings = derSettings(plate, { settings: {}, updatedAt: utilitySeconds(1) })!;
    expect(capability.type).toBe(83);
    expect(derCapability({ ...plate, isStorageAlone: true })?.type).toBe(80);
    expect([capability.rtgMaxChargeRateW, capability.rtgMaxDischargeRateW, capability.rtgMaxWh].map(value)).toEqual([
      5000, 4000, 10_000,
    ]);
    expect([settings.setMaxChargeRateW, settings.setMaxDischargeRateW, settings.setMaxWh].map(value)).toEqual([
      5000, 4000, 10_000,
    ]);
    expect(value(settings.setMaxVarNeg)).toBeLessThanOrEqual(value(capability.rtgMaxVarNeg));
    expect(value(capability.rtgMaxVarNeg)).toBe(-4400);
    expect(value(settings.setMinWh)).toBe(2000);
    expect(capability.rtgMinPFOverExcited).toEqual({ displacement: 800, multiplier: -3 });
    expect(capability.rtgMinPFUnderExcited).toEqual({ displacement: 901, multiplier: -3 });
    expect(settings).toMatchObject({
      setMinPFOverExcited: capability.rtgMinPFOverExcited,
      setMinPFUnderExcited: capability.rtgMinPFUnderExcited,
    });
    const written = writeResource('DERSettings', settings, { csipAus: '1.3', prefix: 'csipaus' });
    expect(written).toContain('setMinWh>');
    expect(writeResource('DERCapability', capability)).toContain('<rtgMaxChargeRateW>');
  });

  it('tells what storage could give and take, and for how long', () => {
    const status: SiteStatus = {
      ...{ genConnectStatus: 7, operationalModeStatus: 2, inverterStatus: 4, alarmStatus: 0, reserve: watts(0) },
      storage: {
        ...{ connectStatus: 7, stateOfCharge: 6000, mode: 0 },
        reserve: { discharge: watts(7000), charge: watts(2000), dischargesFor: durationMs(4_500_000), chargesFor: null },
      },
    };
    const told = derAvailability(status, plate, utilitySeconds(9));
    expect(told).toEqual({
      availabilityDuration: 4500,
      reserveChargePercent: 4000,
      reservePercent: 7000,
      statWAvail: { multiplier: 0, value: 7000 },
      readingTime: 9,
    });
    expect(derAvailability({ ...status, reserve: null }, plate, utilitySeconds(9))).toEqual(told);
    expect(writeResource('DERAvailability', told)).toContain('<reserveChargePercent>4000<');
    const unknown = { ...status, storage: { connectStatus: 7, stateOfCharge: null, mode: null, reserve: null } };
    expect(derAvailability(unknown, plate, utilitySeconds(9))).not.toHaveProperty('availabilityDuration');
  });

  it('tells nothing of storage where there is none', () => {
    const without = { ...plate, storage: null };
    expect(derCapability(without)).not.toHaveProperty('rtgMaxChargeRateW');
    expect(derCapability(without)?.type).toBe(4);
    expect(derSettings(without, { settings: {}, updatedAt: utilitySeconds(1) })).not.toHaveProperty('setMaxWh');
  });
});
