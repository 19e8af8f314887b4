import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { startChild, type Child } from './child.ts';

const UP_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** A free port whose neighbour is free too. */
export const portPair = async (): Promise<number> => {
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
  const deadline = Date.now() + UP_WITHIN_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    if (Date.now() > deadline) throw new Error('swtpm does not start');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
};

export interface Swtpm {
  readonly child: Child;
  /** How tpm2-tss names it. */
  readonly tcti: string;
}

/** Powers up a simulated TPM whose memory is in `directory`. It serves one client at a time, at `port` and its neighbour. */
export const startSwtpm = async (directory: string, port: number, onEnd: (how: string) => void): Promise<Swtpm> => {
  await mkdir(directory, { recursive: true });
  const child = await startChild({
    file: 'swtpm',
    args: [
      ...['socket', '--tpm2', '--tpmstate', `dir=${directory}`, '--flags', 'not-need-init,startup-clear'],
      ...['--server', `type=tcp,port=${port},bindaddr=127.0.0.1`, '--ctrl', `type=tcp,port=${port + 1},bindaddr=127.0.0.1`],
    ],
    onLine: () => undefined,
    onError: () => undefined,
    onEnd,
  });
  // Its data port takes one client, so that a look at it would be that client.
  await answers(port + 1);
  return { child, tcti: `swtpm:host=127.0.0.1,port=${port}` };
};
