/** Value times ten to the multiplier, exact for the decimal numbers servers write. */
export const unscaled = (quantity: { readonly multiplier: number; readonly value: number }): number =>
  quantity.multiplier < 0 ? quantity.value / 10 ** -quantity.multiplier : quantity.value * 10 ** quantity.multiplier;

/** Which way a number that does not fit is rounded. */
export type Rounding = 'down' | 'up' | 'nearest';

const MULTIPLIER_MAX = 9;

/**
 * A number as value and multiplier: the smallest multiplier from `multiplier` on at which the value lies in [low, high]
 * (ActivePower: Int16, so 45 000 W is 4 500 x 10^1). `down` is towards minus infinity. Null: not finite or beyond 10^9 of the range.
 */
export const scaled = (
  number: number,
  range: { readonly low: number; readonly high: number },
  rounding: Rounding,
  multiplier = 0,
): { readonly multiplier: number; readonly value: number } | null => {
  if (!Number.isFinite(number)) return null;
  for (let power = multiplier; power <= MULTIPLIER_MAX; power += 1) {
    const value = rounded(power < 0 ? number * 10 ** -power : number / 10 ** power, rounding);
    if (value >= range.low && value <= range.high) return { multiplier: power, value };
  }
  return null;
};

const rounded = (number: number, rounding: Rounding): number => {
  const value = rounding === 'down' ? Math.floor(number) : rounding === 'up' ? Math.ceil(number) : Math.round(number);
  return value === 0 ? 0 : value;
};

export const INT16 = { low: -0x8000, high: 0x7fff } as const;
export const UINT16 = { low: 0, high: 0xffff } as const;
export const INT48 = { low: -(2 ** 47), high: 2 ** 47 } as const;
