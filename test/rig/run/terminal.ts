import type { WriteStream } from 'node:tty';
import { ASCII, UNICODE, type Look } from './style.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** Terminals that know it show the frame when it is whole. */
const FRAME_BEGINS = '\x1b[?2026h\x1b[H';
const FRAME_ENDS = '\x1b[J\x1b[?2026l';
const CLEAR_TO_END_OF_LINE = '\x1b[K';

/** Colour unless NO_COLOR is set to something (no-color.org); block characters where the locale has them. */
export const lookOf = (env: Readonly<Record<string, string | undefined>>): Look => {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '';
  return {
    colour: (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    glyphs: /utf-?8/i.test(locale) ? UNICODE : ASCII,
  };
};

/** The alternate screen of a terminal: the person's own comes back when it is left. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** One write a frame: nothing flickers. */
  show(lines: readonly string[]): void;
  leave(): void;
}

export const enterScreen = (terminal: WriteStream): Screen => {
  let inside = true;
  terminal.write(ENTER);
  return {
    size: () => ({ columns: Math.max(20, terminal.columns), rows: Math.max(8, terminal.rows) }),
    show: (lines) => {
      if (!inside || terminal.writableNeedDrain) return;
      const body = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}`).join('\r\n');
      terminal.write(`${FRAME_BEGINS}${body}${FRAME_ENDS}`);
    },
    leave: () => {
      if (inside) terminal.write(LEAVE);
      inside = false;
    },
  };
};
