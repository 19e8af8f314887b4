import { describe, expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';
import { EngineBench, read, write } from './engine-bench.ts';
import { properFrame, withCrc, wordOf, type Behaviour } from './virtual-line.ts';

const CHARACTER = 10_000 / 9600;
const SILENCE = 3.5 * CHARACTER;

const silent: Behaviour = () => null;

describe('a transaction', () => {
  test('delivers the registers and the instant the reply began', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 40_000, 10), PRIORITY.meter);
    bench.clock.runFor(200);
    const outcome = bench.outcomes[0]!;
    expect(outcome.result.ok).toBe(true);
    if (!outcome.result.ok) return;
    expect([...outcome.result.value.words]).toEqual(Array.from({ length: 10 }, (_, i) => wordOf(0, i)));
    expect(outcome.result.value.takenAt).toBeCloseTo(bench.line.heard[0]!.at + 8 * CHARACTER + 20, 3);
  });

  test('writes words and delivers an empty reply', () => {
    const bench = new EngineBench().started();
    bench.submit(write(1, 40_200, 5000, 0, 0xffff), PRIORITY.cut);
    bench.clock.runFor(200);
    expect(bench.line.heard[0]!.words).toEqual([5000, 0, 0xffff]);
    const result = bench.outcomes[0]!.result;
    expect(result.ok && result.value.words.length).toBe(0);
  });

  test('an exception is a refusal, without quarantine', () => {
    const bench = new EngineBench().started();
    bench.line.behaviour = ({ unitId, code }) => ({ frame: withCrc([unitId, code | 0x80, 2]), turnaround: 10 });
    const quarantines = bench.engine.status().counters['quarantines'];
    bench.submit(read(1, 0, 2), PRIORITY.telemetry);
    bench.clock.runFor(100);
    expect(bench.outcomes[0]!.result).toEqual({ ok: false, fault: { kind: 'refused', unitId: 1, exceptionCode: 2 } });
    expect(bench.engine.status().counters['quarantines']).toBe(quarantines);
  });

  test('says how many bytes of a frame are missing, the least where it may be a refusal', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.clock.runFor(200);
    bench.line.chunk = 1;
    bench.submit(read(1, 0, 2), PRIORITY.meter);
    bench.clock.runFor(200);
    bench.line.behaviour = ({ unitId, code }) => ({ frame: withCrc([unitId, code | 0x80, 2]), turnaround: 10 });
    bench.submit(read(1, 0, 2), PRIORITY.meter);
    bench.clock.runFor(200);
    expect(bench.line.missing).toEqual([17, 9, 1, 0, 4, 7, 6, 5, 4, 3, 2, 1, 0, 4, 3, 2, 1, 0]);
  });

  test('frames are separated by 3.5 characters of silence', () => {
    const bench = new EngineBench().started();
    for (let i = 0; i < 5; i += 1) bench.submit(read(1, 0, 4), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    const period = (8 + 13) * CHARACTER + 20 + SILENCE;
    for (const [i, heard] of bench.line.heard.entries()) expect(heard.at).toBeCloseTo(bench.line.heard[0]!.at + i * period, 3);
  });
});

describe('the queue', () => {
  test('sends the most urgent first, first come first served within a priority', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 1, 1), PRIORITY.scan);
    bench.submit(read(1, 2, 1), PRIORITY.telemetry);
    bench.submit(read(1, 3, 1), PRIORITY.meter);
    bench.submit(read(1, 4, 1), PRIORITY.telemetry);
    bench.submit(write(1, 5, 1), PRIORITY.cut);
    bench.clock.runFor(1000);
    expect(bench.line.heard.map(({ address }) => address)).toEqual([5, 3, 2, 4, 1]);
  });

  test('a request with the same key replaces the one that waits', () => {
    const bench = new EngineBench().started();
    bench.submit(write(1, 7, 100), PRIORITY.control, 'cap');
    bench.submit(write(1, 7, 200), PRIORITY.control, 'cap');
    expect(bench.outcomes).toEqual([]);
    bench.clock.runFor(500);
    expect(bench.line.heard.map(({ words }) => words)).toEqual([[200]]);
    expect(bench.verdicts().toSorted()).toEqual(['dropped', 'ok']);
  });

  test('does not take an impossible request', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 65_530, 10), PRIORITY.scan);
    bench.clock.runFor(100);
    expect(bench.verdicts()).toEqual(['dropped']);
    expect(bench.line.heard).toEqual([]);
  });

  test('full, the newest of the lowest priority goes', () => {
    const bench = new EngineBench().started();
    for (let i = 0; i < 64; i += 1) bench.submit(read(1, i, 1), PRIORITY.telemetry);
    bench.submit(write(1, 500, 1), PRIORITY.cut);
    bench.submit(read(1, 600, 1), PRIORITY.scan);
    bench.clock.runFor(10_000);
    const dropped = bench.outcomes.filter(({ result }) => !result.ok).map(({ request }) => request.address);
    expect(dropped).toEqual([63, 600]);
    expect(bench.line.heard[0]!.address).toBe(500);
  });
});

