import { type Watts, watts } from '#base/units.ts';
import type { Band } from '#site/device.ts';

/** What binds storage and loads, reduced to watts. Null: no such limit. */
export interface StorageLimits {
  readonly exportLimit: Watts | null;
  readonly importLimit: Watts | null;
  /** Inverters and discharge together. */
  readonly generationLimit: Watts | null;
  /** Charging and controllable loads together. */
  readonly loadLimit: Watts | null;
}

/** What flows besides storage. */
export interface Beside {
  /**
   * What the site would import without its storage (negative: export), least and most that may be relied on, and how fast it rises,
   * watts a second; null: blind.
   */
  readonly residual: { readonly least: Watts; readonly most: Watts; readonly now: Watts; readonly rate: number } | null;
  /** What the inverters give, and what is left to them besides, so that sun which comes needs no write at once. */
  readonly generation: { readonly now: Watts; readonly left: Watts };
  /** What the controllable loads may take meanwhile. */
  readonly consumption: Watts;
}

/** Ratings of the storage that can be told, together; positive numbers. */
export interface Range {
  readonly maxCharge: Watts;
  readonly maxDischarge: Watts;
  /** How far it may be made to discharge: less where a reserve is reached or one does not follow. */
  readonly canDischarge: Watts;
}

/** Kept below each limit, so that noise stays inside it: as the limiter keeps it for the inverters. */
const MARGIN_FRACTION = 0.003;
export const marginOf = (limit: Watts): number => Math.min(30, Math.max(5, MARGIN_FRACTION * limit));

/** Sun that goes, or a load that comes, steadily: the bound that an import limit sets runs ahead of it, by more than storage lags. */
const AHEAD_SECONDS = 2;
const AHEAD_SECONDS_ASKED = 3.5;

type Keep = (limit: Watts) => number;

const aheadOf = ({ rate }: NonNullable<Beside['residual']>, keep: Keep): number =>
  rate * (keep === marginOf ? AHEAD_SECONDS_ASKED : AHEAD_SECONDS);

/** Discharge that the export limit leaves. What the import limit needs now goes before a surplus that was, or that may come again. */
const exportRoom = (limit: Watts, importLimit: Watts | null, residual: Beside['residual'], keep: Keep): number => {
  // Blind: with no load at all, what the export limit leaves is the inverters'.
  if (residual === null) return 0;
  const need = importLimit === null ? 0 : residual.now + aheadOf(residual, marginOf) - importLimit + marginOf(importLimit);
  return limit - keep(limit) + Math.max(residual.least, Math.min(residual.now, need - limit + marginOf(limit)));
};

const mostOf = (limits: StorageLimits, { residual, generation }: Beside, { maxDischarge }: Range, keep: Keep): number => {
  const { exportLimit, generationLimit } = limits;
  const given = keep === marginOf ? generation.left : generation.now;
  let most: number = maxDischarge;
  if (exportLimit !== null) most = Math.min(most, exportRoom(exportLimit, limits.importLimit, residual, keep));
  if (generationLimit !== null) most = Math.min(most, generationLimit - given - keep(generationLimit));
  return Math.max(0, most);
};

const leastOf = (limits: StorageLimits, { residual, consumption }: Beside, range: Range, keep: Keep): number => {
  const { importLimit, loadLimit } = limits;
  let least: number = 0 - range.maxCharge;
  if (importLimit !== null && residual !== null) {
    least = Math.max(least, residual.most + aheadOf(residual, keep) - importLimit + keep(importLimit));
  }
  // Blind: the load may be as high as the import limit, so nothing is left for charging.
  if (importLimit !== null && residual === null) least = Math.max(least, 0);
  if (loadLimit !== null) least = Math.max(least, Math.min(0, consumption - loadLimit + keep(loadLimit)));
  return Math.min(least, Math.max(0, range.canDischarge));
};

/** The band of all storage together that the limits leave. Where they leave none - one makes it discharge, one forbids it - the one that forbids wins. */
const bandOf = (limits: StorageLimits, beside: Beside, range: Range, keep: Keep): Band => {
  const most = mostOf(limits, beside, range, keep);
  return { least: watts(Math.min(leastOf(limits, beside, range, keep), most)), most: watts(most) };
};

export interface Bounds {
  /** With the margin kept: what is asked for. */
  readonly wanted: Band;
  /** With the margin used up: a band that is held and is wider must be narrowed at once. */
  readonly ceiling: Band;
}

/**
 * What the limits leave to all storage together (sunspec 4.2): export = generation + discharge - load - charge. It never makes storage
 * charge: an inverter can be cut. The import limit cuts charging first, then makes it discharge as far as it can.
 */
export const boundsOf = (limits: StorageLimits, beside: Beside, range: Range): Bounds => ({
  wanted: bandOf(limits, beside, range, marginOf),
  ceiling: bandOf(limits, beside, range, () => 0),
});

/** What the site imports above its limit even when storage gives all it can: to be shed. Blind with an import limit: everything. */
export const excessOf = ({ importLimit }: StorageLimits, { residual }: Beside, canDischarge: Watts): Watts => {
  if (importLimit === null) return watts(0);
  if (residual === null) return watts(Infinity);
  return watts(Math.max(0, residual.now - importLimit - canDischarge));
};

/** A power of all in proportion to their weights; nothing where nobody weighs. */
export const sharesOf = (power: number, weights: readonly number[]): readonly number[] => {
  const sum = weights.reduce((all, one) => all + one, 0);
  return weights.map((one) => (sum > 0 ? (power * one) / sum : 0));
};

/** What more loads could take inside the import limit while storage gives what it can. */
export const spareOf = ({ importLimit }: StorageLimits, { residual }: Beside, canDischarge: Watts): Watts => {
  if (importLimit === null) return watts(Infinity);
  if (residual === null) return watts(0);
  return watts(Math.max(0, importLimit - marginOf(importLimit) + canDischarge - residual.most));
};
