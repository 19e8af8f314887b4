import { describe, expect, it } from 'vitest';
import { decodeLimits } from '#broker/limit-payload.ts';
import { watts } from '#base/units.ts';

const FALLBACK = { exportW: watts(1500), generationW: null, importW: watts(3000) };
const decoded = (text: string) => decodeLimits(new TextEncoder().encode(text), FALLBACK);

describe('a message with limits', () => {
  it.each([
    ['{"exportW":4000}', { exportW: 4000, generationW: null, importW: 3000, seconds: null }],
    ['{"exportW":null,"importW":null}', { exportW: null, generationW: null, importW: null, seconds: null }],
    ['{"generationW":0,"validSeconds":90,"by":"us"}', { exportW: 1500, generationW: 0, importW: 3000, seconds: 90 }],
  ])('%s is understood; a kind that it does not name keeps its fallback', (text, value) => {
    expect(decoded(text)).toEqual({ ok: true, value });
  });

  it.each([
    '',
    'off',
    '4000',
    '[4000]',
    'null',
    '{}',
    '{"exportw":4000}',
    '{"exportW":"4000"}',
    '{"exportW":-1}',
    '{"exportW":1e10}',
    '{"exportW":true}',
    '{"exportW":4000,"importW":[]}',
    '{"exportW":4000,"validSeconds":-1}',
    '{"exportW":4000,"validSeconds":"60"}',
    `{"exportW":4000,"by":"${'x'.repeat(1024)}"}`,
  ])('%s is none', (text) => {
    expect(decoded(text).ok).toBe(false);
  });

  it('is UTF-8', () => {
    expect(decodeLimits(Uint8Array.of(0x7b, 0xff, 0x7d), FALLBACK)).toMatchObject({ ok: false });
  });
});
