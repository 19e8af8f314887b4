import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultKind, Scenario } from '../scenario/scenario.ts';
import { monotonicMs } from '../site/real.ts';
import type { Truth } from '../site/plant.ts';
import { startChild, type Child } from './child.ts';
import {
  commandOf,
  environmentOf,
  makeDirectories,
  writeConfiguration,
  type Form,
  type Program,
  type RunDirectories,
} from './gateway.ts';
import { installCertificate, requestCertificate } from './enrol.ts';
import { startGuard, type Guard } from './guard.ts';
import { objectOf } from './lines.ts';
import { portPair, startSwtpm } from './swtpm.ts';
import { startUnit, STOP_WITHIN_MS, type Unit, type UnitNews } from './unit.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  readonly scenarioPath: string;
  readonly seed: number;
  readonly form: Form;
  /** The gateway is told this address in place of the server's. */
  readonly utilityUrl?: string;
  /** Where the device's key is: a TPM of the run's own, one that is there (its TCTI), or absent: a file. */
  readonly tpm?: 'own' | { readonly tcti: string };
  readonly onTruth: (truth: Truth) => void;
  readonly onTurn: (turn: FaultTurn) => void;
  readonly onUnit: (news: UnitNews) => void;
  /** A line of the gateway's own log. */
  readonly onLog: (unit: Program, line: string) => void;
  /** What the rig's own processes say on stderr. */
  readonly onRig: (text: string) => void;
  /** Something of the rig itself is broken: the run is worth nothing. */
  readonly onBroken: (why: string) => void;
}

export interface FaultTurn {
  readonly kind: FaultKind;
  readonly on: boolean;
}

/** A rig and a gateway under way. */
export interface Run {
  readonly directories: RunDirectories;
  /** Server time, UNIX seconds, of second 0 of the scenario. */
  readonly startedAt: number;
  readonly utilityUrl: string;
  /** Seconds since the scenario's start. */
  elapsed(): number;
  unit(program: Program): Unit;
  units(): readonly Unit[];
  /** Ends the gateway, then the rig; the files of the run stay. */
  stop(): Promise<void>;
  /** Removes the files too; the last call. */
  clear(): Promise<void>;
}

const SITE_PROCESS = fileURLToPath(new URL('site-process.ts', import.meta.url));
const UTILITY_PROCESS = fileURLToPath(new URL('../utility/main.ts', import.meta.url));

interface UtilityReady {
  readonly url: string;
  readonly pin: number;
  readonly startedAt: number;
  readonly serca: string;
  readonly cert: string;
  readonly key: string | null;
}

interface Parts {
  readonly directories: RunDirectories;
  readonly guard: Guard;
  readonly children: Child[];
  readonly units: Map<Program, Unit>;
  stopping: boolean;
}

/** A promise settled from outside; nobody need wait for it. */
interface Awaited<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (why: Error) => void;
}

const awaited = <T>(): Awaited<T> => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (why: Error) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
};

/** Null: the key is a file. */
const startTpm = async (options: RunOptions, parts: Parts): Promise<string | null> => {
  if (options.tpm !== 'own') return options.tpm?.tcti ?? null;
  const { child, tcti } = await startSwtpm(join(parts.directories.top, 'tpm'), await portPair(), (how) => {
    if (!parts.stopping) options.onBroken(`the simulated TPM ended: ${how}`);
  });
  parts.children.push(child);
  parts.guard.started(child.pid);
  return tcti;
};

/** `request`: path of the certificate request of a key in the TPM. */
const startUtility = async (options: RunOptions, parts: Parts, request: string | null): Promise<UtilityReady> => {
  const ready = awaited<UtilityReady>();
  const { scenarioPath, seed } = options;
  const asked = request === null ? [] : ['--request', request];
  const child = await startChild({
    file: process.execPath,
    args: [UTILITY_PROCESS, '--dir', parts.directories.utility, '--scenario', scenarioPath, '--seed', String(seed), ...asked],
    onLine: (line) => {
      const said = objectOf(line);
      if (said !== null && 'url' in said) ready.resolve(said as unknown as UtilityReady);
    },
    onError: (line) => options.onRig(`utility server: ${line}`),
    onEnd: (how) => {
      ready.reject(new Error(`the utility server ended: ${how}`));
      if (!parts.stopping) options.onBroken(`the utility server ended: ${how}`);
    },
  });
  parts.children.push(child);
  parts.guard.started(child.pid);
  return await ready.promise;
};

