import { describe, expect, it } from 'vitest';
import { durationMs, watts } from '#base/units.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';
import { UNIT, bench, holding, knownRecord, profile, setpoint } from './inverter-bench.ts';

describe('contact with an inverter', () => {
  it('verifies a known device with two reads, then writes before anything else', () => {
    const { session, clock, line, outcomes, places, samples } = bench({ known: knownRecord() });
    session.want(setpoint(1500), 'cut');
    session.start();
    expect(clock.runUntil(() => outcomes.length > 0, 2000)).toBe(true);
    expect(line.done.slice(0, 3).map(({ request }) => request)).toEqual([
      { kind: 'read', unitId: UNIT, address: 40_002, count: 66 },
      { kind: 'read', unitId: UNIT, address: places.controls, count: 24 },
      { kind: 'write', unitId: UNIT, address: places.controls + 5, words: [1500, 0, 0, 0, 1] },
    ]);
    expect(line.done[2]!.at - 1000).toBeLessThan(500);
    expect(outcomes).toEqual([{ kind: 'confirmed', cap: 1500, percent: 15 }]);
    expect(session.standing()).toBe('answering');
    expect(samples.length).toBeGreaterThan(0);
  });

  it('finds an unknown device, records it and writes within two seconds of line time', () => {
    const { session, clock, records, line, outcomes } = bench();
    session.want(setpoint(1500), 'cut');
    session.start();
    expect(clock.runUntil(() => outcomes.length > 0, 2000)).toBe(true);
    expect(records).toMatchObject([{ device: 'pv', serialNumber: 'INV-1', limitScale: -2, nameplate: { maxPower: 10_000 } }]);
    expect(line.writes()).toHaveLength(1);
  });

  it('never writes a device with another serial number', () => {
    const known = { ...knownRecord(), serialNumber: 'OTHER' };
    const { session, clock, line, standings, notesNamed, records } = bench({ known });
    session.want(setpoint(0), 'cut');
    session.start();
    clock.runFor(120_000);
    expect(line.writes()).toEqual([]);
    expect(session.standing()).toBe('unverified');
    expect(standings).toEqual([]);
    expect(records).toEqual([]);
    expect(notesNamed('identity-changed')).toHaveLength(1);
    expect(notesNamed('wrong-device').length).toBeGreaterThan(1);
  });

  it('ignores a record that the configured serial number contradicts', () => {
    const known = { ...knownRecord(), serialNumber: 'OLD' };
    const { session, clock, line, records } = bench({ known, expectedSerial: 'INV-1' });
    session.want(setpoint(2000), 'cut');
    session.start();
    clock.runFor(2000);
    expect(line.writes()).toHaveLength(1);
    expect(records[0]?.serialNumber).toBe('INV-1');
  });

  it('looks for the map anew when the control header is not where the record says', () => {
    const known = knownRecord();
    const models = known.models.map((place) => (place.id === 123 ? { ...place, address: place.address - 10 } : place));
    const { session, clock, line, records, places } = bench({ known: { ...known, models } });
    session.want(setpoint(2000), 'cut');
    session.start();
    clock.runFor(3000);
    expect(line.writes()[0]?.address).toBe(places.controls + 5);
    expect(records).toHaveLength(1);
  });

  it('refuses to control a device whose limit has no usable scale', () => {
    const { session, clock, line, unit, places, notesNamed } = bench();
    unit.image.set(places.controls + 23, 0x8000);
    session.want(setpoint(0), 'cut');
    session.start();
    clock.runFor(5000);
    expect(line.writes()).toEqual([]);
    expect(notesNamed('not-usable')).toHaveLength(1);
  });

  it('finds its map anew when a reply is another model', () => {
    const { clock, unit, places, notesNamed, session } = holding();
    unit.image.set(places.measurements, 64_001);
    clock.runFor(2000);
    expect(notesNamed('identity-in-doubt')).toHaveLength(1);
    expect(session.standing()).toBe('unverified');
    unit.image.set(places.measurements, 103);
    clock.runFor(35_000);
    expect(session.standing()).toBe('answering');
    expect(session.heldCap()).toBe(5000);
  });
});

