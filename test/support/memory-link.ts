import { ok } from '#base/result.ts';
import type { LinkPort, LinkStream, StreamHandlers } from '#link/port.ts';

interface End {
  handlers: StreamHandlers | null;
  closed: boolean;
}

export interface MemoryLink extends LinkPort {
  /** Lines sent and not yet delivered are delivered; new ones too. */
  deliver(): void;
  readonly dials: number;
}

/** Sockets in memory: lines travel when the test says so. */
export const memoryLink = (): MemoryLink => {
  const servers = new Map<string, (stream: LinkStream) => StreamHandlers>();
  const pending: (() => void)[] = [];
  let dials = 0;
  const closeEnd = (end: End, why: string): void => {
    if (end.closed) return;
    end.closed = true;
    pending.push(() => end.handlers?.onClosed(why));
  };
  const streamOf = (near: End, far: End): LinkStream => ({
    send(line) {
      if (near.closed) return false;
      pending.push(() => {
        if (!near.closed && !far.closed) far.handlers?.onLine(line);
      });
      return true;
    },
    close() {
      pending.push(() => {
        closeEnd(near, 'closed here');
        closeEnd(far, 'the peer hung up');
      });
    },
  });
  return {
    listen: async (path, _mode, accept) => {
      servers.set(path, accept);
      await Promise.resolve();
      return ok({ close: () => servers.delete(path) });
    },
    dial(path, open, handlers) {
      dials += 1;
      pending.push(() => {
        const accept = servers.get(path);
        if (accept === undefined) {
          handlers.onClosed('nobody listens');
          return;
        }
        const client: End = { handlers, closed: false };
        const server: End = { handlers: null, closed: false };
        server.handlers = accept(streamOf(server, client));
        open(streamOf(client, server));
      });
    },
    deliver() {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) next();
    },
    get dials() {
      return dials;
    },
  };
};
