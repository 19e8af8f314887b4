import type { Truth } from '../site/plant.ts';
import type { LimitSpan } from '../scenario/timeline.ts';
import { clock, escapeXml, KILOWATT_STEPS, pathOf, place, SECOND_STEPS, short, ticks, type Axis } from './axis.ts';

/** A stretch of time with a name: an event, a fault. Seconds. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly name: string;
  readonly kind: 'event' | 'fault';
}

export interface Picture {
  readonly title: string;
  readonly subtitle: string;
  readonly truth: readonly Truth[];
  readonly limits: readonly LimitSpan[];
  readonly stretches: readonly Stretch[];
}

const WIDTH = 1200;
const HEIGHT = 640;
const MARGIN = { left: 70, right: 28, top: 96, bottom: 54 };
const LANE = 19;
/** Points drawn at most; more would not be seen. */
const MAX_POINTS = 4000;
const COLOUR = {
  ink: '#1f2933',
  soft: '#6b7785',
  grid: '#e4e8ec',
  limit: '#c81e3a',
  export: '#1a5fb4',
  generation: '#e5a50a',
  load: '#7a4fa3',
  cap: '#2a8a57',
  event: '#dce8f7',
  fault: '#fbe0dc',
} as const;
const FONT = 'font-family="Inter, Helvetica Neue, Arial, DejaVu Sans, sans-serif"';

const thin = <T>(items: readonly T[]): readonly T[] => {
  const every = Math.ceil(items.length / MAX_POINTS);
  return every <= 1 ? items : items.filter((_, index) => index % every === 0);
};

const axesOf = (picture: Picture, lanes: number): { x: Axis; y: Axis } => {
  const { truth, limits } = picture;
  const begin = (truth[0]?.t ?? 0) / 1000;
  const end = Math.max(begin + 1, (truth.at(-1)?.t ?? 0) / 1000);
  let low = 0;
  let high = 1;
  for (const point of truth) {
    low = Math.min(low, point.netExport / 1000);
    high = Math.max(high, point.generation / 1000, point.load / 1000, point.netExport / 1000);
  }
  for (const span of limits) high = Math.max(high, Math.min((span.limitW ?? 0) / 1000, high * 1.2));
  const pad = (high - low) * 0.06;
  const top = MARGIN.top + lanes * LANE + 8;
  return {
    x: { low: begin, high: end, from: MARGIN.left, to: WIDTH - MARGIN.right },
    y: { low: low < 0 ? low - pad : 0, high: high + pad, from: HEIGHT - MARGIN.bottom, to: top },
  };
};

const text = (x: number, y: number, size: number, content: string, more = ''): string => {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" ${more}>${escapeXml(content)}</text>`;
};

const gridOf = (x: Axis, y: Axis): string => {
  const rows = ticks(y.low, y.high, 11, KILOWATT_STEPS).map((value) => {
    const at = place(y, value);
    const zero = Math.abs(value) < 1e-9;
    const line = `<line x1="${x.from}" x2="${x.to}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="${zero ? '#9aa5b1' : COLOUR.grid}"/>`;
    return line + text(x.from - 10, at + 4, 12, short(value), `text-anchor="end" fill="${COLOUR.soft}"`);
  });
  const columns = ticks(x.low, x.high, 14, SECOND_STEPS).map((value) => {
    const at = place(x, value);
    const line = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${y.to}" y2="${y.from}" stroke="${COLOUR.grid}"/>`;
    return line + text(at, y.from + 20, 12, clock(value), `text-anchor="middle" fill="${COLOUR.soft}"`);
  });
  const middle = (y.from + y.to) / 2;
  return [
    ...columns,
    ...rows,
    text((x.from + x.to) / 2, HEIGHT - 12, 12.5, 'time since start, min:s', `text-anchor="middle" fill="${COLOUR.soft}"`),
    text(
      20,
      middle,
      12.5,
      'power, kW',
      `text-anchor="middle" fill="${COLOUR.soft}" transform="rotate(-90 20 ${middle.toFixed(1)})"`,
    ),
  ].join('');
};

/** Puts stretches into as few rows as keep them apart. */
const lanesOf = (stretches: readonly Stretch[]): readonly (readonly Stretch[])[] => {
  const lanes: Stretch[][] = [];
  for (const stretch of [...stretches].sort((a, b) => a.from - b.from)) {
    const free = lanes.find((lane) => (lane.at(-1)?.until ?? -Infinity) <= stretch.from);
    if (free === undefined) lanes.push([stretch]);
    else free.push(stretch);
  }
  return lanes;
};

const CHARACTER_WIDTH = 7;

