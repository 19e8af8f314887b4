import type { Board, News } from './board.ts';
import { barOf, chartOf, columnsOf } from './chart.ts';
import { paint, span, spread, type Line, type Look, type Span, type Tone } from './style.ts';
import { clockOf, eventRows, sourceWords, watts } from './words.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const LABEL = 10;
const ALARMS_SHOWN = 2;
const EVENTS_MOST = 5;
const POSTED_MOST = 6;
const CHART_LEAST = 4;
const CHART_MOST = 12;
/** Space left of the chart for its scale. */
const AXIS = 9;

const label = (text: string): Line => [span(` ${text}`.padEnd(LABEL), 'dim')];

const heading = (board: Board, width: number, look: Look): readonly Line[] => {
  const { scenario, elapsed, units, seed } = board;
  const time = scenario.loop ? clockOf(elapsed) : `${clockOf(elapsed)} of ${clockOf(scenario.durationSeconds)}`;
  const processes = units.flatMap(({ name, state, restarts }): Line => {
    const tone: Tone = state === 'running' ? 'good' : 'bad';
    const word = state === 'running' ? '' : ` ${state === 'waiting' ? 'restarting' : state}`;
    const count = restarts === 0 ? '' : ` ${restarts} restart${restarts === 1 ? '' : 's'}`;
    return [span(`  ${look.glyphs.dot}`, tone), span(` ${name}${word}${count}`)];
  });
  const left: Line = [span(' Gridward', 'title'), span(`  ${scenario.name}  `, 'bold'), span(`${time}  seed ${seed}`, 'dim')];
  return [spread(left, [...processes, span(' ')], width), [span(look.glyphs.rule.repeat(width), 'dim')]];
};

/** Export above the limit by more than this is shown red, watts: the band of the judge. */
const OVER_W = 100;

const seenSpan = ({ view }: Board): Span => {
  if (view === null) return span('');
  if (view.seeing !== 'seen') return span(`  BLIND: ${view.missing.join(', ')}`, 'bad');
  return span(`  meter read ${watts(view.netImport === null ? null : -view.netImport)}`, 'dim');
};

const limitLine = (board: Board, width: number): Line => {
  const { view } = board;
  if (view === null) return [...label('limit'), span('  unknown  controld does not answer', 'warn')];
  const limit = view.exportLimit === null ? 'none' : watts(view.exportLimit);
  const left: Line = [...label('limit'), span(limit.padStart(9), 'bold'), span(`  ${sourceWords(board)}`)];
  return spread(left, [seenSpan(board), span(' ')], width);
};

const power = (board: Board, width: number, look: Look): readonly Line[] => {
  const truth = board.truth.at(-1);
  const limit = board.view?.exportLimit ?? null;
  const cap = board.view?.cap ?? null;
  const cells = Math.max(10, Math.min(60, width - LABEL - 12));
  const flow = truth?.netExport ?? 0;
  const tone: Tone = limit !== null && flow > limit + OVER_W ? 'bad' : 'bold';
  const bar = barOf(flow, board.scenario.site.ratedW, limit, cells, look.glyphs);
  return [
    limitLine(board, width),
    [...label(flow < -0.5 ? 'import' : 'export'), span(watts(Math.abs(flow)).padStart(9), tone), span('  '), ...bar],
    [
      ...label('load'),
      span(watts(truth?.load).padStart(9)),
      span(`  generation ${watts(truth?.generation)}  cap ${cap === null ? 'none' : watts(cap)}`),
      span(`  sun ${watts(truth?.available)}`, 'dim'),
    ],
  ];
};

const STANDING: Readonly<Record<string, Tone>> = { answering: 'good', asleep: 'dim', silent: 'bad', disobeying: 'bad' };

const devices = (board: Board): readonly Line[] => {
  const rows = (board.view?.devices ?? []).map(
    ({ device, standing, state, text }): Line => [
      ...label(device),
      span(standing.padStart(9), STANDING[standing] ?? 'warn'),
      span(`  ${[state, text].filter((part) => part !== '').join(', ')}`),
    ],
  );
  const lines = (board.view?.lines ?? []).map(
    ({ line, use, faults }): Line => [
      ...label(line),
      span(`${Math.round(use * 100)} %`.padStart(9)),
      span(`  of the wire time, ${faults} fault${faults === 1 ? '' : 's'}`, faults > 0 ? 'plain' : 'dim'),
    ],
  );
  return [...rows, ...lines];
};

