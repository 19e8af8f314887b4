import { chmod, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fail, ok, type Result } from '#base/result.ts';
import { LINE_BYTES_MAX } from '#link/message.ts';
import type { LinkPort, LinkStream, Listener, ListenFault, StreamHandlers } from '#link/port.ts';
import { LineSplitter } from './line-splitter.ts';

/** Unread bytes a peer may leave standing before it is dropped: two of the longest lines. */
const WRITE_BUFFER_MAX = 2 * LINE_BYTES_MAX;
/** Longest path of a Unix socket (sun_path, 108 bytes with its end). */
const SOCKET_PATH_MAX = 107;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Line framing over one socket. Handlers come later for an accepted one: `bind` before any event can arrive. */
const streamOf = (socket: Socket): { readonly stream: LinkStream; readonly bind: (handlers: StreamHandlers) => void } => {
  let why: string | null = null;
  const stop = (reason: string): void => {
    why ??= reason;
    socket.destroy();
  };
  const stream: LinkStream = {
    send(line) {
      if (socket.destroyed || why !== null) return false;
      socket.write(`${line}\n`);
      if (socket.writableLength <= WRITE_BUFFER_MAX) return true;
      stop('the peer reads too slowly');
      return false;
    },
    // What was sent before the close still goes out.
    close() {
      why ??= 'closed here';
      socket.destroySoon();
    },
  };
  const bind = (handlers: StreamHandlers): void => {
    const splitter = new LineSplitter(LINE_BYTES_MAX);
    socket.on('data', (chunk) => {
      const lines = splitter.push(chunk);
      for (const line of lines) if (why === null) handlers.onLine(line);
      if (splitter.overflowed) stop(`a line over ${LINE_BYTES_MAX} bytes`);
    });
    socket.on('end', () => stop('the peer hung up'));
    socket.on('error', (error) => stop(error.message));
    socket.on('close', () => handlers.onClosed(why ?? 'the peer hung up'));
  };
  return { stream, bind };
};

const isAlive = async (path: string): Promise<boolean> =>
  await new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

const bindServer = async (server: Server, path: string): Promise<Result<void, string>> =>
  await new Promise((resolve) => {
    server.once('error', (error) => resolve(fail(error.message)));
    server.listen(path, () => resolve(ok(undefined)));
  });

const listen = async (
  path: string,
  mode: number,
  accept: (stream: LinkStream) => StreamHandlers,
): Promise<Result<Listener, ListenFault>> => {
  const refuse = (why: string): Result<Listener, ListenFault> => fail({ kind: 'listen-failed', path, why });
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) return refuse(`a socket path has at most ${SOCKET_PATH_MAX} bytes`);
  if (await isAlive(path)) return refuse('another process listens there');
  const server = createServer((socket) => {
    const { stream, bind } = streamOf(socket);
    bind(accept(stream));
  });
  try {
    await unlink(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    // The runtime directory is the process's own: nobody reaches the socket between its making and the chmod.
    const bound = await bindServer(server, path);
    if (!bound.ok) return refuse(bound.fault);
    await chmod(path, mode);
  } catch (error) {
    server.close();
    return refuse(textOf(error));
  }
  return ok({ close: () => void server.close() });
};

/** Unix stream sockets with one line a message. */
export const unixSockets: LinkPort = {
  listen,
  dial(path, open, handlers) {
    const socket = connect(path);
    const { stream, bind } = streamOf(socket);
    bind(handlers);
    socket.once('connect', () => open(stream));
  },
};
