import type { DeviceId, FoundCurve } from '#site/device.ts';
import { ADOPT_HEAD, type CurveModel, SELECT_HEAD } from '../sunspec/curve-tables.ts';
import { encodeCurve, type CurveBase, type Wishes } from './curve-encode.ts';
import { agrees, curveAt, type CurveLayout, type CurveRun, isWritable, runsTo } from './curve-layout.ts';

/** One look at a model, from its ID: whole at first, afterwards what `isLookedAt` says; the rest reads as not implemented. */
export interface CurveView {
  readonly layout: CurveLayout;
  readonly words: Uint16Array;
}

/** What is to be done next, after a look. */
export type CurveStep =
  /** All is as it should be. */
  | { readonly kind: 'stands' }
  /** Writes to be made one after the other, then another look. Registers from the model's ID. */
  | { readonly kind: 'write'; readonly writes: readonly CurveRun[] }
  /** The device is adopting. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'impossible' };

const NOT_IMPLEMENTED = 0xffff;
const ENABLED = 1;
const IN_PROGRESS = 0;
const STANDS: CurveStep = { kind: 'stands' };
const IMPOSSIBLE: CurveStep = { kind: 'impossible' };

const isOn = (word: number | undefined): boolean =>
  word !== undefined && word !== NOT_IMPLEMENTED && (word & ENABLED) === ENABLED;

/** Is this register needed once it is known what was found: the head, curve 1 where it shows what is in force, and the slot? */
export const isLookedAt = ({ way, head }: CurveModel, { slot, stored }: FoundCurve, at: number): boolean => {
  const first = head + (slot - 1) * stored.length;
  return at < head + (way === 'adopt' ? stored.length : 0) || (at >= first && at < first + stored.length);
};

/** What stands in the model, and the stored curve that is ours to write: not the one in force, where there is another. Null: none can be written. */
export const findCurve = ({ layout, words }: CurveView, device: DeviceId, serialNumber: string): FoundCurve | null => {
  const { table, curves } = layout;
  const inForce = table.way === 'adopt' ? 1 : (words[SELECT_HEAD.active] ?? 0);
  const numbers = Array.from({ length: curves }, (_, index) => index + 1);
  const free = numbers.filter((n) => n !== inForce && isWritable(layout, curveAt(layout, words, n)));
  const only = table.way === 'select' && numbers.includes(inForce) && isWritable(layout, curveAt(layout, words, inForce));
  const slot = free.at(-1) ?? (only ? inForce : undefined);
  if (slot === undefined || words[table.way === 'adopt' ? ADOPT_HEAD.enabled : SELECT_HEAD.enabled] === NOT_IMPLEMENTED)
    return null;
  const stored = curveAt(layout, words, slot);
  const active = numbers.includes(inForce) ? curveAt(layout, words, inForce) : stored;
  return { device, serialNumber, model: table.id, slot, head: [...words.subarray(0, table.head)], active, stored };
};

const curveWrite = ({ layout, words }: CurveView, slot: number, goal: readonly number[], whole: boolean): CurveStep | null => {
  const first = layout.table.head + (slot - 1) * layout.size;
  const runs = runsTo(layout, curveAt(layout, words, slot), goal, whole);
  return runs.length === 0 ? null : { kind: 'write', writes: runs.map((run) => ({ ...run, at: first + run.at })) };
};

const oneWrite = (at: number, words: readonly number[]): CurveStep => ({ kind: 'write', writes: [{ at, words }] });

/** Brings the registers to `wanted`, one write; a register that the device does not implement is left alone. Null: they are. */
const headWrite = ({ words }: CurveView, at: number, wanted: readonly number[]): CurveStep | null => {
  const known = wanted.map((value, index) => (words[at + index] === NOT_IMPLEMENTED ? null : value));
  let from = 0;
  while (from < known.length) {
    const gap = known.indexOf(null, from);
    const run = known.slice(from, gap < 0 ? undefined : gap);
    const first = at + from;
    if (run.some((value, index) => words[first + index] !== value))
      return oneWrite(
        first,
        run.flatMap((value) => value ?? []),
      );
    if (gap < 0) return null;
    from = gap + 1;
  }
  return null;
};

