import { describe, expect, test } from 'vitest';
import { oncePer } from '#base/memo.ts';

describe('oncePer', () => {
  test('computes once for each object, whatever it found', () => {
    let computed = 0;
    const nothing = oncePer((key: { readonly found: null }): null => {
      computed += 1;
      return key.found;
    });
    const [one, other] = [{ found: null }, { found: null }];
    expect([nothing(one), nothing(one), nothing(other)]).toEqual([null, null, null]);
    expect(computed).toBe(2);
  });
});