describe('the cap', () => {
  it('goes next on the line when it is a cut, before any queued read', () => {
    const { session, line, clock } = holding();
    const before = line.done.length;
    for (let i = 0; i < 5; i += 1)
      line.submit({ kind: 'read', unitId: UNIT, address: 40_000, count: 60 }, PRIORITY.meter, () => undefined);
    session.want(setpoint(1000), 'cut');
    clock.runFor(500);
    expect(line.done[before]?.request.kind).toBe('read');
    expect(line.done[before + 1]?.request.kind).toBe('write');
  });

  it('is rounded down, and what the device holds is reported', () => {
    const { session, clock, outcomes, capRegister } = holding();
    session.want(setpoint(1234.567), 'cut');
    clock.runFor(1000);
    expect(capRegister()).toBe(1234);
    expect(outcomes.at(-1)).toEqual({ kind: 'confirmed', cap: 1234, percent: 12.34 });
  });

  it('keeps to the true resolution of a device that has only whole per cents', () => {
    const coarse = { ...profile, control: { ...profile.control, resolutionPercent: 1 } };
    const { session, clock, capRegister } = holding({ profile: coarse });
    session.want(setpoint(1999), 'cut');
    clock.runFor(1000);
    expect(capRegister()).toBe(1900);
    expect(session.heldCap()).toBe(1900);
  });

  it('is not written again while it stands', () => {
    const { session, clock, line } = holding();
    const writes = line.writes().length;
    session.want(setpoint(5000), 'cut');
    session.want(setpoint(5000.4), 'raise');
    clock.runFor(60_000);
    expect(line.writes()).toHaveLength(writes);
  });

  it('replaces an older one that still waits for the line', () => {
    const { session, clock, line, outcomes } = holding();
    const writes = line.writes().length;
    line.submit({ kind: 'read', unitId: UNIT, address: 40_000, count: 60 }, PRIORITY.meter, () => undefined);
    session.want(setpoint(4000), 'raise');
    session.want(setpoint(3000), 'cut');
    session.want(setpoint(2000), 'cut');
    clock.runFor(2000);
    expect(
      line
        .writes()
        .slice(writes)
        .map(({ words }) => words[0]),
    ).toEqual([2000]);
    expect(outcomes.slice(1)).toEqual([{ kind: 'confirmed', cap: 2000, percent: 20 }]);
  });

  it('counts as the higher of old and new until it was read back', () => {
    const { session, clock } = holding();
    session.want(setpoint(1000), 'cut');
    expect(session.heldCap()).toBe(5000);
    clock.runFor(1000);
    session.want(setpoint(8000), 'raise');
    expect(session.heldCap()).toBe(8000);
    session.want(setpoint(500), 'cut');
    expect(session.heldCap()).toBe(8000);
    clock.runFor(1000);
    expect(session.heldCap()).toBe(500);
  });

  it('is rewritten when it reads back different, bounded', () => {
    const { session, clock, outcomes, unit, line, places } = holding();
    const writes = line.writes().length;
    unit.onWrite = () => unit.image.set(places.controls + 5, 7777);
    session.want(setpoint(1000), 'cut');
    clock.runFor(1500);
    expect(outcomes.at(-1)).toEqual({ kind: 'mismatch', wrote: 1000, readBack: 7777 });
    expect(session.heldCap()).toBeNull();
    clock.runFor(60_000);
    expect(line.writes().length - writes).toBeLessThan(20);
  });

  it('backs off from a device that refuses it', () => {
    const { session, clock, outcomes, unit, line } = holding();
    const tried = () => line.done.filter(({ request }) => request.kind === 'write').length;
    const before = tried();
    unit.refuseWrites = 3;
    session.want(setpoint(1000), 'cut');
    clock.runFor(60_000);
    expect(outcomes.at(-1)).toEqual({ kind: 'refused', exceptionCode: 3 });
    expect(tried() - before).toBeLessThan(10);
    unit.refuseWrites = null;
    clock.runFor(40_000);
    expect(session.heldCap()).toBe(1000);
    expect(session.standing()).toBe('answering');
  });

  it('is written again at once when its write got no answer', () => {
    const { session, clock, outcomes, line } = holding();
    line.nextFaults.push({ kind: 'timeout', unitId: UNIT });
    session.want(setpoint(1000), 'cut');
    clock.runFor(1500);
    expect(outcomes.slice(1)).toEqual([{ kind: 'lost' }, { kind: 'confirmed', cap: 1000, percent: 10 }]);
  });

  it.each([
    ['forgets it', (b: ReturnType<typeof bench>) => b.unit.image.set(b.places.controls + 9, 0)],
    ['takes another', (b: ReturnType<typeof bench>) => b.unit.image.set(b.places.controls + 5, 9999)],
    ['starts a timer of its own', (b: ReturnType<typeof bench>) => b.unit.image.set(b.places.controls + 7, 60)],
  ])('is noticed and rewritten when the device %s', (_, spoil) => {
    const b = holding();
    const writes = b.line.writes().length;
    spoil(b);
    b.clock.runFor(11_000);
    expect(b.notesNamed('cap-not-held')).toHaveLength(1);
    expect(b.line.writes().length).toBe(writes + 1);
    expect(b.session.heldCap()).toBe(5000);
  });

  it('is refreshed at a third of the timer of a device that opens, and proves nothing once the timer ran out', () => {
    const b = holding({}, { kind: 'opens', after: durationMs(600_000) });
    expect(b.line.writes()[0]?.words).toEqual([5000, 0, 600, 0, 1]);
    b.clock.runFor(590_000);
    expect(b.line.writes().length).toBe(3);
    b.unit.silent = true;
    b.clock.runFor(300_000);
    expect(b.session.heldCap()).toBe(5000);
    b.clock.runFor(310_000);
    expect(b.session.heldCap()).toBeNull();
  });

  it('never asks model 123 for a timer to fall back with: it would open', () => {
    const { line } = holding({}, { kind: 'reverts-to', cap: watts(0), after: durationMs(60_000) });
    expect(line.writes()[0]?.words[2]).toBe(0);
  });

  it('is scaled anew when WMax is changed on the device', () => {
    const { unit, places, clock, capRegister, session, notesNamed, records } = holding();
    unit.image.set(places.settings + 2, 800);
    clock.runFor(62_000);
    expect(notesNamed('maximum-power-changed')).toHaveLength(1);
    expect(capRegister()).toBe(6250);
    expect(session.heldCap()).toBe(5000);
    expect(records.at(-1)?.nameplate?.maxPower).toBe(8000);
  });
});
