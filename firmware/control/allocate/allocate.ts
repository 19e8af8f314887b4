import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import { fill, type Portion } from './fill.ts';

/** One inverter's claim on the site's generation. */
export interface Claim {
  readonly device: DeviceId;
  readonly maxPower: Watts;
  /** What it delivers per watt of cap (the trim). */
  readonly gain: number;
  /** What it delivers whatever we say: disobeying, or silent with a cap that may not hold. Null: controllable. */
  readonly uncontrolled: Watts | null;
  /** Of one that is not read: the cap it is to find once it answers; null: it is read, or can be told. */
  readonly onReturn: Watts | null;
  /** The most it can make now, as far as its sun is known; null: as much as its rating. */
  readonly usable: Watts | null;
  /** Below this it does not run stably. */
  readonly least: Watts;
  /** It is kept at 0 so that the others run above their least. */
  readonly idle: boolean;
  /** What it delivers too much whatever its cap, watts. Absent: nothing. */
  readonly excess?: number;
}

/** Shares of a least output may fall short of it by the rounding of the arithmetic. */
const LEAST_TOLERANCE_W = 0.5;

const portionOf = ({ maxPower, usable, uncontrolled }: Claim): Portion => ({
  rating: maxPower,
  usable: uncontrolled === null ? Math.min(maxPower, usable ?? maxPower) : maxPower,
});

/** Those that run, and what each of them gets. */
interface Running {
  readonly claims: readonly Claim[];
  readonly powers: readonly number[];
}

/** Little sun is no reason: what is given then is what it can use. */
const isShort = ({ least, usable }: Claim, power: number): boolean =>
  power < Math.min(least, usable ?? least) - LEAST_TOLERANCE_W;

/** Those that run on `left` watts, each at its least or above; the last ones in order give way first, one always stays. */
const runningOn = (left: number, claims: readonly Claim[]): Running => {
  let running = claims;
  let portions = claims.map(portionOf);
  for (;;) {
    const powers = fill(left, portions);
    if (running.length <= 1 || !running.some((claim, index) => isShort(claim, powers[index] ?? 0)))
      return { claims: running, powers };
    running = running.slice(0, -1);
    portions = portions.slice(0, -1);
  }
};

/** What goes to the inverters that can be told: what the others deliver, and what they themselves do whatever their cap, is taken off first. */
const forTold = (allowed: number, claims: readonly Claim[]): number => {
  let left = allowed;
  for (const { uncontrolled, excess = 0 } of claims) left -= uncontrolled ?? excess;
  return Math.max(0, left);
};

/** Those that can make what they are told come first: a shaded one is the last to be left running alone. */
const byPreference = (claims: readonly Claim[]): readonly Claim[] =>
  claims.every(({ usable }) => usable === null)
    ? claims
    : [...claims.filter(({ usable }) => usable === null), ...claims.filter(({ usable }) => usable !== null)];

const isTold = ({ uncontrolled, maxPower }: Claim): boolean => uncontrolled === null && maxPower > 0;

/** Of `allowed` so much must be over before an inverter that was put to 0 is started again: a limit that wavers does not switch it. */
const RESTART_FRACTION = 0.8;

/** The inverters that are to be kept at 0, given those that were. */
export const idleOf = (allowed: Watts, claims: readonly Claim[]): ReadonlySet<DeviceId> => {
  // The last one always stays.
  if (claims.length === 1) return new Set();
  const left = forTold(allowed, claims);
  const told = byPreference(claims.filter(isTold));
  const may = runningOn(left, told).claims;
  const wouldStart = told.some((claim) => claim.idle) ? runningOn(RESTART_FRACTION * left, told).claims : told;
  const idle = told.filter((claim) => !may.includes(claim) || (claim.idle && !wouldStart.includes(claim)));
  return new Set(idle.map(({ device }) => device));
};

/**
 * Splits what the inverters together may deliver over those that can be told, in proportion to WMax up to what each can use
 * (water-filling). Each cap is divided by the inverter's gain and stays within 0 and WMax; together they never exceed what is left of
 * `allowed`. One that cannot be told is asked for its share of all, and for no more than it is counted as: so it may come back.
 */
export const allocate = (allowed: Watts, claims: readonly Claim[]): ReadonlyMap<DeviceId, Watts> => {
  const left = forTold(allowed, claims);
  const { claims: running, powers } = runningOn(left, byPreference(claims.filter((claim) => isTold(claim) && !claim.idle)));
  let rating = 0;
  let told = 0;
  for (const claim of claims) {
    rating += claim.maxPower;
    told += isTold(claim) ? claim.maxPower - (claim.excess ?? 0) : 0;
  }
  // Nothing limits: a gain or an excess learned under a cap must not curtail an inverter then.
  const whole = left >= told;
  const capOf = (claim: Claim): number => {
    const { maxPower, gain, uncontrolled, onReturn } = claim;
    if (onReturn !== null) return Math.min(onReturn, Math.max(0, uncontrolled ?? maxPower), maxPower);
    if (uncontrolled !== null) {
      const share = rating > 0 ? (Math.max(0, allowed) * maxPower) / rating : 0;
      return Math.min(share / Math.max(1, gain), Math.max(0, uncontrolled), maxPower);
    }
    if (whole && isTold(claim) && !claim.idle) return maxPower;
    return Math.min(maxPower, (powers[running.indexOf(claim)] ?? 0) / gain);
  };
  const caps = new Map<DeviceId, Watts>();
  for (const claim of claims) caps.set(claim.device, watts(capOf(claim)));
  return caps;
};

