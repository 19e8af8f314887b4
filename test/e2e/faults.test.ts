import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FALLBACK_EXPORT_W, type Program } from '../rig/run/gateway.ts';
import type { Scenario } from '../rig/scenario/scenario.ts';
import { killScenario } from './kill/plan.ts';
import { startUnderway, type Underway } from './underway.ts';
import { waitUntil } from './wait.ts';

const BAND_W = 100;
/** Start of everything on a busy machine, and of one process after a kill. Seconds. */
const READY_WITHIN = 40;
const RESTART_WITHIN = 20;
/** A machine with more to do than it can tells the truth late. */
const TRUTH_LATE_MOST = 30;
const UNREACHABLE = 'https://127.0.0.1:1/dcap';

/** Below the fallback: to be told from it. */
const EVENT_W = 800;

/** One long event from second 12 on. */
const oneEvent = (): Scenario => {
  const scenario = killScenario(8);
  const [first] = scenario.utility.controls;
  if (first === undefined) throw new Error('a scenario of kills has controls');
  const control = { ...first, at: 2, startsIn: 10, durationSeconds: 600, modes: { opModExpLimW: EVENT_W } };
  return { ...scenario, name: 'one-event', utility: { ...scenario.utility, controls: [control] } };
};

const start = async (scenario: Scenario, utilityUrl?: string): Promise<Underway> => {
  const underway = await startUnderway(scenario, 1, utilityUrl);
  onTestFinished(async () => await underway.end());
  return underway;
};

const seconds = (underway: Underway): number => (underway.truth.at(-1)?.t ?? 0) / 1000;
const exported = (underway: Underway): number => underway.truth.at(-1)?.netExport ?? Infinity;

const isInside = (underway: Underway, limit: number): boolean => exported(underway) <= limit + BAND_W;

/** Truth of the last `span` seconds of the run, once they have passed from now on. */
const nextSeconds = async (underway: Underway, span: number): Promise<readonly number[]> => {
  const from = seconds(underway);
  await waitUntil(`${span} s of truth`, span + TRUTH_LATE_MOST, () => {
    expect(underway.broken).toEqual([]);
    return seconds(underway) >= from + span;
  });
  return underway.truth.filter(({ t }) => t / 1000 >= from).map(({ netExport }) => netExport);
};

const killAndAwaitRestart = async (underway: Underway, program: Program): Promise<void> => {
  const unit = underway.run.unit(program);
  const { restarts } = unit.status();
  unit.kill('SIGKILL');
  await waitUntil(
    `${program} is started again`,
    RESTART_WITHIN,
    () => unit.status().restarts > restarts && unit.status().state === 'running',
  );
};

const runsAgain = async (underway: Underway, from: number): Promise<void> => {
  await waitUntil('controld says that it runs', RESTART_WITHIN, () =>
    underway.log.slice(from).some((line) => line.includes(' controld ') && line.includes('"running"')),
  );
};

describe('a utility that was never heard', () => {
  test('the commissioned fallback holds, also over a kill of controld', async () => {
    const underway = await start(oneEvent(), UNREACHABLE);
    await waitUntil('export is inside the fallback', READY_WITHIN, () => isInside(underway, FALLBACK_EXPORT_W));
    expect(Math.max(...(await nextSeconds(underway, 3)))).toBeLessThanOrEqual(FALLBACK_EXPORT_W + BAND_W);
    await killAndAwaitRestart(underway, 'controld');
    expect(Math.max(...(await nextSeconds(underway, 5)))).toBeLessThanOrEqual(FALLBACK_EXPORT_W + BAND_W);
    expect(underway.broken).toEqual([]);
  });
});

describe('a damaged plan file at the start of controld', () => {
  const truncateCopies = async (underway: Underway, most: number): Promise<readonly string[]> => {
    const { state } = underway.run.directories;
    const copies = (await readdir(state)).filter((name) => name.startsWith('plan')).sort();
    for (const name of copies.slice(0, most)) await truncate(join(state, name), 40);
    return copies;
  };

  const holdingTheEvent = async (): Promise<Underway> => {
    const underway = await start(oneEvent());
    await waitUntil('export is inside the event', READY_WITHIN + 12, () => isInside(underway, EVENT_W));
    return underway;
  };

  test('one copy of two: the event goes on without a word from the utility', async () => {
    const underway = await holdingTheEvent();
    const from = underway.log.length;
    underway.run.unit('controld').kill('SIGKILL');
    await waitUntil('controld is dead', RESTART_WITHIN, () => underway.run.unit('controld').status().state !== 'running');
    expect(await truncateCopies(underway, 1)).toHaveLength(2);
    await runsAgain(underway, from);
    expect(Math.max(...(await nextSeconds(underway, 5)))).toBeLessThanOrEqual(EVENT_W + BAND_W);
    expect(underway.log.slice(from).join('\n')).toContain('plan-copy-damaged');
  });

  test('both copies: it starts all the same, the fallback binds until northd has told it the plan again', async () => {
    const underway = await holdingTheEvent();
    const from = underway.log.length;
    underway.run.unit('controld').kill('SIGKILL');
    await waitUntil('controld is dead', RESTART_WITHIN, () => underway.run.unit('controld').status().state !== 'running');
    await truncateCopies(underway, 2);
    await runsAgain(underway, from);
    expect(Math.max(...(await nextSeconds(underway, 4)))).toBeLessThanOrEqual(FALLBACK_EXPORT_W + BAND_W);
    await waitUntil('the event binds again', READY_WITHIN, () => isInside(underway, EVENT_W));
  });
});

describe('SIGTERM', () => {
  test('ends both processes in order, each by itself', async () => {
    const underway = await start(oneEvent());
    await waitUntil('export is inside the fallback or the default', READY_WITHIN, () => isInside(underway, 5000));
    await underway.run.stop();
    const stopped = underway.news.filter(({ kind }) => kind === 'stopped').map(({ unit, text }) => `${unit} ${text}`);
    // a process that took longer than 5 s would have been killed
    expect(stopped.sort()).toEqual(['controld stopped (exit code 0)', 'northd stopped (exit code 0)']);
  });
});
