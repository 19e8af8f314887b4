import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CURVE_MODELS, curvePlaces, type CurveField, type CurveModel } from '#drivers/sunspec/curve-tables.ts';
import { encodeCurve } from '#drivers/inverter/curve-encode.ts';
import type { CurveFunction, CurveSetting } from '#site/curve.ts';
import { curveModel } from './curve-image.ts';

const POINTS = 6;
/** Registers of one stored curve (SunSpec Device Information Model). */
const SIZES: readonly (readonly [ids: readonly number[], size: number])[] = [
  [[126, 131, 132], 54],
  [[134], 58],
  [[129, 130, 135, 136], 50],
  [[705], 10 + 2 * POINTS],
  [[706], 5 + 2 * POINTS],
  [[707, 708], 1 + 3 * (1 + 3 * POINTS)],
  [[709, 710], 1 + 3 * (1 + 4 * POINTS)],
  [[711], 10],
  [[712], 4 + 2 * POINTS],
];

interface Published {
  readonly name: string;
  readonly points?: readonly { readonly name: string; readonly size: number; readonly sf?: string; readonly access?: string }[];
  readonly groups?: readonly Published[];
}

const published = (id: number): Published | null => {
  const file = new URL(`../../../../shared/reference/sunspec-models/model_${id}.json`, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { group: Published }).group : null;
};

type Row = readonly [size: number, access: string, sf: string | undefined];

const SIZE = { uint16: 1, int16: 1, uint32: 2, text: 8 } as const;

/** One curve as ours has it: each field, and each array of points as its first point. */
const oursOf = ({ body }: CurveModel, nameAt: (register: number) => string | undefined): readonly Row[] =>
  body
    .flatMap((part): readonly CurveField[] => ('columns' in part ? part.columns : [part]))
    .map(({ type, access, sf }) => [SIZE[type], access ?? 'R', sf === undefined ? undefined : nameAt(sf)]);

/** The same of the published model; what scales ramps and events is left out, we write no such value. */
const theirsOf = (group: Published): readonly Row[] => [
  ...(group.points ?? [])
    .filter(({ name }) => !/[A-Za-z](?:[2-9]|1\d|20)$/.test(name) || name === 'RmpPT1Tms')
    .map(({ size, access, sf }): Row => [size, access ?? 'R', sf === 'RmpIncDec_SF' ? undefined : sf]),
  ...(group.groups ?? []).flatMap(theirsOf),
];

describe.each(CURVE_MODELS.map((table) => [table.id, table] as const))('curve model %s', (id, table) => {
  it('has curves of the published size', () => {
    const size = SIZES.find(([ids]) => ids.includes(id))?.[1];
    expect(curveModel(id, 40_000, { 5: POINTS, 8: POINTS }, 2).layout.size).toBe(size);
  });

  const reference = published(id);
  if (reference !== null) {
    it('is laid out as published', () => {
      const head = (reference.points ?? []).flatMap(({ name, size }) => Array.from({ length: size }, () => name));
      expect(table.head).toBe(head.length);
      expect(head[table.curves]).toMatch(/^NCrv|^NCtl/);
      if (table.points !== null) expect(head[table.points]).toBe('NPt');
      if (table.reversion !== null) expect(head[table.reversion[0]]).toBe('RvrtTms');
      expect(oursOf(table, (register) => head[register])).toEqual(theirsOf({ name: '', groups: reference.groups ?? [] }));
    });
  }
});

describe('a device with two models of one function', () => {
  it('is told through the DER family', () => {
    const models = [126, 705, 132].map((id) => ({ id, address: 40_000, length: 300 }));
    expect(curvePlaces(models).map(({ table, functions }) => [table.id, functions])).toEqual([
      [705, ['volt-var']],
      [132, ['volt-watt']],
    ]);
  });
});

const points = (...list: readonly (readonly [number, number])[]): CurveSetting & { readonly kind: 'points' } => ({
  kind: 'points',
  points: list.map(([x, y]) => ({ x, y, absorbsVar: null })),
  reference: null,
  openLoopSeconds: null,
  vRef: null,
});

const HUNDREDTHS = 0x10000 - 2;
const TENTHS = 0x10000 - 1;
const BASE = { maxPower: 10_000, sign: 1 } as const;

const encoded = (id: number, head: Readonly<Record<number, number>>, follows: CurveFunction, setting: CurveSetting) => {
  const { layout, words } = curveModel(id, 40_000, { 5: 4, 8: 4, ...head }, 2);
  const registers = encodeCurve(
    layout,
    words,
    words.slice(layout.table.head, layout.table.head + layout.size),
    new Map([[follows, setting]]),
    BASE,
  );
  return registers?.slice(0, 20) ?? null;
};