interface Site {
  readonly begin: (startedAt: number) => Promise<void>;
}

const startSite = async (options: RunOptions, parts: Parts): Promise<Site> => {
  const ready = awaited<true>();
  const began = awaited<true>();
  const onLine = (line: string): void => {
    const said = objectOf(line);
    if (said?.['type'] === 'truth') options.onTruth(said as unknown as Truth);
    else if (said?.['type'] === 'turn') options.onTurn(said as unknown as FaultTurn);
    else if (said?.['type'] === 'ready') ready.resolve(true);
    else if (said?.['type'] === 'began') began.resolve(true);
  };
  const child = await startChild({
    file: process.execPath,
    args: [SITE_PROCESS, options.scenarioPath, String(options.seed), parts.directories.line],
    onLine,
    onError: (line) => options.onRig(`simulated site: ${line}`),
    onEnd: (how) => {
      for (const wait of [ready, began]) wait.reject(new Error(`the simulated site ended: ${how}`));
      if (!parts.stopping) options.onBroken(`the simulated site ended: ${how}`);
    },
  });
  parts.children.push(child);
  parts.guard.started(child.pid);
  await ready.promise;
  return {
    begin: async (startedAt) => {
      child.send(JSON.stringify({ startedAt }));
      await began.promise;
    },
  };
};

const startGateway = async (options: RunOptions, parts: Parts, tcti: string | null): Promise<void> => {
  for (const name of ['controld', 'northd'] as const) {
    const unit = await startUnit({
      name,
      command: () => commandOf(name, options.form),
      env: environmentOf(parts.directories, tcti),
      now: monotonicMs,
      onLine: (line) => options.onLog(name, line),
      onNews: (news) => {
        if (news.pid !== null && (news.kind === 'started' || news.kind === 'restarted')) parts.guard.started(news.pid);
        else if (news.pid !== null) parts.guard.ended(news.pid);
        options.onUnit(news);
      },
    });
    parts.units.set(name, unit);
  }
};

const stopAll = async (parts: Parts): Promise<void> => {
  parts.stopping = true;
  await Promise.all([...parts.units.values()].map(async (unit) => await unit.stop()));
  for (const child of parts.children) {
    if (child.running()) await child.stop(STOP_WITHIN_MS);
    parts.guard.ended(child.pid);
  }
};

const clearAll = async (parts: Parts): Promise<void> => {
  await rm(parts.directories.top, { recursive: true, force: true });
  await parts.guard.release();
};

/** Makes everything of a run and starts it; when that fails nothing is left. */
export const startRun = async (options: RunOptions): Promise<Run> => {
  const directories = await makeDirectories();
  const parts: Parts = { directories, guard: startGuard(directories.top), children: [], units: new Map(), stopping: false };
  try {
    const tcti = await startTpm(options, parts);
    const place = tcti === null ? null : { directories, form: options.form, tcti };
    const request = place === null ? null : await requestCertificate(place);
    const [utility, site] = await Promise.all([startUtility(options, parts, request), startSite(options, parts)]);
    if (place !== null) await installCertificate(place, utility.cert);
    const access = { ...utility, url: options.utilityUrl ?? utility.url };
    await writeConfiguration(directories, access, options.scenario.site.ratedW);
    const origin = monotonicMs() - (Date.now() - utility.startedAt * 1000);
    await site.begin(utility.startedAt);
    await startGateway(options, parts, tcti);
    return {
      directories,
      startedAt: utility.startedAt,
      utilityUrl: utility.url,
      elapsed: () => (monotonicMs() - origin) / 1000,
      unit: (program) => {
        const unit = parts.units.get(program);
        if (unit === undefined) throw new Error(`${program} was not started`);
        return unit;
      },
      units: () => [...parts.units.values()],
      stop: async () => await stopAll(parts),
      clear: async () => await clearAll(parts),
    };
  } catch (thrown) {
    await stopAll(parts);
    await clearAll(parts);
    throw thrown;
  }
};