const troubles = (board: Board): readonly Line[] => {
  const alarms = board.view?.alarms ?? [];
  const shown = alarms.slice(0, ALARMS_SHOWN).join(', ');
  const more = alarms.length > ALARMS_SHOWN ? ` and ${alarms.length - ALARMS_SHOWN} more` : '';
  const faults = [...board.faults].join(', ');
  return [
    [
      ...label('alarms'),
      span(alarms.length === 0 ? 'none' : `${shown}${more}`, alarms.length === 0 ? 'dim' : 'bad'),
      ...(faults === '' ? [] : [span('   the rig plays: ', 'dim'), span(faults, 'warn')]),
    ],
  ];
};

const events = (board: Board, most: number): readonly Line[] => {
  const rows = eventRows(board).slice(0, most);
  if (rows.length === 0) return [[...label('events'), span('none', 'dim')]];
  return rows.map(({ name, state, when }, index) => [
    ...label(index === 0 ? 'events' : ''),
    span(name.padEnd(14), state === 'started' ? 'bold' : 'plain'),
    span(` ${state.padEnd(11)} ${when}`, when === 'over' ? 'dim' : 'plain'),
  ]);
};

const newsLine = (title: string, { at, source, level, text }: News, withSource: boolean): Line => {
  const tone: Tone = level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'plain';
  return [...label(title), span(`${clockOf(at).padStart(5)} `, 'dim'), span(`${withSource ? `${source} ` : ''}${text}`, tone)];
};

/** What is said again and again is shown once, at its last time. */
const withoutRepeats = (items: readonly News[]): readonly News[] => {
  const last = new Map(items.map((item) => [item.text, item]));
  return items.filter((item) => last.get(item.text) === item);
};

const listed = (title: string, items: readonly News[], most: number, withSource: boolean): readonly Line[] => {
  const shown = items.slice(Math.max(0, items.length - most));
  if (shown.length === 0) return [[...label(title), span('nothing yet', 'dim')]];
  return shown.map((item, index) => newsLine(index === 0 ? title : '', item, withSource));
};

const chart = (
  board: Board,
  width: number,
  rows: number,
  look: Look,
  limitAt: (at: number) => number | null,
): readonly Line[] => {
  const cells = Math.max(20, Math.min(120, width - AXIS - 1));
  const columns = columnsOf(board.truth, board.elapsed, cells, limitAt);
  const top = board.scenario.site.ratedW;
  return chartOf(columns, rows, top, look.glyphs).map((line, index): Line => {
    const axis = index === 0 ? `${top / 1000} kW` : index === rows - 1 ? 'export' : '';
    return [span(`${axis.padStart(AXIS - 2)} `, 'dim'), span(look.glyphs.mark, 'dim'), ...line];
  });
};

/**
 * The whole screen as lines ready to write, exactly `rows` of them. The site's values are the rig's truth, limit, cap, devices
 * and alarms are what the gateway says. `limitAt`: the limit the gateway said at a past second, for the chart.
 */
export const drawScreen = (
  board: Board,
  { columns: width, rows }: Size,
  look: Look,
  limitAt: (at: number) => number | null,
): readonly string[] => {
  const posted = withoutRepeats(board.news.filter((news) => news.source === 'server'));
  const log = board.news.filter((news) => news.source !== 'server' && news.level !== 'debug');
  const fixed = [
    ...heading(board, width, look),
    ...power(board, width, look),
    [],
    ...devices(board),
    ...troubles(board),
  ] as readonly Line[];
  const free = Math.max(0, rows - fixed.length);
  const eventLines = events(board, Math.min(EVENTS_MOST, Math.max(1, Math.floor(free / 6))));
  const postedLines = listed('posted', posted, Math.min(POSTED_MOST, Math.max(1, Math.floor(free / 6))), false);
  const left = Math.max(0, free - eventLines.length - postedLines.length);
  const chartRows = left < CHART_LEAST + 3 ? 0 : Math.min(CHART_MOST, Math.max(CHART_LEAST, Math.floor(left / 2) - 1));
  const logRows = Math.max(0, left - (chartRows === 0 ? 0 : chartRows + 1));
  const drawn: readonly Line[] = [
    ...fixed,
    ...eventLines,
    ...postedLines,
    ...(chartRows === 0 ? [] : [[], ...chart(board, width, chartRows, look, limitAt)]),
    ...(logRows === 0 ? [] : listed('log', log, logRows, true)),
  ];
  const padded = Array.from({ length: rows }, (_, index) => drawn[index] ?? []);
  return padded.map((line) => paint(line, width, look));
};
