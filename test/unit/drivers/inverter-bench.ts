import { expect } from 'vitest';
import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { InverterSession } from '#drivers/inverter/session.ts';
import type { InverterSessionOptions } from '#drivers/inverter/session.ts';
import { inverterProfileNamed } from '#drivers/profile/catalogue.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceRecord, OnSilence, Setpoint, WriteOutcome } from '#site/device.ts';
import type { DeviceStanding, InverterSample } from '#site/sample.ts';
import { inverterImage } from './register-image.ts';
import type { InverterPlaces } from './register-image.ts';
import { ScriptedLine } from './scripted-line.ts';
import type { Unit } from './scripted-line.ts';
import { VirtualClock } from './virtual-clock.ts';

export const device = toDeviceId('pv');
export const UNIT = 1;
export const profile = inverterProfileNamed('sunspec-123')!;

export const setpoint = (cap: number, onSilence: OnSilence = { kind: 'holds' }): Setpoint => ({
  device,
  command: { kind: 'cap', cap: watts(cap) },
  onSilence,
});

interface Bench {
  readonly clock: VirtualClock;
  readonly line: ScriptedLine;
  readonly unit: Unit;
  readonly places: InverterPlaces;
  readonly samples: InverterSample[];
  readonly outcomes: WriteOutcome[];
  readonly records: DeviceRecord[];
  readonly standings: DeviceStanding[];
  readonly notesNamed: (event: string) => readonly Note[];
  readonly session: InverterSession;
  /** WMaxLimPct as the device holds it. */
  readonly capRegister: () => number | undefined;
}

export const bench = (options: Partial<InverterSessionOptions> = {}, places: InverterPlaces = inverterImage()): Bench => {
  const clock = new VirtualClock();
  const line = new ScriptedLine(clock);
  const unit = line.attach(UNIT, places.image);
  const samples: InverterSample[] = [];
  const outcomes: WriteOutcome[] = [];
  const records: DeviceRecord[] = [];
  const standings: DeviceStanding[] = [];
  const notes: Note[] = [];
  const session = new InverterSession({
    device,
    unitId: UNIT,
    line,
    clock,
    profile,
    known: null,
    expectedSerial: null,
    found: null,
    keepFound: (_, done) => done(true),
    foundCurves: [],
    keepCurve: (_, _found, done) => done(true),
    onSample: (sample) => samples.push(sample),
    onConnection: () => undefined,
    onOutcome: (outcome) => outcomes.push(outcome),
    onRecord: (record) => records.push(record),
    onStanding: (standing) => standings.push(standing),
    onNote: (note) => notes.push(note),
    ...options,
  });
  const capRegister = () => unit.image.get(places.controls + 5);
  const notesNamed = (event: string) => notes.filter((note) => note.event === event);
  return { clock, line, unit, places, samples, outcomes, records, standings, notesNamed, session, capRegister };
};

export const knownRecord = (): DeviceRecord => {
  const { session, clock, records } = bench();
  session.start();
  clock.runFor(3000);
  return records[0]!;
};

/** A verified session that holds 5 kW. */
export const holding = (options: Partial<InverterSessionOptions> = {}, onSilence: OnSilence = { kind: 'holds' }): Bench => {
  const b = bench({ known: knownRecord(), ...options });
  b.session.want(setpoint(5000, onSilence), 'cut');
  b.session.start();
  b.clock.runFor(1000);
  expect(b.session.heldCap()).toBe(5000);
  return b;
};
