import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from '../rig/run/gateway.ts';
import { startRun, type Run } from '../rig/run/run.ts';
import type { UnitNews } from '../rig/run/unit.ts';
import type { Scenario } from '../rig/scenario/scenario.ts';
import type { Truth } from '../rig/site/plant.ts';
import { monotonicMs } from '../rig/site/real.ts';

export interface Start {
  readonly unit: Program;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly mono: number;
}

/** A run of real processes with what it said so far. */
export interface Underway {
  readonly run: Run;
  readonly truth: readonly Truth[];
  readonly starts: readonly Start[];
  readonly news: readonly UnitNews[];
  /** Seconds since the start of the test, program, line. */
  readonly log: readonly string[];
  /** What went wrong in the rig itself. */
  readonly broken: readonly string[];
  /** Ends everything and leaves nothing. */
  end(): Promise<void>;
}

/** Starts site, utility server and gateway for a scenario made by a test. */
export const startUnderway = async (scenario: Scenario, seed: number, utilityUrl?: string): Promise<Underway> => {
  const directory = await mkdtemp(join(tmpdir(), 'gridward-test-'));
  const scenarioPath = join(directory, 'scenario.json');
  await writeFile(scenarioPath, JSON.stringify(scenario));
  const truth: Truth[] = [];
  const starts: Start[] = [];
  const news: UnitNews[] = [];
  const log: string[] = [];
  const broken: string[] = [];
  const began = monotonicMs();
  const run = await startRun({
    scenario,
    scenarioPath,
    seed,
    form: 'newest',
    ...(utilityUrl === undefined ? {} : { utilityUrl }),
    onTruth: (point) => truth.push(point),
    onTurn: () => undefined,
    onUnit: (told) => {
      news.push(told);
      const unit = told.unit === 'northd' ? 'northd' : 'controld';
      if (told.kind === 'started' || told.kind === 'restarted') starts.push({ unit, mono: monotonicMs() });
    },
    onLog: (program, line) => log.push(`${((monotonicMs() - began) / 1000).toFixed(2)} ${program} ${line}`),
    onRig: (text) => broken.push(text),
    onBroken: (text) => broken.push(text),
  });
  return {
    run,
    truth,
    starts,
    news,
    log,
    broken,
    end: async () => {
      await run.stop();
      await run.clear();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
