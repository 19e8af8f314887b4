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
  const isFull = portions.map(() => false);
  let rest = left;
  for (;;) {
    let open = 0;
    portions.forEach(({ rating }, index) => {
      if (isFull[index] !== true) open += rating;
    });
    const share = open > 0 ? rest / open : 0;
    let filled = 0;
    portions.forEach(({ rating, usable }, index) => {
      if (isFull[index] === true || usable > share * rating) return;
      powers[index] = usable;
      isFull[index] = true;
      rest = Math.max(0, rest - usable);
      filled += 1;
    });
    if (filled > 0) continue;
    portions.forEach(({ rating }, index) => {
      if (isFull[index] !== true) powers[index] = share * rating;
    });
    return powers;
  }
};

/**
 * Water-filling: `left` watts over the portions. When all have what they can use, the rest is spread over what their ratings still
 * leave: sun that comes out then needs no write. Each result grows with `left` and stays within 0 and its rating.
 */
export const fill = (left: number, portions: readonly Portion[]): readonly number[] => {
  let used = 0;
  for (const { usable } of portions) used += usable;
  if (used >= left) return level(left, portions);
  let room = 0;
  for (const { rating, usable } of portions) room = room + rating - usable;
  const part = room > 0 ? Math.min(1, (left - used) / room) : 0;
  return portions.map(({ rating, usable }) => usable + part * (rating - usable));
};
