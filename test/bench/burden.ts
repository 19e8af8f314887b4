import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Run, startRun } from '../rig/run/run.ts';
import type { Program } from '../rig/run/gateway.ts';
import { decodeScenario } from '../rig/scenario/decode.ts';
import type { Scenario } from '../rig/scenario/scenario.ts';

const SCENARIO = fileURLToPath(new URL('../rig/scenario/day.json', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../build/bundle/', import.meta.url));
const TICKS_A_SECOND = 100;
/** Places of `utime` and `stime` in /proc/PID/stat behind the command's name. */
const STAT_TIMES = [11, 12] as const;
const MEGABYTE = 1024 * 1024;

/** What both processes of the gateway cost under the rig's utility server. */
export interface Burden {
  readonly controldMegabytes: number;
  readonly northdMegabytes: number;
  readonly cpu: Processor;
  /** The same where the server is polled as in the demonstration. */
  readonly demoCpu: Processor;
  readonly installedMegabytes: number | null;
}

/** Seconds a minute of user and system time. */
interface Processor {
  readonly controld: number;
  readonly northd: number;
}

/** Rates a utility asks for (CSIP: poll and post every five minutes), seconds; the scenario's own are for watching. */
const UTILITY_RATES = { pollRate: 300, postRate: 300 };

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

interface Measured {
  readonly megabytes: Processor;
  readonly cpu: Processor;
}

/** Runs site, server and gateway; memory at the end, processor time over the second half. Nobody watches. */
const measure = async (seconds: number, scenario: Scenario): Promise<Measured> => {
  const ignore = (): void => undefined;
  const run = await startRun({
    scenario: { ...scenario, faults: [] },
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
  const each = async (of: (pid: number) => Promise<number>): Promise<Processor> => ({
    controld: await of(pidOf(run, 'controld')),
    northd: await of(pidOf(run, 'northd')),
  });
  try {
    await pause(seconds / 2);
    const before = await each(cpuSeconds);
    const from = run.elapsed();
    await pause(seconds / 2);
    const after = await each(cpuSeconds);
    const minutes = (run.elapsed() - from) / 60;
    return {
      megabytes: await each(pssMegabytes),
      cpu: { controld: (after.controld - before.controld) / minutes, northd: (after.northd - before.northd) / minutes },
    };
  } finally {
    await run.stop();
    await run.clear();
  }
};

/** Runs the gateway for `seconds` at a utility's rates, then as long at the demonstration's. */
export const measureBurden = async (seconds: number): Promise<Burden> => {
  const decoded = decodeScenario(await readFile(SCENARIO, 'utf8'));
  if (!decoded.ok) throw new Error(decoded.fault.join('; '));
  const scenario = decoded.value;
  const usual = await measure(seconds, { ...scenario, utility: { ...scenario.utility, ...UTILITY_RATES } });
  const demo = await measure(seconds, scenario);
  return {
    controldMegabytes: usual.megabytes.controld,
    northdMegabytes: usual.megabytes.northd,
    cpu: usual.cpu,
    demoCpu: demo.cpu,
    installedMegabytes: await installed(),
  };
};