/**
 * The highest cap this inverter may be raised to while the others hold what they hold: a share is given on only after the lower cap of
 * the one that gave it was read back. `holds`: watts that each of the others may deliver under what it holds, was asked for or is to get.
 */
export const roomFor = (claim: Claim, ceiling: Watts, holds: Iterable<number>): Watts => {
  let left: number = ceiling;
  for (const one of holds) left -= one;
  return watts(left >= claim.maxPower ? claim.maxPower : Math.max(0, left) / claim.gain);
};

/** What was last asked of one inverter, and when it was last raised. */
export interface Asked {
  readonly cap: Watts;
  readonly askedAt: MonoMs;
  readonly raisedAt: MonoMs | null;
  /** The cap was cut by more than one per cent of WMax since it was last raised. */
  readonly cutSince: boolean;
  /** The last raise while it is on trial: from where to where. Null: undone, or none was made. */
  readonly trial: { readonly from: Watts; readonly to: Watts } | null;
  /** How long small raises rest, milliseconds: longer each time that the load's noise undid one. */
  readonly restMs: number;
}

/** Raises are kept rare for the inverter's flash (design section 5): by one per cent of WMax, ten seconds apart. */
const RAISE_FRACTION = 0.01;
const RAISE_EVERY_MS = 10_000;
/** After the cap was cut in the meantime, a load that returns is followed sooner; a steady site never comes here. */
const RETURN_AFTER_MS = 5000;
/** A smaller raise is worth a write when nothing else was written for this long. */
const SMALL_RAISE_FRACTION = 0.002;
const SMALL_RAISE_AFTER_MS = 40_000;

/** A raise of less may be noise of the load, and be undone by it; a larger one is a load that came. */
export const NOISE_FRACTION = 0.04;
const REST_MS_MAX = 160_000;

/** A cut that takes back half of the last small raise: the load is as noisy as that raise was large, and the next one waits longer. */
const afterCut = (before: Asked, cap: Watts, maxPower: Watts): Pick<Asked, 'trial' | 'restMs'> => {
  const { trial, restMs } = before;
  // A load that went is no noise.
  if (before.cap - cap > NOISE_FRACTION * maxPower) return { trial: null, restMs };
  if (trial === null || trial.to - cap < (trial.to - trial.from) / 2) return { trial, restMs };
  return { trial: null, restMs: Math.min(2 * restMs, REST_MS_MAX) };
};

/** A raise that nothing undid until the next one: the noise is less than was thought. */
const afterRaise = (before: Asked, { cap, swings }: Wish, maxPower: Watts): Pick<Asked, 'trial' | 'restMs'> => {
  const small = cap - before.cap <= NOISE_FRACTION * maxPower && !swings;
  const restMs = before.trial === null ? before.restMs : Math.max(RAISE_EVERY_MS, before.restMs / 2);
  return { trial: small ? { from: before.cap, to: cap } : null, restMs };
};

const restOf = (before: Asked, raise: number, maxPower: Watts): number => {
  if (before.restMs > RAISE_EVERY_MS && raise <= NOISE_FRACTION * maxPower) return before.restMs;
  return before.cutSince ? RETURN_AFTER_MS : RAISE_EVERY_MS;
};

/** What the limiter wants of one inverter. */
export interface Wish {
  readonly cap: Watts;
  /** The same with the limiter's margin used up. */
  readonly ceiling: Watts;
  /** The change ends an over-cut or follows a new limit. */
  readonly completes: boolean;
  /** The limit has just come to where it stays: a change at once, or the end of a ramp. */
  readonly arrives: boolean;
  /** The load stands higher than is relied on by more than noise: one that comes and goes. */
  readonly swings: boolean;
  /** A raise by less is not worth a write: the noise of the load would undo it. Absent: none. */
  readonly slack?: number;
}

/**
 * Whether the wanted cap is asked of the inverter now. Tightening always, once the cap held exceeds the `ceiling` (the wanted cap
 * with its margin used up); raising within the write budget.
 */
export const ask = (before: Asked | null, wish: Wish, maxPower: Watts, now: MonoMs): Asked | null => {
  const { cap, ceiling, completes } = wish;
  if (before === null) return { cap, askedAt: now, raisedAt: null, cutSince: false, trial: null, restMs: RAISE_EVERY_MS };
  if (cap < before.cap) {
    const cutSince = before.cutSince || before.cap - cap > 0.8 * RAISE_FRACTION * maxPower;
    return before.cap > ceiling || completes
      ? { ...before, cap, askedAt: now, cutSince, ...afterCut(before, cap, maxPower) }
      : null;
  }
  const raise = cap - before.cap;
  const rested = before.raisedAt === null || now - before.raisedAt >= restOf(before, raise, maxPower);
  // What the steps of a ramp left open is given with its end, not after a rest.
  const least = (wish.arrives ? SMALL_RAISE_FRACTION : RAISE_FRACTION) * maxPower;
  const worth = raise >= least && (completes || rested);
  const small = Math.max(SMALL_RAISE_FRACTION * maxPower, wish.slack ?? 0);
  const due = raise >= small && now - before.askedAt >= SMALL_RAISE_AFTER_MS && rested;
  if (!worth && !due) return null;
  const raised = { cap, askedAt: now, cutSince: false };
  // The end of an over-cut is part of the cut: it says nothing of the load.
  if (completes) return { ...before, ...raised };
  return { ...raised, raisedAt: now, ...afterRaise(before, wish, maxPower) };
};
