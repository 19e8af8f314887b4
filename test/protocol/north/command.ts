/** The command line of the product as a process, with the directories of a bench. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';

export interface Ended {
  readonly code: number;
  readonly text: string;
}

export interface CommandOptions {
  readonly state?: string;
  /** Seconds that the clock of the process is ahead. */
  readonly clockAhead?: number;
}

/** In place of libfaketime, which is not everywhere: the clock of the machine as the process sees it. */
const clockOf = (ahead: number): readonly string[] =>
  ahead === 0 ? [] : ['--import', `data:text/javascript,const now = Date.now; Date.now = () => now() + ${ahead * 1000}`];

export const gridward = async (bench: Bench, words: readonly string[], options: CommandOptions = {}): Promise<Ended> =>
  await new Promise((resolve) => {
    const { state = join(bench.directory, 'state'), clockAhead = 0 } = options;
    const directories = ['--config', join(bench.directory, 'config'), '--state', state];
    const program = [...clockOf(clockAhead), 'firmware/app/cli/main.ts'];
    const place = { cwd: new URL('../../..', import.meta.url).pathname, timeout: 60_000 };
    execFile(process.execPath, [...program, ...words, ...directories], place, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${stdout}${stderr}` });
    });
  });

export interface Examination {
  readonly code: number;
  /** Each step with its verdict: `ok DNS`, `FAIL trial TLS`. */
  readonly steps: readonly string[];
  /** Of the first step that failed: what is wrong, and the one line that says what to do. */
  readonly wrong: string;
  readonly remedy: string;
  readonly text: string;
}

/** `gridward doctor`, read as a person reads it. */
export const doctor = async (bench: Bench, options: CommandOptions = {}): Promise<Examination> => {
  const { code, text } = await gridward(bench, ['doctor'], options);
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith('FAIL'));
  const steps = lines.flatMap((line) => {
    const [, verdict, name] = /^(ok {2}|FAIL) {2}(.{18}) /.exec(line) ?? [];
    return verdict === undefined || name === undefined ? [] : [`${verdict.trim()} ${name.trim()}`];
  });
  return { code, text, steps, wrong: lines[first] ?? '', remedy: (lines[first + 1] ?? '').trim() };
};

export interface UtilityPart {
  readonly url: string;
  readonly profile: string;
  readonly identity: Readonly<Record<string, unknown>>;
}

/** Changes what the configuration says of the utility. */
export const changeUtility = async (bench: Bench, edit: (utility: UtilityPart) => Partial<UtilityPart>): Promise<void> => {
  const file = join(bench.directory, 'config', 'config.json');
  const configuration = JSON.parse(await readFile(file, 'utf8')) as { utilities: UtilityPart[] };
  const [utility] = configuration.utilities;
  if (utility === undefined) throw new Error('no utility is configured');
  await writeFile(file, JSON.stringify({ ...configuration, utilities: [{ ...utility, ...edit(utility) }] }));
};
