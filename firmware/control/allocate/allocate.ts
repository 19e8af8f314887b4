import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';

/** One inverter's claim on the site's generation. */
export interface Claim {
  readonly device: DeviceId;
  readonly maxPower: Watts;
  /** What it delivers per watt of cap (the trim). */
  readonly gain: number;
  /** What it delivers whatever we say: disobeying, or silent with a cap that may not hold. Null: controllable. */
  readonly uncontrolled: Watts | null;
}

/**
 * Splits what the inverters together may deliver over those that can be told, in proportion to WMax; what the others deliver is
 * taken off first. Each cap is divided by the inverter's gain and stays within 0 and WMax.
 */
export const allocate = (allowed: Watts, claims: readonly Claim[]): ReadonlyMap<DeviceId, Watts> => {
  let left: number = allowed;
  let rating = 0;
  for (const claim of claims) {
    if (claim.uncontrolled === null) rating += claim.maxPower;
    else left -= claim.uncontrolled;
  }
  const share = rating > 0 ? Math.max(0, left) / rating : 0;
  return new Map(
    claims.map((claim) => {
      const most = claim.uncontrolled === null ? share * claim.maxPower : Math.max(0, Math.min(allowed, claim.maxPower));
      // A full share is the whole rating: a gain learned under a cap must not curtail an inverter that nothing limits.
      return [claim.device, watts(most >= claim.maxPower ? claim.maxPower : Math.min(claim.maxPower, most / claim.gain))];
    }),
  );
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
  const due = raise >= SMALL_RAISE_FRACTION * maxPower && now - before.askedAt >= SMALL_RAISE_AFTER_MS && rested;
  if (!worth && !due) return null;
  const raised = { cap, askedAt: now, cutSince: false };
  // The end of an over-cut is part of the cut: it says nothing of the load.
  if (completes) return { ...before, ...raised };
  return { ...raised, raisedAt: now, ...afterRaise(before, wish, maxPower) };
};
