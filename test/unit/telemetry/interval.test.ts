import { describe, expect, test } from 'vitest';
import { hertz, monoMs, type MonoMs, vars, volts, wattHours, watts } from '#base/units.ts';
import type { ReadingRecord } from '#control/record.ts';
import { toDeviceId } from '#site/device.ts';
import type { InverterSample, MeterSample, Sample } from '#site/sample.ts';
import { addSamples, newInterval, type IntervalState } from '#telemetry/interval.ts';

const PV = toDeviceId('pv');
const PV2 = toDeviceId('pv2');
const phases = (value: number) => ({ a: volts(value), b: volts(value + 2), c: volts(value + 4) });

const meter = (takenAt: MonoMs, netImport: number | null, energy: number | null = null): MeterSample => ({
  kind: 'meter',
  device: toDeviceId('meter'),
  takenAt,
  netImport: netImport === null ? null : watts(netImport),
  netImportPerPhase: { a: null, b: null, c: null },
  reactiveImport: vars(10),
  voltage: phases(230),
  frequency: hertz(50),
  importedEnergy: energy === null ? null : wattHours(energy),
  exportedEnergy: null,
  fingerprint: 0,
});

const inverter = (device: typeof PV, takenAt: MonoMs, generation: number | null): InverterSample => ({
  kind: 'inverter',
  device,
  takenAt,
  generation: generation === null ? null : watts(generation),
  reactive: null,
  apparent: null,
  current: null,
  voltage: { a: null, b: null, c: null },
  frequency: null,
  lifetimeEnergy: null,
  state: 'producing',
});

/** Runs second by second; utility time is `epoch` at monotonic zero. */
const run = (
  samplesAt: (s: number, mono: MonoMs) => readonly Sample[],
  {
    from = 0,
    to = 200,
    utility = (s: number): number | null => 6000 + s,
    state = newInterval({ seconds: 60, inverters: [PV] }),
  } = {},
): { state: IntervalState; records: readonly ReadingRecord[] } => {
  let current = state;
  const records: ReadingRecord[] = [];
  for (let s = from; s <= to; s += 1) {
    const mono = monoMs(s * 1000);
    const step = addSamples(current, samplesAt(s, mono), mono, utility(s));
    current = step.state;
    records.push(...step.records);
  }
  return { state: current, records };
};

describe('intervals', () => {
  test('close on whole minutes of utility time with mean, minimum, maximum and full coverage', () => {
    const { records } = run((s, mono) => [meter(mono, s % 2 === 0 ? 1000 : 2000, 100 + s)]);
    expect(records.map((record) => [record.start, record.duration])).toEqual([
      [6000, 60],
      [6060, 60],
      [6120, 60],
    ]);
    const record = records[1];
    expect(record?.coverage).toBeCloseTo(1, 9);
    expect(record?.siteNetImport?.mean).toBeCloseTo(1500, 6);
    expect(record?.siteNetImport).toMatchObject({ min: 1000, max: 2000 });
    expect(record?.siteVoltage?.mean).toBeCloseTo(232, 6);
    expect(record?.importedEnergy).toBe(60);
    expect(record?.exportedEnergy).toBeNull();
    expect(record?.generation).toBeNull();
  });

  test('weigh by time, not by the number of samples', () => {
    const { records } = run((s, mono) => (s < 30 ? (s % 5 === 0 ? [meter(mono, 0)] : []) : [meter(mono, 1000)]), { to: 70 });
    expect(records[0]?.siteNetImport?.mean).toBeGreaterThan(480);
    expect(records[0]?.siteNetImport?.mean).toBeLessThan(560);
  });

  test('a sample between two minutes is split over both', () => {
    const { records } = run((s, mono) => (s % 4 === 2 ? [meter(mono, s < 60 ? 0 : 1000)] : []), { to: 130 });
    expect(records[0]?.siteNetImport).toMatchObject({ min: 0, max: 500 });
    expect(records[1]?.siteNetImport).toMatchObject({ min: 500, max: 1000 });
  });

  test('a gap is not covered, and nothing measured is no record', () => {
    const { records } = run((s, mono) => (s <= 20 || s >= 125 ? [meter(mono, 500)] : []), { to: 190 });
    expect(records.map((record) => record.start)).toEqual([6000, 6120]);
    expect(records[0]?.coverage).toBeCloseTo(20 / 60, 6);
    expect(records[1]?.coverage).toBeCloseTo(55 / 60, 6);
  });

  test('a quantity not implemented is null, never 0', () => {
    const { records } = run((_, mono) => [meter(mono, null)], { to: 70 });
    expect(records[0]?.siteNetImport).toBeNull();
    expect(records[0]?.siteFrequency?.mean).toBe(50);
  });

  test('length and start may differ: five minutes, opened in the middle', () => {
    const state = newInterval({ seconds: 300, inverters: [] });
    const { records } = run((_, mono) => [meter(mono, 1)], { state, utility: (s) => 6000 + 250 + s, to: 400 });
    expect(records.map((record) => [record.start, record.duration, record.coverage])).toEqual([
      [6000, 300, 50 / 300],
      [6300, 300, 1],
    ]);
  });

  test('a step of utility time closes the interval early instead of mixing two', () => {
    const { records } = run((s, mono) => [meter(mono, s < 30 ? 100 : 900)], {
      utility: (s) => (s < 30 ? 6000 : 9600) + s,
      to: 95,
    });
    expect(records.map((record) => record.start)).toEqual([6000, 9600]);
    expect(records[0]?.siteNetImport).toEqual({ mean: 100, min: 100, max: 100, last: null });
    expect(records[1]?.siteNetImport?.min).toBeGreaterThanOrEqual(100);
    expect(records[1]?.coverage).toBeLessThanOrEqual(0.52);
  });

  test('without utility time there are no intervals; losing it closes the open one', () => {
    const { records } = run((_, mono) => [meter(mono, 1)], { utility: (s) => (s < 30 ? 6000 + s : null) });
    expect(records.map((record) => record.start)).toEqual([6000]);
  });
});

