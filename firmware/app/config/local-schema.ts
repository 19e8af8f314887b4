import * as v from 'valibot';
import { type Watts, watts } from '#base/units.ts';
import type { LocalRules } from '#control/local/local.ts';
import type { ScheduleEntry } from '#control/local/schedule.ts';

const ENTRIES_MAX = 288;
const OFFSET_MAX = 14 * 60;
/** 1 GW: beyond it a number is a typing error. */
const POWER_MAX = 1_000_000_000;

const power = v.pipe(v.number(), v.minValue(0), v.maxValue(POWER_MAX));
const numbers = (least: number, most: number, description: string) =>
  v.exactOptional(
    v.pipe(
      v.array(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))),
      v.minLength(1),
      v.maxLength(most),
      v.description(description),
    ),
  );
const time = (description: string) =>
  v.pipe(v.string(), v.regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time of day, 00:00 to 24:00'), v.description(description));

const EntrySchema = v.strictObject({
  months: numbers(1, 12, 'Months, 1 January to 12 December. Absent: all.'),
  weeks: numbers(1, 53, 'ISO 8601 weeks. Absent: all.'),
  weekdays: numbers(1, 7, '1 Monday to 7 Sunday. Absent: all.'),
  from: time('Begin of the span, HH:MM.'),
  until: time('Its end, later than the begin; over midnight it takes two entries.'),
  exportW: v.exactOptional(v.pipe(power, v.description('Export limit, watts.'))),
  generationW: v.exactOptional(v.pipe(power, v.description('Limit of all inverters together, watts.'))),
  importW: v.exactOptional(v.pipe(power, v.description('Import limit, watts.'))),
});

/** Members of `site.limits` for the rules of the connection agreement. */
export const localLimitEntries = {
  schedule: v.exactOptional(
    v.pipe(
      v.strictObject({
        offsetMinutes: v.pipe(
          v.number(),
          v.integer(),
          v.minValue(-OFFSET_MAX),
          v.maxValue(OFFSET_MAX),
          v.description("The schedule's clock, minutes east of Greenwich, all the year."),
        ),
        entries: v.pipe(v.array(EntrySchema), v.minLength(1), v.maxLength(ENTRIES_MAX)),
      }),
      v.description('Limited-generation schedule; where several entries hold the tightest binds.'),
    ),
  ),
  agreement: v.exactOptional(
    v.pipe(
      v.strictObject({
        maxExportW: v.pipe(power, v.description('Maximum export limit of the agreement, watts.')),
        maxImportW: v.exactOptional(v.pipe(power, v.description('Maximum import limit of the agreement, watts. Absent: none.'))),
        kind: v.pipe(
          v.picklist(['domestic', 'non-domestic']),
          v.description('Who lifts a lock-out: non-domestic sites come back after 4 hours.'),
        ),
      }),
      v.description('Export limitation scheme (UK ENA G100): excursions are counted, too many lock generation out.'),
    ),
  ),
};

type Local = v.InferOutput<v.StrictObjectSchema<typeof localLimitEntries, undefined>>;

const MINUTES = 60;
const minuteOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * MINUTES + minutes;
};
const wattsOrNull = (value: number | undefined): Watts | null => (value === undefined ? null : watts(value));

/** The rules as the control takes them. */
export const toLocalRules = ({ schedule, agreement }: Local): LocalRules => ({
  schedule:
    schedule === undefined
      ? null
      : {
          offsetMinutes: schedule.offsetMinutes,
          entries: schedule.entries.map(
            (entry): ScheduleEntry => ({
              months: entry.months ?? null,
              weeks: entry.weeks ?? null,
              weekdays: entry.weekdays ?? null,
              from: minuteOf(entry.from),
              until: minuteOf(entry.until),
              exportW: wattsOrNull(entry.exportW),
              generationW: wattsOrNull(entry.generationW),
              importW: wattsOrNull(entry.importW),
            }),
          ),
        },
  scheme:
    agreement === undefined
      ? null
      : { maxExport: watts(agreement.maxExportW), maxImport: wattsOrNull(agreement.maxImportW), kind: agreement.kind },
});
