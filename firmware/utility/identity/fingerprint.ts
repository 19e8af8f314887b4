import { createHash } from 'node:crypto';

declare const lfdi: unique symbol;
/** Long form device identifier: 40 upper-case hexadecimal digits. */
export type Lfdi = string & { readonly [lfdi]: true };

/** How a client is known to a utility: both follow from its certificate alone, so a renewed certificate is a new identity. */
export interface DeviceIdentity {
  readonly lfdi: Lfdi;
  /** Short form with its check digit; in XML an integer without leading zeros. */
  readonly sfdi: number;
}

/** Hexadecimal digits of the LFDI: 160 of the 256 bits of the fingerprint. */
const LFDI_DIGITS = 40;
/** Hexadecimal digits the SFDI is made of: 36 bits. */
const SFDI_DIGITS = 9;

/** Identity from the whole DER encoding of the leaf certificate (IEEE 2030.5 6.3.3, 6.3.4): SHA-256, cut on the left. */
export const identityOf = (certificate: Uint8Array): DeviceIdentity => {
  const fingerprint = createHash('sha256').update(certificate).digest('hex').toUpperCase();
  return identityOfLfdi(fingerprint.slice(0, LFDI_DIGITS) as Lfdi);
};

/** The identity an LFDI implies. */
export const identityOfLfdi = (lfdi: Lfdi): DeviceIdentity => ({
  lfdi,
  sfdi: withCheckDigit(Number.parseInt(lfdi.slice(0, SFDI_DIGITS), 16)),
});

/** An LFDI as a person or server writes it (lower case, separators); null when it is none. */
export const parseLfdi = (text: string): Lfdi | null => {
  const digits = text.replaceAll(/[\s:.-]/g, '').toUpperCase();
  return /^[0-9A-F]{40}$/.test(digits) ? (digits as Lfdi) : null;
};

/** Twelve digits, for people and host names. */
export const sfdiText = (sfdi: number): string => String(sfdi).padStart(12, '0');

/** Appends the digit that makes the sum of all decimal digits a multiple of ten. */
const withCheckDigit = (number: number): number => number * 10 + ((10 - (digitSum(number) % 10)) % 10);

/** Sum of the decimal digits of a whole number, 0 or more. */
export const digitSum = (number: number): number => Array.from(String(number), Number).reduce((sum, digit) => sum + digit, 0);
