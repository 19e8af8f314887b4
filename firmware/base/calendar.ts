const DAY_S = 86_400;
const DAYS_OF_WEEK = 7;
/** Days from 0000-03-01 to 1970-01-01: a year that begins in March has its leap day last. */
const EPOCH_DAYS = 719_468;
const ERA_DAYS = 146_097;
/** 1970-01-01 was a Thursday, day 4 of ISO 8601. */
const EPOCH_WEEKDAY = 4;

/** A moment of the proleptic Gregorian calendar, without any notion of zones. */
export interface CivilTime {
  readonly year: number;
  /** 1-12. */
  readonly month: number;
  /** 1-31. */
  readonly day: number;
  /** 1 Monday to 7 Sunday (ISO 8601). */
  readonly weekday: number;
  /** 1-53 (ISO 8601: the week with the year's first Thursday is 1). */
  readonly week: number;
  /** Minutes since midnight, 0-1439. */
  readonly minute: number;
}

/** Days since 1970-01-01 of the first of January. */
const newYear = (year: number): number => {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  // 477 leap days lie before 1970.
  return 365 * (year - 1970) + leaps - 477;
};

const weekdayOf = (days: number): number => ((((days + EPOCH_WEEKDAY - 1) % DAYS_OF_WEEK) + DAYS_OF_WEEK) % DAYS_OF_WEEK) + 1;

const dateOf = (days: number): Pick<CivilTime, 'year' | 'month' | 'day'> => {
  const shifted = days + EPOCH_DAYS;
  const era = Math.floor(shifted / ERA_DAYS);
  const ofEra = shifted - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / (ERA_DAYS - 1))) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
};

/** The week is the one of its Thursday. */
const weekOf = (days: number, weekday: number): number => {
  const thursday = days - weekday + 4;
  return Math.floor((thursday - newYear(dateOf(thursday).year)) / DAYS_OF_WEEK) + 1;
};

/** The calendar's name of an instant, seconds since 1970-01-01; add an offset first for other places than Greenwich. */
export const civilTime = (seconds: number): CivilTime => {
  const days = Math.floor(seconds / DAY_S);
  const weekday = weekdayOf(days);
  return {
    ...dateOf(days),
    weekday,
    week: weekOf(days, weekday),
    minute: Math.floor((seconds - days * DAY_S) / 60),
  };
};
