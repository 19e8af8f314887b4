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
  /** Made to give more than it must until it has arrived, to beat its lag: by so much, and since when; null: not. */
  readonly lead: { readonly power: Watts; readonly since: MonoMs } | null;
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
  /** The power follows the site, rather than a word of the utility: it is moved in longer steps. */
  readonly drifts?: boolean;
  /** What it is about to give; null: not known. */
  readonly expected: Watts | null;
  /** A limit or a target changed: what follows is part of it, not a raise. */
  readonly completes: boolean;
}

/** A fixed power is moved for this much of the range, this often; sooner where it changed for a reason of its own. */
const MOVE_FRACTION = 0.005;
const DRIFT_FRACTION = 0.02;
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

/** From this part of its range on it is made to give more than it must, until it is within the other of it, or for so long. */
const LEAD_FRACTION = 0.05;
const ARRIVED_FRACTION = 0.01;
const LEAD_MS_MAX = 4000;

/** An import limit is over at once, the device has a lag: what it is asked beyond the bound ends as it arrives there. */
const leadTo = (
  before: AskedBand | null,
  least: number,
  expected: number | null,
  range: number,
  now: MonoMs,
): AskedBand['lead'] => {
  if (expected === null || before === null) return null;
  const gap = least - expected;
  const { lead } = before;
  if (lead !== null) return gap > ARRIVED_FRACTION * range && now - lead.since < LEAD_MS_MAX ? lead : null;
  // A bound that it has been told before and does not reach is no lag.
  const isNew = least > before.band.least + ARRIVED_FRACTION * range;
  return isNew && gap > LEAD_FRACTION * range ? { power: watts(gap), since: now } : null;
};

/** Within the bounds that are asked for: they come first, and where they cross, what forbids does. */
const bandFrom = (most: number, least: number, wish: AskedBand['wish'], ceiling: number | null): Band => {
  const hard = { least: watts(Math.min(least, most)), most: watts(most) };
  if (wish !== null) {
    const power = watts(clamp(wish.power, hard));
    return { least: power, most: power };
  }
  return ceiling === null ? hard : { least: hard.least, most: watts(clamp(ceiling, hard)) };
};

/** The same object where nothing changed. */
const kept = (before: AskedBand | null, next: AskedBand): AskedBand => {
  if (before === null || !sameBand(before.band, next.band)) return next;
  const { most, least, wish, lead } = before;
  const rests = most === next.most && least === next.least && wish === next.wish && lead === next.lead;
  return rests ? before : { ...next, band: before.band };
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
  const step = (wish.drifts === true ? DRIFT_FRACTION : MOVE_FRACTION) * range;
  const target = movedTo(before?.wish ?? null, wish.target, step, { completes: wish.completes, now });
  const bound = maxDischarge - least.cap;
  const lead = leadTo(before, bound, wish.expected, range, now);
  const band = bandFrom(most.cap - maxCharge, bound + (lead?.power ?? 0), target, wish.ceiling);
  return kept(before, { most, least, wish: target, lead, band });
};
