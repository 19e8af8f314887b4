import { describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { MapInverterSession } from '#drivers/inverter/map-session.ts';
import { mapInverterProfileNamed, shippedProfiles } from '#drivers/profile/catalogue.ts';
import { decodeProfile, onSilenceOf } from '#drivers/profile/profile.ts';
import solaredge from '#drivers/profile/solaredge.json' with { type: 'json' };
import { toDeviceId } from '#site/device.ts';
import type { DeviceRecord, WriteOutcome } from '#site/device.ts';
import type { DeviceStanding, InverterSample } from '#site/sample.ts';
import { REGISTER_INVERTERS, RegisterInverter } from '../../rig/site/register-inverter.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Which of the rig's devices stands for which profile, with its least limit and what it gives long after the gateway fell silent, watts. */
const INVERTERS = [
  ['sungrow-sg', 'Sungrow SG10RT', 10, 4000],
  ['solaredge', 'SolarEdge SE10K', 0, 0],
] as const;
/** Nothing of them may be written. */
const READ_ONLY = [
  ['huawei-sun2000', 'Huawei SUN2000-10KTL'],
  ['goodwe-et', 'GoodWe GW10K-ET'],
] as const;
const device = toDeviceId('any');
const FALLBACK = 0xf312;

const inverterOn = (name: string, product: string, expectedSerial: string | null = null) => {
  const profile = mapInverterProfileNamed(name)!;
  const clock = new VirtualClock();
  const inverter = new RegisterInverter(REGISTER_INVERTERS.find((card) => card.product === product)!);
  const line = lineWith(clock, [inverter]);
  const samples: InverterSample[] = [];
  const records: DeviceRecord[] = [];
  const outcomes: WriteOutcome[] = [];
  const standings: DeviceStanding[] = [];
  const notes: Note[] = [];
  const session = new MapInverterSession({
    ...{ device, unitId: inverter.unitId, line, clock, profile, known: null, expectedSerial },
    onSample: (sample) => samples.push(sample),
    onOutcome: (outcome) => outcomes.push(outcome),
    onRecord: (record) => records.push(record),
    onStanding: (standing) => standings.push(standing),
    onNote: (note) => notes.push(note),
  });
  const onSilence = onSilenceOf(profile, watts(10_000));
  const cap = (value: number): void => session.want({ device, command: { kind: 'cap', cap: watts(value) }, onSilence }, 'cut');
  return { clock, inverter, session, samples, records, outcomes, standings, notes, cap, onSilence };
};

describe.each(INVERTERS)('profile %s on the rig (%s)', (name, product, least, afterSilence) => {
  it('finds, limits, measures and holds the inverter', () => {
    const { clock, inverter, session, samples, records, outcomes, notes, cap } = inverterOn(name, product);
    cap(4000);
    session.start();
    clock.runFor(15_000);
    expect(notes).toEqual([]);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ serialNumber: 'CARD-1', nameplate: { maxPower: 10_000 } });
    expect(session.heldCap()).toBe(4000);
    expect(inverter.outputAt(clock.now())).toBe(4000);
    const { voltage, frequency, lifetimeEnergy, ...sample } = samples.at(-1)!;
    expect(sample).toMatchObject({ generation: 4000, state: 'producing' });
    expect([voltage.a, voltage.b, voltage.c, frequency]).toEqual([230, 230, 230, 50]);
    expect(samples.map((one) => one.lifetimeEnergy)).toContain(1_000_000);
    expect(lifetimeEnergy === null || lifetimeEnergy === 1_000_000).toBe(true);
    expect(outcomes).toContainEqual({ kind: 'confirmed', cap: 4000, percent: 40 });
    cap(1007);
    clock.runFor(5000);
    // In tenths of a per cent, rounded down.
    expect(session.heldCap()).toBe(1000);
    expect(inverter.outputAt(clock.now())).toBe(1000);
  });

  it('does what the profile says when the gateway falls silent', () => {
    const { clock, inverter, session, cap } = inverterOn(name, product);
    cap(4000);
    session.start();
    clock.runFor(150_000);
    expect(inverter.outputAt(clock.now())).toBe(4000);
    session.stop();
    clock.runFor(600_000);
    expect(inverter.outputAt(clock.now())).toBe(afterSilence);
    expect(session.heldCap()).toBe(4000);
  });

  it('is never told what it takes for no limit', () => {
    const { clock, inverter, session, cap, onSilence } = inverterOn(name, product);
    cap(0);
    session.start();
    clock.runFor(15_000);
    expect(inverter.outputAt(clock.now())).toBe(least);
    expect(session.heldCap()).toBe(least);
    cap(5000);
    session.want({ device, command: { kind: 'disconnect' }, onSilence }, 'cut');
    clock.runFor(5000);
    expect(inverter.outputAt(clock.now())).toBe(least);
    expect(session.connection()).toBeNull();
  });

  it('writes nothing to a stranger', () => {
    const { clock, inverter, session, standings, samples, notes, cap } = inverterOn(name, product, 'CARD-2');
    cap(4000);
    session.start();
    clock.runFor(60_000);
    expect(inverter.writes).toEqual([]);
    expect(samples).toEqual([]);
    expect(standings).toEqual([]);
    expect(notes.map(({ event }) => event)).toContain('wrong-device');
    expect(session.heldCap()).toBeNull();
  });

  it('writes settings once, and each limit once', () => {
    const { clock, inverter, session, cap } = inverterOn(name, product);
    session.start();
    for (let watt = 1000; watt <= 6000; watt += 1000) {
      cap(watt);
      clock.runFor(3000);
    }
    const addresses = [...new Set(inverter.writes)];
    const counts = addresses.map((address) => inverter.writes.filter((one) => one === address).length);
    expect(counts.filter((count) => count > 1)).toEqual([6]);
    expect(inverter.outputAt(clock.now())).toBe(6000);
  });
});

