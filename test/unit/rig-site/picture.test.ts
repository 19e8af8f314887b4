import { describe, expect, test } from 'vitest';
import { clock, KILOWATT_STEPS, pathOf, ticks } from '../../rig/picture/axis.ts';
import { drawResponses } from '../../rig/picture/responses.ts';
import { drawRun } from '../../rig/picture/svg.ts';
import type { Truth } from '../../rig/site/plant.ts';

const truth: Truth[] = Array.from({ length: 50_000 }, (_, index) => ({
  t: index * 100,
  generation: 5000,
  load: 500,
  netExport: 4500,
  cap: index % 2 === 0 ? null : 5000,
  available: 9000,
}));

/** Tags that open and close, in balance. */
const balanced = (svg: string): boolean => {
  const open: string[] = [];
  for (const [, slash, name, self] of svg.matchAll(/<(\/?)([a-zA-Z]+)(?:"[^"]*"|[^>"])*?(\/?)>/g)) {
    if (slash === '/') {
      if (open.pop() !== name) return false;
    } else if (self !== '/') open.push(name ?? '');
  }
  return open.length === 0;
};

describe('pictures', () => {
  test('ticks are round and few, times readable, steps hold', () => {
    expect(ticks(-0.3, 10.2, 11, KILOWATT_STEPS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([clock(0), clock(75), clock(-5)]).toEqual(['0:00', '1:15', '-0:05']);
    expect(
      pathOf(
        [
          [0, 1],
          [2, 3],
        ],
        true,
      ),
    ).toBe('M0.0 1.0H2.0V3.0');
  });

  test('a run: bounded, well formed, names escaped, no NaN', () => {
    const svg = drawRun({
      title: 'a < b & "c"',
      subtitle: '',
      truth,
      limits: [
        { from: 0, until: 100, limitW: null, source: 'none' },
        { from: 100, until: 5000, limitW: 4500, source: 'default' },
      ],
      stretches: [
        { from: 10, until: 900, name: 'one', kind: 'event' },
        { from: 20, until: 4000, name: 'two', kind: 'fault' },
      ],
    });
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(balanced(svg)).toBe(true);
    expect(svg.length).toBeLessThan(400_000);
  });

  test('an empty run and no trials are pictures too', () => {
    const empty = drawRun({ title: 'nothing', subtitle: '', truth: [], limits: [], stretches: [] });
    const panel = { title: 'p', note: 'n', limitW: 1500, bandW: 100, barSeconds: 3, trials: [] };
    for (const svg of [empty, drawResponses('none', [panel]), drawResponses('none', [])]) {
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(balanced(svg)).toBe(true);
    }
  });
});
