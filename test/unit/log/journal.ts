import type { Files, Note } from '#base/ports.ts';
import { assert } from '#base/assert.ts';
import type { LogLimits } from '#log/limits.ts';
import { LOG_LIMITS } from '#log/limits.ts';
import { LogReader } from '#log/reader.ts';
import type { LogRecord } from '#log/record.ts';
import { type LogWriter, openLog } from '#log/writer.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';

export interface Journal {
  readonly writer: LogWriter;
  readonly clock: ManualClock;
  readonly heads: number[];
  readonly notes: Note[];
}

export const compliance = (n: number): unknown => ({ kind: 'transition', n });
export const reading = (n: number): unknown => ({ kind: 'reading', n });

/** A log over `files`, opened as controld does. */
export const openJournal = async (files: Files, limits: Partial<LogLimits> = {}, clock = manualClock()): Promise<Journal> => {
  const heads: number[] = [];
  const notes: Note[] = [];
  const opened = await openLog({
    files,
    clock,
    directory: 'log',
    bootId: 'boot-1',
    format: 1,
    isCompliance: (body) => (body as { kind: string }).kind !== 'reading',
    onCommitted: (head) => heads.push(head),
    note: (note) => notes.push(note),
    limits: { ...LOG_LIMITS, ...limits },
  });
  assert(opened.ok, 'the log opens');
  return { writer: opened.value, clock, heads, notes };
};

export const readAll = async (files: Files, after = 0): Promise<readonly LogRecord[]> => {
  const reader = new LogReader({ files, directory: 'log' });
  const all: LogRecord[] = [];
  for (;;) {
    const read = await reader.readAfter(all.at(-1)?.seq ?? after, 7);
    assert(read.ok, 'the log reads');
    if (read.value.length === 0) return all;
    all.push(...read.value);
  }
};