describe.each(READ_ONLY)('profile %s on the rig (%s)', (name, product) => {
  it('is found and measured, and never written, whatever is asked', () => {
    const { clock, inverter, session, samples, records, outcomes, notes, cap, onSilence } = inverterOn(name, product);
    cap(4000);
    session.start();
    clock.runFor(15_000);
    cap(0);
    session.want({ device, command: { kind: 'disconnect' }, onSilence }, 'cut');
    clock.runFor(15_000);
    expect(notes).toEqual([]);
    expect(records[0]).toMatchObject({ serialNumber: 'CARD-1', nameplate: { maxPower: 10_000 } });
    const { voltage, frequency, generation, state } = samples.at(-1)!;
    expect([generation, state]).toEqual([8000, 'producing']);
    expect([voltage.a, voltage.b, voltage.c, frequency]).toEqual([230, 230, 230, 50]);
    expect(samples.map((one) => one.lifetimeEnergy)).toContain(1_000_000);
    expect([inverter.writes, outcomes, session.heldCap()]).toEqual([[], [], null]);
  });
});

describe('an inverter with a fallback of its own', () => {
  it('counts as limited only when the fallback stands too', () => {
    const { clock, inverter, session, notes, cap } = inverterOn('solaredge', 'SolarEdge SE10K');
    cap(4000);
    session.start();
    expect(clock.runUntil(() => inverter.outputAt(clock.now()) === 4000, 15_000)).toBe(true);
    expect(clock.runUntil(() => session.heldCap() === 4000, 15_000)).toBe(true);
    expect(inverter.writes).toContain(FALLBACK);
    const before = inverter.writes.length;
    inverter.meddle(FALLBACK, [0, 0x42c8]);
    expect(clock.runUntil(() => session.heldCap() === null, 15_000)).toBe(true);
    expect(clock.runUntil(() => session.heldCap() === 4000, 15_000)).toBe(true);
    expect(inverter.writes.slice(before)).toContain(FALLBACK);
    expect(notes.map(({ event }) => event)).toEqual(['order-not-held']);
  });

  it('is not written once its registers are no longer its map', () => {
    const { clock, inverter, session, standings, cap } = inverterOn('solaredge', 'SolarEdge SE10K');
    cap(4000);
    session.start();
    clock.runFor(10_000);
    inverter.meddle(40_069, [1]);
    expect(clock.runUntil(() => standings.at(-1) === 'unverified', 5000)).toBe(true);
    const before = inverter.writes.length;
    cap(3000);
    clock.runFor(20_000);
    expect(inverter.writes.length).toBe(before);
  });
});

describe('a profile of a register map', () => {
  it('is refused with a fallback above no output, or without one that silence needs', () => {
    expect(decodeProfile({ ...solaredge, onSilence: { kind: 'reverts-to', percent: 30, afterSeconds: 60 } }).ok).toBe(false);
    expect(decodeProfile({ ...solaredge, onSilence: { kind: 'holds' } }).ok).toBe(false);
    const writes = solaredge.control.writes.filter(({ value }) => value !== 'fallback');
    expect(decodeProfile({ ...solaredge, control: { ...solaredge.control, writes } }).ok).toBe(false);
  });

  it('is refused when two of its reads have one length', () => {
    const map = { ...solaredge.map, fast: { address: 40_069, count: 39 } };
    expect(decodeProfile({ ...solaredge, map }).ok).toBe(true);
    const twins = { ...solaredge.control, readBack: { address: 62_208, count: 39 } };
    expect(decodeProfile({ ...solaredge, map, control: twins }).ok).toBe(false);
  });

  it('has a device of the rig, each of them', () => {
    const shipped = shippedProfiles().filter(({ kind }) => kind === 'map-inverter');
    expect([...INVERTERS, ...READ_ONLY].map(([name]) => name).sort()).toEqual(shipped.map(({ name }) => name).sort());
  });
});
