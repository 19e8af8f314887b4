import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServedControl } from '../utility/controls.ts';
import type { Exchange } from '../utility/journal.ts';
import { objectOf } from './lines.ts';
import { nameOf, readServed } from './server-log.ts';

const LOOK_EVERY_MS = 250;
const PIECE_BYTES = 256 * 1024;

/** What of a file was not read before; bytes after the last newline stay for the next time. */
const tailOf = (path: string): (() => Promise<readonly string[]>) => {
  let offset = 0;
  return async () => {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path);
    } catch {
      return [];
    }
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, offset);
      const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
      offset += end;
      return buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
    } finally {
      await file.close();
    }
  };
};

export interface ServerNews {
  readonly exchanges: readonly Exchange[];
  readonly controls: readonly ServedControl[];
}

/** Follows the utility server's request log and what it serves. Returns how to end it. */
export const watchServer = (directory: string, onNews: (news: ServerNews) => void): (() => void) => {
  const tail = tailOf(join(directory, 'requests.jsonl'));
  let busy = false;
  const look = async (): Promise<void> => {
    const exchanges = (await tail()).flatMap((line) => {
      const exchange = objectOf(line);
      return exchange === null ? [] : [exchange as unknown as Exchange];
    });
    const { controls } = await readServed(directory);
    onNews({ exchanges, controls });
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
};

const STATUS: ReadonlyMap<number, string> = new Map([
  [1, 'received'],
  [2, 'started'],
  [3, 'completed'],
  [6, 'cancelled'],
  [7, 'superseded'],
]);

/** Name of a Response's status. */
export const statusName = (status: number): string => STATUS.get(status) ?? `status ${status}`;

/** One line on what the gateway told the server, or failed to; null: an ordinary read. */
export const describe = (exchange: Exchange, controls: readonly ServedControl[]): string | null => {
  const { method, status, type, body, problem, path } = exchange;
  const refused = status >= 400 ? ` REFUSED: ${problem ?? 'no reason given'}` : '';
  if (method === 'GET') return status < 400 ? null : `GET ${path} ${status}${refused}`;
  const what = type ?? path;
  const { subject } = body ?? {};
  const event = typeof subject === 'string' ? ` ${statusName(Number(body?.['status']))}: ${nameOf(controls, subject)}` : '';
  return `${method} ${what}${event} ${status}${refused}`;
};
