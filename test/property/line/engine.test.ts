import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import { monoMs } from '#base/units.ts';
import type { Priority } from '#drivers/line/transaction.ts';
import { EngineBench, read, write } from '../../unit/line/engine-bench.ts';
import { properFrame, withCrc, wordOf } from '../../unit/line/virtual-line.ts';

/** Replies later than this are taken to be lost (unit.ts); until then no lateness may do harm. */
const LATEST_MS = 4000;

interface Plan {
  readonly seed: number;
  readonly lateness: number;
  readonly trouble: number;
  readonly noise: number;
}

/** A line on which slaves answer late, garbled, with exceptions or not at all, and noise comes at any time. */
const runLine = (plan: Plan): { submitted: number; delivered: number; good: number; wrong: string[] } => {
  const random = new SeededRandom(plan.seed);
  const bench = new EngineBench();
  const wrong: string[] = [];
  let submitted = 0;
  let delivered = 0;
  let good = 0;
  bench.line.behaviour = (request) => {
    const frame = properFrame(request);
    if (random.chance(plan.lateness)) return { frame, turnaround: random.between(5, LATEST_MS) };
    if (!random.chance(plan.trouble)) return { frame, turnaround: random.between(5, 60) };
    const turnaround = random.between(5, 400);
    switch (random.integer(0, 5)) {
      case 0:
        return null;
      case 1:
        return { frame: frame.map((byte, i) => (i === frame.length - 2 ? byte ^ 0x40 : byte)), turnaround };
      case 2:
        return { frame: frame.slice(0, random.integer(1, frame.length - 1)), turnaround };
      case 3:
        return { frame: withCrc([request.unitId, request.code | 0x80, random.integer(1, 6)]), turnaround };
      case 4:
        return { frame: properFrame({ ...request, unitId: 9 }), turnaround };
      default:
        return { frame: [...random.bytes(random.integer(1, 300))], turnaround };
    }
  };
  const tick = (): void => {
    for (let i = random.integer(0, 2); i > 0; i -= 1) {
      const unitId = random.integer(1, 3);
      const request = random.chance(0.2) ? write(unitId, 10, random.integer(0, 9)) : read(unitId, 0, random.integer(1, 3) * 5);
      submitted += 1;
      bench.engine.submit(request, random.integer(0, 7) as Priority, (result) => {
        delivered += 1;
        if (!result.ok) return;
        good += 1;
        const last = bench.line.heard.at(-1)!;
        const expected = request.kind === 'read' ? Array.from({ length: request.count }, (_, k) => wordOf(last.index, k)) : [];
        if (last.unitId !== unitId || String([...result.value.words]) !== String(expected))
          wrong.push(`at ${bench.clock.now()}: unit ${unitId} got an answer that is not to request ${last.index}`);
      });
    }
    if (random.chance(plan.noise))
      bench.line.transmit([...random.bytes(random.integer(1, 40))], bench.clock.now() + random.between(0, 200));
    bench.clock.at(monoMs(bench.clock.now() + random.between(50, 600)), tick);
  };
  bench.engine.start();
  tick();
  bench.clock.run(120_000);
  bench.engine.stop();
  bench.line.behaviour = () => null;
  bench.clock.runFor(1000);
  return { submitted, delivered, good, wrong };
};

test('whatever the line does, a delivered value is the answer to its own request', () => {
  const share = fc.double({ min: 0, max: 0.3, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0 }), share, share, share, (seed, lateness, trouble, noise) => {
      expect(runLine({ seed, lateness, trouble, noise }).wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('late and broken replies do not stop the line for good', () => {
  const { good, delivered } = runLine({ seed: 7, lateness: 0.02, trouble: 0.05, noise: 0.02 });
  expect(good / delivered).toBeGreaterThan(0.5);
});

test('arbitrary bytes at any moment never throw, and nothing is delivered that no slave sent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 300 })), { maxLength: 40 }),
      (pieces) => {
        const bench = new EngineBench({ paced: false });
        bench.line.behaviour = () => null;
        bench.engine.start();
        for (const [bytes, gap] of pieces) {
          bench.submit(read(1, 0, 2), 1);
          bench.clock.runFor(gap);
          bench.line.transmit([...bytes], bench.clock.now());
        }
        bench.clock.runFor(60_000);
        expect(bench.outcomes).toHaveLength(pieces.length);
        expect(bench.verdicts()).not.toContain('ok');
      },
    ),
    { numRuns: 200 },
  );
});
