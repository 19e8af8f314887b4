import { createHash } from 'node:crypto';
import type { Draw } from './plan.ts';

const FRACTION_BYTES = 6;

const fraction = (seed: string, mRID: string, purpose: string): number => {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, mRID, purpose]))
    .digest();
  return digest.readUIntBE(0, FRACTION_BYTES) / 2 ** (8 * FRACTION_BYTES);
};

/** The draws of one event: a hash of (installation seed, mRID), so that no restart redraws them and a population spreads (design D2). */
export const drawFor = (seed: string, mRID: string): Draw => ({
  start: fraction(seed, mRID, 'start'),
  duration: fraction(seed, mRID, 'duration'),
  cancel: fraction(seed, mRID, 'cancel'),
});

/** Uniform integer in [0, range], sign kept (ieee2030_5 3.7). Null: nothing to randomise. */
export const offset = (drawn: number, range: number | null): number => {
  if (range === null || range === 0) return 0;
  return Math.sign(range) * Math.floor(drawn * (Math.abs(range) + 1));
};
