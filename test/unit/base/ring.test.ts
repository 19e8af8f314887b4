import { describe, expect, test } from 'vitest';
import { Ring } from '#base/ring.ts';

describe('Ring', () => {
  test('keeps the newest items in order and counts what it dropped', () => {
    const ring = new Ring<number>(3);
    for (let i = 1; i <= 5; i += 1) ring.push(i);
    expect(ring.toArray()).toEqual([3, 4, 5]);
    expect(ring.dropped).toBe(2);
  });

  test('refuses a capacity that holds nothing', () => {
    expect(() => new Ring(0)).toThrow('at least one');
  });
});
