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
    expect(records[0]?.siteNetImport).toEqual({ mean: 100, min: 100, max: 100 });
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
      ...(s % 3 === 0 ? [inverter(PV2, mono, 10_000 - 100 * s)] : []),
    ];
    const { records } = run(samples, { state: state(), to: 130 });
    expect(records[1]?.generation?.min).toBeCloseTo(10_000, 6);
    expect(records[1]?.generation?.max).toBeCloseTo(10_000, 6);
    expect(records[1]?.coverage).toBeCloseTo(1, 6);
  });

  test('is unknown while one of them is', () => {
    const samples = (s: number, mono: MonoMs) => [inverter(PV, mono, 1000), inverter(PV2, mono, s < 30 ? 500 : null)];
    const { records } = run(samples, { state: state(), to: 70 });
    expect(records[0]?.generation).toEqual({ mean: 1500, min: 1500, max: 1500 });
    expect(records[0]?.coverage).toBeLessThan(0.5);
  });
});
