import type { Scenario } from '../scenario/scenario.ts';
import { INSTANT } from '../scenario/play.ts';
import { judge } from '../scenario/verdict.ts';
import { applyToGateway } from './gateway-faults.ts';
import { addNews, addTruth, newBoard, type Board, type News } from './board.ts';
import type { Form, Program } from './gateway.ts';
import { readLogLine } from './gateway-log.ts';
import { watchBundles } from './rebuild.ts';
import { verdictText, writeReport } from './report.ts';
import { startRun, type FaultTurn, type Run } from './run.ts';
import { nameOf, readServerFiles, serverLogOf } from './server-log.ts';
import { describe, watchServer } from './server-watch.ts';
import type { Show } from './show.ts';
import { followView } from './view-client.ts';

export interface ConductOptions {
  readonly scenario: Scenario;
  readonly scenarioPath: string;
  readonly seed: number;
  readonly form: Form;
  /** Restart what is built anew. */
  readonly dev: boolean;
  /** Why the device's key is a file; null: it is in a simulated TPM. */
  readonly whyNoTpm: string | null;
  readonly show: (board: Board, refresh: () => void) => Show;
  /** Where the verdict goes. */
  readonly print: (text: string) => void;
  /** Aborted by a signal: the run ends before its time. */
  readonly stop: AbortSignal;
}

export type Outcome = 'held' | 'not-held' | 'stopped' | 'broken';

/** Lines of the gateway's log that are kept for the report. */
const LOG_KEPT = 20_000;

interface Conductor {
  readonly board: Board;
  readonly gatewayLog: string[];
  run: Run | null;
  show: Show | null;
  broken: string | null;
  end: () => void;
}

const tell = (conductor: Conductor, source: News['source'], level: News['level'], text: string): void => {
  const news = { at: conductor.run?.elapsed() ?? 0, source, level, text };
  addNews(conductor.board, news);
  conductor.show?.news(news);
};

const onTurn = (conductor: Conductor, { kind, on }: FaultTurn): void => {
  const { board, run } = conductor;
  tell(conductor, 'site', 'warn', `fault ${kind} ${on ? 'begins' : 'ends'}`);
  if (run !== null) applyToGateway(run, kind, on, (text) => tell(conductor, 'runner', 'error', text));
  if (on && !INSTANT.includes(kind)) board.faults.add(kind);
  else board.faults.delete(kind);
};

const onLog = (conductor: Conductor, program: Program, line: string): void => {
  const { board, gatewayLog } = conductor;
  if (gatewayLog.length < LOG_KEPT) gatewayLog.push(`${program} ${line}`);
  const { level, text } = readLogLine(program, line, (mRID) => nameOf(board.controls, mRID));
  tell(conductor, program, level, text);
};

const start = async (conductor: Conductor, options: ConductOptions): Promise<Run> => {
  const { scenario, scenarioPath, seed, form } = options;
  const onBroken = (why: string): void => {
    conductor.broken ??= why;
    conductor.end();
  };
  return await startRun({
    scenario,
    scenarioPath,
    seed,
    form,
    ...(options.whyNoTpm === null ? { tpm: 'own' } : {}),
    onTruth: (truth) => addTruth(conductor.board, truth),
    onTurn: (turn) => onTurn(conductor, turn),
    onUnit: ({ unit, kind, text }) => tell(conductor, 'runner', kind === 'ended' ? 'warn' : 'info', `${unit} ${text}`),
    onLog: (program, line) => onLog(conductor, program, line),
    onRig: (text) => tell(conductor, 'runner', 'error', text),
    onBroken,
  });
};

/** Follows the run until it is over: the scenario's time, a signal, or a broken rig. */
const watchOver = async (conductor: Conductor, run: Run, options: ConductOptions): Promise<void> => {
  const { board } = conductor;
  const { scenario, stop } = options;
  board.startedAt = run.startedAt;
  const refresh = (): void => {
    board.elapsed = run.elapsed();
    board.units = run.units().map((unit) => unit.status());
  };
  conductor.show = options.show(board, refresh);
  for (const news of board.news) conductor.show.news(news);
  const unfollow = followView(run.directories.runtime, (view) => {
    board.view = view;
  });
  const unwatch = watchServer(run.directories.utility, ({ exchanges, controls }) => {
    board.controls = controls;
    for (const exchange of exchanges) {
      const text = describe(exchange, controls);
      if (text !== null) tell(conductor, 'server', exchange.status >= 400 ? 'warn' : 'info', text);
    }
  });
  const unbuild = options.dev
    ? watchBundles((program) => {
        tell(conductor, 'runner', 'info', `${program} was built anew`);
        run
          .unit(program)
          .replace()
          .catch(() => undefined);
      })
    : () => undefined;
  const left = scenario.loop ? null : scenario.durationSeconds - run.elapsed();
  await new Promise<void>((resolve) => {
    const timer = left === null ? null : setTimeout(resolve, left * 1000);
    conductor.end = () => {
      if (timer !== null) clearTimeout(timer);
      resolve();
    };
    stop.addEventListener('abort', () => conductor.end(), { once: true });
    if (stop.aborted || conductor.broken !== null) conductor.end();
  });
  unbuild();
  unwatch();
  unfollow();
};

const conclude = async (conductor: Conductor, run: Run, options: ConductOptions): Promise<Outcome> => {
  const { board, gatewayLog, broken } = conductor;
  const { scenario, seed, print, stop } = options;
  const log = serverLogOf(await readServerFiles(run.directories.utility), run.startedAt);
  const complete = !scenario.loop && !stop.aborted && broken === null;
  const end = scenario.loop ? Infinity : scenario.durationSeconds * 1000;
  const truth = board.truth.filter(({ t }) => t <= end);
  const verdict = complete ? judge(scenario, truth, log) : null;
  const record = { scenario, seed, truth, log, verdict, gatewayLog, utilityDirectory: run.directories.utility };
  const report = truth.length > 1 ? await writeReport(record) : null;
  if (broken !== null) print(`the rig broke: ${broken}\n`);
  if (verdict !== null) print(verdictText(scenario, verdict));
  const restarts = run.units().map((unit) => `${unit.name} ${unit.status().restarts}`);
  print(`restarts: ${restarts.join(', ')}\n`);
  if (report !== null) print(`picture and logs: ${report}\n`);
  if (broken !== null) return 'broken';
  if (verdict === null) return 'stopped';
  return verdict.met ? 'held' : 'not-held';
};

/** Plays a scenario from the first process to the last, shows it, judges it, and leaves nothing behind but its report. */
export const conduct = async (options: ConductOptions): Promise<Outcome> => {
  const board = newBoard(options.scenario, options.seed);
  const conductor: Conductor = { board, gatewayLog: [], run: null, show: null, broken: null, end: () => undefined };
  const run = await start(conductor, options);
  conductor.run = run;
  const key = options.whyNoTpm === null ? 'in a simulated TPM (swtpm)' : `a file: ${options.whyNoTpm}`;
  tell(conductor, 'runner', 'info', `the device's key is ${key}`);
  tell(conductor, 'runner', 'info', `files of this run until its end: ${run.directories.top}`);
  try {
    await watchOver(conductor, run, options);
    conductor.show?.leave();
    await run.stop();
    return await conclude(conductor, run, options);
  } finally {
    conductor.show?.leave();
    await run.stop();
    await run.clear();
  }
};
