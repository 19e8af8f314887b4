import { assert } from '#base/assert.ts';
import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { ask, type Asked } from '#control/allocate/allocate.ts';
import type { Bounds } from './bounds.ts';
import type { Band } from '#site/device.ts';
import { sameBand } from './track.ts';

/** What was last asked of one storage device. */
export interface AskedBand {
  /** The room above each bound is paced as an inverter's cap is: `room` of `most` is what it leaves above full charge, of `least` what it leaves below full discharge. */
  readonly most: Asked;
  readonly least: Asked;
  /** The fixed power inside them, and when it was last moved; null: none. */
  readonly wish: { readonly power: Watts; readonly at: MonoMs } | null;
  /** What it comes to. */
  readonly band: Band;
}

export interface Rated {
  readonly maxCharge: Watts;
  readonly maxDischarge: Watts;
}

export interface BandWish {
  readonly bounds: Bounds;
  /** A soft ceiling (sun before discharge), below what the limits allow; null: none. */
  readonly ceiling: Watts | null;
  /** A power to hold; null: its own automatic within the bounds. */
  readonly target: Watts | null;
  /** A limit or a target changed: what follows is part of it, not a raise. */
  readonly completes: boolean;
}

/** A fixed power is moved for this much of the range, this often; sooner where it changed for a reason of its own. */
const MOVE_FRACTION = 0.005;
const MOVE_EVERY_MS = 2000;

const clamp = (value: number, { least, most }: Band): number => Math.min(Math.max(value, least), most);

const movedTo = (
  before: AskedBand['wish'],
  power: number | null,
  step: number,
  { completes, now }: Moment,
): AskedBand['wish'] => {
  if (power === null) return null;
  if (before === null || completes) return { power: watts(power), at: now };
  const due = Math.abs(power - before.power) >= step && now - before.at >= MOVE_EVERY_MS;
  return due ? { power: watts(power), at: now } : before;
};

interface Moment {
  readonly completes: boolean;
  readonly now: MonoMs;
}

/** Within the bounds that are asked for: they come first, and where they cross, what forbids does. */
const bandFrom = (most: number, least: number, wish: AskedBand['wish'], ceiling: number | null): Band => {
  const hard = { least: watts(Math.min(least, most)), most: watts(most) };
  if (wish !== null) {
    const power = watts(clamp(wish.power, hard));
    return { least: power, most: power };
  }
  return ceiling === null ? hard : { least: hard.least, most: watts(clamp(ceiling, hard)) };
};

/**
 * The band to ask of one device now. Narrowing at once, once what is held exceeds the ceiling; widening within the write budget, as
 * the caps of inverters. The same object: nothing to ask.
 */
export const askBand = (before: AskedBand | null, wish: BandWish, { maxCharge, maxDischarge }: Rated, now: MonoMs): AskedBand => {
  const range = watts(maxCharge + maxDischarge);
  const { wanted, ceiling: limit } = wish.bounds;
  const paced = (known: Asked | null, cap: number, ceiling: number, needed: number): Asked => {
    const room = (bound: number): Watts => watts(Math.min(range, Math.max(0, bound)));
    // What the other bound makes it do is no widening that could wait.
    const completes = wish.completes || (known !== null && needed > known.cap);
    const pace = { completes, arrives: completes, swings: false };
    const next = ask(known, { ...pace, cap: room(cap), ceiling: room(ceiling) }, range, now) ?? known;
    assert(next !== null, 'a first band is always asked for');
    return next;
  };
  const most = paced(before?.most ?? null, wanted.most + maxCharge, limit.most + maxCharge, wanted.least + maxCharge);
  const least = paced(before?.least ?? null, maxDischarge - wanted.least, maxDischarge - limit.least, 0);
  const target = movedTo(before?.wish ?? null, wish.target, MOVE_FRACTION * range, { completes: wish.completes, now });
  const band = bandFrom(most.cap - maxCharge, maxDischarge - least.cap, target, wish.ceiling);
  const isSame = sameBand(before?.band ?? null, band);
  const next = { most, least, wish: target, band: isSame && before !== null ? before.band : band };
  const rests = before !== null && isSame && before.most === most && before.least === least && before.wish === target;
  return rests ? before : next;
};
