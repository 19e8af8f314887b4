import { randomBytes } from 'node:crypto';
import type { Entropy } from '#base/ports.ts';

const FRACTION_BITS = 48;

/** The kernel's randomness. */
export const systemEntropy: Entropy = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  fraction: () => randomBytes(FRACTION_BITS / 8).readUIntBE(0, FRACTION_BITS / 8) / 2 ** FRACTION_BITS,
};
