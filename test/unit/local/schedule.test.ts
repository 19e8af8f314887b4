import { describe, expect, it } from 'vitest';
import { utilitySeconds, watts } from '#base/units.ts';
import { type ScheduleEntry, scheduledLimits } from '#control/local/schedule.ts';

const at = (text: string) => utilitySeconds(Date.parse(text) / 1000);
const ALWAYS: ScheduleEntry = {
  months: null,
  weeks: null,
  weekdays: null,
  from: 0,
  until: 1440,
  exportW: null,
  generationW: null,
};

describe('a limited-generation schedule', () => {
  const noon: ScheduleEntry = { ...ALWAYS, from: 660, until: 840, exportW: watts(2000) };
  const summer: ScheduleEntry = { ...ALWAYS, months: [12, 1, 2], exportW: watts(3000), generationW: watts(8000) };
  const sunday: ScheduleEntry = { ...ALWAYS, weekdays: [7], exportW: watts(1000) };
  const week: ScheduleEntry = { ...ALWAYS, weeks: [1], generationW: watts(0) };
  const schedule = { offsetMinutes: 600, entries: [noon, summer, sunday, week] };

  it.each([
    // 11:00 at ten hours east is 01:00 in Greenwich; 2026-06-16 is a Tuesday.
    ['2026-06-16T00:59:59Z', null, null],
    ['2026-06-16T01:00:00Z', 2000, null],
    ['2026-06-16T03:59:59Z', 2000, null],
    ['2026-06-16T04:00:00Z', null, null],
    // Sunday there while it is Saturday here.
    ['2026-06-20T14:00:00Z', 1000, null],
    ['2026-06-20T13:59:59Z', null, null],
    ['2026-12-15T12:00:00Z', 3000, 8000],
    ['2026-12-15T01:00:00Z', 2000, 8000],
    ['2026-12-28T20:00:00Z', 3000, 8000],
    ['2027-01-04T20:00:00Z', 3000, 0],
  ])('says at %s: export %s, generation %s', (text, exportW, generationW) => {
    expect(scheduledLimits(schedule, at(text))).toEqual({ exportW, generationW, importW: null });
  });

  it('binds with its tightest entries while the time is unknown', () => {
    expect(scheduledLimits(schedule, null)).toEqual({ exportW: 1000, generationW: 0, importW: null });
  });

  it('limits the import as well', () => {
    const evening: ScheduleEntry = { ...ALWAYS, from: 1020, until: 1260, importW: watts(4000) };
    const winter: ScheduleEntry = { ...ALWAYS, months: [7], importW: watts(6000) };
    const both = { offsetMinutes: 0, entries: [evening, winter] };
    expect(scheduledLimits(both, at('2026-07-16T16:59:59Z'))).toMatchObject({ exportW: null, importW: 6000 });
    expect(scheduledLimits(both, at('2026-07-16T17:00:00Z'))).toMatchObject({ importW: 4000 });
    expect(scheduledLimits(both, at('2026-05-16T12:00:00Z'))).toMatchObject({ importW: null });
    expect(scheduledLimits(both, null)).toMatchObject({ importW: 4000 });
  });
});
