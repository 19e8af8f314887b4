/**
 * The wire between a program and its TPM, as a process of its own: takes any number of clients, hands their commands one after the
 * other to swtpm or to a device, counts them, and delays, answers or swallows those of one kind when the test says so.
 * Arguments: port to listen at (the control port is the next), port of swtpm or path of the device.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to commands of one code. */
export interface Fault {
  readonly code: number;
  /** Milliseconds before the command is passed on. */
  readonly delay?: number;
  /** This response code instead of the TPM's answer. */
  readonly answer?: number;
  /** No answer before the fault is taken back. */
  readonly hang?: true;
  /** Calls `reset` on the test's side when the command is seen, and hangs up. */
  readonly cut?: true;
  /** To the first command of this code alone. */
  readonly once?: true;
}

export type ToBus = { readonly fault: Fault | null } | { readonly count: true } | { readonly plugged: boolean };
export type FromBus =
  | { readonly counts: Readonly<Record<number, number>> }
  | { readonly ready: true }
  | { readonly seen: number };

const HEADER = 10;
/** Longest answer of a TPM. */
const ANSWER_MAX = 4096;
const [, , here = '', there = ''] = process.argv;
const counts: Record<number, number> = {};
let fault: Fault | null = null;
let hanging: (() => void)[] = [];
let upstream: Socket | null = null;
const DEVICE = there.startsWith('/') ? there : null;
let device: FileHandle | null = null;
let plugged = true;
const clients = new Set<Socket>();
let turn: Promise<void> = Promise.resolve();

const tell = (message: FromBus): void => {
  process.send?.(message);
};

const listening = async (server: Server, port: number): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
};

/** Sends one command to swtpm; null: it hung up. */
const exchange = async (command: Buffer): Promise<Buffer | null> =>
  await new Promise((resolve) => {
    // One that ended between two commands is found here.
    const kept = upstream !== null && !upstream.destroyed && !upstream.readableEnded ? upstream : null;
    const socket = kept ?? connect(Number(there), '127.0.0.1');
    upstream = socket;
    let reply = Buffer.alloc(0);
    const end = (result: Buffer | null): void => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.on('end', () => socket.destroy());
      if (result === null) {
        socket.destroy();
        upstream = null;
      }
      resolve(result);
    };
    socket.on('error', () => end(null));
    socket.on('end', () => end(null));
    socket.on('close', () => end(null));
    socket.on('data', (chunk: Buffer) => {
      reply = Buffer.concat([reply, chunk]);
      if (reply.length >= HEADER && reply.length >= reply.readUInt32BE(2)) end(reply);
    });
    socket.write(command);
  });

/** The same with a device; null: it is not there. */
const perform = async (command: Buffer, path: string): Promise<Buffer | null> => {
  try {
    device ??= await open(path, 'r+');
    await device.write(command);
    let reply = Buffer.alloc(0);
    while (reply.length < HEADER || reply.length < reply.readUInt32BE(2)) {
      const { bytesRead, buffer } = await device.read(Buffer.alloc(ANSWER_MAX), 0, ANSWER_MAX, null);
      if (bytesRead === 0) throw new Error('the device hung up');
      reply = Buffer.concat([reply, buffer.subarray(0, bytesRead)]);
    }
    return reply;
  } catch {
    await device?.close().catch(() => undefined);
    device = null;
    return null;
  }
};

const answerOf = (code: number): Buffer => {
  const reply = Buffer.alloc(HEADER);
  reply.writeUInt16BE(0x8001, 0);
  reply.writeUInt32BE(HEADER, 2);
  reply.writeUInt32BE(code, 6);
  return reply;
};

/** Lets the fault befall the command; true: it was answered so, or the client cut off. */
const befall = async (client: Socket, injected: Fault): Promise<boolean> => {
  tell({ seen: injected.code });
  if (injected.once === true) fault = null;
  if (injected.hang === true) await new Promise<void>((resolve) => hanging.push(resolve));
  if (injected.cut === true) client.destroy();
  else if (injected.answer !== undefined) client.write(answerOf(injected.answer));
  else if (injected.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, injected.delay));
  return injected.cut === true || injected.answer !== undefined;
};

const serve = async (client: Socket, command: Buffer): Promise<void> => {
  const code = command.readUInt32BE(6);
  counts[code] = (counts[code] ?? 0) + 1;
  if (fault?.code === code && (await befall(client, fault))) return;
  const reply = DEVICE === null ? await exchange(command) : await perform(command, DEVICE);
  if (reply === null) client.destroy();
  else client.write(reply);
};

const data = createServer((client) => {
  let held = Buffer.alloc(0);
  if (!plugged) client.destroy();
  clients.add(client);
  client.once('close', () => clients.delete(client));
  client.on('error', () => undefined);
  client.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= HEADER && held.length >= held.readUInt32BE(2)) {
      const command = held.subarray(0, held.readUInt32BE(2));
      held = held.subarray(command.length);
      turn = turn.then(async () => await serve(client, command));
    }
  });
});

const control = createServer((client) => {
  if (DEVICE !== null) {
    client.on('error', () => undefined);
    // Its TCTI sets the locality, which a device has no use for.
    client.on('data', () => client.write(Buffer.alloc(4)));
    return;
  }
  const swtpm = connect(Number(there) + 1, '127.0.0.1');
  client.on('error', () => swtpm.destroy());
  swtpm.on('error', () => client.destroy());
  client.pipe(swtpm).pipe(client);
});

process.on('message', (message: ToBus) => {
  if ('fault' in message) {
    fault = message.fault;
    for (const go of hanging) go();
    hanging = [];
  }
  if ('plugged' in message) {
    ({ plugged } = message);
    if (!plugged) for (const client of clients) client.destroy();
  }
  tell({ counts });
});
process.on('disconnect', () => process.exit(0));

await Promise.all([listening(data, Number(here)), listening(control, Number(here) + 1)]);
tell({ ready: true });
