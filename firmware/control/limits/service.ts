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
  /** By setESDelay and setESRandomDelay as they were when the stop ended, seconds; absent: none was stated. */
  readonly wait?: number;
  /** By setESRampTms as it was then, seconds to the full; absent: none was stated. */
  readonly ramp?: number;
  /** Of the event that stopped the site, in [0, 1): where in setESRandomDelay it returns; absent: at its end. */
  readonly draw?: number;
}

/** How a return is to be, in the units of the wire (setES*: hundredths of a second); null: not stated. */
export interface ReturnWish {
  readonly softGradW: number | null;
  readonly delay: number | null;
  readonly randomDelay: number | null;
  readonly rampTms: number | null;
  /** Of the event that stops the site; null: a default does, which has none. */
  readonly draw: number | null;
}

/** Before generation returns after energise or connect false, where nobody says how long (AS/NZS 4777.2; reference 1b). */
export const RETURN_WAIT_SECONDS = 60;
/** Then, where nobody says how fast, by 16.67 per cent of setMaxW a minute: six minutes to the full. */
const RETURN_RAMP_SECONDS = 360;
/** setSoftGradW is in hundredths of a per cent. */
const GRADIENT_UNIT = 10_000;

const HUNDREDTHS = 100;

/**
 * How long the way back takes after the wait: by setESRampTms or setSoftGradW where the utility states one, by the slower where it states
 * both (0: as fast as possible), else as the grid code says.
 */
const rampSeconds = ({ softGradW, ramp }: Service): number => {
  const soft = softGradW === undefined ? undefined : softGradW === 0 ? 0 : GRADIENT_UNIT / softGradW;
  return soft === undefined && ramp === undefined ? RETURN_RAMP_SECONDS : Math.max(soft ?? 0, ramp ?? 0);
};

const waitSeconds = ({ wait }: Service): number => wait ?? RETURN_WAIT_SECONDS;

/** What the utility states of the return, as the service keeps it. */
const returnOf = ({ softGradW, delay, randomDelay, rampTms }: ReturnWish, draw: number): Partial<Service> => {
  const chance = Math.floor(draw * (randomDelay ?? 0)) / HUNDREDTHS;
  const least = delay === null ? RETURN_WAIT_SECONDS : delay / HUNDREDTHS;
  return {
    ...(softGradW === null ? {} : { softGradW }),
    ...(delay === null && randomDelay === null ? {} : { wait: least + chance }),
    ...(rampTms === null ? {} : { ramp: rampTms / HUNDREDTHS }),
  };
};

/** The service after the utility's wish at `at`. Null: never stopped since the plan was new. The same object while nothing changes. */
export const serviceAfter = (before: Service | null, stopped: boolean, at: UtilitySeconds, wish: ReturnWish): Service | null => {
  const drawn = wish.draw === null ? {} : { draw: wish.draw };
  if (before === null) return stopped ? { stopped, since: at, opened: [], ...drawn } : null;
  if (before.stopped === stopped) return before;
  const { opened, draw } = before;
  return stopped ? { stopped, since: at, opened, ...drawn } : { stopped, since: at, opened, ...returnOf(wish, draw ?? 1) };
};

/** True while generation is on its way back. */
export const isReturning = (service: Service | null, now: number): boolean =>
  service !== null && !service.stopped && now - service.since < waitSeconds(service) + rampSeconds(service);

/** What all inverters together may deliver on their way back from a stop; null: not on their way. A function of the plan and of utility time. */
export const returnLimit = (service: Service | null, now: number, setMaxW: Watts): Watts | null => {
  if (service === null || !isReturning(service, now)) return null;
  const waited = now - service.since - waitSeconds(service);
  const ramped = waited <= 0 ? 0 : waited / rampSeconds(service);
  return watts(Math.floor(ramped * setMaxW));
};
