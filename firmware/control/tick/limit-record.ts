import type { Watts } from '#base/units.ts';
import type { ActiveLimits, Limit, LimitSource } from '#control/limits.ts';
import { type LimitRecord, OTHER_LIMITS } from '#control/record.ts';

/** Names a source for people and for the log. */
export const sourceText = (source: LimitSource): string => {
  switch (source.kind) {
    case 'event':
      return `event ${source.mRID}`;
    case 'default':
      return `default of ${source.program}`;
    case 'fallback':
      return 'commissioned fallback';
    case 'commissioned':
      return 'commissioned limit';
    case 'local':
      return source.name;
    case 'release':
      return 'release';
  }
};

/** A limit in a ramp is told once, as what it comes to. */
const settledAt = (limit: Limit<Watts> | undefined): Watts | null =>
  limit === undefined ? null : limit.towards === undefined ? limit.value : limit.towards;

const recordOf = (limits: ActiveLimits): LimitRecord => {
  const { exportLimit } = limits;
  const others = OTHER_LIMITS.flatMap((name) => {
    const limit = limits[name];
    const value = settledAt(limit);
    return limit === undefined || value === null ? [] : [{ limit: name, value, source: sourceText(limit.source) }];
  });
  const record: LimitRecord = {
    kind: 'limit',
    exportLimit: settledAt(exportLimit),
    source: exportLimit === undefined ? 'none' : sourceText(exportLimit.source),
  };
  return others.length === 0 ? record : { ...record, others };
};

const isSame = (a: Limit<Watts> | undefined, b: Limit<Watts> | undefined): boolean =>
  a === b ||
  (settledAt(a) === settledAt(b) &&
    (a === undefined ? 'none' : sourceText(a.source)) === (b === undefined ? 'none' : sourceText(b.source)));

/** What binds the site, once for each change of a value or of its source. */
export const limitChange = (before: ActiveLimits, after: ActiveLimits): readonly LimitRecord[] =>
  (['exportLimit', ...OTHER_LIMITS] as const).every((name) => isSame(before[name], after[name])) ? [] : [recordOf(after)];
