import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import type { ProgramSet } from '#control/program.ts';
import { monotonicMs, type RealSite, startRealSite } from '../rig/site/real.ts';
import type { SiteSettings } from '../rig/site/site.ts';
import type { Truth } from '../rig/site/plant.ts';
import { linkUtility, type LinkUtility } from '../support/link-utility.ts';
import { configurationText } from '../support/virtual-gateway.ts';
import { UTILITY_EPOCH } from './virtual-site.ts';

/** The root of the repository. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIAL_EVERY_MS = 20;
const BUNDLE = 'build/bundle/controld.mjs';
const SOURCE = 'firmware/app/controld/main.ts';
/** The program that is started as controld: the bundle when make has built it, else the source. */
export const controldProgram = (): { readonly path: string; readonly bundled: boolean } => {
  const bundled = existsSync(join(ROOT, BUNDLE));
  return { path: join(ROOT, bundled ? BUNDLE : SOURCE), bundled };
};

/** A simulated site on a pty with the real controld process on it. */
export interface RealGateway {
  readonly site: RealSite;
  readonly truth: readonly Truth[];
  readonly utility: LinkUtility;
  /** When the process was spawned, site milliseconds. */
  spawnedAt(): number;
  /** Utility seconds of a site instant in milliseconds. */
  utilityOf(siteMs: number): number;
  /** Starts controld afresh on the same state; resolves when its socket answers. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Forgets what controld learned of the devices. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

const gone = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
};

const pause = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

/** One gateway with directories, line and process of its own; several may run side by side. */
export const startRealGateway = async (settings: SiteSettings, set: ProgramSet, anchorPhase: number): Promise<RealGateway> => {
  const directory = await mkdtemp(join(tmpdir(), 'gridward-bench-'));
  const linePath = join(directory, 'line');
  const truth: Truth[] = [];
  const site = await startRealSite({ settings, path: linePath, onTruth: (point) => truth.push(point) });
  const origin = monotonicMs() - site.now();
  for (const name of ['config', 'state', 'run']) await mkdir(join(directory, name));
  const text = configurationText(
    {
      commissionedExportW: null,
      fallbackExportW: 1500,
      unitIds: { inverter: settings.inverter.unitId, meter: settings.meter.unitId },
    },
    linePath,
  );
  await writeFile(join(directory, 'config', 'config.json'), text);
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  let child: ChildProcess | null = null;
  let spawned = 0;
  let utility: LinkUtility | null = null;

  const connect = async (): Promise<void> => {
    for (;;) {
      const attempt = linkUtility({ link: unixSockets, socket: join(directory, 'run', 'control.sock') });
      attempt.anchor({ bootId, mono: origin - anchorPhase * 1000, utility: UTILITY_EPOCH, error: 0.05 });
      attempt.say(set);
      while (!attempt.isClosed && !attempt.isUp) await pause(DIAL_EVERY_MS);
      if (attempt.isUp) {
        utility = attempt;
        return;
      }
      await pause(DIAL_EVERY_MS);
    }
  };
  const start = async (): Promise<void> => {
    spawned = site.now();
    child = spawn(process.execPath, [controldProgram().path], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        CONFIGURATION_DIRECTORY: join(directory, 'config'),
        STATE_DIRECTORY: join(directory, 'state'),
        RUNTIME_DIRECTORY: join(directory, 'run'),
      },
    });
    await connect();
  };
  const kill = async (): Promise<void> => {
    utility?.close();
    child?.kill('SIGKILL');
    if (child !== null) await gone(child);
  };
  await start();
  return {
    site,
    truth,
    get utility() {
      if (utility === null) throw new Error('controld was started');
      return utility;
    },
    spawnedAt: () => spawned,
    utilityOf: (siteMs) => UTILITY_EPOCH + siteMs / 1000 + anchorPhase,
    start,
    kill,
    forget: async () => {
      for (const slot of ['a', 'b']) await rm(join(directory, 'state', `devices.${slot}`), { force: true });
    },
    stop: async () => {
      await kill();
      await site.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