describe('registers of a curve', () => {
  const voltVar = {
    ...points([92, 44], [98, 0], [102.5, 0], [108, -44]),
    reference: 'setMaxVar',
    openLoopSeconds: 5,
    vRef: 99,
  } as const;

  it('of 705: per cent of nominal voltage and of the rating, the reference one less than the utility has it', () => {
    expect(encoded(705, { 12: TENTHS, 13: 0, 14: HUNDREDTHS }, 'volt-var', voltVar)).toEqual([
      4,
      1,
      0,
      990,
      0,
      0,
      0,
      0,
      500,
      0,
      920,
      44,
      980,
      0,
      1025,
      0,
      1080,
      0x10000 - 44,
    ]);
  });

  it('of 126: the reference as the utility has it, the time to 95 per cent', () => {
    const { layout, words } = curveModel(126, 40_000, { 8: 4, 9: TENTHS }, 2);
    const own = { ...voltVar, vRef: 100 } as const;
    const registers =
      encodeCurve(layout, words, words.slice(12, 12 + 54), new Map([['volt-var', own]]), { ...BASE, sign: -1 }) ?? [];
    expect(registers.slice(0, 10)).toEqual([4, 2, 920, 0x10000 - 44, 980, 0, 1025, 0, 1080, 44]);
    expect(registers[50]).toBe(7);
  });

  it('of 131: power factors, negative absorbs', () => {
    const factors = points([0, 1], [100, 0.9]);
    const absorbing = { ...factors, points: factors.points.map((point) => ({ ...point, absorbsVar: true })) };
    expect(encoded(131, { 9: 0, 10: HUNDREDTHS }, 'watt-pf', absorbing)?.slice(0, 5)).toEqual([
      2,
      0,
      0x10000 - 100,
      100,
      0x10000 - 90,
    ]);
  });

  it('of 134: hertz, per cent, and what they are of', () => {
    const { layout, words } = curveModel(134, 40_000, { 8: 4, 9: HUNDREDTHS }, 2);
    const registers =
      encodeCurve(layout, words, words.slice(12, 12 + 58), new Map([['freq-watt', points([50.2, 100], [52, 0])]]), BASE) ?? [];
    expect(registers.slice(0, 5)).toEqual([2, 5020, 100, 5200, 0]);
    expect([registers[53], registers[54]]).toEqual([0, 10_000]);
  });

  it('of trips: the time first in 129, last in 707, and the hertz of 709 in two registers', () => {
    const trip = points([0.16, 45], [2, 70]);
    expect(encoded(129, { 9: HUNDREDTHS, 10: 0 }, 'lv-must-trip', trip)?.slice(0, 5)).toEqual([2, 16, 45, 200, 70]);
    expect(encoded(707, { 7: 0, 8: HUNDREDTHS }, 'lv-must-trip', trip)?.slice(0, 8)).toEqual([0, 2, 45, 0, 16, 70, 0, 200]);
    expect(encoded(709, { 7: HUNDREDTHS, 8: HUNDREDTHS }, 'lf-must-trip', points([700, 47.5]))?.slice(0, 6)).toEqual([
      0, 1, 0, 4750, 1, 4464,
    ]);
  });

  it('of a droop', () => {
    const droop = {
      kind: 'droop',
      bandOver: 0.2,
      bandUnder: 0.3,
      droopOver: 0.05,
      droopUnder: 0.04,
      openLoopSeconds: 5,
    } as const;
    expect(encoded(711, { 11: 0x10000 - 3, 12: 0x10000 - 3, 13: TENTHS }, 'freq-droop', droop)?.slice(0, 8)).toEqual([
      0, 200, 0, 300, 50, 40, 0, 50,
    ]);
  });

  it.each<[string, number, CurveFunction, CurveSetting]>([
    ['a point too many', 706, 'volt-watt', { ...points([1, 1], [2, 1], [3, 1], [4, 1], [5, 1]), reference: 'setMaxW' }],
    ['a reference it does not know', 706, 'volt-watt', { ...points([100, 100]), reference: 'statVarAvail' }],
    ['no reference', 705, 'volt-var', points([100, 100])],
    ['a value out of range', 706, 'volt-watt', { ...points([100_000, 100]), reference: 'setMaxW' }],
    ['a shifted reference voltage it cannot have', 126, 'volt-var', { ...points([100, 1]), reference: 'setMaxW', vRef: 97 }],
    ['no points at all', 129, 'lv-must-trip', points()],
  ])('none for %s', (_, id, follows, setting) => {
    expect(encoded(id, {}, follows, setting)).toBeNull();
  });

  it('none where a scale factor is missing', () => {
    expect(encoded(706, { 12: 0x8000 }, 'volt-watt', { ...points([100, 100]), reference: 'setMaxW' })).toBeNull();
  });
});
