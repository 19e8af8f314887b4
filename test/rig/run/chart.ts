import type { Truth } from '../site/plant.ts';
import { span, type Glyphs, type Line, type Tone } from './style.ts';

/** A column of the chart: the highest export within it, and the limit at its end. Watts; null: none known. */
export interface Column {
  readonly exported: number;
  readonly limit: number | null;
}

const SECONDS_SHOWN = 120;

/** The last two minutes in `columns` columns, the newest at the right. `limitAt` takes seconds since the start. */
export const columnsOf = (
  truth: readonly Truth[],
  elapsed: number,
  columns: number,
  limitAt: (seconds: number) => number | null,
): readonly (Column | null)[] => {
  const seconds = SECONDS_SHOWN / columns;
  const first = elapsed - SECONDS_SHOWN;
  const highest: (number | null)[] = Array.from({ length: columns }, () => null);
  for (let index = truth.length - 1; index >= 0; index -= 1) {
    const point = truth[index];
    if (point === undefined || point.t / 1000 < first) break;
    const column = Math.min(columns - 1, Math.floor((point.t / 1000 - first) / seconds));
    highest[column] = Math.max(highest[column] ?? -Infinity, point.netExport);
  }
  return highest.map((exported, column) =>
    exported === null ? null : { exported, limit: limitAt(first + (column + 1) * seconds) },
  );
};

const EIGHTHS = 8;

const cellOf = (
  column: Column | null,
  row: number,
  scale: number,
  glyphs: Glyphs,
): { readonly glyph: string; readonly tone: Tone } => {
  if (column === null) return { glyph: ' ', tone: 'plain' };
  const level = (Math.max(0, column.exported) / scale) * EIGHTHS;
  const eighths = Math.round(Math.min(EIGHTHS, Math.max(0, level - row * EIGHTHS)));
  const { limit, exported } = column;
  const onRow = limit !== null && Math.min(Math.floor(limit / scale - 1e-9), Number.MAX_SAFE_INTEGER) === row && limit > 0;
  if (eighths === 0 && onRow) return { glyph: glyphs.limit, tone: 'warn' };
  const tone = limit === null ? 'dim' : exported > limit + OVER_W ? 'bad' : 'good';
  return { glyph: glyphs.rise[eighths] ?? ' ', tone };
};

/** Export above the limit by more than this is shown red, watts: the band of the judge. */
const OVER_W = 100;

/** The chart, its highest row first; `top` watts reach its upper edge. Adjacent cells of one tone become one span. */
export const chartOf = (columns: readonly (Column | null)[], rows: number, top: number, glyphs: Glyphs): readonly Line[] =>
  Array.from({ length: rows }, (_, index) => {
    const row = rows - 1 - index;
    const spans: { tone: Tone; text: string }[] = [];
    for (const column of columns) {
      const { glyph, tone } = cellOf(column, row, top / rows, glyphs);
      const last = spans.at(-1);
      if (last?.tone === tone) last.text += glyph;
      else spans.push({ tone, text: glyph });
    }
    return spans.map(({ tone, text }) => span(text, tone));
  });

/** A bar `cells` wide for `value` of `full`, with the mark of the limit in it. */
export const barOf = (value: number, full: number, limit: number | null, cells: number, glyphs: Glyphs): Line => {
  const eighths = Math.round((Math.min(full, Math.max(0, value)) / full) * cells * EIGHTHS);
  const at = limit === null ? -1 : Math.min(cells - 1, Math.round((Math.min(full, limit) / full) * cells));
  const tone: Tone = limit !== null && value > limit + OVER_W ? 'bad' : 'good';
  return Array.from({ length: cells }, (_, cell) => {
    if (cell === at) return span(glyphs.mark, 'bold');
    return span(glyphs.bar[Math.min(EIGHTHS, Math.max(0, eighths - cell * EIGHTHS))] ?? ' ', tone);
  });
};