describe('generation of several inverters', () => {
  const state = () => newInterval({ seconds: 60, inverters: [PV, PV2] });

  test('is summed at the same instant, never from values of different age', () => {
    const samples = (s: number, mono: MonoMs) => [
      inverter(PV, mono, 100 * s),
      ...(s % 2 === 0 ? [inverter(PV2, mono, 10_000 - 100 * s)] : []),
    ];
    const { records } = run(samples, { state: state(), to: 130 });
    expect(records[1]?.generation?.min).toBeCloseTo(10_000, 6);
    expect(records[1]?.generation?.max).toBeCloseTo(10_000, 6);
    expect(records[1]?.coverage).toBeCloseTo(1, 6);
  });

  test('is unknown while one of them is', () => {
    const samples = (s: number, mono: MonoMs) => [inverter(PV, mono, 1000), inverter(PV2, mono, s < 30 ? 500 : null)];
    const { records } = run(samples, { state: state(), to: 70 });
    expect(records[0]?.generation).toEqual({ mean: 1500, min: 1500, max: 1500, last: null });
    expect(records[0]?.coverage).toBeLessThan(0.5);
  });

  test('counts one that went to sleep as 0 W, and knows nothing once all do', () => {
    const asleep = (device: typeof PV, mono: MonoMs) => ({ ...inverter(device, mono, 0), state: 'sleeping' as const });
    const samples = (s: number, mono: MonoMs) => [
      ...(s < 150 ? [inverter(PV, mono, 700)] : s < 160 ? [asleep(PV, mono)] : []),
      ...(s < 60 ? [inverter(PV2, mono, 300)] : s < 70 ? [asleep(PV2, mono)] : []),
    ];
    const { records } = run(samples, { state: state(), to: 320 });
    expect(records.map((record) => record.generation?.max)).toEqual([1000, 700, 700]);
    expect(records[1]).toMatchObject({ coverage: 1, generation: { min: 700, last: 700 } });
    expect(records[2]?.coverage).toBeLessThan(1);
    expect(records[2]?.generation?.last).toBe(null);
  });
});

