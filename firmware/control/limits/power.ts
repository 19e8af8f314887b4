import { type Watts, watts } from '#base/units.ts';
import type { PowerLimits } from '../limiter/limiter.ts';
import type { ActiveLimits } from '../limits.ts';
import { type Service, returnLimit } from './service.ts';

const FULL_PERCENT = 100;

/** True when the utility forbids generation: energise or connect false (ieee2030_5 3.4: zero whatever else holds). */
export const isStopped = ({ energize, connect }: ActiveLimits): boolean => energize?.value === false || connect?.value === false;

/** The lowest of those given; a limit of the whole rating or more is none. */
const lowest = (limits: readonly (Watts | null)[], setMaxW: Watts): Watts | null => {
  const least = Math.min(...limits.map((limit) => limit ?? Infinity));
  return least >= setMaxW ? null : watts(least);
};

/**
 * What of the limits is left to the inverters: storage of its own output may give that much of the generation limit.
 * A limit that leaves them their whole rating is none.
 */
export const beside = (limits: PowerLimits, storage: Watts, setMaxW: Watts): PowerLimits => {
  const { generationLimit } = limits;
  if (generationLimit === null) return limits;
  const left = Math.max(0, generationLimit - storage);
  return { ...limits, generationLimit: left >= setMaxW ? null : watts(left) };
};

/**
 * The modes in force as watts for the limiter: the tightest combination binds (design section 3).
 * `service` and `now` (utility time, fractions allowed; null: unknown) give the return after a stop; without a time it does not ramp.
 * `storage`: what may be given besides setMaxW by storage of its own output.
 */
export const powerLimits = (
  limits: ActiveLimits,
  service: Service | null,
  now: number | null,
  setMaxW: Watts,
  storage = watts(0),
): PowerLimits => {
  const exportLimit = limits.exportLimit?.value ?? null;
  if (isStopped(limits)) return { exportLimit, generationLimit: watts(0) };
  const { maxPower, generationLimit } = limits;
  const share = maxPower === undefined ? null : watts((maxPower.value / FULL_PERCENT) * setMaxW);
  const returning = now === null ? null : returnLimit(service, now, setMaxW);
  return { exportLimit, generationLimit: lowest([generationLimit?.value ?? null, share, returning], watts(setMaxW + storage)) };
};
