import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Child } from '../rig/run/child.ts';
import { portPair, startSwtpm } from '../rig/run/swtpm.ts';
import type { Fault, FromBus, ToBus } from './bus.ts';

const run = promisify(execFile);

/** Command codes (TPM 2.0 part 2, 6.5.2). */
export const COMMAND = { sign: 0x15d, readPublic: 0x173, unseal: 0x15e } as const;

/** A TPM for one test: swtpm behind a wire that counts and disturbs. */
export interface TpmMachine {
  readonly directory: string;
  /** For openTpm and for tpm2-tools. */
  readonly tcti: string;
  /** Null: nothing is disturbed any more. */
  disturb(fault: Fault | null): Promise<void>;
  /** Commands of this code since the start. */
  count(code: number): Promise<number>;
  /** Ends the TPM as a power cut does. */
  cut(): Promise<void>;
  /** Powers it up again. */
  power(): Promise<void>;
  /** Runs one of tpm2-tools against it. */
  tool(name: string, ...args: readonly string[]): Promise<string>;
  /** Process id of swtpm. */
  pid(): number;
  end(): Promise<void>;
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const cut = async (child: Child): Promise<void> => {
  child.signal('SIGKILL');
  await child.stop(0);
};

const startBus = async (here: number, there: number): Promise<ChildProcess> => {
  const script = new URL('bus.ts', import.meta.url).pathname;
  const bus = spawn(process.execPath, [script, String(here), String(there)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(bus, 'message');
  return bus;
};

export const startTpm = async (): Promise<TpmMachine> => {
  const directory = await mkdtemp(join(tmpdir(), 'gw-tpm-'));
  const state = join(directory, 'tpm');
  const there = await portPair();
  const power = async (): Promise<Child> => (await startSwtpm(state, there, () => undefined)).child;
  let swtpm = await power();
  const here = await portPair();
  const bus = await startBus(here, there);
  const ask = async (message: ToBus): Promise<Readonly<Record<number, number>>> =>
    await new Promise((resolve) => {
      const take = (reply: FromBus): void => {
        if (!('counts' in reply)) return;
        bus.off('message', take);
        resolve(reply.counts);
      };
      bus.on('message', take);
      bus.send(message);
    });
  const tcti = `swtpm:host=127.0.0.1,port=${here}`;
  return {
    directory,
    tcti,
    disturb: async (fault) => {
      await ask({ fault });
    },
    count: async (code) => (await ask({ count: true }))[code] ?? 0,
    cut: async () => await cut(swtpm),
    power: async () => {
      swtpm = await power();
    },
    tool: async (name, ...args) => {
      // What a sanitizer preloads into us is no business of the tools.
      const env = { ...process.env, LD_PRELOAD: '' };
      const { stdout } = await run(name, [...args, '-T', tcti], { cwd: directory, timeout: 20_000, env });
      return stdout;
    },
    pid: () => swtpm.pid,
    end: async () => {
      await ended(bus);
      await cut(swtpm);
      await rm(directory, { recursive: true });
    },
  };
};
