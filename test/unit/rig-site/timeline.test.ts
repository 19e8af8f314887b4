import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holders, limitTimeline, type ServedControl } from '../../rig/scenario/timeline.ts';

const control = (
  name: string,
  primacy: number,
  start: number,
  end: number,
  more: Partial<ServedControl> = {},
): ServedControl => ({
  name,
  primacy,
  limitW: 1000,
  createdAt: 0,
  start,
  end,
  servedAt: 0,
  cancelServedAt: null,
  ...more,
});

const said = (controls: readonly ServedControl[]): string =>
  limitTimeline({ controls, defaults: [], responses: [] }, 100)
    .map(({ from, source }) => `${from} ${source}`)
    .join(', ');

describe('who holds a mode', () => {
  test('a superseded control supersedes nobody: what begins after the end of the one that beat it runs', () => {
    const system = control('system', 1, 20, 40);
    const feeder = control('feeder', 2, 10, 80);
    const site = control('site', 3, 50, 70);
    expect(said([feeder, site, system])).toBe('0 none, 10 feeder, 20 system, 40 none, 50 site, 70 none');
  });

  test('of three that overlap, one that begins under the best is superseded by it and not by the second', () => {
    const best = control('best', 1, 20, 60);
    const second = control('second', 2, 10, 90);
    const third = control('third', 3, 30, 80);
    expect(said([third, second, best])).toBe('0 none, 10 second, 20 best, 60 none');
  });

  test('a chain of three at one instant leaves the best alone', () => {
    const chain = [control('c', 3, 10, 50), control('b', 2, 10, 40), control('a', 1, 10, 30)];
    expect(said(chain)).toBe('0 none, 10 a, 30 none');
  });

  test('of one creation time the later start wins, and a cancelled rival beats nobody before its start', () => {
    expect(said([control('early', 5, 10, 60), control('late', 5, 30, 50)])).toBe('0 none, 10 early, 30 late, 50 none');
    const gone = control('gone', 1, 30, 50, { cancelServedAt: 20 });
    expect(said([control('stays', 5, 10, 60), gone])).toBe('0 none, 10 stays, 60 none');
  });

  test('one that was served late holds from then on', () => {
    expect(said([control('late', 1, 10, 60, { servedAt: 25 }), control('never', 0, 0, 90, { servedAt: null })])).toBe(
      '0 none, 25 late, 60 none',
    );
  });
});

const cases = fc.array(
  fc.record({
    primacy: fc.integer({ min: 1, max: 3 }),
    createdAt: fc.integer({ min: 0, max: 2 }),
    start: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 1, max: 15 }),
    servedAt: fc.integer({ min: 0, max: 25 }),
    cancelServedAt: fc.option(fc.integer({ min: 0, max: 25 })),
  }),
  { maxLength: 8 },
);

test('the timeline is what the rule says of each second, asked of each control alone', () => {
  fc.assert(
    fc.property(cases, (drawn) => {
      const controls = drawn.map((one, index) => ({
        ...control(`e${index}`, one.primacy, one.start, one.start + one.length, one),
        // Start in tenths by place: no two are of equal rank.
        start: one.start + index / 100,
      }));
      const runs = (it: ServedControl, now: number): boolean =>
        it.start <= now && (it.servedAt ?? Infinity) <= now && now < Math.min(it.end, it.cancelServedAt ?? Infinity);
      const beats = (a: ServedControl, b: ServedControl): boolean =>
        a.primacy === b.primacy
          ? a.createdAt === b.createdAt
            ? a.start > b.start
            : a.createdAt > b.createdAt
          : a.primacy < b.primacy;
      const instants = Array.from({ length: 4000 }, (_, index) => index / 100);
      const lost = new Map<ServedControl, number>();
      for (const now of instants) {
        const alive = controls.filter((it) => runs(it, now) && !lost.has(it));
        for (const it of alive) if (alive.some((other) => beats(other, it))) lost.set(it, now);
      }
      const timeline = holders(controls);
      for (const now of instants.filter((_, index) => index % 50 === 0)) {
        const expected = controls.find((it) => runs(it, now) && (lost.get(it) ?? Infinity) > now) ?? null;
        expect(timeline.findLast(({ from }) => from <= now)?.control ?? null).toBe(expected);
      }
    }),
    { numRuns: 60 },
  );
});
