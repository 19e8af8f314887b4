import { type MonoMs, type Watts, watts } from '#base/units.ts';

/** How far storage makes way for sun that the export limit would have curtailed. */
export interface SunState {
  /** Soft ceiling of all storage together: below 0 it charges at least that much. Null: left to itself. */
  readonly ceiling: Watts | null;
  readonly steppedAt: MonoMs | null;
  /** Part of its range that the next step takes. */
  readonly step: number;
  /** Since when no inverter is held back; null: one is. */
  readonly freeSince: MonoMs | null;
  /** How long the next try rests after one that no sun filled, milliseconds. */
  readonly restMs: number;
}

export const NO_SUN_STORED: SunState = { ceiling: null, steppedAt: null, step: 0, freeSince: null, restMs: 0 };

export interface SunSight {
  /** The owner's policy. */
  readonly wanted: boolean;
  /** Inverters stand at a cap that the export limit set, and have arrived there. */
  readonly heldBack: boolean;
  /** Export as metered, and the limit; null: blind or no limit. */
  readonly export: Watts | null;
  readonly limit: Watts | null;
  /** What the site imports beside its storage; null: not known. */
  readonly residual: Watts | null;
  /** What storage gives now; null: not known. */
  readonly power: Watts | null;
  /** How far it can charge: 0 when it is full. */
  readonly canCharge: Watts;
  /** Of what can charge and of what can discharge together. */
  readonly range: Watts;
}

/** The first step is small: without an export it is drawn from the grid until the inverters follow. */
const STEP_FRACTION = 0.05;
const STEP_FRACTION_MAX = 0.4;
const STEP_EVERY_MS = 3000;
/** Export within this of its limit: the inverters have taken up what was made room for. */
const ARRIVED_FRACTION = 0.02;
/** Inverters that are not held back for so long have no more sun. */
const FREE_AFTER_MS = 9000;
/** What it draws beyond the sun's surplus is given back when it is more than this part of the range. */
const SURPLUS_FRACTION = 0.02;
/** A try that no sun filled is made again after this long, each time twice as long. */
const REST_MS = 60_000;
const REST_MS_MAX = 240_000;
/** With nothing to make room for during this time storage is left to itself again. */
const LEFT_AFTER_MS = 60_000;

interface Known {
  readonly flow: number;
  readonly limit: number;
  readonly power: number;
}

const stepped = (before: SunState, sight: SunSight, { limit, power }: Known, now: MonoMs): SunState => {
  const { range, residual, canCharge } = sight;
  const from = Math.min(before.ceiling ?? power, power);
  const step = Math.min(STEP_FRACTION_MAX, before.ceiling === null ? STEP_FRACTION : 2 * before.step);
  // What is exported anyway can be stored without drawing from the grid.
  const spare = residual === null ? 0 : Math.min(limit, Math.max(0, power - residual));
  const ceiling = Math.max(0 - canCharge, from - Math.max(step * range, 0.8 * spare));
  // Held back again after the last step: the sun had filled it.
  const restMs = before.ceiling === null ? before.restMs : 0;
  return { ceiling: watts(ceiling), steppedAt: now, step, freeSince: null, restMs };
};

/** What makes way, while inverters are held back: a step further once they have followed the last one, and so has storage. */
const making = (before: SunState, sight: SunSight, known: Known, now: MonoMs): SunState => {
  const { canCharge, range } = sight;
  const { flow, limit, power } = known;
  const from = Math.min(before.ceiling ?? power, power);
  const rested = before.steppedAt === null || now - before.steppedAt >= Math.max(STEP_EVERY_MS, before.restMs);
  const arrived = flow >= limit - ARRIVED_FRACTION * range - 30;
  const follows = before.ceiling === null || power <= before.ceiling + ARRIVED_FRACTION * range;
  if (rested && arrived && follows && from > 0 - canCharge) return stepped(before, sight, known, now);
  return before.freeSince === null ? before : { ...before, freeSince: null };
};

/** What no sun fills, while no inverter is held back, is let go: down to the sun's surplus, and all where there is none. */
const letting = (before: SunState, { residual, limit, range }: SunSight, now: MonoMs): SunState => {
  if (before.ceiling === null) return before;
  const freeSince = before.freeSince ?? now;
  const free = now - freeSince;
  const spare = SURPLUS_FRACTION * range;
  const restMs = Math.min(REST_MS_MAX, Math.max(REST_MS, 2 * before.restMs));
  if (residual !== null && free >= FREE_AFTER_MS && residual > before.ceiling + spare) {
    if (residual > 0 - spare) return { ...NO_SUN_STORED, steppedAt: now, restMs };
    return { ...before, ceiling: residual, freeSince, step: STEP_FRACTION };
  }
  // Let go only where what it stores could be exported as well.
  const fits = residual !== null && limit !== null && residual + limit > spare;
  if (free >= LEFT_AFTER_MS && fits) return { ...NO_SUN_STORED, steppedAt: now };
  return before.freeSince === freeSince ? before : { ...before, freeSince };
};

/**
 * Storage takes the sun before it is curtailed (the owner's policy): while the export limit holds inverters back it is made to discharge
 * less, then to charge, step by step, each time when the inverters have followed; it is let go as the sun's surplus ends. Sun that an
 * inverter could give shows only by what it gives when it may.
 */
export const sunAfter = (before: SunState, sight: SunSight, now: MonoMs): SunState => {
  const { wanted, heldBack, export: flow, limit, power, range } = sight;
  if (!wanted || limit === null || flow === null || power === null || range <= 0)
    return before.ceiling === null ? before : NO_SUN_STORED;
  return heldBack ? making(before, sight, { flow, limit, power }, now) : letting(before, sight, now);
};
