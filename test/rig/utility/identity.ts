/** LFDI and SFDI of a certificate, computed from its DER bytes alone. */
import { createHash } from 'node:crypto';

/** First 20 bytes of the SHA-256 of the certificate, 40 capital hexadecimal digits. */
export const lfdiOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex').slice(0, 40).toUpperCase();

/** Sum of the decimal digits of a whole number. */
export const digitSum = (number: number): number => {
  let sum = 0;
  for (let rest = number; rest > 0; rest = Math.floor(rest / 10)) sum += rest % 10;
  return sum;
};

/** The first 36 bits of an LFDI as a decimal number, and a digit that makes the sum of all digits a multiple of ten. */
export const sfdiOf = (lfdi: string): number => {
  const number = Number.parseInt(lfdi.slice(0, 9), 16);
  return number * 10 + ((10 - (digitSum(number) % 10)) % 10);
};

/** DER bytes of the first certificate of a PEM text; null when there is none. */
export const firstDer = (pem: string): Uint8Array | null => {
  const found = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem);
  return found?.[1] === undefined ? null : Buffer.from(found[1], 'base64');
};

/** Five digits and their sum modulo ten. */
export const pinOf = (fiveDigits: number): number => fiveDigits * 10 + (digitSum(fiveDigits) % 10);
