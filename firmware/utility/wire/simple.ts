import type { Result } from '#base/result.ts';
import { fail, ok } from '#base/result.ts';
import type { HexType, IntegerType, MridType, SimpleType } from './schema/grammar.ts';

/** A simple value read: what was tolerated is named beside it. */
export interface SimpleRead {
  readonly value: string | number | boolean;
  readonly tolerated?: 'odd-hex' | 'cut-text';
}

/** Text of an element or attribute to its value; the fault says what was expected. */
export const readSimple = (type: SimpleType, text: string): Result<SimpleRead, string> => {
  switch (type.kind) {
    case 'integer':
      return readInteger(type, text);
    case 'boolean':
      return readBoolean(text);
    case 'hex':
      return readHex(type, text);
    case 'mrid':
      return isMrid(type, text) ? ok({ value: text }) : fail(expectation(type));
    case 'uri':
      return /^\S+$/.test(text) && byteLength(text) <= type.bytes ? ok({ value: text }) : fail(expectation(type));
    case 'text': {
      const value = cutToBytes(text, type.bytes).trimEnd();
      return ok(value === text ? { value } : { value, tolerated: 'cut-text' });
    }
  }
};

const readInteger = (type: IntegerType, text: string): Result<SimpleRead, string> => {
  const value = /^[+-]?\d{1,25}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= type.low && value <= type.high)) return fail(expectation(type));
  return ok({ value: value === 0 ? 0 : value });
};

const readBoolean = (text: string): Result<SimpleRead, string> => {
  if (text === 'true' || text === '1') return ok({ value: true });
  return text === 'false' || text === '0' ? ok({ value: false }) : fail(expectation({ kind: 'boolean' }));
};

/** Lower case and separators, as servers write an LFDI, are taken. */
const readHex = (type: HexType, text: string): Result<SimpleRead, string> => {
  const digits = text.replaceAll(/[\s:.-]/g, '').toUpperCase();
  if (!/^[0-9A-F]+$/.test(digits) || digits.length > 2 * type.bytes) return fail(expectation(type));
  return ok(digits.length % 2 === 0 ? { value: digits } : { value: `0${digits}`, tolerated: 'odd-hex' });
};

/** What writing must hold: null, or what was expected. */
export const checkSimple = (type: SimpleType, value: unknown): string | null =>
  isWritable(type, value) ? null : expectation(type);

const isWritable = (type: SimpleType, value: unknown): boolean => {
  switch (type.kind) {
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value >= type.low && value <= type.high;
    case 'boolean':
      return typeof value === 'boolean';
    case 'hex':
      return typeof value === 'string' && /^(?:[0-9A-F]{2})+$/.test(value) && value.length <= 2 * type.bytes;
    case 'mrid':
      return typeof value === 'string' && isMrid(type, value);
    case 'uri':
    case 'text':
      return typeof value === 'string' && byteLength(value) <= type.bytes;
  }
};

const isMrid = (type: MridType, text: string): boolean => /^[0-9A-Fa-f]+$/.test(text) && text.length <= 2 * type.bytes;

const expectation = (type: SimpleType): string => {
  switch (type.kind) {
    case 'integer':
      return `an integer from ${type.low} to ${type.high}`;
    case 'boolean':
      return 'true or false';
    case 'hex':
    case 'mrid':
      return `1 to ${2 * type.bytes} hexadecimal digits`;
    case 'uri':
    case 'text':
      return `${type.kind} of at most ${type.bytes} bytes`;
  }
};

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** The longest start of `text` that fits `bytes` bytes of UTF-8 without splitting a character. */
export const cutToBytes = (text: string, bytes: number): string => {
  if (text.length <= bytes && byteLength(text) <= bytes) return text;
  let kept = '';
  let room = bytes;
  for (const character of text) {
    room -= byteLength(character);
    if (room < 0) break;
    kept += character;
  }
  return kept;
};