/** No timer may take the curve away again (design D8). */
const holdWrite = (view: CurveView, words: readonly number[] = [0, 0]): CurveStep | null => {
  const { reversion } = view.layout.table;
  return reversion === null ? null : headWrite(view, reversion[0], words.slice(0, reversion[1]));
};

/** Curve 1 must become `goal`, by way of the slot. `whole`: with the points that do not count, should the device take them. Null: it is. */
const adopt = (view: CurveView, slot: number, goal: readonly number[], whole = false): CurveStep | null => {
  const { layout, words } = view;
  if (agrees(layout, curveAt(layout, words, 1), goal)) return null;
  const write = curveWrite(view, slot, goal, whole);
  if (write !== null) return write;
  if (words[ADOPT_HEAD.request] === slot && words[ADOPT_HEAD.result] === IN_PROGRESS) return { kind: 'wait' };
  return oneWrite(ADOPT_HEAD.request, [slot]);
};

/** Switches the function off while the slot, which is selected, is half written. Null: it is off, or another is selected. */
const pause = ({ words }: CurveView, slot: number): CurveStep | null => {
  const enabled = words[SELECT_HEAD.enabled] ?? 0;
  return words[SELECT_HEAD.active] === slot && isOn(enabled) ? oneWrite(SELECT_HEAD.enabled, [enabled & ~ENABLED]) : null;
};

/** From the present curve to the one asked for. */
const follow = (view: CurveView, { slot }: FoundCurve, goal: readonly number[]): CurveStep => {
  const { layout, words } = view;
  if (layout.table.way === 'adopt')
    return holdWrite(view) ?? adopt(view, slot, goal) ?? headWrite(view, ADOPT_HEAD.enabled, [ENABLED]) ?? STANDS;
  const write = curveWrite(view, slot, goal, false);
  if (write !== null) return pause(view, slot) ?? write;
  return headWrite(view, SELECT_HEAD.active, [slot, (words[SELECT_HEAD.enabled] ?? 0) | ENABLED, 0, 0]) ?? STANDS;
};

/** Back to what was found: off first where it was off, then the curve in force, then the slot. */
const unadopt = (view: CurveView, { slot, head, active, stored }: FoundCurve): CurveStep => {
  const wasOn = isOn(head[ADOPT_HEAD.enabled]);
  const enabled = (): CurveStep | null => headWrite(view, ADOPT_HEAD.enabled, [wasOn ? ENABLED : 0]);
  const [at, size] = view.layout.table.reversion ?? [0, 0];
  return (
    (wasOn ? null : enabled()) ??
    adopt(view, slot, active, true) ??
    curveWrite(view, slot, stored, true) ??
    holdWrite(view, head.slice(at, at + size)) ??
    enabled() ??
    STANDS
  );
};

/** Back to what was found: what was selected, then the slot; the other way round where the slot was selected. */
const unselect = (view: CurveView, { slot, head, stored }: FoundCurve): CurveStep => {
  const selection = (): CurveStep | null =>
    headWrite(view, SELECT_HEAD.active, head.slice(SELECT_HEAD.active, SELECT_HEAD.reversion + 1));
  const write = curveWrite(view, slot, stored, true);
  if (head[SELECT_HEAD.active] !== slot) return selection() ?? write ?? STANDS;
  return write === null ? (selection() ?? STANDS) : (pause(view, slot) ?? write);
};

/**
 * The next step from what stands to what is wished; no wish: to what was found. Each step is looked at before
 * the next, so that a process that dies in between is taken over by the next one.
 */
export const curveStep = (view: CurveView, found: FoundCurve, wishes: Wishes, base: CurveBase): CurveStep => {
  const { layout } = view;
  if (found.active.length !== layout.size || found.stored.length !== layout.size || found.slot > layout.curves) return IMPOSSIBLE;
  if (wishes.size === 0) return layout.table.way === 'adopt' ? unadopt(view, found) : unselect(view, found);
  const goal = encodeCurve(layout, found.head, found.active, wishes, base);
  return goal === null ? IMPOSSIBLE : follow(view, found, goal);
};
