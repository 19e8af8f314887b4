import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Run, startRun } from '../rig/run/run.ts';
import type { Program } from '../rig/run/gateway.ts';
import { decodeScenario } from '../rig/scenario/decode.ts';

const SCENARIO = fileURLToPath(new URL('../rig/scenario/day.json', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../build/bundle/', import.meta.url));
const PROGRAMS: readonly Program[] = ['controld', 'northd'];
const TICKS_A_SECOND = 100;
/** Places of `utime` and `stime` in /proc/PID/stat behind the command's name. */
const STAT_TIMES = [11, 12] as const;
const MEGABYTE = 1024 * 1024;

/** What both processes of the gateway cost under the rig's utility server. */
export interface Burden {
  readonly controldMegabytes: number;
  readonly northdMegabytes: number;
  readonly cpuSecondsAMinute: number;
  readonly installedMegabytes: number | null;
}

const pidOf = (run: Run, program: Program): number => {
  const { pid } = run.unit(program).status();
  if (pid === null) throw new Error(`${program} is not running`);
  return pid;
};

const pssMegabytes = async (pid: number): Promise<number> => {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
};

const cpuSeconds = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return STAT_TIMES.reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS_A_SECOND;
};

const installed = async (): Promise<number | null> => {
  try {
    let bytes = 0;
    for (const entry of await readdir(BUNDLE, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
    }
    return bytes / MEGABYTE;
  } catch {
    return null;
  }
};

const pause = async (seconds: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
};

/** Runs site, server and gateway for `seconds`; memory at their end, processor time over their second half. */
export const measureBurden = async (seconds: number): Promise<Burden> => {
  const scenario = decodeScenario(await readFile(SCENARIO, 'utf8'));
  if (!scenario.ok) throw new Error(scenario.fault.join('; '));
  const ignore = (): void => undefined;
  const run = await startRun({
    scenario: { ...scenario.value, faults: [] },
    scenarioPath: SCENARIO,
    seed: 1,
    form: 'bundles',
    onTruth: ignore,
    onTurn: ignore,
    onUnit: ignore,
    onLog: ignore,
    onRig: ignore,
    onBroken: (why) => {
      throw new Error(why);
    },
  });
  try {
    await pause(seconds / 2);
    const spent = async (): Promise<number> => {
      const each = await Promise.all(PROGRAMS.map(async (program) => await cpuSeconds(pidOf(run, program))));
      return each.reduce((sum, one) => sum + one, 0);
    };
    const before = await spent();
    const from = run.elapsed();
    await pause(seconds / 2);
    return {
      controldMegabytes: await pssMegabytes(pidOf(run, 'controld')),
      northdMegabytes: await pssMegabytes(pidOf(run, 'northd')),
      cpuSecondsAMinute: (((await spent()) - before) * 60) / (run.elapsed() - from),
      installedMegabytes: await installed(),
    };
  } finally {
    await run.stop();
    await run.clear();
  }
};
