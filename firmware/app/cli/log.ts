import { sleepFor } from '#base/ports.ts';
import { durationMs } from '#base/units.ts';
import { LogReader } from '#log/reader.ts';
import type { LogRecord } from '#log/record.ts';
import { type CliPorts, EXIT } from './ports.ts';

const PAGE = 200;
const FOLLOW_EVERY = durationMs(1_000);

/** `gridward log`: the records of the event log after number `since`, oldest first; with --follow the later ones as they come. */
export const showLog = async (
  ports: CliPorts,
  directory: string,
  options: { readonly since: number; readonly follow: boolean; readonly json: boolean },
): Promise<number> => {
  const reader = new LogReader({ files: ports.filesIn(directory), directory: 'log' });
  let seq = options.since;
  while (!ports.stop.aborted) {
    const read = await reader.readAfter(seq, PAGE);
    if (!read.ok) {
      ports.error(`${read.fault.path}: ${'why' in read.fault ? read.fault.why : read.fault.kind}\n`);
      return EXIT.noInput;
    }
    for (const record of read.value) ports.out(`${options.json ? JSON.stringify(record) : formatRecord(record)}\n`);
    seq = read.value.at(-1)?.seq ?? seq;
    if (read.value.length > 0) continue;
    if (!options.follow) break;
    await sleepFor(ports.clock, FOLLOW_EVERY, ports.stop);
  }
  return EXIT.ok;
};

/** Number, seconds since boot, kind, then what else the record says. */
export const formatRecord = (record: LogRecord): string => {
  const body: Readonly<Record<string, unknown>> =
    typeof record.body === 'object' && record.body !== null ? (record.body as Record<string, unknown>) : { value: record.body };
  const { kind = 'unknown', ...rest } = body;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${record.seq} ${(record.mono / 1000).toFixed(3)} ${String(kind)} ${fields.join(' ')}`.trimEnd();
};
