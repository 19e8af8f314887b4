import type { Run } from '../../rig/run/run.ts';
import { writeReport } from '../../rig/run/report.ts';
import { readServerFiles, serverLogOf } from '../../rig/run/server-log.ts';
import type { ScenarioFault } from '../../rig/scenario/scenario.ts';
import type { ServerLog } from '../../rig/scenario/timeline.ts';
import { monotonicMs } from '../../rig/site/real.ts';
import { startUnderway } from '../underway.ts';
import { at, waitUntil } from '../wait.ts';
import { judgeKills, type KillVerdict, type LifeEvent } from './judge.ts';
import { followWaits } from './waits.ts';
import { drawInstants, killScenario, type Instant } from './plan.ts';

interface Under {
  readonly run: Run;
  /** CLOCK_MONOTONIC milliseconds of second 0. */
  readonly origin: number;
  /** Starts and ends of events, seconds, ascending. */
  readonly edges: readonly number[];
  readonly events: LifeEvent[];
}

const START_WITHIN = 5;

const instantOf = ({ run, origin, edges }: Under, { victim, after, seconds }: Instant): number => {
  const now = monotonicMs();
  if (after === 'start') return run.unit(victim).status().startedAt + seconds * 1000;
  if (after === 'now') return now + seconds * 1000;
  const next = edges.find((edge) => origin + (edge + seconds) * 1000 > now) ?? 0;
  return origin + (next + seconds) * 1000;
};

const strike = async (under: Under, instant: Instant): Promise<void> => {
  const unit = under.run.unit(instant.victim);
  await waitUntil(`${instant.victim} runs`, START_WITHIN, () => unit.status().state === 'running');
  await at(instantOf(under, instant));
  under.events.push({ at: under.run.elapsed(), unit: instant.victim, kind: 'killed' });
  unit.kill('SIGKILL');
  await waitUntil(`${instant.victim} is dead`, START_WITHIN, () => unit.status().state !== 'running');
};

/** Seconds after the last kill in which everything that waited must be at the server. */
const DELIVERED_WITHIN = 40;

const delivered = async (run: Run, until: number): Promise<ServerLog> => {
  let log = serverLogOf(await readServerFiles(run.directories.utility), run.startedAt);
  const isWhole = (): boolean => {
    const due = log.controls.filter(({ end }) => end < until);
    return due.every(
      ({ name, end }) => end < run.elapsed() && log.responses.some(({ control, status }) => control === name && status === 3),
    );
  };
  const look = async (): Promise<boolean> => {
    log = serverLogOf(await readServerFiles(run.directories.utility), run.startedAt);
    return isWhole();
  };
  // what is missing then is the judge's to say
  await waitUntil('all Responses are at the server', DELIVERED_WITHIN, look).catch(() => undefined);
  return log;
};

/** Plays it. Takes about six seconds an instant. */
export const killRun = async (
  instants: number,
  seed: number,
  say: (text: string) => void,
): Promise<KillVerdict & { readonly report: string }> => {
  const scenario = killScenario(instants);
  const underway = await startUnderway(scenario, seed);
  const { run, truth, starts, broken } = underway;
  const waits = followWaits(
    () => run.unit('controld').status().pid,
    () => run.elapsed(),
  );
  try {
    const origin = monotonicMs() - run.elapsed() * 1000;
    const { controls } = scenario.utility;
    const edges = controls.flatMap((control) => {
      const start = Math.floor(run.startedAt + control.at) + control.startsIn - run.startedAt;
      return [start, start + control.durationSeconds];
    });
    const under: Under = { run, origin, edges: edges.sort((a, b) => a - b), events: [] };
    for (const [index, instant] of drawInstants(seed, instants).entries()) {
      await strike(under, instant);
      say(
        `${run.elapsed().toFixed(1)} s: kill ${index + 1} of ${instants}, ${instant.victim}, ${instant.after} ${instant.seconds.toFixed(2)} s`,
      );
    }
    const until = run.elapsed() + START_WITHIN;
    const log = await delivered(run, until);
    const started = starts.map(({ unit, mono }): LifeEvent => ({ at: (mono - origin) / 1000, unit, kind: 'started' }));
    const events = [...under.events, ...started].sort((a, b) => a.at - b.at);
    const verdict = judgeKills(truth, log, events, until, (from, to) => waits.between(from, to));
    const faults = under.events.map(
      ({ at: second, unit }): ScenarioFault => ({
        at: second,
        kind: unit === 'northd' ? 'kill-northd' : 'kill-controld',
        forSeconds: 1,
        bySeconds: 0,
      }),
    );
    const report = await writeReport({
      scenario: { ...scenario, faults, durationSeconds: Math.ceil(run.elapsed()) },
      seed,
      truth,
      log,
      verdict: null,
      gatewayLog: underway.log,
      utilityDirectory: run.directories.utility,
    });
    return { ...verdict, problems: [...broken, ...verdict.problems], report };
  } finally {
    waits.end();
    await underway.end();
  }
};
