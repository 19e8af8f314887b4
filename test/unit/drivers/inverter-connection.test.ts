import { describe, expect, it } from 'vitest';
import type { Setpoint } from '#site/device.ts';
import { bench, device, holding, knownRecord, setpoint, UNIT } from './inverter-bench.ts';

const told = (kind: 'disconnect' | 'connect'): Setpoint => ({ device, command: { kind }, onSilence: { kind: 'holds' } });

describe('the connection', () => {
  it('is left alone until it is asked for', () => {
    const { line, session, clock } = holding();
    clock.runFor(30_000);
    expect(line.writes().every(({ words }) => words.length === 5)).toBe(true);
    expect(session.connection()).toBeNull();
  });

  it('is opened by one write of Conn and its timers, and believed when it was read back', () => {
    const { line, session, clock, places, unit } = holding();
    session.want(setpoint(0), 'cut');
    session.want(told('disconnect'), 'cut');
    expect(session.connection()).toBeNull();
    clock.runFor(1000);
    const writes = line.writes().slice(-2);
    expect(writes.map(({ words }) => words)).toEqual([
      [0, 0, 0, 0, 1],
      [0, 0, 0],
    ]);
    expect(writes[1]).toMatchObject({ kind: 'write', unitId: UNIT, address: places.controls + 2 });
    expect(unit.image.get(places.controls + 4)).toBe(0);
    expect(session.connection()).toBe('disconnected');
    expect(session.heldCap()).toBe(0);
  });

  it('is closed again, and not looked at any more', () => {
    const { line, session, clock, places, unit } = holding();
    session.want(told('disconnect'), 'cut');
    clock.runFor(1000);
    session.want(told('connect'), 'raise');
    clock.runFor(1000);
    expect(unit.image.get(places.controls + 4)).toBe(1);
    expect(session.connection()).toBe('connected');
    const before = line.done.length;
    clock.runFor(60_000);
    const looks = line.done.slice(before).filter(({ request }) => request.kind === 'read' && request.address === places.controls);
    // The cap's own checks read further.
    expect(looks.every(({ request }) => request.kind === 'read' && request.count > 5)).toBe(true);
  });

  it('that closes by itself is opened again at the next look', () => {
    const { session, clock, places, unit } = holding();
    session.want(told('disconnect'), 'cut');
    clock.runFor(1000);
    unit.image.set(places.controls + 4, 1);
    clock.runFor(11_000);
    expect(unit.image.get(places.controls + 4)).toBe(0);
    expect(session.connection()).toBe('disconnected');
  });

  it('of a device that acknowledges and forgets is never believed', () => {
    const { session, clock, unit, places, line } = holding();
    const write = unit.onWrite;
    unit.onWrite = (address, words) => {
      if (address !== places.controls + 2) write(address, words);
    };
    session.want(told('disconnect'), 'cut');
    clock.runFor(20_000);
    expect(session.connection()).toBeNull();
    const tries = line.writes().filter(({ address }) => address === places.controls + 2).length;
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(9);
  });

  it('refused is told once, and tried at a pace', () => {
    const { session, clock, unit, line, places, notesNamed } = holding();
    unit.refuseWrites = 3;
    session.want(told('disconnect'), 'cut');
    clock.runFor(21_000);
    expect(session.connection()).toBeNull();
    expect(notesNamed('connection-refused')).toHaveLength(1);
    const tries = line.done.filter(({ request }) => request.kind === 'write' && request.address === places.controls + 2);
    expect(tries.length).toBeGreaterThan(3);
    expect(tries.length).toBeLessThan(7);
  });

  it('asked for while the device was away is written when it is back, after the cap', () => {
    const { session, clock, line, places } = bench({ known: knownRecord() });
    session.want(setpoint(0), 'cut');
    session.want(told('disconnect'), 'cut');
    session.start();
    clock.runFor(2000);
    expect(line.writes().map(({ address }) => address - places.controls)).toEqual([5, 2]);
    expect(session.connection()).toBe('disconnected');
  });

  it('lost on the way is written again', () => {
    const { session, clock, line } = holding();
    line.loseWrites = true;
    session.want(told('disconnect'), 'cut');
    clock.runFor(3000);
    expect(session.connection()).toBeNull();
    line.loseWrites = false;
    clock.runFor(8000);
    expect(session.connection()).toBe('disconnected');
  });
});
