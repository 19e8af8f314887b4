import { describe, expect, test } from 'vitest';
import type { FoundReactive, Reactive, Setpoint } from '#site/device.ts';
import type { InverterSessionOptions } from '#drivers/inverter/session.ts';
import { bench, device, knownRecord } from './inverter-bench.ts';

const asks = (reactive: Reactive | null): Setpoint => ({
  device,
  command: { kind: 'reactive', reactive },
  onSilence: { kind: 'holds' },
});
const FACTOR: Reactive = { kind: 'factor', displacement: 0.95, absorbsVar: true };
const SHARE: Reactive = { kind: 'share', percent: 30, of: 'setMaxVar' };
/** OutPFSet to VArPct_Ena, and their scale factors. */
const FACTORY = [100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const FIRST = 10;

const reactiveBench = (options: Partial<InverterSessionOptions> = {}) => {
  const kept: (FoundReactive | null)[] = [];
  const known = knownRecord();
  const keepFound: InverterSessionOptions['keepFound'] = (found, done) => {
    kept.push(found);
    done(true);
  };
  const b = bench({ known, keepFound, ...options });
  const { places, unit } = b;
  const set = (at: number, value: number) => unit.image.set(places.controls + at, value);
  FACTORY.forEach((value, index) => set(FIRST + index, value));
  set(24, 0x10000 - 2);
  set(25, 0);
  const registers = (): (number | undefined)[] => FACTORY.map((_, index) => unit.image.get(places.controls + FIRST + index));
  const writes = () => b.line.writes().filter(({ address }) => address === places.controls + FIRST);
  return { ...b, kept, known, set, registers, writes };
};

const run = (b: ReturnType<typeof reactiveBench>, reactive: Reactive | null, ms = 2000): void => {
  b.session.want(asks(reactive), 'raise');
  b.session.start();
  b.clock.runFor(ms);
};

describe('reactive power of an inverter', () => {
  test('is written as one block, after what was there is kept, and read back', () => {
    const b = reactiveBench();
    run(b, FACTOR);
    expect(b.kept).toEqual([{ device, serialNumber: b.known.serialNumber, words: FACTORY }]);
    expect(b.registers()).toEqual([0x10000 - 95, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(b.writes()).toHaveLength(1);
    expect(b.session.holdsReactive()).toBe(true);
  });

  test('from one control to the next keeps what was found first, and gives that back', () => {
    const b = reactiveBench();
    run(b, FACTOR);
    run(b, SHARE);
    expect(b.registers()).toEqual([0x10000 - 95, 0, 0, 0, 0, 0, 30, 0, 0, 0, 0, 2, 1]);
    run(b, null);
    expect(b.registers()).toEqual(FACTORY);
    expect(b.kept.map((one) => one?.words ?? null)).toEqual([FACTORY, null]);
    expect(b.session.holdsReactive()).toBe(true);
  });

  test('is not written while what was found cannot be kept', () => {
    const b = reactiveBench({ keepFound: (_, done) => done(false) });
    run(b, FACTOR, 20_000);
    expect(b.writes()).toEqual([]);
    expect(b.session.holdsReactive()).toBe(false);
  });

  test('is given back by a later process that wants nothing', () => {
    const found = { device, serialNumber: knownRecord().serialNumber, words: [98, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0] };
    const b = reactiveBench({ found });
    b.session.start();
    b.clock.runFor(2000);
    expect(b.registers()).toEqual(found.words);
    expect(b.kept).toEqual([null]);
  });

  test('of another inverter in its place is left alone', () => {
    const b = reactiveBench({ found: { device, serialNumber: 'another', words: FACTORY.map(() => 7) } });
    b.session.start();
    b.clock.runFor(2000);
    expect(b.writes()).toEqual([]);
    expect(b.kept).toEqual([null]);
    expect(b.notesNamed('reactive-of-another')).toHaveLength(1);
  });

  test('that somebody else changed is asserted again', () => {
    const b = reactiveBench();
    run(b, SHARE);
    b.set(16, 5);
    b.clock.runFor(40_000);
    expect(b.registers()[6]).toBe(30);
    expect(b.writes()).toHaveLength(2);
  });

  test('is said not to be possible where the device has no scale for it', () => {
    const b = reactiveBench();
    b.set(25, 0x8000);
    run(b, SHARE, 20_000);
    expect(b.writes()).toEqual([]);
    expect(b.session.holdsReactive()).toBe(false);
    expect(b.notesNamed('reactive-not-possible')).toHaveLength(1);
  });

  test('sends nothing while nothing was ever wanted', () => {
    const b = reactiveBench();
    b.session.start();
    b.clock.runFor(5000);
    expect(b.line.done.filter(({ request }) => request.kind === 'read' && request.count === 26)).toEqual([]);
    expect(b.kept).toEqual([]);
  });
});
