import { CURVE_MODELS, type CurveModel } from '#drivers/sunspec/curve-tables.ts';
import { curveLayout, type CurveLayout } from '#drivers/inverter/curve-layout.ts';
import type { ModelPlace } from '#site/device.ts';

export const tableOf = (id: number): CurveModel => CURVE_MODELS.find((table) => table.id === id)!;

/** Registers of a curve model whose stored curves are all zero, with these registers of its head. */
export const curveModel = (
  id: number,
  address: number,
  head: Readonly<Record<number, number>>,
  curves: number,
): {
  readonly table: CurveModel;
  readonly words: readonly number[];
  readonly place: ModelPlace;
  readonly layout: CurveLayout;
} => {
  const table = tableOf(id);
  const words = Array.from({ length: table.head }, (_, at) => head[at] ?? 0);
  words[table.curves] = curves;
  const probe = curveLayout(table, words, 900);
  const size = probe?.size ?? 0;
  const length = table.head + curves * size - 2;
  words[0] = id;
  words[1] = length;
  words.push(...Array.from({ length: curves * size }, () => 0));
  const place: ModelPlace = { id, address, length };
  const layout: CurveLayout = curveLayout(table, words, length)!;
  return { table, words, place, layout };
};
