/** Text with colour, cut and padded by what is seen rather than by its escape codes. */
export type Tone = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'title';

export interface Span {
  readonly tone: Tone;
  readonly text: string;
}

export type Line = readonly Span[];

/** How a terminal is drawn on. */
export interface Look {
  readonly colour: boolean;
  readonly glyphs: Glyphs;
}

export interface Glyphs {
  /** From empty to full, nine of them. */
  readonly rise: readonly string[];
  /** A bar's cells from empty to full, nine of them. */
  readonly bar: readonly string[];
  readonly rule: string;
  readonly mark: string;
  readonly limit: string;
  readonly dot: string;
}

export const UNICODE: Glyphs = {
  rise: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  bar: [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  rule: '─',
  mark: '│',
  limit: '─',
  dot: '●',
};

export const ASCII: Glyphs = {
  rise: [' ', '.', '.', ':', ':', '+', '+', '#', '#'],
  bar: [' ', ' ', ' ', ' ', '=', '=', '=', '=', '='],
  rule: '-',
  mark: '|',
  limit: '-',
  dot: '*',
};

const CODES: Readonly<Record<Tone, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  warn: '33',
  bad: '1;31',
  title: '1;36',
};

export const span = (text: string, tone: Tone = 'plain'): Span => ({ tone, text });

export const widthOf = (line: Line): number => line.reduce((sum, { text }) => sum + text.length, 0);

/** `left` and `right` at the two ends of a line `width` wide; the right end gives way. */
export const spread = (left: Line, right: Line, width: number): Line => {
  const gap = width - widthOf(left) - widthOf(right);
  return gap < 1 ? left : [...left, span(' '.repeat(gap)), ...right];
};

/** Text of others may hold anything: control characters become spaces, and what may not be one cell wide a question mark. */
const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e\xa1-\u024f\u2010-\u25ff]/g, (other) => (other < ' ' ? ' ' : '?'));

/** The line as it is written, at most `width` cells wide. */
export const paint = (line: Line, width: number, look: Look): string => {
  let free = width;
  let painted = '';
  for (const { tone, text } of line) {
    const cells = printable(text).slice(0, free);
    free -= cells.length;
    const code = CODES[tone];
    painted += look.colour && code !== '' && cells.length > 0 ? `\x1b[${code}m${cells}\x1b[0m` : cells;
  }
  return painted;
};
