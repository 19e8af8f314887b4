import type { Result } from '#base/result.ts';
import { fail, ok } from '#base/result.ts';
import type { SimpleType } from './schema/grammar.ts';

/** A simple value read: what was tolerated is named beside it. */
export interface SimpleRead {
  readonly value: string | number | boolean;
  readonly tolerated?: 'odd-hex' | 'cut-text';
}

/** Text of an element or attribute to its value; the fault says what was expected. */
export const readSimple = (type: SimpleType, text: string): Result<SimpleRead, string> => {
  switch (type.kind) {
    case 'integer': {
      const value = /^[+-]?\d{1,25}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= type.low && value <= type.high)) return fail(`an integer from ${type.low} to ${type.high}`);
      return ok({ value: value === 0 ? 0 : value });
    }
    case 'boolean':
      if (text === 'true' || text === '1') return ok({ value: true });
      return text === 'false' || text === '0' ? ok({ value: false }) : fail('true or false');
    case 'hex':
      return readHex(type.bytes, text.replaceAll(/[\s:.-]/g, '').toUpperCase());
    case 'mrid':
      return /^[0-9A-Fa-f]+$/.test(text) && text.length <= 2 * type.bytes
        ? ok({ value: text })
        : fail(`1 to ${2 * type.bytes} hexadecimal digits`);
    case 'uri':
      return text !== '' && byteLength(text) <= type.bytes ? ok({ value: text }) : fail(`a URI of at most ${type.bytes} bytes`);
    case 'text': {
      const value = cutToBytes(text, type.bytes);
      return ok(value === text ? { value } : { value, tolerated: 'cut-text' });
    }
  }
};

const readHex = (bytes: number, digits: string): Result<SimpleRead, string> => {
  if (!/^[0-9A-F]+$/.test(digits) || digits.length > 2 * bytes) return fail(`1 to ${2 * bytes} hexadecimal digits`);
  return ok(digits.length % 2 === 0 ? { value: digits } : { value: `0${digits}`, tolerated: 'odd-hex' });
};

/** What writing must hold: null, or what was expected. */
export const checkSimple = (type: SimpleType, value: unknown): string | null => {
  switch (type.kind) {
    case 'integer':
      return Number.isInteger(value) && Number(value) >= type.low && Number(value) <= type.high
        ? null
        : `an integer from ${type.low} to ${type.high}`;
    case 'boolean':
      return typeof value === 'boolean' ? null : 'a boolean';
    case 'hex':
      return typeof value === 'string' && /^(?:[0-9A-F]{2})+$/.test(value) && value.length <= 2 * type.bytes
        ? null
        : `upper-case hexadecimal of at most ${type.bytes} bytes`;
    case 'mrid':
      return typeof value === 'string' && /^[0-9A-Fa-f]+$/.test(value) && value.length <= 2 * type.bytes
        ? null
        : `an mRID of at most ${2 * type.bytes} digits`;
    case 'uri':
    case 'text':
      return typeof value === 'string' && byteLength(value) <= type.bytes ? null : `text of at most ${type.bytes} bytes`;
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
