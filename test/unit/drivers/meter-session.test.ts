import { describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { monoMs, watts } from '#base/units.ts';
import { InverterSession } from '#drivers/inverter/session.ts';
import { MeterSession } from '#drivers/meter/session.ts';
import type { MeterSessionOptions } from '#drivers/meter/session.ts';
import { inverterProfileNamed, meterProfileNamed } from '#drivers/profile/catalogue.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceRecord } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { inverterImage, meterImage } from './register-image.ts';
import { ScriptedLine } from './scripted-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const UNIT = 2;
const LINE_USE_MAX = 0.6;

const bench = (options: Partial<MeterSessionOptions> = {}) => {
  const clock = new VirtualClock();
  const line = new ScriptedLine(clock);
  const places = meterImage();
  const unit = line.attach(UNIT, places.image);
  const samples: MeterSample[] = [];
  const records: DeviceRecord[] = [];
  const notes: Note[] = [];
  const session = new MeterSession({
    device: toDeviceId('grid-meter'),
    unitId: UNIT,
    line,
    clock,
    profile: meterProfileNamed('sunspec-meter')!,
    fitting: { sign: 1, plausiblePower: watts(30_000) },
    known: null,
    expectedSerial: null,
    onSample: (sample) => samples.push(sample),
    onRecord: (record) => records.push(record),
    onStanding: () => undefined,
    onNote: (note) => notes.push(note),
    ...options,
  });
  const set = (offset: number, word: number) => unit.image.set(places.measurements + offset, word & 0xffff);
  return { clock, line, unit, places, samples, records, notes, session, set };
};

const running = (options: Partial<MeterSessionOptions> = {}) => {
  const b = bench(options);
  b.session.start();
  b.clock.runFor(2500);
  expect(b.samples.length).toBeGreaterThan(0);
  return b;
};

describe('MeterSession', () => {
  it('samples four times a second and keeps the slow values between', () => {
    const { clock, samples } = running();
    const before = samples.length;
    clock.runFor(10_000);
    expect(samples.length - before).toBeGreaterThanOrEqual(39);
    expect(samples.at(-1)).toMatchObject({
      netImport: -3000,
      netImportPerPhase: { a: -1000, b: -1000, c: -1000 },
      reactiveImport: 120,
      importedEnergy: 5000,
      exportedEnergy: 70_000,
      voltage: { a: 230, b: 231, c: 232 },
      frequency: 50,
    });
  });

  it('reads once a refresh when the registers move each second, closely again while attended', () => {
    const { clock, session, samples, set } = running();
    const second = (tick: number): void => {
      clock.at(monoMs(clock.now() + 1000), () => {
        set(18, tick % 100);
        second(tick + 1);
      });
    };
    second(1);
    clock.runFor(20_000);
    const learned = samples.length;
    clock.runFor(20_000);
    expect(samples.length - learned).toBeLessThan(30);
    expect(samples.length - learned).toBeGreaterThanOrEqual(19);
    const attended = samples.length;
    for (let tick = 0; tick < 40; tick += 1) {
      session.attend(monoMs(clock.now() + 1500));
      clock.runFor(250);
    }
    expect(samples.length - attended).toBeGreaterThanOrEqual(18);
  });

  it('measures reactive power each second, and repeats no older value', () => {
    const { clock, samples } = running();
    const from = samples.length;
    clock.runFor(60_000);
    const at = samples.slice(from).flatMap(({ reactiveImport, takenAt }) => (reactiveImport === null ? [] : [takenAt]));
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1300);
    expect(at.length).toBeGreaterThanOrEqual(50);
  });

  it('turns power, vars and energies of a meter that counts export positive', () => {
    const { clock, samples, set } = running({ fitting: { sign: -1, plausiblePower: watts(30_000) } });
    expect(samples.findLast(({ reactiveImport }) => reactiveImport !== null)).toMatchObject({
      netImport: 3000,
      reactiveImport: -120,
      importedEnergy: 70_000,
      exportedEnergy: 5000,
    });
    set(18, 0);
    clock.runFor(1000);
    expect(samples.at(-1)?.netImport).toBe(0);
  });

  it('is verified with one read when known', () => {
    const { records } = running();
    const { session, clock, line, samples } = bench({ known: records[0]! });
    session.start();
    expect(clock.runUntil(() => samples.length > 0, 500)).toBe(true);
    expect(line.done.map(({ request }) => request.kind === 'read' && request.count)).toEqual([66, 23]);
  });

  it.each([
    ['not implemented', 18, 0x8000],
    ['beyond what the connection carries', 18, 32_000],
    ['of a scale out of range', 22, 11],
    ['of a scale that is not implemented', 22, 0x8000],
  ])('gives no power where it is %s', (_, offset, word) => {
    const { clock, samples, set, notes } = running();
    set(offset, word);
    clock.runFor(5000);
    expect(samples.at(-1)?.netImport).toBeNull();
    expect(notes.filter(({ event }) => event === 'reading-rejected').length).toBeLessThanOrEqual(1);
  });

  it('takes a block of zeros for no measurement', () => {
    const { clock, samples, set } = running();
    for (let i = 2; i < 23; i += 1) set(i, 0);
    clock.runFor(1000);
    expect(samples.at(-1)?.netImport).toBeNull();
  });

  it('gives a fingerprint that changes with any measured register and is the same in fast and slow reads', () => {
    const { clock, samples, set } = running();
    const fingerprints = () => new Set(samples.splice(0).map(({ fingerprint }) => fingerprint));
    fingerprints();
    clock.runFor(11_000);
    const [still, ...others] = fingerprints();
    expect(others).toEqual([]);
    set(16, 5001);
    clock.runFor(1000);
    fingerprints();
    clock.runFor(1000);
    expect([...fingerprints()]).not.toContain(still);
  });

  it('is silent after three failures and comes back with a fast read', () => {
    const { clock, session, unit, samples } = running();
    unit.silent = true;
    clock.runFor(1500);
    expect(session.standing()).toBe('silent');
    unit.silent = false;
    const before = samples.length;
    clock.runFor(2000);
    expect(session.standing()).toBe('answering');
    expect(samples.length).toBeGreaterThan(before);
  });

  it('delivers nothing from a reply that is another model', () => {
    const { clock, session, set, samples } = running();
    set(0, 103);
    samples.splice(0);
    clock.runFor(3000);
    expect(samples).toEqual([]);
    expect(session.standing()).toBe('unverified');
  });

  it('stops', () => {
    const { clock, session, line } = running();
    session.stop();
    clock.runFor(500);
    const before = line.done.length;
    clock.runFor(30_000);
    expect(line.done).toHaveLength(before);
  });
});

describe('one inverter and one meter at 9600 baud', () => {
  it('use at most 60 % of the line in steady state', () => {
    const { clock, line, session } = bench();
    line.attach(1, inverterImage().image);
    const device = toDeviceId('pv');
    const inverter = new InverterSession({
      device,
      unitId: 1,
      line,
      clock,
      profile: inverterProfileNamed('sunspec-123')!,
      known: null,
      expectedSerial: null,
      found: null,
      keepFound: (_, done) => done(true),
      foundCurves: [],
      keepCurve: (_, _found, done) => done(true),
      onSample: () => undefined,
      onOutcome: () => undefined,
      onConnection: () => undefined,
      onRecord: () => undefined,
      onStanding: () => undefined,
      onNote: () => undefined,
    });
    inverter.want({ device, command: { kind: 'cap', cap: watts(1500) }, onSilence: { kind: 'holds' } }, 'cut');
    session.start();
    inverter.start();
    clock.runFor(10_000);
    const span = 120_000;
    const [wire, occupied] = [line.wire, line.occupied];
    clock.runFor(span);
    expect((line.wire - wire) / span).toBeLessThan(0.42);
    expect((line.occupied - occupied) / span).toBeLessThan(LINE_USE_MAX);
  });
});
