import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { EventBody } from '#control/program.ts';
import { at, body, defaults, Driver, exportLimit, program, setOf } from './build.ts';

/** The export limit each ten seconds from 100 on, and the answers, with everything known before. */
const timeline = (events: readonly EventBody[], until = 400): readonly (number | null)[] => {
  const driver = new Driver().fold(setOf([program('p', 1, events)]), 10);
  const seen: (number | null)[] = [];
  for (let now = 100; now <= until; now += 10) seen.push(driver.advance(now).exportAt(now));
  return seen;
};

describe('potentiallySuperseded', () => {
  test('by itself changes nothing: our own arbitration decides', () => {
    const outer = body('outer', 100, 200, { modes: { opModExpLimW: watts(2000), opModGenLimW: watts(4000) } });
    const inner = body('inner', 200, 50, { creationTime: at(9), modes: exportLimit(500) });
    const marked = { ...outer, potentiallySuperseded: true };
    expect(timeline([marked, inner])).toEqual(timeline([outer, inner]));
    const driver = new Driver().fold(setOf([program('p', 1, [outer])]), 10).advance(100);
    driver.fold(setOf([program('p', 1, [marked])]), 150);
    expect(driver.exportAt(150)).toBe(2000);
    expect(driver.noteNames).toEqual([]);
  });
});

describe('an overlap', () => {
  test('of the front, the back or the middle: each hands over where the better begins', () => {
    const low = body('low', 150, 100, { modes: exportLimit(2000) });
    const better = (start: number, duration: number) =>
      body('high', start, duration, { creationTime: at(9), modes: exportLimit(700) });
    const spans = (start: number, duration: number): string =>
      timeline([low, better(start, duration)], 300)
        .map((limit) => (limit === 2000 ? 'l' : limit === 700 ? 'h' : '-'))
        .join('');
    // From 100 to 300, ten seconds a letter; what was taken is not given back.
    expect(spans(120, 60)).toBe('--hhhhhh-------------');
    expect(spans(200, 100)).toBe('-----lllllhhhhhhhhhh-');
    expect(spans(180, 30)).toBe('-----lllhhh----------');
    expect(spans(250, 30)).toBe('-----llllllllllhhh---');
    expect(spans(100, 50)).toBe('hhhhhllllllllll------');
  });
});

describe('a primacy that changes', () => {
  test('changes the default that binds at once, and never gives back what an event lost', () => {
    const set = (first: number, second: number) =>
      setOf([
        program('p', first, [body('low', 100, 200, { modes: exportLimit(2000) })], {
          defaultControl: defaults(exportLimit(4000)),
        }),
        program('q', second, [body('high', 150, 50)], { defaultControl: defaults(exportLimit(3000)) }),
      ]);
    const driver = new Driver().fold(set(2, 1), 10);
    expect(driver.exportAt(50)).toBe(3000);
    expect(driver.fold(set(1, 2), 60).exportAt(60)).toBe(4000);
    driver.fold(set(2, 1), 70).advance(100).advance(150);
    expect(driver.exportAt(150)).toBe(1500);
    expect(driver.fold(set(1, 2), 170).exportAt(170)).toBe(1500);
    expect(driver.advance(200).exportAt(210)).toBe(4000);
  });
});

describe('a list that is read again', () => {
  test('and says the same leaves the plan the same object', () => {
    const set = setOf([program('p', 1, [body('a', 100, 60)])]);
    const driver = new Driver().fold(set, 10);
    const { plan } = driver;
    const again = setOf([program('p', 1, [{ ...body('a', 100, 60) }])]);
    expect(driver.fold(again, 20).plan).toBe(plan);
  });
});
