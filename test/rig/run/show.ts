import type { WriteStream } from 'node:tty';
import type { Board, News } from './board.ts';
import { newsText, secondText } from './plain.ts';
import { drawScreen } from './screen.ts';
import { enterScreen, lookOf } from './terminal.ts';

/** How a run is shown while it runs. */
export interface Show {
  news(news: News): void;
  /** Something that must stay readable when the screen has gone. */
  leave(): void;
}

const FRAME_EVERY_MS = 500;
const PLAIN_EVERY_MS = 1000;
/** As much as the chart looks back, and a little. */
const LIMITS_KEPT = 300;

/** Calls `refresh` before each drawing: the board is brought up to date there. */
export const showOnTerminal = (terminal: WriteStream, board: Board, refresh: () => void): Show => {
  const screen = enterScreen(terminal);
  const look = lookOf(process.env);
  let limits: { readonly at: number; readonly limit: number | null }[] = [];
  const limitAt = (seconds: number): number | null => limits.findLast(({ at }) => at <= seconds)?.limit ?? null;
  const draw = (): void => {
    refresh();
    limits.push({ at: board.elapsed, limit: board.view?.exportLimit ?? null });
    if (limits.length > 2 * LIMITS_KEPT) limits = limits.slice(-LIMITS_KEPT);
    screen.show(drawScreen(board, screen.size(), look, limitAt));
  };
  const timer = setInterval(draw, FRAME_EVERY_MS);
  terminal.on('resize', draw);
  process.once('exit', () => screen.leave());
  draw();
  return {
    news: () => undefined,
    leave: () => {
      clearInterval(timer);
      terminal.off('resize', draw);
      screen.leave();
    },
  };
};

/** One line a happening and one a second, for a file or a pipe. */
export const showPlainly = (write: (line: string) => void, board: Board, refresh: () => void): Show => {
  const timer = setInterval(() => {
    refresh();
    if (board.truth.length > 0) write(secondText(board));
  }, PLAIN_EVERY_MS);
  return {
    news: (news) => {
      if (news.level !== 'debug') write(newsText(news));
    },
    leave: () => clearInterval(timer),
  };
};
