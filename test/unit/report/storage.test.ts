import { describe, expect, it } from 'vitest';
import { utilitySeconds, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { SiteNameplate } from '#link/message.ts';
import { derCapability, derSettings } from '../../../firmware/utility/report/rating.ts';

describe('storage in the ratings', () => {
  const plate: SiteNameplate = {
    ratedPower: watts(10_000),
    maxPower: watts(10_000),
    ratedApparent: voltAmperes(14_000),
    ratedVarInjected: 4400,
    ratedVarAbsorbed: 4400,
    referenceVoltage: volts(230),
    storage: { maxCharge: watts(5000), maxDischarge: watts(4000), capacity: wattHours(10_000) },
  };
  const value = (pair: { value: number; multiplier: number } | undefined): number =>
    pair === undefined ? NaN : pair.value * 10 ** pair.multiplier;

  it('tells rates and content, and the type of both together', () => {
    const capability = derCapability(plate)!;
    const settings = derSettings(plate, { settings: {}, updatedAt: utilitySeconds(1) })!;
    expect(capability.type).toBe(83);
    expect([capability.rtgMaxChargeRateW, capability.rtgMaxDischargeRateW, capability.rtgMaxWh].map(value)).toEqual([
      5000, 4000, 10_000,
    ]);
    expect([settings.setMaxChargeRateW, settings.setMaxDischargeRateW, settings.setMaxWh].map(value)).toEqual([
      5000, 4000, 10_000,
    ]);
    expect(value(settings.setMaxVarNeg)).toBeLessThanOrEqual(value(capability.rtgMaxVarNeg));
    expect(value(capability.rtgMaxVarNeg)).toBe(-4400);
  });

  it('tells nothing of storage where there is none', () => {
    const without = { ...plate, storage: null };
    expect(derCapability(without)).not.toHaveProperty('rtgMaxChargeRateW');
    expect(derCapability(without)?.type).toBe(4);
    expect(derSettings(without, { settings: {}, updatedAt: utilitySeconds(1) })).not.toHaveProperty('setMaxWh');
  });
});
