/**
 * `make run`: a simulated site, a utility server and the gateway, shown live.
 *   node test/rig/run/main.ts [--scenario NAME|FILE] [--seed N] [--plain] [--dev | --sources] [--file-key]
 * Every scenario but the looping one ends by itself. Exit code: 0 held (or a looping one ended by Ctrl-C), 1 not held, 2 the rig
 * itself broke, 64 wrong usage, 130 or 143 ended by a signal before its time.
 */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decodeScenario } from '../scenario/decode.ts';
import { conduct, type Outcome } from './conduct.ts';
import { whyNoTpm } from './enrol.ts';
import { showOnTerminal, showPlainly } from './show.ts';

const SCENARIOS = fileURLToPath(new URL('../scenario/', import.meta.url));
const EXIT_USAGE = 64;
const PARENT_LOOKED_AT_EVERY_MS = 500;

const usage = async (why: string): Promise<number> => {
  const names = (await readdir(SCENARIOS)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  process.stderr.write(
    `${why}\nusage: main.ts [--scenario NAME|FILE] [--seed N] [--plain] [--dev | --sources] [--file-key]\nscenarios: ${names.join(', ')}\n`,
  );
  return EXIT_USAGE;
};

interface Stop {
  readonly signal: AbortSignal;
  /** Exit code of the signal that came. */
  code(): number;
}

/** What ends a run early: a signal, a reader that went, a parent (make, npm) that was killed. */
const stopOf = (): Stop => {
  const controller = new AbortController();
  let code = 143;
  const end = (number: number) => (): void => {
    if (!controller.signal.aborted) code = number;
    controller.abort();
  };
  process.on('SIGINT', end(130));
  process.on('SIGTERM', end(143));
  process.on('SIGHUP', end(129));
  process.stdout.on('error', end(141));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end(129)();
  }, PARENT_LOOKED_AT_EVERY_MS).unref();
  return { signal: controller.signal, code: () => code };
};

const exitCode = (outcome: Outcome, loops: boolean, stop: Stop): number => {
  switch (outcome) {
    case 'held':
      return 0;
    case 'not-held':
      return 1;
    case 'broken':
      return 2;
    case 'stopped':
      return loops && stop.code() === 130 ? 0 : stop.code();
  }
};

const OPTIONS = {
  scenario: { type: 'string', default: 'day' },
  seed: { type: 'string', default: '1' },
  plain: { type: 'boolean', default: false },
  dev: { type: 'boolean', default: false },
  'file-key': { type: 'boolean', default: false },
  sources: { type: 'boolean', default: false },
} as const;

const parse = (): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] | string => {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const main = async (): Promise<number> => {
  const values = parse();
  if (typeof values === 'string') return await usage(values);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) return await usage('--seed takes a whole number');
  const isFile = values.scenario.endsWith('.json');
  const scenarioPath = isFile ? values.scenario : `${SCENARIOS}${values.scenario}.json`;
  let text: string;
  try {
    text = await readFile(scenarioPath, 'utf8');
  } catch {
    return await usage(`there is no scenario ${values.scenario}`);
  }
  const decoded = decodeScenario(text);
  if (!decoded.ok) return await usage(`${scenarioPath}:\n${decoded.fault.join('\n')}`);
  const stop = stopOf();
  const terminal = process.stdout;
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const outcome = await conduct({
    scenario: decoded.value,
    scenarioPath,
    seed,
    form: values.sources ? 'sources' : values.dev ? 'bundles' : 'newest',
    dev: values.dev,
    whyNoTpm: values['file-key'] ? 'as asked' : whyNoTpm(),
    show: (board, refresh) =>
      terminal.isTTY && !values.plain ? showOnTerminal(terminal, board, refresh) : showPlainly(write, board, refresh),
    print: (said) => process.stdout.write(said),
    stop: stop.signal,
  });
  return exitCode(outcome, decoded.value.loop, stop);
};

process.exitCode = await main();
