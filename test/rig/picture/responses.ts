import { escapeXml, KILOWATT_STEPS, pathOf, place, short, ticks, type Axis } from './axis.ts';

/** Step responses of one kind, laid over each other. */
export interface StepPanel {
  readonly title: string;
  /** What was measured, e.g. `p99 2.4 s, bar 3 s`. */
  readonly note: string;
  readonly limitW: number;
  readonly bandW: number;
  /** Bar for the time back inside, seconds after the step. */
  readonly barSeconds: number;
  /** Each trial: seconds since the step (negative before it) and export in watts. */
  readonly trials: readonly (readonly (readonly [seconds: number, watts: number])[])[];
}

const PANEL = { width: 560, height: 300, left: 54, right: 16, top: 54, bottom: 40 };
const COLUMNS = 2;
const HEADER = 56;
const FONT = 'font-family="Inter, Helvetica Neue, Arial, DejaVu Sans, sans-serif"';
/** Trials drawn in one panel at most. */
const MAX_TRIALS = 120;
const INK = '#1f2933';
const SOFT = '#6b7785';
const LIMIT = '#c81e3a';
const EXPORT = '#1a5fb4';

const label = (x: number, y: number, size: number, content: string, more: string): string => {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" ${more}>${escapeXml(content)}</text>`;
};

const panelAxes = (panel: StepPanel): { x: Axis; y: Axis } => {
  let begin = 0;
  let end = panel.barSeconds;
  let low = 0;
  let high = panel.limitW;
  for (const trial of panel.trials) {
    for (const [at, watts] of trial) {
      begin = Math.min(begin, at);
      end = Math.max(end, at);
      low = Math.min(low, watts);
      high = Math.max(high, watts);
    }
  }
  const pad = (high - low) * 0.06;
  return {
    x: { low: begin, high: end, from: PANEL.left, to: PANEL.width - PANEL.right },
    y: { low: (low < 0 ? low - pad : low) / 1000, high: (high + pad) / 1000, from: PANEL.height - PANEL.bottom, to: PANEL.top },
  };
};

const drawPanel = (panel: StepPanel): string => {
  const { x, y } = panelAxes(panel);
  const at = (watts: number): number => place(y, watts / 1000);
  const bar = place(x, panel.barSeconds);
  const rows = ticks(y.low, y.high, 8, KILOWATT_STEPS).map((value) => {
    const line = `<line x1="${x.from}" x2="${x.to}" y1="${place(y, value).toFixed(1)}" y2="${place(y, value).toFixed(1)}" stroke="#e4e8ec"/>`;
    return line + label(x.from - 7, place(y, value) + 4, 11, short(value), `text-anchor="end" fill="${SOFT}"`);
  });
  const columns = ticks(x.low, x.high, 12, [0.5, 1, 2, 5, 10, 20, 60]).map((value) => {
    const line = `<line x1="${place(x, value).toFixed(1)}" x2="${place(x, value).toFixed(1)}" y1="${y.to}" y2="${y.from}" stroke="${value === 0 ? '#9aa5b1' : '#e4e8ec'}"/>`;
    return line + label(place(x, value), y.from + 16, 11, short(value), `text-anchor="middle" fill="${SOFT}"`);
  });
  const drawn = panel.trials.slice(0, MAX_TRIALS);
  const opacity = Math.max(0.12, Math.min(0.9, 4 / Math.max(1, drawn.length))).toFixed(2);
  const trials = drawn.map((trial) => {
    const points = trial.map(([seconds, watts]) => [place(x, seconds), at(watts)] as const);
    return `<path d="${pathOf(points, false)}" fill="none" stroke="${EXPORT}" stroke-opacity="${opacity}" stroke-width="1.3"/>`;
  });
  const limit = at(panel.limitW).toFixed(1);
  return [
    label(x.from, 22, 14, panel.title, `font-weight="600" fill="${INK}"`),
    label(x.from, 40, 12, panel.note, `fill="${SOFT}"`),
    ...rows,
    ...columns,
    `<rect x="${bar.toFixed(1)}" y="${y.to}" width="${Math.max(0, x.to - bar).toFixed(1)}" height="${Math.max(0, at(panel.limitW + panel.bandW) - y.to).toFixed(1)}" fill="${LIMIT}" opacity="0.07"/>`,
    ...trials,
    `<line x1="${x.from}" x2="${x.to}" y1="${limit}" y2="${limit}" stroke="${LIMIT}" stroke-width="1.8" stroke-dasharray="7 4"/>`,
    `<line x1="${bar.toFixed(1)}" x2="${bar.toFixed(1)}" y1="${y.to}" y2="${y.from}" stroke="${LIMIT}" stroke-opacity="0.5" stroke-dasharray="2 3"/>`,
    label(x.to, PANEL.height - 6, 11, 's after the step; export, kW', `text-anchor="end" fill="${SOFT}"`),
  ].join('\n');
};

/** Draws step responses, two panels a row: export of each trial, the limit, and (shaded) where no trial may be. */
export const drawResponses = (title: string, panels: readonly StepPanel[]): string => {
  const width = PANEL.width * Math.min(COLUMNS, Math.max(1, panels.length));
  const height = HEADER + PANEL.height * Math.ceil(panels.length / COLUMNS);
  const placed = panels.map((panel, index) => {
    const x = (index % COLUMNS) * PANEL.width;
    const y = HEADER + Math.floor(index / COLUMNS) * PANEL.height;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT}>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    label(PANEL.left, 34, 19, title, `font-weight="600" fill="${INK}"`),
    ...placed,
    '</svg>\n',
  ].join('\n');
};
