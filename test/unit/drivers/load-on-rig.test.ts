import { describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { LoadSession } from '#drivers/load/session.ts';
import { loadProfileNamed } from '#drivers/profile/catalogue.ts';
import type { LoadProfile } from '#drivers/profile/storage-profile.ts';
import { toDeviceId, type DeviceRecord } from '#site/device.ts';
import type { DeviceStanding, LoadSample } from '#site/sample.ts';
import { REGISTER_LOAD_DEFAULTS, RELAY_DEFAULTS, SwitchedLoad, type SwitchedLoadSettings } from '../../rig/site/switched-load.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const device = toDeviceId('load');

const benchOf = (profile: LoadProfile, settings: SwitchedLoadSettings) => {
  const clock = new VirtualClock();
  const load = new SwitchedLoad(settings);
  const samples: LoadSample[] = [];
  const notes: Note[] = [];
  const records: DeviceRecord[] = [];
  const standings: DeviceStanding[] = [];
  const session = new LoadSession({
    device,
    unitId: load.unitId,
    line: lineWith(clock, [load]),
    clock,
    profile,
    maxPower: watts(settings.ratedW),
    onSample: (sample) => samples.push(sample),
    onOutcome: () => undefined,
    onRecord: (record) => records.push(record),
    onStanding: (standing) => standings.push(standing),
    onNote: (note) => notes.push(note),
  });
  const consume = (most: number): void =>
    session.want({ device, command: { kind: 'consume', most: watts(most) }, onSilence: { kind: 'holds' } }, 'cut');
  const draws = (): number => {
    load.step(clock.now());
    return load.powerAt(clock.now());
  };
  return { clock, load, session, samples, notes, records, standings, consume, draws };
};

const relay = loadProfileNamed('relay')!;
const register = loadProfileNamed('register-load')!;
const fifteen: LoadProfile = { ...relay, control: { ...relay.control, kind: 'coil', function: 15, on: 1 } };
const inverted: LoadProfile = { ...relay, control: { ...relay.control, kind: 'coil', function: 5, on: 0 } };

describe('a relay', () => {
  it.each([
    ['function 5', relay],
    ['function 15', fifteen],
  ])('is off below its rating and read back (%s)', (_name, profile) => {
    const { clock, session, samples, records, consume, draws } = benchOf(profile, RELAY_DEFAULTS);
    consume(2999);
    session.start();
    clock.runFor(3000);
    expect(draws()).toBe(0);
    expect(session.heldPower()).toBe(0);
    expect(records.at(-1)).toMatchObject({ role: 'load', load: { maxPower: 3000 } });
    expect(samples.at(-1)).toMatchObject({ power: null, on: false });
    consume(3000);
    clock.runFor(3000);
    expect(draws()).toBe(3000);
    expect(session.heldPower()).toBe(3000);
    expect(samples.at(-1)).toMatchObject({ on: true });
  });

  it('that opens when energised is told so', () => {
    const { clock, load, session, consume, samples } = benchOf(inverted, RELAY_DEFAULTS);
    load.turn(0);
    consume(0);
    session.start();
    clock.runFor(3000);
    expect(session.heldPower()).toBe(0);
    expect(samples.at(-1)?.on).toBe(false);
    expect(load.writes).toBe(1);
  });

  it('that already stands as wanted is not switched', () => {
    const { clock, load, session, consume } = benchOf(relay, RELAY_DEFAULTS);
    consume(3000);
    session.start();
    clock.runFor(60_000);
    expect(load.writes).toBe(0);
    expect(session.heldPower()).toBe(3000);
  });

  it('switched back by another is noticed at the next look', () => {
    const { clock, load, session, consume, draws, notes } = benchOf(relay, RELAY_DEFAULTS);
    consume(0);
    session.start();
    clock.runFor(3000);
    load.turn(1);
    clock.runFor(12_000);
    expect(draws()).toBe(0);
    expect(notes.map(({ event }) => event)).toContain('order-not-held');
  });

  it('silent is probed, and switched again when it is back', () => {
    const { clock, load, session, consume, draws, standings } = benchOf(relay, RELAY_DEFAULTS);
    consume(0);
    session.start();
    clock.runFor(3000);
    load.fault({ silent: true });
    clock.runFor(30_000);
    expect(session.standing()).toBe('silent');
    load.restart();
    load.fault({ silent: false });
    clock.runFor(15_000);
    expect(draws()).toBe(0);
    expect(session.heldPower()).toBe(0);
    expect(standings).toEqual(['answering', 'silent', 'answering']);
  });
});

describe('a load with a power register', () => {
  it('is rounded down to its steps', () => {
    const { clock, session, consume, draws } = benchOf(register, REGISTER_LOAD_DEFAULTS);
    consume(2599);
    session.start();
    clock.runFor(3000);
    expect(draws()).toBe(2500);
    expect(session.heldPower()).toBe(2500);
    consume(99);
    clock.runFor(3000);
    expect(draws()).toBe(0);
    consume(60_000);
    clock.runFor(3000);
    expect(session.heldPower()).toBe(6000);
  });

  it('waits between two orders as its profile says, and the newest counts', () => {
    const { clock, load, session, consume } = benchOf(register, REGISTER_LOAD_DEFAULTS);
    consume(1000);
    session.start();
    clock.runFor(2000);
    const { writes } = load;
    for (const most of [2000, 3000, 4000]) consume(most);
    clock.runFor(4000);
    expect(load.writes - writes).toBeLessThanOrEqual(2);
    expect(session.heldPower()).toBe(4000);
  });
});
