import type { HrefRule } from './href.ts';

/** How one utility is walked: the utility profile's part and the configuration's. Spans in seconds. */
export interface WalkSettings extends HrefRule {
  /** Configured URL of DeviceCapability. */
  readonly dcap: string;
  /** Own LFDI, 40 upper-case hex digits, and SFDI: how the own EndDevice is found. */
  readonly lfdi: string;
  readonly sfdi: number;
  /** Six digits; null: none known, nothing is compared. */
  readonly pin: number | null;
  /** May an absent EndDevice be POSTed. */
  readonly inBandRegistration: boolean;
  /** Where a resource states no pollRate. */
  readonly defaultRate: number;
  /** For Time, where it states none. */
  readonly defaultTimeRate: number;
  readonly rateMin: number;
  readonly rateMax: number;
  /** `l` of a list request; 255 is what utilities' own samples use. */
  readonly pageLimit: number;
  /** Seed of the back-off jitter. */
  readonly seed: number;
}

/** A PIN that was not ours is looked at again once a day, seconds. */
export const PIN_RECHECK = 86_400;

/** Bounds of a walk (design D10). Some servers give two items a page, whatever is asked for: 500 pages are then a list of 1 000. */
export const PAGES_MAX = 500;
export const LIST_ITEMS_MAX = 1000;
/** CSIP P24: 15 function set assignments must work. */
export const ASSIGNMENTS_MAX = 15;
export const PROGRAM_LISTS_MAX = 24;
/** DER of one EndDevice whose associated programs are looked for. */
export const DERS_MAX = 8;
/** Curves fetched besides those that a list gives. */
export const SINGLE_CURVES_MAX = 32;
/** GETs between two pauses of a walk; beyond, the rest waits for the next poll. */
export const REQUESTS_MAX = 1500;

/** The rate a resource is polled at: its own, the default where it states none or nonsense, inside the profile's clamp. */
export const pollRateOf = (stated: number | null | undefined, fallback: number, settings: WalkSettings): number => {
  const rate = stated === null || stated === undefined || stated <= 0 ? fallback : stated;
  return Math.min(Math.max(rate, settings.rateMin), settings.rateMax);
};