const stretchesOf = (lanes: readonly (readonly Stretch[])[], x: Axis, y: Axis): string => {
  const draw = (stretch: Stretch, row: number): string => {
    const from = place(x, Math.max(x.low, stretch.from));
    const width = place(x, Math.min(x.high, stretch.until)) - from;
    if (width <= 0) return '';
    const top = MARGIN.top + row * LANE;
    const [fill, ink] = stretch.kind === 'event' ? [COLOUR.event, '#27517f'] : [COLOUR.fault, '#9b2c1f'];
    const at = `x="${from.toFixed(1)}" width="${width.toFixed(1)}"`;
    const fits = Math.floor((width - 8) / CHARACTER_WIDTH);
    const name = stretch.name.length <= fits ? stretch.name : fits > 4 ? `${stretch.name.slice(0, fits - 1)}…` : '';
    return [
      `<rect ${at} y="${top + LANE}" height="${(y.from - top - LANE).toFixed(1)}" fill="${fill}" opacity="0.38"/>`,
      `<rect ${at} y="${top}" height="${LANE - 3}" rx="3" fill="${fill}" stroke="${ink}" stroke-opacity="0.25"/>`,
      name === '' ? '' : text(from + 5, top + 12, 11, name, `fill="${ink}"`),
    ].join('');
  };
  return lanes.flatMap((lane, row) => lane.map((stretch) => draw(stretch, row))).join('');
};

const limitPaths = (limits: readonly LimitSpan[], x: Axis, y: Axis): string => {
  let line = '';
  let before: number | null = null;
  for (const { from, until, limitW } of limits) {
    if (limitW === null) {
      before = null;
      continue;
    }
    const at = place(y, limitW / 1000).toFixed(1);
    const left = place(x, Math.max(x.low, from)).toFixed(1);
    line += `${before === null ? 'M' : 'L'}${left} ${at}H${place(x, Math.min(x.high, until)).toFixed(1)}`;
    before = limitW;
  }
  return `<path d="${line}" fill="none" stroke="${COLOUR.limit}" stroke-width="2.2" stroke-dasharray="8 4"/>`;
};

const seriesOf = (truth: readonly Truth[], x: Axis, y: Axis): string => {
  const points = thin(truth);
  const curve = (pick: (point: Truth) => number): (readonly [number, number])[] => {
    return points.map((point) => [place(x, point.t / 1000), place(y, pick(point) / 1000)] as const);
  };
  const generation = curve((point) => point.generation);
  const zero = place(y, 0).toFixed(1);
  const area = `${pathOf(generation, false)}L${x.to.toFixed(1)} ${zero}L${x.from.toFixed(1)} ${zero}Z`;
  const highest = y.high * 1000;
  const line = (path: string, colour: string, width: number, more = ''): string => {
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" ${more}/>`;
  };
  return [
    `<path d="${area}" fill="${COLOUR.generation}" opacity="0.13"/>`,
    line(pathOf(generation, false), COLOUR.generation, 1.6),
    line(
      pathOf(
        curve((point) => point.load),
        true,
      ),
      COLOUR.load,
      1.4,
    ),
    line(
      pathOf(
        curve((point) => Math.min(point.cap ?? highest, highest)),
        true,
      ),
      COLOUR.cap,
      1.3,
      'stroke-dasharray="2 3"',
    ),
    line(
      pathOf(
        curve((point) => point.netExport),
        false,
      ),
      COLOUR.export,
      2.4,
    ),
  ].join('');
};

const LEGEND = [
  ['export at the connection point', COLOUR.export, 2.4, ''],
  ['export limit', COLOUR.limit, 2.2, '8 4'],
  ['generation', COLOUR.generation, 1.6, ''],
  ['load', COLOUR.load, 1.4, ''],
  ['inverter cap', COLOUR.cap, 1.3, '2 3'],
] as const;

const legend = (): string => {
  let left = MARGIN.left;
  const entries = LEGEND.map(([name, colour, width, dashes]) => {
    const at = left;
    left += 48 + name.length * 7;
    const line = `<line x1="${at}" x2="${at + 28}" y1="74" y2="74" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dashes}"/>`;
    return line + text(at + 35, 78, 12.5, name, `fill="${COLOUR.ink}"`);
  });
  return entries.join('');
};

/** Draws a run: limit, export, generation, cap and load over time, events and faults shaded. A pure function of the logs. */
export const drawRun = (picture: Picture): string => {
  const lanes = lanesOf(picture.stretches);
  const { x, y } = axesOf(picture, lanes.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ${FONT}>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(MARGIN.left, 32, 20, picture.title, `font-weight="600" fill="${COLOUR.ink}"`),
    text(MARGIN.left, 53, 13, picture.subtitle, `fill="${COLOUR.soft}"`),
    legend(),
    stretchesOf(lanes, x, y),
    gridOf(x, y),
    `<clipPath id="plot"><rect x="${x.from}" y="${y.to}" width="${x.to - x.from}" height="${y.from - y.to}"/></clipPath>`,
    `<g clip-path="url(#plot)">${seriesOf(picture.truth, x, y)}${limitPaths(picture.limits, x, y)}</g>`,
    '</svg>\n',
  ].join('\n');
};
