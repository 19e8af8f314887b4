/** The poll timing rule of the client procedures: no gap beyond 1.5 intervals, at most 6 first pages in 3 intervals. */
const GAP = 1.5;
const WINDOW = 3;
const MOST = 6;
/** Of a poll and its answer, seconds. */
const SLACK = 1;

/** What breaks the rule, as text; empty: nothing. `at`: resources of that kind that are polled side by side. */
export const inTime = (
  polls: readonly number[],
  { rate, from, until, at }: { readonly rate: number; readonly from: number; readonly until: number; readonly at: number },
): readonly string[] => {
  const seen = polls.filter((second) => second >= from && second < until);
  const gaps = [from, ...seen, until].flatMap((second, index, all) => {
    const before = all[index - 1] ?? second;
    return second - before > GAP * rate + SLACK ? [`no poll from ${before.toFixed(0)} to ${second.toFixed(0)} s`] : [];
  });
  const crowds = seen.filter(
    (second) => seen.filter((other) => other >= second && other < second + WINDOW * rate).length > MOST * at,
  );
  return [...gaps, ...crowds.slice(0, 1).map((second) => `more than ${MOST * at} polls after ${second.toFixed(0)} s`)];
};
