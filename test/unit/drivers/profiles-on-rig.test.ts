import { describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { InverterSession } from '#drivers/inverter/session.ts';
import { MapMeterSession } from '#drivers/meter/map-session.ts';
import { inverterProfileNamed, meterProfileNamed, shippedProfiles } from '#drivers/profile/catalogue.ts';
import { onSilenceOf } from '#drivers/profile/profile.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceRecord } from '#site/device.ts';
import type { InverterSample, MeterSample } from '#site/sample.ts';
import { CardInverter, INVERTER_CARDS } from '../../rig/site/inverter-card.ts';
import { CardMeter, METER_CARDS } from '../../rig/site/meter-card.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Which of the rig's devices stands for which profile. */
const INVERTERS = [
  ['sunspec-123', 'plain 123'],
  ['sunspec-704', 'plain 704'],
  ['fronius', 'Fronius GEN24, float map'],
  ['sma', 'SMA Tripower'],
  ['kostal', 'Kostal Plenticore'],
  ['kaco', 'KACO blueplanet'],
  ['abb-fimer', 'ABB UNO behind VSN300'],
] as const;
const METERS = [
  ['eastron-sdm630', 'Eastron SDM630'],
  ['eastron-sdm120', 'Eastron SDM120'],
  ['carlo-gavazzi-em24', 'Carlo Gavazzi EM24'],
  ['carlo-gavazzi-em340', 'Carlo Gavazzi EM340'],
  ['wattnode', 'WattNode'],
] as const;
const SINGLE_PHASE = ['eastron-sdm120'];
const device = toDeviceId('any');

const inverterOn = (name: string, product: string) => {
  const profile = inverterProfileNamed(name)!;
  const clock = new VirtualClock();
  const inverter = new CardInverter(INVERTER_CARDS.find((card) => card.product === product)!);
  const line = lineWith(clock, [inverter]);
  const samples: InverterSample[] = [];
  const records: DeviceRecord[] = [];
  const session = new InverterSession({
    device,
    unitId: inverter.unitId,
    line,
    clock,
    profile,
    known: null,
    expectedSerial: null,
    onSample: (sample) => samples.push(sample),
    onConnection: () => undefined,
    onOutcome: () => undefined,
    found: null,
    keepFound: (_, done) => done(true),
    foundCurves: [],
    keepCurve: (_, _found, done) => done(true),
    onRecord: (record) => records.push(record),
    onStanding: () => undefined,
    onNote: () => undefined,
  });
  const cap = (value: number): void =>
    session.want({ device, command: { kind: 'cap', cap: watts(value) }, onSilence: onSilenceOf(profile, watts(10_000)) }, 'cut');
  return { clock, inverter, session, samples, records, cap };
};

describe.each(INVERTERS)('profile %s on the rig (%s)', (name, product) => {
  it('finds, limits, measures and holds the inverter', () => {
    const { clock, inverter, session, samples, records, cap } = inverterOn(name, product);
    cap(4000);
    session.start();
    clock.runFor(15_000);
    expect(records.at(-1)).toMatchObject({ serialNumber: `CARD-${inverter.unitId}`, nameplate: { maxPower: 10_000 } });
    expect(session.heldCap()).toBe(4000);
    expect(inverter.outputAt(clock.now())).toBe(4000);
    expect(samples.at(-1)).toMatchObject({ generation: 4000, state: 'producing', voltage: { a: 230, b: 230, c: 230 } });
    cap(1000);
    clock.runFor(5000);
    expect(session.heldCap()).toBe(1000);
    expect(inverter.outputAt(clock.now())).toBe(1000);
  });

  it('does what the profile says when the gateway falls silent', () => {
    const { clock, inverter, session, cap } = inverterOn(name, product);
    cap(4000);
    session.start();
    clock.runFor(120_000);
    expect(inverter.outputAt(clock.now())).toBe(4000);
    session.stop();
    clock.runFor(600_000);
    expect(inverter.outputAt(clock.now())).toBe(name === 'sunspec-704' ? 0 : 4000);
  });
});

describe('a switch in flash', () => {
  it('is written once, however often the limit moves', () => {
    const { clock, inverter, session, cap } = inverterOn('sma', 'SMA Tripower');
    session.start();
    for (let watt = 1000; watt <= 8000; watt += 1000) {
      cap(watt);
      clock.runFor(3000);
    }
    expect(inverter.outputAt(clock.now())).toBe(8000);
    expect(inverter.writesOf('WMaxLimPct')).toBeGreaterThanOrEqual(8);
    expect(inverter.writesOf('WMaxLim_Ena')).toBe(1);
  });

  it('takes the newest of two limits within its spacing', () => {
    const { clock, inverter, session, cap } = inverterOn('sma', 'SMA Tripower');
    cap(8000);
    session.start();
    expect(clock.runUntil(() => session.heldCap() === 8000, 15_000)).toBe(true);
    clock.runFor(3000);
    cap(6000);
    clock.runFor(10);
    cap(2000);
    clock.runFor(4000);
    expect(session.heldCap()).toBe(2000);
    expect(inverter.outputAt(clock.now())).toBe(2000);
  });

  it('leaves the limit unproven until it stands', () => {
    const { clock, session, cap } = inverterOn('kostal', 'SMA Tripower');
    cap(4000);
    session.start();
    clock.runFor(15_000);
    expect(session.heldCap()).toBe(4000);
    const switched = inverterOn('sma', 'SMA Tripower');
    switched.cap(4000);
    switched.session.start();
    expect(switched.clock.runUntil(() => switched.inverter.writesOf('WMaxLimPct') === 1, 15_000)).toBe(true);
    expect(switched.session.heldCap()).toBeNull();
  });
});

const SHOWN = {
  W: -3600,
  WL1: -1200,
  WL2: -1100,
  WL3: -1300,
  var: 250,
  VL1: 230,
  VL2: 231,
  VL3: 232,
  Hz: 50,
  kWhIn: 70,
  kWhOut: 5,
};

const meterOn = (name: string, product: string, expectedSerial: string | null = null, sign: 1 | -1 = 1) => {
  const clock = new VirtualClock();
  const meter = new CardMeter(METER_CARDS.find((card) => card.product === product)!, 9);
  meter.show(SHOWN);
  const line = lineWith(clock, [meter]);
  const profile = meterProfileNamed(name)!;
  const samples: MeterSample[] = [];
  const notes: Note[] = [];
  const records: DeviceRecord[] = [];
  const session = new MapMeterSession({
    device,
    unitId: 9,
    line,
    clock,
    profile,
    map: profile.map!,
    fitting: { sign, plausiblePower: watts(30_000) },
    known: null,
    expectedSerial,
    onSample: (sample) => samples.push(sample),
    onRecord: (record) => records.push(record),
    onStanding: () => undefined,
    onNote: (note) => notes.push(note),
  });
  session.start();
  return { clock, meter, session, samples, notes, records };
};

describe.each(METERS)('profile %s on the rig (%s)', (name, product) => {
  it('measures every quantity, with its sign', () => {
    const { clock, samples, records, notes } = meterOn(name, product);
    clock.runFor(20_000);
    const phases = SINGLE_PHASE.includes(name) ? { a: -3600, b: null, c: null } : { a: -1200, b: -1100, c: -1300 };
    const sample = samples.at(-1)!;
    expect(notes).toEqual([]);
    expect(sample.netImport).toBeCloseTo(-3600, 3);
    expect(sample).toMatchObject({ reactiveImport: 250, frequency: 50, importedEnergy: 70_000, exportedEnergy: 5000 });
    expect(sample.netImportPerPhase).toEqual(phases);
    expect(sample.voltage.a).toBeCloseTo(230, 3);
    expect(records).toHaveLength(1);
    expect(records[0]?.serialNumber).toBe('4711');
  });

  it('sees power at least every second, and its refresh by the fast block', () => {
    const { clock, meter, samples } = meterOn(name, product);
    clock.runFor(20_000);
    const taken = samples.map(({ takenAt }) => takenAt);
    for (const [index, at] of taken.entries()) if (index > 0) expect(at - (taken[index - 1] ?? 0)).toBeLessThan(1000);
    const before = samples.at(-1)?.fingerprint;
    meter.show({ ...SHOWN, VL1: 230.4, Hz: 50.1 });
    clock.runFor(1000);
    expect(samples.at(-1)?.fingerprint).not.toBe(before);
  });

  it('refuses a meter with another serial number, and turns the sign', () => {
    const stranger = meterOn(name, product, '4712');
    stranger.clock.runFor(5000);
    expect(stranger.samples).toEqual([]);
    expect(stranger.notes.map(({ event }) => event)).toEqual(['wrong-device']);
    const turned = meterOn(name, product, '4711', -1);
    turned.clock.runFor(20_000);
    expect(turned.samples.at(-1)?.netImport).toBeCloseTo(3600, 3);
    expect(turned.samples.at(-1)).toMatchObject({ importedEnergy: 5000, exportedEnergy: 70_000 });
  });
});

describe('every shipped profile', () => {
  it('has a device of the rig', () => {
    // storage-on-rig.test.ts and load-on-rig.test.ts try theirs, test/sim/hosted-meter.test.ts the meter of a
    // host, register-inverters.test.ts every map-inverter.
    const besides = [
      'sunspec-meter',
      'fronius-meter',
      'sunspec-124',
      'sunspec-704-storage',
      'fronius-storage',
      'relay',
      'register-load',
    ];
    const tried = [...INVERTERS.map(([name]) => name), ...METERS.map(([name]) => name), ...besides];
    expect([...tried].sort()).toEqual(
      shippedProfiles()
        .filter(({ kind }) => kind !== 'map-inverter')
        .map(({ name }) => name)
        .sort(),
    );
  });
});
