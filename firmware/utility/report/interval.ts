import { MORE_QUANTITIES, type MoreQuantity, type Quad, type ReadingRecord, type Spread } from '#control/record.ts';
import type { UtilitySeconds } from '#base/units.ts';

const SPREADS = [
  'siteNetImport',
  'siteReactiveImport',
  'siteVoltage',
  'siteFrequency',
  'generation',
  'generationReactive',
] as const satisfies readonly (keyof ReadingRecord)[];

/** The length of averages to tell: the longest of `lengths` that is not above the post rate, else the shortest. Seconds. */
export const intervalFor = (lengths: readonly number[], postRate: number): number => {
  const fitting = lengths.filter((length) => length <= postRate);
  return fitting.length === 0 ? Math.min(...lengths) : Math.max(...fitting);
};

/**
 * Makes longer intervals of consecutive records: those that begin in the same multiple of `length` seconds are one, its means weighted
 * by what was covered. A record that is as long already, or longer, stays. Energies are left out: they are no averages.
 */
export const joinRecords = (records: readonly ReadingRecord[], length: number): readonly ReadingRecord[] => {
  const groups = new Map<number, ReadingRecord[]>();
  for (const record of records) {
    const start = record.duration >= length ? record.start : Math.floor(record.start / length) * length;
    const group = groups.get(start);
    if (group === undefined) groups.set(start, [record]);
    else group.push(record);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([start, group]) => joined(start, group, length));
};

const joined = (start: number, group: readonly ReadingRecord[], length: number): ReadingRecord => {
  const [first] = group;
  if (first !== undefined && group.length === 1 && first.duration >= length) return first;
  const covered = group.reduce((sum, record) => sum + record.coverage * record.duration, 0);
  const end = start + length;
  const spreads = Object.fromEntries(
    SPREADS.map((name) => [name, spreadOf(group, (record) => record[name], end)]),
  ) as unknown as Pick<ReadingRecord, (typeof SPREADS)[number]>;
  const more = MORE_QUANTITIES.flatMap((quantity): [MoreQuantity, Quad][] => {
    const spread = spreadOf(group, (record) => moreOf(record, quantity), end);
    return spread === null ? [] : [[quantity, [spread.mean, spread.min, spread.max, spread.last ?? null]]];
  });
  return {
    kind: 'reading',
    start: start as UtilitySeconds,
    duration: length,
    coverage: Math.min(1, covered / length),
    ...spreads,
    importedEnergy: null,
    exportedEnergy: null,
    more: Object.fromEntries(more),
    storedEnergy: group.find((record) => endOf(record) === end)?.storedEnergy ?? null,
  };
};

const endOf = (record: ReadingRecord): number => record.start + record.duration;

/** One of the further quantities; null: not measured. */
export const moreOf = (record: ReadingRecord, quantity: MoreQuantity): Spread<number> | null => {
  const quad = record.more?.[quantity];
  if (quad === undefined) return null;
  const [mean, min, max, last] = quad;
  return { mean, min, max, last };
};

const spreadOf = (
  group: readonly ReadingRecord[],
  of: (record: ReadingRecord) => Spread<number> | null,
  end: number,
): Spread<number> | null => {
  let weight = 0;
  let area = 0;
  let min = Infinity;
  let max = -Infinity;
  let last: number | null = null;
  for (const record of group) {
    const spread = of(record);
    if (spread === null) continue;
    // A record that covers nothing of its time still says something: never divide by zero.
    const share = Math.max(record.coverage, 1e-6) * record.duration;
    weight += share;
    area += spread.mean * share;
    min = Math.min(min, spread.min);
    max = Math.max(max, spread.max);
    if (endOf(record) === end) last = spread.last ?? null;
  }
  return weight === 0 ? null : { mean: area / weight, min, max, last };
};

/** How many of the oldest records are whole intervals of `length` that are over at `utility`; at most `max`, unless one interval has more. */
export const wholeIntervals = (
  records: readonly ReadingRecord[],
  length: number,
  utility: UtilitySeconds,
  max: number,
): number => {
  const groupOf = (record: ReadingRecord): number => Math.floor(record.start / length);
  let whole = 0;
  for (const [index, record] of records.entries()) {
    const following = records[index + 1];
    if ((groupOf(record) + 1) * length > utility && record.duration < length) break;
    if (following !== undefined && groupOf(following) === groupOf(record)) continue;
    if (whole > 0 && index + 1 > max) break;
    whole = index + 1;
  }
  return whole;
};
