import { describe, expect, it } from 'vitest';
import { civilTime } from '#base/calendar.ts';

const DAY = 86_400;

describe('the calendar', () => {
  it('agrees with the machine on every day of two centuries', () => {
    const wrong: number[] = [];
    for (let days = -30_000; days < 60_000; days += 1) {
      const date = new Date(days * DAY * 1000);
      const { year, month, day, weekday } = civilTime(days * DAY);
      const same = year === date.getUTCFullYear() && month === date.getUTCMonth() + 1 && day === date.getUTCDate();
      if (!same || weekday % 7 !== date.getUTCDay()) wrong.push(days);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['2024-12-29T12:00Z', 52],
    ['2024-12-30T12:00Z', 1],
    ['2026-01-01T12:00Z', 1],
    ['2027-01-03T12:00Z', 53],
    ['2027-01-04T00:00Z', 1],
    ['2020-12-31T23:59Z', 53],
    ['2026-07-15T00:00Z', 29],
  ])('knows the ISO week of %s', (text, week) => {
    expect(civilTime(Date.parse(text) / 1000).week).toBe(week);
  });

  it('counts the minutes of the day', () => {
    expect(civilTime(DAY - 1).minute).toBe(1439);
    expect(civilTime(DAY).minute).toBe(0);
    expect(civilTime(-1).minute).toBe(1439);
  });
});
