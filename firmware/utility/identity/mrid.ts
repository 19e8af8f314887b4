import { createHash } from 'node:crypto';
import { assert } from '#base/assert.ts';
import type { Lfdi } from './fingerprint.ts';

/** Largest private enterprise number that fits eight decimal digits. */
const PEN_MAX = 99_999_999;
/** Digits before the role and the PEN. */
const BODY_DIGITS = 22;

/**
 * An mRID that is the same for ever for the same thing: 22 digits of body, 2 of role, the PEN as eight DECIMAL digits (TS 5573 4.2;
 * the schema can be read as binary, Australian servers read decimal). 32 upper-case hexadecimal digits in all.
 */
const mrid = (body: string, role: number, pen: number): string => {
  assert(Number.isInteger(pen) && pen >= 0 && pen <= PEN_MAX, 'a PEN has at most eight decimal digits');
  assert(Number.isInteger(role) && role >= 0 && role <= 0xff, 'a role is one byte');
  return `${body.slice(0, BODY_DIGITS)}${role.toString(16).padStart(2, '0')}${String(pen).padStart(8, '0')}`.toUpperCase();
};

/** Of a usage point: known by device and role. */
export const usagePointMrid = (lfdi: Lfdi, role: number, pen: number): string => mrid(lfdi, role, pen);

/** Of one quantity read at a usage point; `quantity` names it for ever (`W|0|2`: unit, phase, qualifier). */
export const meterReadingMrid = (lfdi: Lfdi, role: number, quantity: string, pen: number): string =>
  mrid(createHash('sha256').update(`${lfdi}|${role}|${quantity}`).digest('hex'), role, pen);