describe('what else is measured', () => {
  test('each phase, and volts and hertz at the DER, with the value at the end of the minute', () => {
    const samples = (s: number, mono: MonoMs) => [
      meter(mono, s),
      { ...inverter(PV, mono, 1), voltage: { a: volts(231), b: null, c: volts(241) }, frequency: hertz(50.01) },
    ];
    const { records } = run(samples);
    expect(records[1]?.siteNetImport).toEqual({ mean: 90, min: 60, max: 120, last: 120 });
    expect(records[1]?.more).toEqual({
      'site.Va': [230, 230, 230, 230],
      'site.Vb': [232, 232, 232, 232],
      'site.Vc': [234, 234, 234, 234],
      'der.V': [236, 236, 236, 236],
      'der.Va': [231, 231, 231, 231],
      'der.Vc': [241, 241, 241, 241],
      'der.Hz': [50.01, 50.01, 50.01, 50.01],
    });
  });

  test('is not covered where samples are too far apart for an average, and has no end where they stop', () => {
    const slow = run((s, mono) => (s % 3 === 0 ? [meter(mono, 100)] : [])).records[1];
    expect(slow).toMatchObject({ coverage: 0, siteNetImport: { mean: 100, last: 100 } });
    const stopped = run((s, mono) => (s < 100 ? [meter(mono, 100)] : [])).records[1];
    expect(stopped).toMatchObject({ siteNetImport: { mean: 100, last: null }, more: { 'site.Va': [230, 230, 230, null] } });
    expect(stopped?.coverage).toBeCloseTo(39 / 60, 6);
  });

  test('a record of a minute with three phases leaves 40 days of them room in the log', () => {
    const wobble = (s: number, by: number) => Math.sin(s * by) * 1.23456789;
    const three = (s: number) => ({ a: volts(231 + wobble(s, 1)), b: volts(232 + wobble(s, 2)), c: volts(233 + wobble(s, 3)) });
    const samples = (s: number, mono: MonoMs) => [
      { ...meter(mono, -4000 + 100 * wobble(s, 4), 123_456 + s), voltage: three(s), exportedEnergy: wattHours(9_876_543 + s) },
      { ...inverter(PV, mono, 4900 + wobble(s, 5)), reactive: vars(wobble(s, 6)), voltage: three(s), frequency: hertz(49.98) },
    ];
    const bytes = JSON.stringify(run(samples).records[1]).length;
    const frame = 100;
    expect(bytes + frame).toBeLessThan((48 * 1024 * 1024) / (40 * 1440));
  });
});

describe('storage', () => {
  const BATTERY = toDeviceId('battery');
  const storage = (takenAt: MonoMs, discharge: number | null, stored: number | null): Sample => ({
    kind: 'storage',
    device: BATTERY,
    takenAt,
    discharge: discharge === null ? null : watts(discharge),
    stateOfCharge: null,
    stored: stored === null ? null : wattHours(stored),
    mode: 'unknown',
    voltage: { a: null, b: null, c: null },
    frequency: null,
  });
  const config = { seconds: 60, inverters: [PV], storages: [BATTERY] } as const;
  const samples = (s: number, mono: MonoMs): readonly Sample[] => [inverter(PV, mono, 1000), storage(mono, -400, 5000 + s)];

  test('tells what it holds at the end of the interval, and its power as part of the DER where it has an output of its own', () => {
    const state = newInterval({ ...config, beside: [BATTERY] });
    const [, second] = run(samples, { state }).records;
    expect(second).toMatchObject({ storedEnergy: 5120, generation: { mean: 600 } });
    const behind = run(samples, { state: newInterval(config) }).records[1];
    expect(behind).toMatchObject({ storedEnergy: 5120, generation: { mean: 1000 } });
  });

  test('that fell silent before the end of an interval tells nothing of what it held', () => {
    const silent = (s: number, mono: MonoMs): readonly Sample[] => (s < 90 ? samples(s, mono) : [inverter(PV, mono, 1000)]);
    expect(run(silent, { state: newInterval(config) }).records[0]?.storedEnergy).toBe(5060);
    expect(run(silent, { state: newInterval(config) }).records[1]?.storedEnergy).toBeUndefined();
  });

  test('of which one does not say what it holds tells nothing of any', () => {
    const other = { ...config, storages: [BATTERY, toDeviceId('other')] };
    expect(run(samples, { state: newInterval(other) }).records[1]?.storedEnergy).toBeUndefined();
  });
});
