import { describe, expect, it } from 'vitest';
import { applyScale, decodeModel, encodeAtMost } from '#drivers/sunspec/codec.ts';
import { commonModel } from '#drivers/sunspec/models/common.ts';
import { inverterModel } from '#drivers/sunspec/models/inverter.ts';
import { inverterImage } from './register-image.ts';
import type { Image } from './register-image.ts';

const wordsAt = (image: Image, address: number, count: number): Uint16Array =>
  Uint16Array.from({ length: count }, (_, i) => image.get(address + i) ?? 0);

const place = (address: number) => ({ id: 103, address, length: 50 });

describe('decodeModel', () => {
  const { image, measurements } = inverterImage();
  const words = wordsAt(image, measurements, 52);

  it('scales values and knows strings', () => {
    const decoded = decodeModel(inverterModel, words, place(measurements));
    expect(decoded).toMatchObject({
      ok: true,
      value: { values: { W: 5000, PhVphA: 230, Hz: 50.01, WH: 123_456, St: 4 }, badScales: [] },
    });
    const common = decodeModel(commonModel, wordsAt(image, 40_002, 68), { id: 1, address: 40_002, length: 66 });
    expect(common).toMatchObject({ ok: true, value: { values: { Mn: 'Acme', SN: 'INV-1', Opt: null } } });
  });

  it('gives null for what is not implemented', () => {
    expect(decodeModel(inverterModel, words, place(measurements))).toMatchObject({
      value: { values: { DCW: null, VA: null, TmpCab: null, Evt1: null } },
    });
  });

  it('gives null beyond the registers read, and for values whose scale was not read', () => {
    const decoded = decodeModel(inverterModel, words.subarray(0, 15), place(measurements));
    expect(decoded).toMatchObject({ ok: true, value: { values: { W: null, W_SF: null, PhVphA: 230, St: null } } });
  });

  it.each([11, -11, 32_767])('refuses a scale factor of %d and what it scales, and nothing else', (scale) => {
    const bad = words.slice();
    bad[15] = scale & 0xffff;
    expect(decodeModel(inverterModel, bad, place(measurements))).toMatchObject({
      value: { values: { W: null, W_SF: null, Hz: 50.01 }, badScales: ['W_SF'] },
    });
  });

  it('does not take a value without a scale factor for an unscaled one', () => {
    const bad = words.slice();
    bad[15] = 0x8000;
    expect(decodeModel(inverterModel, bad, place(measurements))).toMatchObject({ value: { values: { W: null }, badScales: [] } });
  });

  it('refuses registers of another model or length', () => {
    const at = place(measurements);
    expect(decodeModel(inverterModel, Uint16Array.from([120, 50, 0]), at)).toEqual({
      ok: false,
      fault: { kind: 'wrong-model', expected: 103, found: 120 },
    });
    expect(decodeModel(inverterModel, Uint16Array.from([103, 49, 0]), at)).toEqual({
      ok: false,
      fault: { kind: 'wrong-length', expected: 50, found: 49 },
    });
    expect(decodeModel(inverterModel, Uint16Array.from([103]), at)).toMatchObject({ ok: false, fault: { kind: 'short' } });
  });
});

describe('encodeAtMost', () => {
  const worth = (raw: number): number => applyScale(raw, -1);
  it.each([
    [50, 1, 500],
    [49.99, 1, 499],
    [0.3, 1, 3],
    [50.9, 10, 500],
    [-1, 1, 0],
    [Number.NaN, 1, 0],
    [1e9, 1, 0xfffe],
  ])('%d in steps of %d is %d', (value, step, raw) => {
    expect(encodeAtMost(value, worth, step)).toBe(raw);
  });
});
