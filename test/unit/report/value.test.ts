import { describe, expect, it } from 'vitest';
import { hertz, utilitySeconds, vars, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { ReadingRecord, Transition, TransitionStatus } from '#control/record.ts';
import type { SiteNameplate } from '#link/message.ts';
import type { Lfdi } from '../../../firmware/utility/identity/fingerprint.ts';
import { derCapability, derSettings } from '../../../firmware/utility/report/rating.ts';
import { joinRecords, intervalFor, wholeIntervals } from '../../../firmware/utility/report/interval.ts';
import { mirrorPoints, mirrorReadings, mirrorUsagePoint, type MirrorPoint } from '../../../firmware/utility/report/reading.ts';
import { responseFor } from '../../../firmware/utility/report/response.ts';
import { dateStatus, derAvailability, derStatus, statusChanged } from '../../../firmware/utility/report/status.ts';
import { writeResource } from '../../../firmware/utility/wire/write.ts';

const lfdi = 'B37B0DC793759F646AD4489E3D4B96A3B1BF5185' as Lfdi;
const context = { lfdi, pen: 32473 };
const readings = { site: ['W', 'var', 'V', 'Hz'], der: ['W', 'var'], statistics: ['mean'] } as const;
const shape = { grouping: 'role', readings } as const;
const pointOf = (role: 'site' | 'der'): MirrorPoint => {
  const [point] = mirrorPoints(role, shape, context);
  if (point === undefined) throw new Error('a role has a point');
  return point;
};
const rates = { interval: 300, postRate: 300 };

const transition = (status: TransitionStatus, responseRequired: number, replyTo: string | null = '/rsp'): Transition => ({
  kind: 'transition',
  server: 'utility',
  mRID: 'a1B2',
  status,
  at: utilitySeconds(1790000000.7),
  replyTo,
  responseRequired,
  modes: ['opModExpLimW'],
});

const AUSTRALIAN = { lfdi, responses: [1, 2, 3, 6, 7] };

describe('responses', () => {
  it.each([
    ['received', 1],
    ['started', 2],
    ['completed', 3],
    ['cancelled', 6],
    ['superseded', 7],
  ] as const)('%s is status %d, of the event as served', (status, code) => {
    const response = responseFor(transition(status, 0b11), AUSTRALIAN);
    expect(response).toEqual({
      replyTo: '/rsp',
      body: { createdDateTime: 1790000000, endDeviceLFDI: lfdi, status: code, subject: 'a1B2' },
    });
  });

  it('go only when asked for', () => {
    expect(responseFor(transition('received', 0b10), AUSTRALIAN)).toBeNull();
    expect(responseFor(transition('started', 0b01), AUSTRALIAN)).toBeNull();
    expect(responseFor(transition('started', 0b100), AUSTRALIAN)).toBeNull();
    expect(responseFor(transition('started', 0b11, null), AUSTRALIAN)).toBeNull();
    expect(responseFor(transition('completed', 0b10), AUSTRALIAN)).not.toBeNull();
  });
});

describe('the response profile of a utility', () => {
  const codes = (status: TransitionStatus, responses: readonly number[], taker?: Transition['taker']) =>
    responseFor({ ...transition(status, 0b11), ...(taker === undefined ? {} : { taker }) }, { lfdi, responses })?.body.status;

  it('names the five of Australia alone', () => {
    for (const status of ['not-applicable', 'invalid', 'expired'] as const)
      expect(codes(status, [1, 2, 3, 6, 7])).toBeUndefined();
    expect(codes('superseded', [1, 2, 3, 6, 7], 'other-program')).toBe(7);
    expect(codes('superseded', [1, 2, 3, 6, 7], 'other-server')).toBe(7);
  });

  it('adds the refusals of the baseline, and codes of their own for another program or server', () => {
    const baseline = [1, 2, 3, 6, 7, 252, 253, 254];
    expect((['not-applicable', 'invalid', 'expired'] as const).map((status) => codes(status, baseline))).toEqual([252, 253, 254]);
    expect(codes('superseded', baseline, 'other-program')).toBe(7);
    const full = [...baseline, 13, 14];
    expect((['same-program', 'other-program', 'other-server'] as const).map((taker) => codes('superseded', full, taker))).toEqual(
      [7, 14, 13],
    );
    expect(codes('superseded', full)).toBe(7);
  });
});

const plate: SiteNameplate = {
  ratedPower: watts(45_009),
  maxPower: watts(50_000),
  ratedApparent: voltAmperes(70_001),
  ratedVarInjected: 6_000,
  ratedVarAbsorbed: 40_009,
  referenceVoltage: volts(230),
};

describe('ratings', () => {
  it('fit their types and are never overstated', () => {
    expect(derCapability(plate)).toEqual({
      modesSupported: '0010000C',
      rtgMaxVA: { multiplier: 1, value: 7000 },
      rtgMaxVar: { multiplier: 0, value: 6000 },
      rtgMaxVarNeg: { multiplier: 1, value: -4000 },
      rtgMaxW: { multiplier: 1, value: 4500 },
      rtgVNom: { multiplier: 0, value: 230 },
      type: 4,
      doeModesSupported: '05',
    });
  });

  it('echo the gradient served, and never set more than is rated', () => {
    const settings = derSettings(plate, {
      settings: { setGradW: 100, setSoftGradW: 40, setESDelay: 6000 },
      updatedAt: utilitySeconds(5),
    });
    expect(settings).toMatchObject({
      setGradW: 100,
      setSoftGradW: 40,
      setESDelay: 6000,
      setMaxW: { multiplier: 1, value: 4500 },
      updatedTime: 5,
    });
    const small = derSettings(
      { ...plate, ratedPower: watts(32_768), maxPower: watts(32_767) },
      { settings: {}, updatedAt: utilitySeconds(5) },
    );
    expect(small).toMatchObject({ setGradW: 27, setMaxW: { multiplier: 0, value: 32_760 } });
    expect(derSettings(plate, { settings: { setGradW: 0 }, updatedAt: utilitySeconds(5) })).toMatchObject({ setGradW: 0 });
  });

  it('are not told before they are known, and leave out what is not', () => {
    expect(derCapability(null)).toBeNull();
    expect(derSettings(null, { settings: {}, updatedAt: utilitySeconds(5) })).toBeNull();
    const bare = derCapability({
      ...plate,
      ratedApparent: null,
      ratedVarInjected: null,
      ratedVarAbsorbed: null,
      referenceVoltage: null,
    });
    expect(Object.keys(bare ?? {})).toEqual(['modesSupported', 'rtgMaxW', 'type', 'doeModesSupported']);
  });
});

describe('status', () => {
  const running = { genConnectStatus: 7, operationalModeStatus: 2, inverterStatus: null, alarmStatus: 0 } as const;

  it('carries the time of each member’s own last change', () => {
    const first = dateStatus(null, running, utilitySeconds(100));
    const second = dateStatus(first, { ...running, operationalModeStatus: 1 }, utilitySeconds(200));
    expect(derStatus(second, utilitySeconds(300), { alarm: true, inverter: true })).toEqual({
      alarmStatus: '00000000',
      genConnectStatus: { dateTime: 100, value: '07' },
      operationalModeStatus: { dateTime: 200, value: 1 },
      readingTime: 300,
    });
  });

  it('of storage carries its members, each with its own time, and none where there is no storage', () => {
    const wanted = { alarm: false, inverter: false };
    const storage = { connectStatus: 7, stateOfCharge: 5000, mode: 1 } as const;
    const first = dateStatus(null, { ...running, storage }, utilitySeconds(100));
    const second = dateStatus(first, { ...running, storage: { ...storage, stateOfCharge: 4990 } }, utilitySeconds(200));
    expect(derStatus(second, utilitySeconds(300), wanted)).toMatchObject({
      stateOfChargeStatus: { dateTime: 200, value: 4990 },
      storageModeStatus: { dateTime: 100, value: 1 },
      storConnectStatus: { dateTime: 100, value: '07' },
    });
    const unknown = dateStatus(
      first,
      { ...running, storage: { ...storage, stateOfCharge: null, mode: null } },
      utilitySeconds(1),
    );
    expect(derStatus(unknown, utilitySeconds(300), wanted)).not.toHaveProperty('stateOfChargeStatus');
    expect(
      derStatus(dateStatus(null, { ...running, storage: null }, utilitySeconds(1)), utilitySeconds(2), wanted),
    ).not.toHaveProperty('storConnectStatus');
    expect(statusChanged({ ...running, storage }, { ...running, storage: { ...storage, mode: 2 } })).toBe(true);
    expect(statusChanged({ ...running, storage }, { ...running, storage: { ...storage, stateOfCharge: 1 } })).toBe(false);
    expect(writeResource('DERStatus', derStatus(second, utilitySeconds(300), wanted))).toContain('<storConnectStatus>');
  });

  it('of availability has the reserve only where it is known', () => {
    expect(derAvailability({ ...running, reserve: watts(0) }, null, utilitySeconds(5.5))).toEqual({
      readingTime: 5,
      statWAvail: { multiplier: 0, value: 0 },
    });
    expect(derAvailability({ ...running, reserve: null }, null, utilitySeconds(5))).toEqual({ readingTime: 5 });
    expect(writeResource('DERAvailability', derAvailability(running, null, utilitySeconds(5)))).toContain('<readingTime>5<');
  });

  it('is told at once on a change only', () => {
    expect(statusChanged(null, running)).toBe(true);
    expect(statusChanged(running, { ...running })).toBe(false);
    expect(statusChanged(running, { ...running, alarmStatus: 2 })).toBe(true);
    const [mppt, derated, off] = [4, 5, 1].map((inverterStatus) => ({ ...running, inverterStatus }));
    expect(statusChanged(mppt ?? null, off ?? running)).toBe(true);
    expect(statusChanged(mppt ?? null, derated ?? running)).toBe(false);
  });
});

const reading: ReadingRecord = {
  kind: 'reading',
  start: utilitySeconds(1790000100),
  duration: 300,
  coverage: 1,
  siteNetImport: { mean: watts(-4213.4), min: watts(-5000), max: watts(0) },
  siteReactiveImport: null,
  siteVoltage: { mean: volts(241.84), min: volts(240), max: volts(243) },
  siteFrequency: { mean: hertz(49.987), min: hertz(49.9), max: hertz(50.1) },
  generation: { mean: watts(0.2), min: watts(0), max: watts(1) },
  generationReactive: { mean: vars(-0.2), min: vars(-1), max: vars(0) },
  importedEnergy: null,
  exportedEnergy: null,
};

describe('readings', () => {
  it('of the site: import positive, scaled by their type, the unknown left out', () => {
    const readings = mirrorReadings(pointOf('site'), [reading], context);
    expect(readings?.MirrorMeterReading.map((item) => item.Reading?.value)).toEqual([-4213, 2418, 4999]);
    expect(readings).toMatchObject({ all: 3, results: 3 });
    expect(readings?.MirrorMeterReading[0]).toMatchObject({
      lastUpdateTime: 1790000400,
      Reading: { qualityFlags: '0001', timePeriod: { duration: 300, start: 1790000100 } },
    });
  });

  it('of the DER: a measured zero is a zero, also from below', () => {
    const values = mirrorReadings(pointOf('der'), [reading], context)?.MirrorMeterReading.map((item) => item.Reading?.value);
    expect(values).toEqual([0, 0]);
  });

  it('are questionable when the interval was not covered, absent when nothing was measured or it is off the minute', () => {
    const gap = mirrorReadings(pointOf('site'), [{ ...reading, coverage: 0.99 }], context);
    expect(gap?.MirrorMeterReading[0]?.Reading?.qualityFlags).toBe('0010');
    expect(mirrorReadings(pointOf('der'), [{ ...reading, generation: null, generationReactive: null }], context)).toBeNull();
    expect(mirrorReadings(pointOf('site'), [{ ...reading, start: utilitySeconds(1790000101) }], context)).toBeNull();
    expect(mirrorReadings(pointOf('site'), [{ ...reading, duration: 0 }], context)).toBeNull();
  });

  it('have the mRIDs of their mirror, whose roles are exact', () => {
    const site = mirrorUsagePoint(pointOf('site'), rates, context);
    expect(site).toMatchObject({ roleFlags: '0003', mRID: 'B37B0DC793759F646AD4480300032473', postRate: 300 });
    expect(mirrorUsagePoint(pointOf('der'), rates, context)).toMatchObject({ roleFlags: '0049' });
    expect(site.MirrorMeterReading.map((item) => item.ReadingType?.uom)).toEqual([38, 63, 29, 33]);
    for (const item of site.MirrorMeterReading)
      expect(item.ReadingType).toMatchObject({ dataQualifier: 2, kind: 37, intervalLength: 300 });
    const known = new Set(site.MirrorMeterReading.map((item) => item.mRID));
    expect(mirrorReadings(pointOf('site'), [reading], context)?.MirrorMeterReading.every((item) => known.has(item.mRID))).toBe(
      true,
    );
  });

  it('are one point each where the utility wants that, all with mRIDs of their own', () => {
    const points = mirrorPoints(
      'site',
      { grouping: 'quantity', readings: { ...readings, statistics: ['mean', 'max', 'min'] } } as const,
      context,
    );
    expect(points).toHaveLength(12);
    const bodies = points.map((point) => mirrorUsagePoint(point, rates, context));
    expect(bodies.every(({ MirrorMeterReading }) => MirrorMeterReading.length === 1)).toBe(true);
    const mRIDs = bodies.flatMap((body) => [body.mRID, ...body.MirrorMeterReading.map(({ mRID }) => mRID)]);
    expect(new Set(mRIDs).size).toBe(24);
    expect(mRIDs.every((mRID) => mRID.endsWith('00032473'))).toBe(true);
    const qualifiers = bodies.slice(0, 3).map((body) => body.MirrorMeterReading[0]?.ReadingType?.dataQualifier);
    expect(qualifiers).toEqual([2, 8, 9]);
    const told = points
      .slice(0, 3)
      .map((point) => mirrorReadings(point, [reading], context)?.MirrorMeterReading[0]?.Reading?.value);
    expect(told).toEqual([-4213, 0, -5000]);
  });

  it('of each phase, at the end of the interval and of storage where the utility wants them, and none of what is not known', () => {
    const wishes = { site: ['W', 'Va', 'Vb'], der: ['V', 'Hz', 'Wh'], statistics: ['mean', 'last'] } as const;
    const pointFor = (role: 'site' | 'der'): MirrorPoint => {
      const [point] = mirrorPoints(role, { grouping: 'role', readings: wishes }, context);
      if (point === undefined) throw new Error('a role has a point');
      return point;
    };
    const typesOf = (role: 'site' | 'der') =>
      mirrorUsagePoint(pointFor(role), rates, context).MirrorMeterReading.map(({ ReadingType: type }) => [
        type?.uom,
        type?.kind,
        type?.phase,
        type?.dataQualifier,
      ]);
    expect(typesOf('site')).toEqual([
      [38, 37, 0, 2],
      [38, 37, 0, 0],
      [29, 37, 129, 2],
      [29, 37, 129, 0],
      [29, 37, 65, 2],
      [29, 37, 65, 0],
    ]);
    expect(typesOf('der').at(-1)).toEqual([72, 12, 0, 0]);
    const told = (role: 'site' | 'der', record: ReadingRecord) =>
      mirrorReadings(pointFor(role), [record], context)?.MirrorMeterReading.map(({ description, Reading: one }) => [
        description,
        one?.value,
        one?.timePeriod?.duration,
        one?.timePeriod?.start,
      ]);
    const full: ReadingRecord = {
      ...reading,
      siteNetImport: { mean: watts(1), min: watts(0), max: watts(9), last: watts(7) },
      more: { 'site.Va': [230.04, 229, 231, null], 'der.V': [231, 230, 232, 231.5] },
    };
    const { start } = reading;
    expect(told('site', full)).toEqual([
      ['Site real power avg', 1, 300, start],
      ['Site real power inst', 7, 0, start + 300],
      ['Site voltage A avg', 2300, 300, start],
    ]);
    expect(told('der', full)).toEqual([
      ['DER voltage avg', 2310, 300, start],
      ['DER voltage inst', 2315, 0, start + 300],
    ]);
    expect(told('der', { ...reading, storedEnergy: wattHours(5000) })).toEqual([
      ['DER stored energy inst', 5000, 0, start + 300],
    ]);
    expect(told('der', { ...reading, storedEnergy: null })).toBeUndefined();
  });

  it('of several intervals are sets, in order, that the schema takes', () => {
    const later = { ...reading, start: utilitySeconds(reading.start + 300) };
    const list = mirrorReadings(pointOf('der'), [reading, later], context);
    expect(list?.MirrorMeterReading[0]).toMatchObject({
      lastUpdateTime: reading.start + 600,
      MirrorReadingSet: [
        { timePeriod: { start: reading.start, duration: 600 }, Reading: [{ localID: '0001' }, { localID: '0002' }] },
      ],
    });
    expect(list === null ? '' : writeResource('MirrorMeterReadingList', list)).toContain('<MirrorReadingSet>');
  });

  it('are joined to the interval that the post rate asks for', () => {
    expect([60, 90, 299, 300, 3600, 10].map((rate) => intervalFor([60, 300], rate))).toEqual([60, 60, 60, 300, 300, 60]);
    const minute = (start: number, mean: number, coverage = 1): ReadingRecord => ({
      ...reading,
      start: utilitySeconds(start),
      duration: 60,
      coverage,
      generation: { mean: watts(mean), min: watts(mean - 1), max: watts(mean + 1) },
    });
    const records = [0, 60, 120, 180, 240, 300, 360].map((start) => minute(start, start));
    expect(wholeIntervals(records, 300, utilitySeconds(420), 60)).toBe(5);
    expect(wholeIntervals(records, 300, utilitySeconds(600), 60)).toBe(7);
    expect(wholeIntervals(records, 300, utilitySeconds(600), 6)).toBe(5);
    expect(wholeIntervals(records, 300, utilitySeconds(299), 60)).toBe(0);
    expect(wholeIntervals(records, 60, utilitySeconds(420), 60)).toBe(7);
    const [first, second] = joinRecords(records, 300);
    expect(first).toMatchObject({ start: 0, duration: 300, coverage: 1, generation: { mean: 120, min: -1, max: 241 } });
    expect(second).toMatchObject({ start: 300, duration: 300, coverage: 0.4, generation: { mean: 330 } });
    expect(joinRecords([minute(0, 100, 1), minute(60, 400, 0.5)], 300)[0]?.generation?.mean).toBe(200);
    expect(joinRecords(records, 60)).toEqual(records);
    const last = (start: number, volts: number, at: number | null): ReadingRecord => ({
      ...minute(start, 0),
      more: { 'der.V': [volts, volts - 1, volts + 1, at] },
    });
    expect(joinRecords([last(180, 230, 231), last(240, 240, 241)], 300)[0]?.more?.['der.V']).toEqual([235, 229, 241, 241]);
    expect(joinRecords([last(180, 230, 231)], 300)[0]?.more?.['der.V']).toEqual([230, 229, 231, null]);
  });

  it('can all be written', () => {
    expect(writeResource('MirrorUsagePoint', mirrorUsagePoint(pointOf('der'), rates, context))).toContain(
      '<flowDirection>19</flowDirection>',
    );
    const list = mirrorReadings(pointOf('site'), [reading], context);
    expect(list === null ? '' : writeResource('MirrorMeterReadingList', list)).toContain('<value>-4213</value>');
    const capability = derCapability(plate);
    expect(capability === null ? '' : writeResource('DERCapability', capability)).toContain('<ns2:doeModesSupported>05<');
  });
});
