import type { CurveFunction, CurveSetting } from '#site/curve.ts';
import { cellValue, type Cell, type CurveLayout } from './curve-layout.ts';

/** What encoding must know of the device beside its registers. */
export interface CurveBase {
  /** WMax, watts. */
  readonly maxPower: number;
  /** 1: giving var to the grid is positive in its legacy models, -1: negative (vendors differ; sunspec.md 2.6). */
  readonly sign: 1 | -1;
}

export type Wishes = ReadonlyMap<CurveFunction, CurveSetting>;

const SCALE_LIMIT = 10;
const FULL_PERCENT = 100;
/** Legacy models state the time to 95 per cent of a change, the utility that to 90. */
const TO_95_PERCENT = Math.log(20) / Math.log(10);

const scaleOf = ({ sf }: Cell, head: ArrayLike<number>): number | null => {
  if (sf === undefined) return 0;
  const exponent = ((head[sf] ?? 0x8000) << 16) >> 16;
  return Math.abs(exponent) > SCALE_LIMIT ? null : exponent;
};

/** Largest and smallest values; what lies beyond them means not implemented. */
const RANGES = { uint16: [0, 0xfffe], int16: [-0x7fff, 0x7fff], uint32: [0, 0xffff_fffe], text: [0, 0] } as const;

/** Registers of a value; null: it does not fit. Divides by powers of ten above one: 10^-n is no binary number. */
const registersFor = (cell: Cell, value: number, head: ArrayLike<number>): readonly number[] | null => {
  const scale = scaleOf(cell, head);
  if (scale === null) return null;
  const raw = Math.round(scale < 0 ? value * 10 ** -scale : value / 10 ** scale);
  const [least, most] = RANGES[cell.type];
  if (!(raw >= least && raw <= most)) return null;
  return cell.size === 2 ? [Math.floor(raw / 0x10000), raw % 0x10000] : [raw & 0xffff];
};

/** A curve being written; `fails` once a value has no place in it. */
class Draft {
  readonly registers: number[];
  readonly #layout: CurveLayout;
  readonly #head: ArrayLike<number>;
  fails = false;

  constructor(layout: CurveLayout, head: ArrayLike<number>, basis: readonly number[]) {
    this.#layout = layout;
    this.#head = head;
    this.registers = [...basis];
  }

  /** False: the device does not implement the field. */
  has(name: string): boolean {
    const cell = this.#field(name);
    return cell !== undefined && cellValue(cell, this.registers) !== null;
  }

  set(name: string, value: number): void {
    const cell = this.#field(name);
    if (cell === undefined || !this.has(name)) this.fails = true;
    else this.put(cell, value);
  }

  /** A field that some devices do not have. */
  setIfThere(name: string, value: number): void {
    if (this.has(name)) this.set(name, value);
  }

  put(cell: Cell, value: number): void {
    const words = registersFor(cell, value, this.#head);
    if (words === null) this.fails = true;
    else words.forEach((word, index) => (this.registers[cell.at + index] = word));
  }

  #field(name: string): Cell | undefined {
    return this.#layout.cells.find((cell) => cell.name === name && cell.point === null);
  }
}

const signOf = (layout: CurveLayout, follows: CurveFunction, absorbsVar: boolean | null, { sign }: CurveBase): number => {
  const vendor = layout.table.way === 'select' && (follows === 'volt-var' || follows === 'watt-pf') ? sign : 1;
  return follows === 'watt-pf' && absorbsVar === true ? -vendor : vendor;
};

const drawDroop = (draft: Draft, droop: CurveSetting & { readonly kind: 'droop' }): void => {
  draft.set('DbOf', droop.bandOver);
  draft.set('DbUf', droop.bandUnder);
  draft.set('KOf', droop.droopOver);
  draft.set('KUf', droop.droopUnder);
  draft.setIfThere('RspTms', droop.openLoopSeconds);
};

const drawTimes = (draft: Draft, openLoopSeconds: number | null): void => {
  if (openLoopSeconds === null) return;
  draft.setIfThere('RspTms', openLoopSeconds);
  for (const name of ['RmpTms', 'RmpPT1Tms']) draft.setIfThere(name, openLoopSeconds * TO_95_PERCENT);
};

const drawReference = (draft: Draft, layout: CurveLayout, setting: CurveSetting & { readonly kind: 'points' }): void => {
  const { references } = layout.table;
  const { reference, vRef } = setting;
  if (references !== null) {
    const code = reference === null ? undefined : references[reference];
    if (code === undefined) draft.fails = true;
    else draft.set('DeptRef', code);
  } else if (reference !== null && reference !== 'setMaxW') draft.fails = true;
  // A shifted reference voltage that the device cannot have would shift the whole curve.
  if (draft.has('VRef')) draft.set('VRef', vRef ?? FULL_PERCENT);
  else if (vRef !== null && vRef !== FULL_PERCENT) draft.fails = true;
  draft.setIfThere('VRefAutoEna', 0);
};

const drawPoints = (
  draft: Draft,
  layout: CurveLayout,
  follows: CurveFunction,
  setting: CurveSetting & { readonly kind: 'points' },
  base: CurveBase,
): void => {
  const cells = layout.cells.filter(({ point }) => point?.follows === follows);
  const count = cells[0]?.point?.count;
  const { points } = setting;
  if (count === undefined || points.length > layout.points || points.length === 0) {
    draft.fails = true;
    return;
  }
  draft.set(count, points.length);
  for (const cell of cells) {
    const point = points[cell.point?.index ?? 0];
    if (point === undefined) continue;
    draft.put(cell, cell.point?.axis === 'x' ? point.x : point.y * signOf(layout, follows, point.absorbsVar, base));
  }
  drawReference(draft, layout, setting);
  drawTimes(draft, setting.openLoopSeconds);
  draft.setIfThere('SnptW', 0);
  draft.setIfThere('WRef', base.maxPower);
};

/**
 * The registers of a stored curve that does what is wished, on top of `basis`, what was found in force: what the wishes say nothing of
 * stays. Null: this device cannot; a point too many, a value out of range, a reference it does not know.
 * @param head registers of the model before its first curve, with its scale factors
 */
export const encodeCurve = (
  layout: CurveLayout,
  head: ArrayLike<number>,
  basis: readonly number[],
  wishes: Wishes,
  base: CurveBase,
): readonly number[] | null => {
  const draft = new Draft(layout, head, basis);
  for (const [follows, setting] of wishes) {
    if (setting.kind === 'droop') drawDroop(draft, setting);
    else drawPoints(draft, layout, follows, setting, base);
  }
  return draft.fails ? null : draft.registers;
};
