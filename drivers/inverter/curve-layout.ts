import type { CurveFunction } from '#site/curve.ts';
import type { CurveBody, CurveField, CurveModel } from '../sunspec/curve-tables.ts';

/** One value of one stored curve, where this device has it. */
export interface Cell extends CurveField {
  /** Registers from the curve's first. */
  readonly at: number;
  readonly size: number;
  /** Of a point: whose it is, which one, which axis, and the field that counts them. */
  readonly point: {
    readonly follows: CurveFunction | null;
    readonly index: number;
    readonly axis: 'x' | 'y';
    readonly count: string;
  } | null;
}

/** How a device lays out the curves of one model. */
export interface CurveLayout {
  readonly table: CurveModel;
  readonly cells: readonly Cell[];
  /** Registers of one curve. */
  readonly size: number;
  /** Points that a curve may have, and curves that are stored. */
  readonly points: number;
  readonly curves: number;
}

/** More than any device lays out; a larger model is none of a grid code. */
export const CURVE_REGISTERS_MAX = 1000;
const POINTS_MAX = 64;
const NOT_IMPLEMENTED = 0xffff;
const SIZES = { uint16: 1, int16: 1, uint32: 2, text: 8 } as const;

const cellsOf = (body: CurveBody, laidOut: number): readonly Cell[] => {
  const cells: Cell[] = [];
  let at = 0;
  const add = (field: CurveField, point: Cell['point']): void => {
    const size = SIZES[field.type];
    cells.push({ ...field, at, size, point });
    at += size;
  };
  for (const part of body) {
    if ('type' in part) {
      add(part, null);
      continue;
    }
    const { follows, count, columns } = part;
    for (let index = 0; index < laidOut; index += 1)
      for (const column of columns) add(column, { follows, index, axis: column.axis, count });
  }
  return cells;
};

/** What the head of a model, read from its ID, says of its curves; null: nothing that fits the model's length. */
export const curveLayout = (table: CurveModel, head: ArrayLike<number>, length: number): CurveLayout | null => {
  const stated = table.points === null ? 0 : (head[table.points] ?? NOT_IMPLEMENTED);
  const laidOut = table.points === null ? 0 : (table.laidOut ?? stated);
  if (laidOut > POINTS_MAX || length + 2 > CURVE_REGISTERS_MAX) return null;
  const cells = cellsOf(table.body, laidOut);
  const last = cells.at(-1);
  const size = last === undefined ? 0 : last.at + last.size;
  const room = size === 0 ? 0 : Math.floor((length + 2 - table.head) / size);
  const curves = Math.min(room, head[table.curves] ?? 0);
  const points = Math.min(stated, laidOut);
  return curves < 1 || (table.points !== null && points < 1) ? null : { table, cells, size, points, curves };
};

/** The registers of one stored curve, counted from 1. */
export const curveAt = ({ table, size }: CurveLayout, words: Uint16Array, index: number): readonly number[] => [
  ...words.subarray(table.head + (index - 1) * size, table.head + index * size),
];

/** Raw value of a cell; null: the device does not implement it. */
export const cellValue = ({ at, size, type }: Cell, registers: readonly number[]): number | null => {
  const [first = NOT_IMPLEMENTED, second = NOT_IMPLEMENTED] = registers.slice(at, at + size);
  if (type === 'uint32') return first === NOT_IMPLEMENTED && second === NOT_IMPLEMENTED ? null : first * 0x10000 + second;
  if (type === 'int16') return first === 0x8000 ? null : (first << 16) >> 16;
  return first === NOT_IMPLEMENTED ? null : first;
};

/** True when a curve of this number may be written. */
export const isWritable = ({ cells }: CurveLayout, registers: readonly number[]): boolean => {
  const readOnly = cells.find(({ name }) => name === 'ReadOnly');
  return readOnly !== undefined && cellValue(readOnly, registers) !== 1;
};

/**
 * Cells in which a curve must read as `goal`: the device implements them, and a point counts. `whole`: every point does, to put a
 * stored curve back to the last register.
 */
export const relevant = ({ cells }: CurveLayout, goal: readonly number[], whole: boolean): readonly Cell[] => {
  const counts = new Map(cells.filter(({ point }) => point === null).map((cell) => [cell.name, cellValue(cell, goal)]));
  return cells.filter((cell) => {
    if (cell.access !== 'RW' || cell.type === 'text' || cellValue(cell, goal) === null) return false;
    return cell.point === null || whole || cell.point.index < (counts.get(cell.point.count) ?? 0);
  });
};

/** True when a curve reads as it should. */
export const agrees = (layout: CurveLayout, registers: readonly number[], goal: readonly number[], whole = false): boolean =>
  relevant(layout, goal, whole).every((cell) => cellValue(cell, registers) === cellValue(cell, goal));

/** Registers of one write. */
export interface CurveRun {
  readonly at: number;
  readonly words: readonly number[];
}

/** Longest write; a device takes 123 registers by the standard. */
const RUN_MAX = 100;

/** The writes that make a curve read as `goal`; none: it does. None touches a register that is read only. */
export const runsTo = (
  layout: CurveLayout,
  registers: readonly number[],
  goal: readonly number[],
  whole = false,
): readonly CurveRun[] => {
  const runs: Cell[][] = [];
  for (const cell of relevant(layout, goal, whole)) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const joins = last !== undefined && last.at + last.size === cell.at && cell.at + cell.size - (run?.[0]?.at ?? 0) <= RUN_MAX;
    if (joins) run?.push(cell);
    else runs.push([cell]);
  }
  const differing = runs.filter((cells) => cells.some((cell) => cellValue(cell, registers) !== cellValue(cell, goal)));
  return differing.map((cells) => {
    const [at, last] = [cells[0]?.at ?? 0, cells.at(-1)];
    return { at, words: goal.slice(at, (last?.at ?? at) + (last?.size ?? 0)) };
  });
};
