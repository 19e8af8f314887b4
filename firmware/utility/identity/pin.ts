import { digitSum } from './fingerprint.ts';

/** Five digits and a check digit. */
const PIN_MAX = 999_999;

/** Whether a configured PIN is one: its last digit is the digit sum of the others modulo ten (111115, 123455). */
export const isPin = (pin: number): boolean =>
  Number.isInteger(pin) && pin >= 0 && pin <= PIN_MAX && digitSum(Math.floor(pin / 10)) % 10 === pin % 10;

/** What a Registration says of us. */
export type PinVerdict =
  | 'matches'
  /** Another device's registration, or another server: all communication with this server stops (CSIP 5.3.4, CSIP-AUS ALL-03-REJ). */
  | 'mismatch'
  /** No PIN is known here: nothing to compare, communication goes on. */
  | 'not-configured'
  /** The server keeps none (204, or no RegistrationLink): communication goes on. */
  | 'not-served';

/** Compares as numbers, because leading zeros do not survive XML. */
export const checkPin = (configured: number | null, served: number | null): PinVerdict => {
  if (configured === null) return 'not-configured';
  if (served === null) return 'not-served';
  return configured === served ? 'matches' : 'mismatch';
};
