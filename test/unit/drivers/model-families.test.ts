import { describe, expect, it } from 'vitest';
import { durationMs, watts } from '#base/units.ts';
import { onSilenceOf } from '#drivers/profile/profile.ts';
import { inverterProfileNamed, meterProfileNamed } from '#drivers/profile/catalogue.ts';
import { MeterSession } from '#drivers/meter/session.ts';
import { toDeviceId } from '#site/device.ts';
import type { OnSilence, Setpoint } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { bench, setpoint, UNIT } from './inverter-bench.ts';
import { derInverterImage, floatInverterImage, floatMeterImage } from './register-image.ts';
import { ScriptedLine } from './scripted-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const der = inverterProfileNamed('sunspec-704')!;
const toZero: OnSilence = { kind: 'reverts-to', cap: watts(0), after: durationMs(60_000) };
/** Offsets in model 704. */
const [ENA, LIMIT, REVERT_TO, REVERT_ENA, TIMER_HIGH, TIMER_LOW] = [14, 15, 16, 17, 18, 19];

const derBench = () => bench({ profile: der }, derInverterImage());

/** A verified session through 704. */
const holding = (cap: number, onSilence: OnSilence = toZero) => {
  const b = derBench();
  b.session.want(setpoint(cap, onSilence), 'cut');
  b.session.start();
  b.clock.runFor(3000);
  const control = (offset: number) => b.unit.image.get(b.places.controls + offset);
  return { ...b, control };
};

describe('an inverter of the DER family', () => {
  it('is found, rated by 702 and measured by 701', () => {
    const { session, clock, records, samples } = derBench();
    session.start();
    clock.runFor(3000);
    expect(records[0]).toMatchObject({
      serialNumber: 'DER-1',
      limitScale: -1,
      nameplate: { ratedPower: 11_000, maxPower: 10_000, ratedApparent: 11_000, ratedVarInjected: 4400, ratedVarAbsorbed: 4300 },
    });
    expect(samples[0]).toMatchObject({
      generation: 5000,
      state: 'producing',
      frequency: 50.01,
      voltage: { a: 230, b: 231, c: 232 },
      lifetimeEnergy: 123_456,
    });
  });

  it('is read whole seldom and keeps its scale factors between', () => {
    const { session, clock, unit, places, samples, line } = derBench();
    session.start();
    clock.runFor(3000);
    unit.image.set(places.measurements + 10, 250);
    clock.runFor(20_000);
    const reads = line.done.flatMap(({ request }) =>
      request.kind === 'read' && request.address === places.measurements ? [request.count] : [],
    );
    expect(reads.filter((count) => count > 100).length).toBeLessThanOrEqual(2);
    expect(samples.at(-1)).toMatchObject({ generation: 2500, voltage: { a: 230 } });
  });

  it('is limited by one write with a safe limit to fall to, both words of the timer in it', () => {
    const { line, session, unit } = holding(5000);
    expect(line.writes()[0]?.words).toEqual([1, 500, 0, 1, 0, 60]);
    expect(session.heldCap()).toBe(5000);
    expect(unit.silent).toBe(false);
  });

  it('never reverts to more than it was told last', () => {
    const high: OnSilence = { kind: 'reverts-to', cap: watts(8000), after: durationMs(100_000_000) };
    const { control } = holding(5000, high);
    expect([control(ENA), control(LIMIT), control(REVERT_TO), control(REVERT_ENA)]).toEqual([1, 500, 500, 1]);
    expect([control(TIMER_HIGH), control(TIMER_LOW)]).toEqual([0, 65_534]);
  });

  it('has its timer refreshed at a third, and holds its cap for good as far as is known', () => {
    const { line, clock, session, unit } = holding(5000);
    const before = line.writes().length;
    clock.runFor(60_000);
    expect(line.writes().length - before).toBe(3);
    unit.silent = true;
    clock.runFor(600_000);
    expect(session.heldCap()).toBe(5000);
  });

  it('that reverted while we were away is told anew', () => {
    const { line, clock, unit, places, notesNamed } = holding(5000);
    const before = line.writes().length;
    unit.image.set(places.controls + LIMIT, 0);
    clock.runFor(11_000);
    expect(notesNamed('cap-not-held')).toHaveLength(1);
    expect(line.writes().length).toBe(before + 1);
  });

  it('is disconnected through 703', () => {
    const { session, clock, unit, places } = holding(5000);
    const told: Setpoint = { device: toDeviceId('pv'), command: { kind: 'disconnect' }, onSilence: toZero };
    session.want(told, 'cut');
    clock.runFor(1000);
    expect(unit.image.get(places.controls - 19 + 2)).toBe(0);
    expect(session.connection()).toBe('disconnected');
  });

  it('falls to the per cent of its profile', () => {
    expect(
      onSilenceOf({ ...der, onSilence: { ...der.onSilence, kind: 'reverts-to', percent: 20 } as never }, watts(10_000)),
    ).toEqual({
      kind: 'reverts-to',
      cap: 2000,
      after: 60_000,
    });
    expect(onSilenceOf(der, null)).toMatchObject({ cap: 0 });
  });
});

describe('float models', () => {
  it('measure an inverter that is limited through 123', () => {
    const { session, clock, samples, unit, places } = bench({}, floatInverterImage());
    session.want(setpoint(5000), 'cut');
    session.start();
    clock.runFor(3000);
    expect(samples[0]).toMatchObject({ generation: 5000, state: 'producing', voltage: { a: 230 }, lifetimeEnergy: 123_456 });
    expect(unit.image.get(places.controls + 5)).toBe(50);
  });

  it.each([0, 800])('measure the connection point; through a host that reads it each %d ms', (age) => {
    const clock = new VirtualClock();
    const line = new ScriptedLine(clock);
    const { image, measurements } = floatMeterImage();
    line.attach(UNIT, image);
    const samples: MeterSample[] = [];
    const session = new MeterSession({
      device: toDeviceId('grid-meter'),
      unitId: UNIT,
      line,
      clock,
      profile: { ...meterProfileNamed('sunspec-meter')!, readingAgeMs: durationMs(age) },
      fitting: { sign: 1, plausiblePower: watts(30_000) },
      known: null,
      expectedSerial: null,
      onSample: (sample) => samples.push(sample),
      onRecord: () => undefined,
      onStanding: () => undefined,
      onNote: () => undefined,
    });
    session.start();
    clock.runFor(15_000);
    expect(samples.findLast(({ reactiveImport }) => reactiveImport !== null)).toMatchObject({
      netImport: -3000,
      netImportPerPhase: { a: -1000 },
      reactiveImport: 120,
      importedEnergy: 5000,
      exportedEnergy: 70_000,
    });
    // The last reply came at most a poll ago: its values are as old as the host lets them be.
    expect(clock.now() - samples.at(-1)!.takenAt).toBeGreaterThanOrEqual(age);
    expect(clock.now() - samples.at(-1)!.takenAt).toBeLessThanOrEqual(age + 1100);
    const before = samples.at(-1)?.fingerprint;
    image.set(measurements + 26, 0x4248);
    image.set(measurements + 27, 0x0001);
    clock.runFor(1000);
    expect(samples.at(-1)?.fingerprint).not.toBe(before);
    image.set(measurements + 28, 0x7fc0);
    clock.runFor(1000);
    expect(samples.at(-1)?.netImport).toBeNull();
  });
});
