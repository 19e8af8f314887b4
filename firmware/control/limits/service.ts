import { type UtilitySeconds, type Watts, watts } from '#base/units.ts';

/**
 * Whether the utility lets the site generate (opModEnergize, opModConnect), since when, and which inverters were told to open their
 * connection and have not closed it again: those, and no others, are told to close it, even after a restart.
 */
export interface Service {
  readonly stopped: boolean;
  /** When `stopped` last changed, utility time. */
  readonly since: UtilitySeconds;
  /** Names of devices. */
  readonly opened: readonly string[];
}

/** Before generation returns after energise or connect false, where the inverter does not wait by itself (AS/NZS 4777.2; reference 1b). */
export const RETURN_WAIT_SECONDS = 60;
/** Then by 16.67 per cent of setMaxW a minute: six minutes to the full. */
export const RETURN_RAMP_SECONDS = 360;

/** The service after the utility's wish at `at`. Null: never stopped since the plan was new. The same object while nothing changes. */
export const serviceAfter = (before: Service | null, stopped: boolean, at: UtilitySeconds): Service | null => {
  if (before === null) return stopped ? { stopped, since: at, opened: [] } : null;
  return before.stopped === stopped ? before : { ...before, stopped, since: at };
};

/** True while generation is on its way back. */
export const isReturning = (service: Service | null, now: number): boolean =>
  service !== null && !service.stopped && now - service.since < RETURN_WAIT_SECONDS + RETURN_RAMP_SECONDS;

/** What all inverters together may deliver on their way back from a stop; null: not on their way. A function of the plan and of utility time. */
export const returnLimit = (service: Service | null, now: number, setMaxW: Watts): Watts | null => {
  if (service === null || !isReturning(service, now)) return null;
  const ramped = Math.max(0, now - service.since - RETURN_WAIT_SECONDS) / RETURN_RAMP_SECONDS;
  return watts(Math.floor(ramped * setMaxW));
};
