import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResponseReceived, ServedControl, ServedDefault, ServerLog } from '../scenario/timeline.ts';
import type { Exchange } from '../utility/journal.ts';
import type { ServedControl as Published } from '../utility/controls.ts';
import { objectOf } from './lines.ts';

/** The utility server's two files, as they are. Times are server time. */
export interface ServerFiles {
  readonly controls: readonly Published[];
  readonly defaults: readonly {
    readonly program: string;
    readonly primacy: number;
    readonly at: number;
    readonly modes: { readonly opModExpLimW?: number | undefined } | null;
  }[];
  readonly exchanges: readonly Exchange[];
}

const textOf = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
};

/** What was served when; nothing before the server's first second. */
export const readServed = async (directory: string): Promise<Pick<ServerFiles, 'controls' | 'defaults'>> => {
  const served = objectOf(await textOf(join(directory, 'served.json')));
  return served === null ? { controls: [], defaults: [] } : (served as unknown as ServerFiles);
};

/** Reads what the server logged so far; what it has not written yet is empty. */
export const readServerFiles = async (directory: string): Promise<ServerFiles> => {
  const [{ controls, defaults }, requests] = await Promise.all([
    readServed(directory),
    textOf(join(directory, 'requests.jsonl')),
  ]);
  const exchanges = requests.split('\n').flatMap((line) => {
    const exchange = objectOf(line);
    return exchange === null ? [] : [exchange as unknown as Exchange];
  });
  return { controls, defaults, exchanges };
};

/** Name of a control for a person: its own in the scenario. */
export const nameOf = (controls: readonly Published[], mRID: string): string => {
  const found = controls.find((control) => control.mRID === mRID);
  return found?.name ?? mRID.slice(0, 8);
};

/** What the judge hears; times in seconds since `startedAt`. */
export const serverLogOf = (files: ServerFiles, startedAt: number): ServerLog => {
  const since = (at: number | null): number | null => (at === null ? null : at - startedAt);
  const controls = files.controls.map(
    (control): ServedControl => ({
      name: control.name ?? control.mRID,
      primacy: control.primacy,
      limitW: control.modes.opModExpLimW ?? null,
      createdAt: control.creationTime - startedAt,
      start: control.start - startedAt,
      end: control.start + control.duration - startedAt,
      servedAt: since(control.firstServedAt),
      cancelServedAt: since(control.cancelServedAt),
    }),
  );
  const defaults = files.defaults.map(
    (served): ServedDefault => ({
      primacy: served.primacy,
      limitW: served.modes?.opModExpLimW ?? null,
      servedAt: since(served.at),
    }),
  );
  const responses = files.exchanges.flatMap((exchange): ResponseReceived[] => {
    const { subject, status } = exchange.body ?? {};
    if (exchange.type !== 'DERControlResponse' || typeof subject !== 'string') return [];
    return [
      {
        at: exchange.at - startedAt,
        control: nameOf(files.controls, subject),
        status: Number(status),
        httpStatus: exchange.status,
      },
    ];
  });
  return { controls, defaults, responses };
};
