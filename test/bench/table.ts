/** One figure of the bench beside its limit. */
export interface Row {
  readonly figure: string;
  readonly measured: string;
  readonly limit: string;
  /** What the nearest open peer does on the same plant; empty: not measured there. */
  readonly peer: string;
  /** Null: printed for reading, judged by nobody. */
  readonly met: boolean | null;
}

const HEAD = ['figure', 'measured', 'limit', 'peer', ''] as const;

const verdict = (met: boolean | null): string => (met === null ? '' : met ? 'met' : 'MISSED');

/** The table and its last line, `N met, N missed`. */
export const tableText = (rows: readonly Row[]): string => {
  const cells = [HEAD, ...rows.map(({ figure, measured, limit, peer, met }) => [figure, measured, limit, peer, verdict(met)])];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const met = rows.filter((row) => row.met === true).length;
  const missed = rows.filter((row) => row.met === false).length;
  return [...lines, '', `${met} met, ${missed} missed`].join('\n');
};

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);

/** The value that the given part of all values does not exceed; NaN of nothing. */
export const quantile = (values: readonly number[], part: number): number =>
  sorted(values)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? Number.NaN;

export const median = (values: readonly number[]): number => quantile(values, 0.5);
