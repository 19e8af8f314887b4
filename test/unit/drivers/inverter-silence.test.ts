import { describe, expect, it } from 'vitest';
import { monoMs } from '#base/units.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';
import { bench, holding, knownRecord, setpoint } from './inverter-bench.ts';

describe('silence', () => {
  it('is silence after three failures; the cap still counts; it is written first on return', () => {
    const { session, clock, unit, line, standings } = holding();
    unit.silent = true;
    clock.runFor(3000);
    expect(session.standing()).toBe('silent');
    expect(session.heldCap()).toBe(5000);
    const before = line.done.length;
    clock.runFor(60_000);
    const probes = line.done.slice(before);
    expect(probes.length).toBeLessThanOrEqual(8);
    expect(probes.every(({ priority }) => priority === PRIORITY.probe)).toBe(true);
    session.want(setpoint(2000), 'cut');
    unit.silent = false;
    const answered = line.done.length;
    clock.runFor(12_000);
    expect(
      line.done
        .slice(answered)
        .filter(({ ok }) => ok)
        .slice(0, 3)
        .map(({ request }) => request.kind),
    ).toEqual(['read', 'read', 'write']);
    expect(session.heldCap()).toBe(2000);
    expect(standings).toEqual(['answering', 'silent', 'answering']);
  });

  it('is sleep after a resting state: no fault, and the cap is held at dawn', () => {
    const { session, clock, unit, places, notesNamed, capRegister } = holding();
    unit.image.set(places.measurements + 38, 2);
    clock.runFor(2000);
    unit.silent = true;
    clock.runFor(3000);
    expect(session.standing()).toBe('asleep');
    expect(notesNamed('device-silent')).toEqual([]);
    unit.image.set(places.controls + 5, 10_000);
    unit.image.set(places.controls + 9, 0);
    unit.silent = false;
    clock.runFor(11_000);
    expect(capRegister()).toBe(5000);
    expect(session.heldCap()).toBe(5000);
  });

  it('from the start is sleep only for a device that slept before', () => {
    for (const [wasAsleep, standing] of [
      [true, 'asleep'],
      [false, 'silent'],
    ] as const) {
      const { session, clock, unit } = bench({ known: knownRecord(), wasAsleep });
      unit.silent = true;
      session.start();
      clock.runFor(2000);
      expect(session.standing()).toBe(standing);
    }
  });

  it('is probed at once when asked', () => {
    const { session, clock, unit } = holding();
    unit.silent = true;
    clock.runFor(8000);
    unit.silent = false;
    session.probeNow();
    clock.runFor(1000);
    expect(session.standing()).toBe('answering');
  });

  it('of the whole port is probed each second', () => {
    const { session, clock, line } = holding();
    line.down = true;
    clock.runFor(5000);
    expect(session.standing()).toBe('silent');
    line.down = false;
    clock.runFor(2500);
    expect(session.standing()).toBe('answering');
  });

  it('of the port from the start is probed each second', () => {
    const { session, clock, line } = bench();
    line.down = true;
    session.start();
    clock.runFor(5000);
    expect(session.standing()).toBe('silent');
    line.down = false;
    clock.runFor(3000);
    expect(session.standing()).toBe('answering');
  });

  it('to writes alone does not blind us to what the device does', () => {
    const { session, clock, line, samples, outcomes } = holding();
    line.loseWrites = true;
    session.want(setpoint(1000), 'cut');
    clock.runFor(20_000);
    expect(session.standing()).toBe('answering');
    expect(session.heldCap()).toBe(5000);
    expect(outcomes.at(-1)).toEqual({ kind: 'lost' });
    const before = samples.length;
    clock.runFor(10_000);
    expect(samples.length - before).toBeGreaterThan(6);
    line.loseWrites = false;
    clock.runFor(2000);
    expect(session.heldCap()).toBe(1000);
  });

  it('of an unknown device leads to discovery when it answers', () => {
    const { session, clock, unit, records } = bench();
    unit.silent = true;
    session.start();
    clock.runFor(30_000);
    expect(session.standing()).toBe('silent');
    unit.silent = false;
    clock.runFor(12_000);
    expect(records).toHaveLength(1);
  });
});

describe('measuring', () => {
  it('samples each second, faster while a change is attended', () => {
    const { session, clock, samples } = holding();
    const count = (span: number) => {
      const before = samples.length;
      clock.runFor(span);
      return samples.length - before;
    };
    expect(count(10_000)).toBe(10);
    session.attend(monoMs(clock.now() + 3500));
    expect(count(3500)).toBeGreaterThanOrEqual(9);
    expect(count(10_000)).toBeLessThanOrEqual(11);
  });

  it('gives a sample with everything the model implements, null for the rest', () => {
    const { samples, session } = holding();
    expect(samples[0]).toMatchObject({
      kind: 'inverter',
      generation: 5000,
      reactive: null,
      apparent: null,
      voltage: { a: 230, b: 231, c: 232 },
      frequency: 50.01,
      lifetimeEnergy: 123_456,
      state: 'producing',
    });
    expect(session.status()?.pvConnected).toBeUndefined();
  });

  it('reads the connection state seldom', () => {
    const { clock, session } = holding();
    clock.runFor(3000);
    expect(session.status()).toMatchObject({ pvConnected: 7 });
  });

  it('drops null frames and output that cannot be', () => {
    const { clock, unit, places, samples, notesNamed } = holding();
    unit.image.set(places.measurements + 14, 30_000);
    clock.runFor(3000);
    expect(samples.at(-1)?.generation).toBeNull();
    expect(notesNamed('reading-rejected')).toHaveLength(1);
    for (let i = 2; i < 39; i += 1) unit.image.set(places.measurements + i, 0);
    clock.runFor(1100);
    const before = samples.length;
    clock.runFor(3000);
    expect(samples).toHaveLength(before);
  });

  it('ends with stop', () => {
    const { session, clock, line } = holding();
    session.stop();
    clock.runFor(1000);
    const before = line.done.length;
    clock.runFor(60_000);
    expect(line.done).toHaveLength(before);
    expect(clock.pending()).toBe(0);
  });
});
