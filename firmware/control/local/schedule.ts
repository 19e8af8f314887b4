import { civilTime } from '#base/calendar.ts';
import { type UtilitySeconds, type Watts, watts } from '#base/units.ts';

/** A recurring span, and what holds in it. A list of null is every one of them. */
export interface ScheduleEntry {
  /** 1-12. */
  readonly months: readonly number[] | null;
  /** ISO weeks 1-53. */
  readonly weeks: readonly number[] | null;
  /** 1 Monday to 7 Sunday. */
  readonly weekdays: readonly number[] | null;
  /** Minutes of the day, 0-1440; the span begins at `from` and ends before `until`. A span over midnight is two entries. */
  readonly from: number;
  readonly until: number;
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  /** Absent (a tape of an older release): none. */
  readonly importW?: Watts | null;
}

/** A limited-generation schedule of the connection agreement. */
export interface Schedule {
  /** Its clock, minutes east of Greenwich, the whole year: agreements are written in standard time. */
  readonly offsetMinutes: number;
  readonly entries: readonly ScheduleEntry[];
}

export interface ScheduledLimits {
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  readonly importW: Watts | null;
}

const lists = (list: readonly number[] | null, value: number): boolean => list === null || list.includes(value);

const least = (values: readonly (Watts | null)[]): Watts | null => {
  const set = values.filter((value) => value !== null);
  return set.length === 0 ? null : watts(Math.min(...set));
};

/** What the schedule allows now: the tightest of the entries that hold; while the time is unknown, the tightest of all (fail-safe). */
export const scheduledLimits = ({ offsetMinutes, entries }: Schedule, now: UtilitySeconds | null): ScheduledLimits => {
  const civil = now === null ? null : civilTime(now + offsetMinutes * 60);
  const holding = entries.filter(
    ({ months, weeks, weekdays, from, until }) =>
      civil === null ||
      (lists(months, civil.month) &&
        lists(weeks, civil.week) &&
        lists(weekdays, civil.weekday) &&
        civil.minute >= from &&
        civil.minute < until),
  );
  return {
    exportW: least(holding.map((one) => one.exportW)),
    generationW: least(holding.map((one) => one.generationW)),
    importW: least(holding.map((one) => one.importW ?? null)),
  };
};