describe('time-outs', () => {
  test('300 ms of turnaround are allowed a unit that never answered; a fast one is given up after 100 ms', () => {
    const bench = new EngineBench().started();
    bench.line.behaviour = silent;
    bench.submit(read(1, 0, 10), PRIORITY.inverter);
    bench.clock.runFor(1000);
    const wire = (8 + 25) * CHARACTER + SILENCE;
    expect(bench.outcomes[0]!.at - bench.line.heard[0]!.at).toBeCloseTo(wire + 300, 3);

    bench.line.behaviour = (request) => ({ frame: properFrame(request), turnaround: 5 });
    bench.clock.runFor(10_000);
    bench.submit(read(1, 0, 10), PRIORITY.inverter);
    bench.clock.runFor(1000);
    bench.line.behaviour = silent;
    bench.submit(read(1, 0, 10), PRIORITY.inverter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['timeout', 'ok', 'timeout']);
    expect(bench.outcomes[2]!.at - bench.line.heard[2]!.at).toBeCloseTo(wire + 100, 3);
  });

  test('a slow unit gets four times its turnaround, at most 1 s', () => {
    const bench = new EngineBench().started();
    bench.line.behaviour = (request) => ({ frame: properFrame(request), turnaround: 280 });
    for (let i = 0; i < 5; i += 1) bench.submit(read(1, 0, 1), PRIORITY.inverter);
    bench.clock.runFor(5000);
    bench.line.behaviour = silent;
    bench.submit(read(1, 0, 1), PRIORITY.inverter);
    bench.clock.runFor(5000);
    expect(bench.outcomes[5]!.at - bench.line.heard[5]!.at).toBeCloseTo((8 + 7) * CHARACTER + SILENCE + 1000, 3);
  });

  test('a probe costs the others half a second at most, quarantine included', () => {
    const bench = new EngineBench().started();
    bench.line.behaviour = (request) => (request.unitId === 2 ? null : { frame: properFrame(request), turnaround: 20 });
    bench.submit(read(2, 0, 125), PRIORITY.probe);
    bench.clock.runFor(1);
    bench.submit(read(1, 0, 1), PRIORITY.meter);
    bench.clock.runFor(2000);
    expect(bench.line.heard[1]!.at - bench.line.heard[0]!.at).toBeLessThanOrEqual(500);
  });
});

describe('a late reply', () => {
  const lateBy = (bench: EngineBench, turnaround: number): void => {
    const usual = bench.line.behaviour;
    bench.line.behaviour = (request) => {
      bench.line.behaviour = usual;
      return { frame: properFrame(request), turnaround };
    };
  };

  for (const turnaround of [380, 500, 700, 1200, 3000])
    test(`that begins after ${turnaround} ms is never the answer to a later request`, () => {
      const bench = new EngineBench().started();
      lateBy(bench, turnaround);
      const wrong: number[] = [];
      let delivered = 0;
      const again = (): void => {
        bench.engine.submit(read(1, 0, 10), PRIORITY.meter, (result) => {
          if (!result.ok) return;
          delivered += 1;
          if (result.value.words[0] !== wordOf(bench.line.heard.length - 1, 0)) wrong.push(bench.clock.now());
        });
        bench.clock.at(monoMs(bench.clock.now() + 250), again);
      };
      again();
      bench.clock.runFor(20_000);
      expect(wrong).toEqual([]);
      expect(delivered).toBeGreaterThanOrEqual(40);
    });

  test('is counted and teaches the unit turnaround', () => {
    const bench = new EngineBench().started();
    lateBy(bench, 400);
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.clock.runFor(1000);
    const unit = bench.engine.status().units.get(1)!;
    expect(unit).toMatchObject({ late: 1, timeouts: 1, replies: 0 });
    expect(unit.turnaround).toBeCloseTo(400, 3);
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['timeout', 'ok']);
    expect(bench.line.heard).toHaveLength(2);
  });

  test('keeps the next request away until the slowest reply ever seen could have ended', () => {
    const bench = new EngineBench().started();
    lateBy(bench, 700);
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.clock.runFor(3000);
    bench.line.behaviour = silent;
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.submit(read(2, 0, 10), PRIORITY.telemetry);
    bench.clock.runFor(5000);
    expect(bench.line.heard[2]!.at - bench.line.heard[1]!.at).toBeGreaterThan(8 * CHARACTER + 700 + 25 * CHARACTER);
  });

  test('an owed write acknowledgement is not taken for the next write', () => {
    const bench = new EngineBench().started();
    lateBy(bench, 550);
    bench.submit(write(1, 10, 1), PRIORITY.cut);
    bench.clock.runFor(1);
    bench.submit(write(1, 10, 2), PRIORITY.cut);
    bench.clock.runFor(5000);
    expect(bench.verdicts()).toEqual(['timeout', 'ok']);
    expect(bench.line.heard.map(({ code }) => code)).toEqual([16, 3, 3, 16]);
  });

  test('a late exception is not the refusal of the next request', () => {
    const bench = new EngineBench().started();
    const usual = bench.line.behaviour;
    bench.line.behaviour = ({ unitId }) => {
      bench.line.behaviour = usual;
      return { frame: withCrc([unitId, 0x83, 4]), turnaround: 550 };
    };
    bench.submit(read(1, 0, 10), PRIORITY.meter);
    bench.clock.runFor(1);
    bench.submit(read(1, 0, 6), PRIORITY.meter);
    bench.clock.runFor(5000);
    expect(bench.verdicts()).toEqual(['timeout', 'ok']);
  });

  test('of a process that was killed is not the answer to the first request after the start', () => {
    const bench = new EngineBench();
    bench.engine.start();
    bench.submit(read(1, 0, 4), PRIORITY.meter);
    bench.line.transmit(withCrc([1, 3, 8, 9, 9, 9, 9, 9, 9, 9, 9]), 100);
    bench.clock.runFor(20);
    bench.submit(read(1, 0, 4), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.verdicts()).toEqual(['down', 'ok']);
    expect(bench.line.heard[0]!.at).toBeGreaterThan(100 + 13 * CHARACTER + 100);
  });
});
