import { type Watts, watts } from '#base/units.ts';
import type { Band } from '#site/device.ts';
import type { Beside, Range } from './bounds.ts';

/**
 * What the owner wants of storage that has no automatic of its own while it is commanded (it takes a power, not a window): that it
 * serves the load that the sun leaves, and stores what the sun leaves over. Only what has been there for eight seconds and a half is
 * followed: a load that ends finds no discharge made for a spike of it. Null: what flows is not known, or the limits leave the whole range
 * and the device is given back to its automatic.
 */
export const ownPower = (
  residual: Beside['residual'],
  { least, most }: Band,
  range: Pick<Range, 'maxCharge' | 'maxDischarge'>,
): Watts | null => {
  const isFree = least <= 0 - range.maxCharge && most >= range.maxDischarge;
  if (residual === null || isFree) return null;
  return watts(Math.max(0, residual.least) + Math.min(0, residual.most));
};
