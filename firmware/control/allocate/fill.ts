/** A part of the site's power as it is dealt out; watts. */
export interface Portion {
  /** Shares are in proportion to it; above 0. */
  readonly rating: number;
  /** It can use no more than this, as far as is known; 0 to `rating`. */
  readonly usable: number;
}

/** In proportion to the ratings, nobody more than `usable`: what one cannot use goes to the others. Never more than `left` together. */
const level = (left: number, portions: readonly Portion[]): number[] => {
  const powers = portions.map(() => 0);
  let open = portions.map((_, index) => index);
  let rest = left;
  while (open.length > 0) {
    const rating = open.reduce((sum, index) => sum + (portions[index]?.rating ?? 0), 0);
    const share = rating > 0 ? rest / rating : 0;
    const full = open.filter((index) => (portions[index]?.usable ?? 0) <= share * (portions[index]?.rating ?? 0));
    for (const index of full.length > 0 ? full : open) {
      const { rating: mine, usable } = portions[index] ?? { rating: 0, usable: 0 };
      powers[index] = full.length > 0 ? usable : share * mine;
      if (full.length > 0) rest = Math.max(0, rest - usable);
    }
    if (full.length === 0) break;
    open = open.filter((index) => !full.includes(index));
  }
  return powers;
};

/**
 * Water-filling: `left` watts over the portions. When all have what they can use, the rest is spread over what their ratings still
 * leave: sun that comes out then needs no write. Each result grows with `left` and stays within 0 and its rating.
 */
export const fill = (left: number, portions: readonly Portion[]): readonly number[] => {
  const used = portions.reduce((sum, { usable }) => sum + usable, 0);
  if (used >= left) return level(left, portions);
  const room = portions.reduce((sum, { rating, usable }) => sum + rating - usable, 0);
  const part = room > 0 ? Math.min(1, (left - used) / room) : 0;
  return portions.map(({ rating, usable }) => usable + part * (rating - usable));
};
