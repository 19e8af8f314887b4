import { assert } from '#base/assert.ts';

/** One DER element (X.690): tag, length, content. Enough of the encoding for a certificate request. */
export const element = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
};

const LONG_FORM = 0x80;
const LENGTH_MAX = 0xffff;

const lengthOf = (length: number): readonly number[] => {
  assert(length <= LENGTH_MAX, 'a DER element of more than 64 KiB');
  if (length < LONG_FORM) return [length];
  return length <= 0xff ? [0x81, length] : [0x82, length >> 8, length & 0xff];
};

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** [0], constructed. */
  context0: 0xa0,
} as const;

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(TAG.sequence, ...parts);

/** Whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => element(TAG.bitString, Uint8Array.of(0), bytes);

/** An object identifier in dotted form; null: it is none. */
export const oid = (dotted: string): Uint8Array | null => {
  if (!/^[0-2](\.(0|[1-9]\d{0,8})){2,15}$/.test(dotted)) return null;
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  if (first < 2 && second > 39) return null;
  return element(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
};

const base128 = (number: number): readonly number[] => {
  const digits = [number % 128];
  for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) + 128);
  return digits;
};

/** A constant of this code. */
export const knownOid = (dotted: string): Uint8Array => {
  const encoded = oid(dotted);
  assert(encoded !== null, `${dotted} is no object identifier`);
  return encoded;
};

const LINE = 64;

export const pem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};
