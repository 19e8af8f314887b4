import type { Board, News } from './board.ts';
import { sourceWords, watts } from './words.ts';

const stamp = (at: number): string => at.toFixed(1).padStart(7);

/** One line a happening: seconds, who, what. */
export const newsText = ({ at, source, level, text }: News): string =>
  `${stamp(at)}  ${source.padEnd(8)}  ${level === 'error' || level === 'warn' ? `${level}: ` : ''}${text}`;

/** One line a second: the rig's truth first, then what the gateway says. */
export const secondText = (board: Board): string => {
  const truth = board.truth.at(-1);
  const { view } = board;
  const site = `export ${watts(truth?.netExport)}  load ${watts(truth?.load)}  generation ${watts(truth?.generation)}`;
  if (view === null) return `${stamp(board.elapsed)}  site      ${site}  controld does not answer`;
  const limit = view.exportLimit === null ? 'none' : watts(view.exportLimit);
  const devices = view.devices.map(({ device, standing }) => `${device} ${standing}`).join(', ');
  const lines = view.lines.map(({ line, use }) => `${line} ${Math.round(use * 100)} %`).join(', ');
  const alarms = view.alarms.length === 0 ? '' : `  alarms ${view.alarms.join(', ')}`;
  const gateway = `limit ${limit} (${sourceWords(board)})  cap ${view.cap === null ? 'none' : watts(view.cap)}  ${view.seeing}`;
  return `${stamp(board.elapsed)}  site      ${site}  ${gateway}  ${devices}  ${lines}${alarms}`;
};
