import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCurve, type Wishes } from '#drivers/inverter/curve-encode.ts';
import { agrees, curveAt, curveLayout, type CurveLayout } from '#drivers/inverter/curve-layout.ts';
import { curveStep, findCurve, type CurveView } from '#drivers/inverter/curve-step.ts';
import { CURVE_MODELS, type CurveModel } from '#drivers/sunspec/curve-tables.ts';
import type { CurveReference, CurveSetting } from '#site/curve.ts';
import { toDeviceId } from '#site/device.ts';

const device = toDeviceId('any');
const POINTS = 10;
const CURVES = 3;
const STEPS_MAX = 20;
const BASE = { maxPower: 10_000, sign: 1 } as const;

const word = fc.integer({ min: 0, max: 0xffff });
const value = fc.integer({ min: 0, max: 3000 });
const scale = fc.constantFrom(0, 0x10000 - 1, 0x10000 - 2, 1);

/** Curve 1 of the DER family is read only, and no curve counts more points than there are. */
const mendCounts = ({ table, cells, size }: CurveLayout, words: Uint16Array): void => {
  for (let curve = 1; curve <= CURVES; curve += 1) {
    for (const cell of cells) {
      const at = table.head + (curve - 1) * size + cell.at;
      if (cell.name === 'ReadOnly') words[at] = table.way === 'adopt' && curve === 1 ? 1 : 0;
      if (cell.name.endsWith('ActPt')) words[at] = (words[at] ?? 0) % (POINTS + 1);
    }
  }
};

/** A model as a device could have it, with anything in its stored curves. */
const modelOf = (table: CurveModel) =>
  fc
    .record({
      scales: fc.array(scale, { minLength: 3, maxLength: 3 }),
      on: fc.boolean(),
      active: fc.integer({ min: 0, max: CURVES }),
      fill: fc.infiniteStream(value),
    })
    .map(({ scales, on, active, fill }) => {
      const words = Array.from({ length: table.head }, () => 0);
      if (table.points !== null) words[table.points] = POINTS;
      words[table.curves] = CURVES;
      const size = curveLayout(table, words, 990)?.size ?? 0;
      words.push(...fill.take(CURVES * size));
      const firstScale = table.way === 'select' ? 9 : table.head - 3 + (table.id === 712 || table.reversion === null ? 1 : 0);
      scales.forEach((one, index) => {
        if (firstScale + index < table.head) words[firstScale + index] = one;
      });
      if (table.way === 'adopt') words[2] = on ? 1 : 0;
      else [words[2], words[3]] = [active, on ? 1 : 0];
      words[0] = table.id;
      words[1] = words.length - 2;
      const all = Uint16Array.from(words);
      const layout = curveLayout(table, all, all.length - 2)!;
      mendCounts(layout, all);
      return all;
    });

const pointsOf = (references: readonly CurveReference[], large: number): fc.Arbitrary<CurveSetting> =>
  fc.record({
    kind: fc.constant('points' as const),
    points: fc.array(
      fc.record({
        x: fc.integer({ min: 0, max: large }),
        y: fc.integer({ min: 0, max: 1 }),
        absorbsVar: fc.constantFrom(null, true, false),
      }),
      { minLength: 1, maxLength: POINTS },
    ),
    reference: fc.constantFrom(...references),
    openLoopSeconds: fc.constantFrom(null, 5, 10),
    vRef: fc.constant(null),
  });

const wishOf = (table: CurveModel): fc.Arbitrary<Wishes> => {
  const known = table.references === null ? [null] : (Object.keys(table.references) as CurveReference[]);
  const droop = fc.record({
    kind: fc.constant('droop' as const),
    bandOver: fc.integer({ min: 0, max: 5 }),
    bandUnder: fc.integer({ min: 0, max: 5 }),
    droopOver: fc.integer({ min: 1, max: 9 }),
    droopUnder: fc.integer({ min: 1, max: 9 }),
    openLoopSeconds: fc.integer({ min: 0, max: 60 }),
  });
  return fc
    .tuple(
      ...table.functions.map((follows) =>
        (follows === 'freq-droop' ? droop : pointsOf(known, 300)).map((one) => [follows, one] as const),
      ),
    )
    .map((pairs) => new Map<(typeof pairs)[number][0], CurveSetting>(pairs));
};

/** Does what a device does with a write: curve 1 of the DER family follows what is adopted. */
const applied = ({ layout, words }: CurveView, at: number, written: readonly number[]): void => {
  const { table, size } = layout;
  written.forEach((one, index) => (words[at + index] = one));
  if (table.way !== 'adopt' || at !== 3) return;
  const from = table.head + ((written[0] ?? 1) - 1) * size;
  const readOnly = layout.cells.find(({ name }) => name === 'ReadOnly')?.at;
  for (let index = 0; index < size; index += 1) if (index !== readOnly) words[table.head + index] = words[from + index] ?? 0;
  words[4] = 1;
};

/** Steps until it stands; every write lies where the device takes one. */
const settle = (view: CurveView, step: () => ReturnType<typeof curveStep>): string => {
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    const next = step();
    if (next.kind !== 'write') return next.kind;
    for (const { at, words } of next.writes) {
      expect(words.length).toBeGreaterThan(0);
      expect(at).toBeGreaterThanOrEqual(2);
      expect(at + words.length).toBeLessThanOrEqual(view.words.length);
      applied(view, at, words);
    }
  }
  return 'never';
};

describe.each(CURVE_MODELS.map((table) => [table.id, table] as const))('model %s', (_, table) => {
  it('any curve that can be encoded is reached from anything, and what was there is given back', () => {
    fc.assert(
      fc.property(modelOf(table), wishOf(table), wishOf(table), (words, wishes, others) => {
        const layout = curveLayout(table, words, words.length - 2)!;
        const view = { layout, words };
        const before = words.slice();
        const found = findCurve(view, device, 'S1');
        expect(found).not.toBeNull();
        if (found === null) return;
        for (const wish of [wishes, others]) {
          const goal = encodeCurve(layout, found.head, found.active, wish, BASE);
          expect(settle(view, () => curveStep(view, found, wish, BASE))).toBe(goal === null ? 'impossible' : 'stands');
          if (goal !== null)
            expect(agrees(layout, curveAt(layout, words, table.way === 'adopt' ? 1 : found.slot), goal)).toBe(true);
        }
        expect(settle(view, () => curveStep(view, found, new Map(), BASE))).toBe('stands');
        // The number and the result of the last adoption are no setting; nor are points that do not count.
        const kept = (all: Uint16Array): readonly number[] =>
          [...all].filter((_one, at) => table.way === 'select' || (at !== 3 && at !== 4));
        const inForce = (all: Uint16Array) => curveAt(layout, all, 1);
        if (table.way === 'adopt') {
          expect(agrees(layout, inForce(words), inForce(before))).toBe(true);
          words.set(before.subarray(table.head, table.head + layout.size), table.head);
        }
        expect(kept(words)).toEqual(kept(before));
      }),
    );
  });

  it('nothing throws, whatever the registers say', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 0, maxLength: 400 }), wishOf(table), (list, wishes) => {
        const words = Uint16Array.from(list);
        const layout = curveLayout(table, words, Math.max(0, words.length - 2));
        const found = layout === null ? null : findCurve({ layout, words }, device, 'S1');
        if (layout !== null && found !== null) curveStep({ layout, words }, found, wishes, BASE);
      }),
    );
  });
});
