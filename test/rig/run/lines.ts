import type { Readable } from 'node:stream';

/** Longest line of a process that is kept whole; of a longer one the beginning. */
const LINE_MOST = 64 * 1024;

/** Calls `onLine` with each whole line, and with the unfinished one at the end. */
export const readLines = (stream: Readable, onLine: (line: string) => void): void => {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(0, LINE_MOST);
    for (const part of parts) onLine(part);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
  // the process is gone: its end is told elsewhere
  stream.on('error', () => undefined);
};

/** The object on a line of JSON; null where there is none. */
export const objectOf = (line: string): Readonly<Record<string, unknown>> | null => {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
};
