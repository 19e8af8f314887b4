import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monoMs, type Watts, watts } from '#base/units.ts';
import type { HeardLimits } from '#control/local/inputs.ts';
import { localLimits, type LocalRules, withLocalLimits } from '#control/local/local.ts';
import { NOT_LOCKED } from '#control/local/lockout.ts';
import type { ActiveLimits, Limit } from '#control/limits.ts';

const NOW = monoMs(100_000);
const power = fc.option(
  fc.nat(20_000).map((value) => watts(value)),
  { nil: null },
);
const limits = fc.record({ exportW: power, generationW: power, importW: power });
/** What a source said, still good or not; null: nothing yet. */
const said = fc.option(
  fc.tuple(limits, fc.constantFrom(-1, 0, 1)).map(([one, after]): HeardLimits => ({ ...one, until: monoMs(NOW + after) })),
  { nil: null },
);

const MODES = [
  ['exportLimit', 'exportW'],
  ['generationLimit', 'generationW'],
  ['importLimit', 'importW'],
] as const;

const utilityOf = (one: {
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  readonly importW: Watts | null;
}): ActiveLimits =>
  Object.fromEntries(
    MODES.flatMap(([mode, key]) => {
      const value = one[key];
      const limit: Limit<Watts> | null =
        value === null ? null : { value, source: { kind: 'default', server: 'u', program: 'P' } };
      return limit === null ? [] : [[mode, limit]];
    }),
  );

test('for each mode the tightest of all sources binds, and it is named; no source ever loosens', () => {
  fc.assert(
    fc.property(limits, limits, limits, said, (utility, entry, fallback, heard) => {
      const always = { months: null, weeks: null, weekdays: null, from: 0, until: 1440 };
      const rules: LocalRules = {
        schedule: { offsetMinutes: 0, entries: [{ ...always, ...entry }] },
        scheme: { maxExport: watts(9000), maxImport: watts(11_000), kind: 'domestic' },
        inputs: [{ name: 'source', fallback }],
      };
      const map = heard === null ? undefined : new Map([['source', heard]]);
      const bound = withLocalLimits(
        utilityOf(utility),
        localLimits(rules, { lockout: NOT_LOCKED, utility: null, now: NOW, heard: map }),
      );
      const isLive = heard !== null && heard.until > NOW;
      const source = isLive ? heard : fallback;
      for (const [mode, key] of MODES) {
        const scheme = { exportW: 9000, generationW: null, importW: 11_000 }[key];
        const by = new Map<string, number | null>([
          ['P', utility[key]],
          ['schedule', entry[key]],
          ['connection agreement', scheme],
          [isLive ? 'source' : 'source, silent', source[key]],
        ]);
        const tightest = Math.min(...[...by.values()].map((value) => value ?? Infinity));
        const limit = bound[mode];
        expect(limit?.value ?? Infinity).toBe(tightest);
        if (limit === undefined) continue;
        const name = limit.source.kind === 'local' ? limit.source.name : 'P';
        expect(by.get(name)).toBe(tightest);
      }
    }),
  );
});
