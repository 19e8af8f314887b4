import type { Note } from '#base/ports.ts';
import type { MonoMs } from '#base/units.ts';

export type Level = Note['level'];

/** Priorities of syslog, as systemd reads them from `<n>` before a line (sd-daemon(3)). */
const PRIORITY: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

export interface JsonLogOptions {
  /** What is less important than this is thrown away before anything is made of it. */
  readonly level: Level;
  readonly now: () => MonoMs;
  /** Takes one line with its newline. Must not block: the journal or a pipe. */
  readonly write: (line: string) => void;
  /** Prefix `<n>`; for a person's terminal false. */
  readonly prefix: boolean;
}

export interface JsonLog {
  /** A function for one module's notes. */
  of(module: string): (note: Note) => void;
  /** True: a note of this level is written. For who would build an expensive text. */
  isWritten(level: Level): boolean;
}

/** One JSON object a line: at (ms since boot), level, module, event, text, then the note's details under their own names. */
export const jsonLog = ({ level, now, write, prefix }: JsonLogOptions): JsonLog => {
  const limit = PRIORITY[level];
  const isWritten = (asked: Level): boolean => PRIORITY[asked] <= limit;
  return {
    isWritten,
    of: (module) => (note) => {
      if (!isWritten(note.level)) return;
      // Details first: a detail of the same name never hides what the note itself says.
      const { at, ...fields } = { at: Math.round(now()), level: note.level, module, event: note.event, text: note.text };
      const line = JSON.stringify({ at, ...fields, ...note.detail, ...fields });
      write(prefix ? `<${PRIORITY[note.level]}>${line}\n` : `${line}\n`);
    },
  };
};
