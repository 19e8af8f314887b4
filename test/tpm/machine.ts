import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/** A port whose neighbour is free too. */
const portPair = async (): Promise<number> => {
  for (;;) {
    const first = createServer();
    first.listen(0, '127.0.0.1');
    await once(first, 'listening');
    const address = first.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const second = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      second.once('error', () => resolve(false));
      second.listen(port + 1, '127.0.0.1', () => resolve(true));
    });
    for (const server of isFree ? [first, second] : [first]) {
      server.close();
      await once(server, 'close');
    }
    if (isFree) return port;
  }
};

const answers = async (port: number): Promise<void> => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    if (Date.now() > deadline) throw new Error('swtpm does not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const startSwtpm = async (state: string, port: number): Promise<ChildProcess> => {
  const child = spawn(
    'swtpm',
    [
      ...['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--flags', 'not-need-init,startup-clear'],
      ...['--server', `type=tcp,port=${port},bindaddr=127.0.0.1`, '--ctrl', `type=tcp,port=${port + 1},bindaddr=127.0.0.1`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  // Its data port takes one client, so that a look at it would be that client.
  await answers(port + 1);
  return child;
};

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
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
  await mkdir(state);
  const there = await portPair();
  let swtpm = await startSwtpm(state, there);
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
    cut: async () => await ended(swtpm),
    power: async () => {
      swtpm = await startSwtpm(state, there);
    },
    tool: async (name, ...args) => {
      // What a sanitizer preloads into us is no business of the tools.
      const env = { ...process.env, LD_PRELOAD: '' };
      const { stdout } = await run(name, [...args, '-T', tcti], { cwd: directory, timeout: 20_000, env });
      return stdout;
    },
    pid: () => swtpm.pid ?? 0,
    end: async () => {
      await ended(bus);
      await ended(swtpm);
      await rm(directory, { recursive: true });
    },
  };
};
