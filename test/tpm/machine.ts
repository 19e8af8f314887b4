import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Child } from '../rig/run/child.ts';
import { portPair, startSwtpm } from '../rig/run/swtpm.ts';
import type { Fault, FromBus, ToBus } from './bus.ts';

const run = promisify(execFile);

/** Command codes (TPM 2.0 part 2, 6.5.2). */
export const COMMAND = { sign: 0x15d, readPublic: 0x173, unseal: 0x15e } as const;

/** A TPM for one test: swtpm, or the device that was asked for, behind a wire that counts and disturbs. */
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
  /** Of the process to stop for a TPM that hangs. */
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

const startBus = async (here: number, there: number | string): Promise<ChildProcess> => {
  const script = new URL('bus.ts', import.meta.url).pathname;
  const bus = spawn(process.execPath, [script, String(here), String(there)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(bus, 'message');
  return bus;
};

/** The device the tests are to use, as tpm2-tss names it (`device:/dev/tpmrm0`); null: swtpm. */
const askedFor = /^device:(\/.+)$/.exec(process.env['GRIDWARD_TEST_TPM'] ?? '')?.[1] ?? null;

/** What would harm a TPM that is not the tests' own, or wants its power: registered for swtpm alone. */
export const onlySimulated = (register: () => void): void => {
  if (askedFor === null) register();
};

/** A TPM that can be powered down and up. */
interface Source {
  /** For the bus: a port, or a device's path. */
  readonly place: number | string;
  cut(): Promise<void>;
  power(): Promise<void>;
  pid(): number | null;
}

const simulated = async (state: string): Promise<Source> => {
  const place = await portPair();
  const power = async (): Promise<Child> => (await startSwtpm(state, place, () => undefined)).child;
  let swtpm = await power();
  return {
    place,
    cut: async () => await cut(swtpm),
    power: async () => {
      swtpm = await power();
    },
    pid: () => swtpm.pid,
  };
};

/** Persistent handles of the product: taken, they are keys of somebody; free, those found at the end are the tests' own. */
const HANDLES = ['0x81010001', '0x81010002', '0x81010010'];

type Tool = TpmMachine['tool'];

/** Throws where the tests would destroy somebody's keys. */
const refuseUsed = async (tool: Tool): Promise<void> => {
  const listed = await tool('tpm2_getcap', 'handles-persistent');
  const used = HANDLES.filter((handle) => listed.includes(handle));
  if (used.length > 0) throw new Error(`this TPM holds keys of a gateway (${used.join(', ')}): the tests would destroy them`);
};

const leaveEmpty = async (tool: Tool): Promise<void> => {
  const listed = await tool('tpm2_getcap', 'handles-persistent');
  for (const handle of HANDLES) if (listed.includes(handle)) await tool('tpm2_evictcontrol', '-c', handle);
};

/**
 * `device`: the path of one in place of swtpm; the one that was asked for unless said otherwise. Null, always swtpm: for tests that
 * cut its power, extend its PCRs or define counters.
 */
export const startTpm = async (device = askedFor): Promise<TpmMachine> => {
  if (device !== null) {
    await access(device).catch(() => {
      throw new Error(`there is no TPM at ${device} on this machine, or it may not be opened`);
    });
  }
  const directory = await mkdtemp(join(tmpdir(), 'gw-tpm-'));
  const swtpm = device === null ? await simulated(join(directory, 'tpm')) : null;
  const here = await portPair();
  const bus = await startBus(here, swtpm?.place ?? device ?? '');
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
  const plug = async (plugged: boolean): Promise<void> => {
    await ask({ plugged });
  };
  const tool: Tool = async (name, ...args) => {
    // What a sanitizer preloads into us is no business of the tools.
    const env = { ...process.env, LD_PRELOAD: '' };
    const { stdout } = await run(name, [...args, '-T', tcti], { cwd: directory, timeout: 20_000, env });
    return stdout;
  };
  if (device !== null) await refuseUsed(tool);
  return {
    directory,
    tcti,
    disturb: async (fault) => {
      await ask({ fault });
    },
    count: async (code) => (await ask({ count: true }))[code] ?? 0,
    cut: async () => await (swtpm === null ? plug(false) : swtpm.cut()),
    power: async () => await (swtpm === null ? plug(true) : swtpm.power()),
    tool,
    pid: () => swtpm?.pid() ?? bus.pid ?? 0,
    end: async () => {
      if (swtpm === null) await leaveEmpty(tool);
      await ended(bus);
      await swtpm?.cut();
      await rm(directory, { recursive: true });
    },
  };
};
