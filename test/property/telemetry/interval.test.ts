import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { addSegment, NOTHING, spreadOf, type Point } from '#telemetry/quantity.ts';
import { alignedSum, noFleet, observe } from '#telemetry/fleet.ts';
import { toDeviceId } from '#site/device.ts';
import { addSamples, newInterval } from '#telemetry/interval.ts';

const points = fc
  .uniqueArray(fc.record({ at: fc.integer({ min: 0, max: 1000 }), value: fc.integer({ min: -9000, max: 9000 }) }), {
    selector: (point) => point.at,
    minLength: 2,
    maxLength: 20,
  })
  .map((list) => list.sort((a, b) => a.at - b.at));

const tally = (line: readonly Point[], start: number, end: number) =>
  line.slice(1).reduce((sum, to, index) => addSegment(sum, line[index] ?? to, to, start, end), NOTHING);

test('the mean lies between minimum and maximum, and equals the integral by fine steps', () => {
  fc.assert(
    fc.property(points, fc.integer({ min: 0, max: 500 }), fc.integer({ min: 501, max: 1000 }), (line, start, end) => {
      const spread = spreadOf(tally(line, start, end), end, 1e-6);
      const value = (at: number): number | null => {
        const next = line.findIndex((point) => point.at > at);
        const [from, to] = [line[next - 1], line[next]];
        return from === undefined || to === undefined
          ? null
          : from.value + ((to.value - from.value) * (at - from.at)) / (to.at - from.at);
      };
      const fine = Array.from({ length: end - start }, (_, i) => value(start + i + 0.5)).filter((one) => one !== null);
      if (spread === null) {
        expect(fine).toEqual([]);
        return;
      }
      expect(spread.mean).toBeCloseTo(fine.reduce((sum, one) => sum + one, 0) / fine.length, 3);
      expect(spread.min).toBeLessThanOrEqual(spread.mean);
      expect(spread.max).toBeGreaterThanOrEqual(spread.mean);
    }),
  );
});

test('two halves of an interval hold together what the whole holds', () => {
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: 999 }), (line, cut) => {
      const [whole, left, right] = [tally(line, 0, 1000), tally(line, 0, cut), tally(line, cut, 1000)];
      expect(left.covered + right.covered).toBeCloseTo(whole.covered, 6);
      expect(left.area + right.area).toBeCloseTo(whole.area, 3);
    }),
  );
});

test('the sum of inverters whose outputs are straight lines is exact, however they are polled', () => {
  const devices = [toDeviceId('a'), toDeviceId('b')];
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(times, times, (first, second) => {
      const polls = [...first.map((at) => ({ at, device: 0 })), ...second.map((at) => ({ at, device: 1 }))].sort(
        (x, y) => x.at - y.at,
      );
      const fleet = new Map(noFleet());
      for (const { at, device } of polls) {
        observe(fleet, devices[device] ?? toDeviceId('a'), at, device === 0 ? 10 * at : 500 - 4 * at);
        const sum = alignedSum(fleet, devices, 1000);
        if (sum !== null) expect(sum.value).toBeCloseTo(500 + 6 * sum.at, 6);
      }
    }),
  );
});

test('whatever the clocks do, every record lies on whole minutes, covers at most all of it, and nothing throws', () => {
  const tick = fc.record({ wait: fc.integer({ min: 0, max: 90_000 }), utility: fc.option(fc.integer({ min: 0, max: 100_000 })) });
  fc.assert(
    fc.property(fc.array(tick, { maxLength: 40 }), (ticks) => {
      let state = newInterval({ seconds: 60, inverters: [] });
      let mono = 0;
      for (const { wait, utility } of ticks) {
        mono += wait;
        const step = addSamples(state, [], monoMs(mono), utility);
        state = step.state;
        expect(state.open.length).toBeLessThanOrEqual(2);
        for (const record of step.records) {
          expect(record.start % 60).toBe(0);
          expect(record.coverage).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});
