import { durationMs, watts, type Watts } from '#base/units.ts';
import type { Band, ModelPlace, OnSilence, StorageRating } from '#site/device.ts';
import type { Order } from '../line/order-writer.ts';
import { applyScale } from '../sunspec/codec.ts';
import { storageModel } from '../sunspec/models/storage.ts';
import { HEADER_REGISTERS } from '../sunspec/points.ts';

/** What turns a band into the registers of a verified device. */
export interface StorageTarget {
  readonly unitId: number;
  readonly place: ModelPlace;
  readonly rating: StorageRating;
  /** InOutWRte_SF or WSet_SF. */
  readonly scale: number;
}

/** What the profile knows of a device's 124. */
export interface WindowWays {
  readonly writesTimers: boolean;
  readonly baseW: Watts | null;
}

const { points } = storageModel;
/** Bits of StorCtl_Mod. */
const LIMITS_CHARGE = 1;
const LIMITS_DISCHARGE = 2;
const FULL_PERCENT = 100;
const HIGHEST = 0x7fff;
/** A quotient this little below a whole number is that number. */
const ROUNDING = 1e-9;
const NOT_IMPLEMENTED = 0xffff;
const LONGEST_TIMER_SECONDS = 0xfffe;

export const isWhole = ({ least, most }: Band, { maxCharge, maxDischarge }: StorageRating): boolean =>
  least <= 0 - maxCharge && most >= maxDischarge;

/** One rate of the window: register steps and watts. */
class Rate {
  readonly #scale: number;
  readonly #base: number;

  constructor(scale: number, base: number) {
    this.#scale = scale;
    this.#base = base;
  }

  /** Watts that a register value stands for. */
  worth(raw: number): number {
    return (applyScale(raw, this.#scale) * this.#base) / FULL_PERCENT;
  }

  /** The highest register value worth at most `power`, -100 to 100 %. */
  atMost(power: number): number {
    return this.#within(Math.floor(power / this.worth(1) + ROUNDING));
  }

  /** The lowest one worth at least `power`. */
  atLeast(power: number): number {
    return this.#within(Math.ceil(power / this.worth(1) - ROUNDING));
  }

  #within(raw: number): number {
    const full = Math.min(HIGHEST, Math.floor(FULL_PERCENT / applyScale(1, this.#scale)));
    return Math.max(0 - full, Math.min(full, raw));
  }
}

/** A running timer counts down; none must read as none: one that nobody asked for would open the window. */
const timerStands = (read: number, timer: number): boolean =>
  timer === 0 ? read === 0 || read === NOT_IMPLEMENTED : read >= 1 && read <= timer;

interface Window {
  /** What the device does with it. */
  readonly meaning: Band;
  /** OutWRte and InWRte. */
  readonly out: number;
  readonly into: number;
  readonly limitsCharge: boolean;
  readonly limitsDischarge: boolean;
}

/**
 * Each bound is rounded into the band; where a step is wider than the band the upper bound stands. Never inside out, though the two
 * rates are per cents of different bases: a device may take such a window for none.
 */
const windowOf = (band: Band, { rating, scale }: StorageTarget, baseW: Watts | null): Window => {
  const charge = new Rate(scale, baseW ?? rating.maxCharge);
  const discharge = new Rate(scale, baseW ?? rating.maxDischarge);
  const limitsCharge = band.least > 0 - rating.maxCharge;
  const limitsDischarge = band.most < rating.maxDischarge;
  const below = discharge.atMost(limitsDischarge ? band.most : rating.maxDischarge);
  const out = Math.max(below, discharge.atLeast(0 - rating.maxCharge));
  const most = limitsDischarge ? discharge.worth(out) : rating.maxDischarge;
  let into = charge.atMost(limitsCharge ? 0 - band.least : rating.maxCharge);
  if (limitsCharge && 0 - charge.worth(into) > most) into = charge.atLeast(0 - most);
  const least = limitsCharge ? 0 - charge.worth(into) : 0 - rating.maxCharge;
  return { meaning: { least: watts(Math.min(least, most)), most: watts(most) }, out, into, limitsCharge, limitsDischarge };
};

/**
 * A band as model 124 takes it: rates and timers in one write, the mode last, so that no state in between forces a direction
 * (SunSpec 124). The whole range gives the device back to its own automatic.
 */
export const windowOrder = (
  band: Band,
  onSilence: OnSilence,
  target: StorageTarget,
  { writesTimers, baseW }: WindowWays,
): Order<Band> => {
  const { unitId, place } = target;
  const { meaning, out, into, limitsCharge, limitsDischarge } = windowOf(band, target, baseW);
  const mode = (limitsCharge ? LIMITS_CHARGE : 0) + (limitsDischarge ? LIMITS_DISCHARGE : 0);
  const lapses = mode === 0 || onSilence.kind === 'holds' ? null : onSilence.after;
  const timer = lapses === null ? 0 : Math.max(1, Math.min(Math.floor(lapses / 1000), LONGEST_TIMER_SECONDS));
  const rates = [out & 0xffff, into & 0xffff];
  const write = (at: number, words: readonly number[]) =>
    ({ kind: 'write', unitId, address: place.address + at, words }) as const;
  return {
    meaning,
    key: JSON.stringify([mode, limitsDischarge ? out : null, limitsCharge ? into : null, timer]),
    writes: [write(points.OutWRte.at, writesTimers ? [...rates, 0, timer] : rates), write(points.StorCtl_Mod.at, [mode])],
    read: { kind: 'read', unitId, address: place.address, count: HEADER_REGISTERS + Math.min(place.length, storageModel.length) },
    stands: (words) =>
      words[points.StorCtl_Mod.at] === mode &&
      (!limitsDischarge || words[points.OutWRte.at] === rates[0]) &&
      (!limitsCharge || words[points.InWRte.at] === rates[1]) &&
      (!writesTimers || timerStands(words[points.InOutWRte_RvrtTms.at] ?? NOT_IMPLEMENTED, timer)),
    lapses: lapses === null ? null : durationMs(lapses),
  };
};
