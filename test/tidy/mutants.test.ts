import { describe, expect, test } from 'vitest';
import { MUTANTS } from '../mutants/list.ts';
import { fileAt } from './sources.ts';

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

describe('every break of test/mutants', () => {
  test('finds its text exactly once, and changes it', () => {
    expect(MUTANTS.length).toBeGreaterThan(100);
    const stale = MUTANTS.flatMap(({ name, file, search, replace }) => {
      const text = fileAt(file);
      if (text === null) return [`${name}: there is no ${file}`];
      const times = occurrences(text, search);
      if (times !== 1) return [`${name}: its text occurs ${times} times in ${file}`];
      return search === replace ? [`${name}: breaks nothing`] : [];
    });
    expect(stale).toEqual([]);
  });

  test('has its own name, and tests that exist', () => {
    const names = MUTANTS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const tests = [...new Set(MUTANTS.flatMap((mutant) => mutant.tests))];
    expect(tests.filter((path) => fileAt(path) === null)).toEqual([]);
    expect(MUTANTS.filter((mutant) => mutant.tests.length === 0)).toEqual([]);
  });
});
