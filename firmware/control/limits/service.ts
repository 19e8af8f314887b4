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
  /** setSoftGradW as it was when the stop ended, hundredths of a per cent of setMaxW a second; absent: none was stated. */
  readonly softGradW?: number;
}

/** Before generation returns after energise or connect false, where the inverter does not wait by itself (AS/NZS 4777.2; reference 1b). */
export const RETURN_WAIT_SECONDS = 60;
/** Then by 16.67 per cent of setMaxW a minute: six minutes to the full. */
const RETURN_RAMP_SECONDS = 360;
/** setSoftGradW is in hundredths of a per cent. */
const GRADIENT_UNIT = 10_000;

/** How long the way back takes after the wait: by setSoftGradW where the utility states one (0: as fast as possible), else as the grid code says. */
const rampSeconds = ({ softGradW }: Service): number =>
  softGradW === undefined ? RETURN_RAMP_SECONDS : softGradW === 0 ? 0 : GRADIENT_UNIT / softGradW;

/**
 * The service after the utility's wish at `at`. Null: never stopped since the plan was new. The same object while nothing changes.
 * @param softGradW setSoftGradW in force; null: none stated
 */
export const serviceAfter = (
  before: Service | null,
  stopped: boolean,
  at: UtilitySeconds,
  softGradW: number | null,
): Service | null => {
  if (before === null) return stopped ? { stopped, since: at, opened: [] } : null;
  if (before.stopped === stopped) return before;
  const { opened } = before;
  return stopped || softGradW === null ? { stopped, since: at, opened } : { stopped, since: at, opened, softGradW };
};

/** True while generation is on its way back. */
export const isReturning = (service: Service | null, now: number): boolean =>
  service !== null && !service.stopped && now - service.since < RETURN_WAIT_SECONDS + rampSeconds(service);

/** What all inverters together may deliver on their way back from a stop; null: not on their way. A function of the plan and of utility time. */
export const returnLimit = (service: Service | null, now: number, setMaxW: Watts): Watts | null => {
  if (service === null || !isReturning(service, now)) return null;
  const waited = now - service.since - RETURN_WAIT_SECONDS;
  const ramped = waited <= 0 ? 0 : waited / rampSeconds(service);
  return watts(Math.floor(ramped * setMaxW));
};
