import { describe, expect, test } from 'vitest';
import { PRIORITY, type Garble } from '#drivers/line/transaction.ts';
import { EngineBench, read, write } from './engine-bench.ts';
import { properFrame, withCrc, type Behaviour, type HeardRequest } from './virtual-line.ts';

const once = (bench: EngineBench, behaviour: Behaviour): void => {
  const usual = bench.line.behaviour;
  bench.line.behaviour = (request) => {
    bench.line.behaviour = usual;
    return behaviour(request);
  };
};

describe('a wrong frame is thrown away and the line quarantined', () => {
  const broken = (frame: number[]): number[] => frame.map((byte, i) => (i === frame.length - 1 ? byte ^ 1 : byte));
  const cases: {
    readonly why: Garble;
    readonly request: 'read' | 'write';
    readonly frame: (request: HeardRequest) => number[];
  }[] = [
    { why: 'crc', request: 'read', frame: (request) => broken(properFrame(request)) },
    { why: 'crc', request: 'write', frame: (request) => broken(properFrame(request)) },
    { why: 'foreign-unit', request: 'read', frame: (request) => properFrame({ ...request, unitId: 9 }) },
    { why: 'foreign-function', request: 'read', frame: (request) => properFrame({ ...request, code: 16 }) },
    { why: 'foreign-function', request: 'write', frame: ({ unitId }) => withCrc([unitId, 0x83, 2]) },
    { why: 'length', request: 'read', frame: (request) => properFrame({ ...request, count: 5 }) },
    { why: 'length', request: 'read', frame: (request) => [...properFrame(request), 0] },
    { why: 'echo', request: 'write', frame: (request) => properFrame({ ...request, address: request.address + 1 }) },
    { why: 'echo', request: 'write', frame: (request) => properFrame({ ...request, count: 2 }) },
  ];
  for (const { why, request, frame } of cases)
    test(`${why} after a ${request}`, () => {
      const bench = new EngineBench().started();
      once(bench, (heard) => ({ frame: frame(heard), turnaround: 20 }));
      const flushes = bench.line.flushes.length;
      bench.submit(request === 'read' ? read(1, 100, 3) : write(1, 100, 7), PRIORITY.control);
      bench.submit(read(2, 100, 3), PRIORITY.telemetry);
      bench.clock.runFor(3000);
      expect(bench.verdicts()).toEqual([why, 'ok']);
      expect(bench.line.flushes).toHaveLength(flushes + 1);
      expect(bench.engine.status().counters[why]).toBe(1);
      expect(bench.line.heard[1]!.at - bench.outcomes[0]!.at).toBeGreaterThanOrEqual(100);
    });

  test('a short frame times out', () => {
    const bench = new EngineBench().started();
    once(bench, (heard) => ({ frame: properFrame(heard).slice(0, -3), turnaround: 20 }));
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(3000);
    expect(bench.verdicts()).toEqual(['timeout']);
  });

  test('bytes that keep coming keep the line quiet', () => {
    const bench = new EngineBench().started();
    once(bench, () => null);
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.submit(read(2, 0, 3), PRIORITY.meter);
    for (let at = 1400; at < 3000; at += 100) bench.line.transmit([0x55], at);
    bench.clock.run(2990);
    expect(bench.line.heard).toHaveLength(1);
    bench.clock.run(4000);
    expect(bench.verdicts()).toEqual(['timeout', 'ok']);
  });
});

describe('pace', () => {
  const stale: Behaviour = (request) => ({ frame: properFrame(request), turnaround: -8 * (10_000 / 9600) });

  test('a reply faster than the wire is stale, not an answer', () => {
    const bench = new EngineBench().started();
    once(bench, stale);
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['early']);
  });

  test('an unpaced line takes it', () => {
    const bench = new EngineBench({ paced: false }).started();
    once(bench, stale);
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['ok']);
  });
});

describe('local echo', () => {
  test('is stripped where the adapter is known to echo', () => {
    const bench = new EngineBench({ localEcho: true }).started();
    bench.line.echo = true;
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.submit(write(1, 0, 3, 4), PRIORITY.control);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['ok', 'ok']);
  });

  test('that differs from what was sent is a collision', () => {
    const bench = new EngineBench({ localEcho: true }).started();
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['echo']);
  });

  test('where none was expected is named', () => {
    const bench = new EngineBench().started();
    bench.line.echo = true;
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['echo']);
  });
});

describe('the port', () => {
  test('down delivers everything, later requests too, and never inside submit', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(5);
    bench.submit(read(1, 0, 4), PRIORITY.meter);
    bench.line.unplug('unplugged');
    bench.submit(read(1, 0, 5), PRIORITY.meter);
    expect(bench.outcomes).toEqual([]);
    bench.clock.runFor(100);
    expect(bench.verdicts()).toEqual(['down', 'down', 'down']);
    expect(bench.engine.status().down).toBe('unplugged');
  });

  test('is reopened after 1, 2, 5, 5 s and works again', () => {
    const bench = new EngineBench().started();
    bench.line.openFault = 'no such device';
    const from = bench.line.opens;
    bench.line.unplug('unplugged');
    const opensAt = (span: number): number => {
      bench.clock.runFor(span);
      return bench.line.opens - from;
    };
    expect([opensAt(1005), opensAt(2005), opensAt(5005), opensAt(4000)]).toEqual([1, 2, 3, 3]);
    bench.line.openFault = null;
    bench.clock.runFor(2000);
    expect(bench.engine.status().down).toBeNull();
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['ok']);
  });

  test('is opened afresh after five time-outs of all units in a row, not when one unit answers', () => {
    const bench = new EngineBench().started();
    bench.line.behaviour = (request) => (request.unitId === 1 ? { frame: properFrame(request), turnaround: 20 } : null);
    for (let i = 0; i < 8; i += 1) {
      bench.submit(read(2, i, 3), PRIORITY.meter);
      bench.submit(read(1, i, 3), PRIORITY.meter);
    }
    bench.clock.runFor(20_000);
    expect(bench.line.opens).toBe(1);
    bench.line.behaviour = () => null;
    for (let i = 0; i < 6; i += 1) bench.submit(read(1, i, 3), PRIORITY.meter);
    bench.clock.runFor(20_000);
    expect(bench.line.opens).toBe(2);
    expect(bench.verdicts().slice(-6)).toEqual(['timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'down']);
  });

  test('stop delivers what waits and opens nothing any more', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 0, 3), PRIORITY.meter);
    bench.engine.stop();
    bench.clock.runFor(60_000);
    expect(bench.verdicts()).toEqual(['down']);
    expect(bench.line.opens).toBe(1);
  });
});

describe('use', () => {
  test('is the part of the last minute that the line was taken', () => {
    const bench = new EngineBench().started();
    for (let second = 0; second < 120; second += 1) {
      bench.clock.run(2000 + second * 1000);
      bench.submit(read(1, 0, 105), PRIORITY.meter);
    }
    bench.clock.runFor(900);
    const taken = ((8 + 215) * 10_000) / 9600 + 20;
    expect(bench.engine.use()).toBeCloseTo(taken / 1000, 2);
    bench.clock.runFor(61_000);
    expect(bench.engine.use()).toBe(0);
  });
});
