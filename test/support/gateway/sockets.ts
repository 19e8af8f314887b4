import { ok } from '#base/result.ts';
import type { LinkPort, LinkStream, StreamHandlers } from '#link/port.ts';

interface End {
  readonly owner: Owner;
  handlers: StreamHandlers | null;
  closed: boolean;
}

interface Owner {
  alive: boolean;
}

interface Listening {
  readonly owner: Owner;
  readonly accept: (stream: LinkStream) => StreamHandlers;
}

/** The sockets of one process. */
export interface ProcessSockets extends LinkPort {
  /** The process died: its listeners are gone, and whoever it spoke to hears that the peer hung up. */
  kill(): void;
}

/** The sockets of a machine in memory: they outlive the processes that open them, as files do. Lines travel when `deliver` is called. */
export class VirtualSockets {
  readonly #servers = new Map<string, Listening>();
  readonly #pending: (() => void)[] = [];
  readonly #ends = new Map<End, End>();
  readonly #touch: () => void;

  /** `touch`: something was delivered, promises may have to settle. */
  constructor(touch: () => void) {
    this.#touch = touch;
  }

  process(): ProcessSockets {
    const owner: Owner = { alive: true };
    return {
      listen: async (path, _mode, accept) => {
        this.#servers.set(path, { owner, accept });
        await Promise.resolve();
        return ok({ close: () => this.#servers.delete(path) });
      },
      dial: (path, open, handlers) => {
        this.#pending.push(() => this.#connect(owner, path, open, handlers));
      },
      kill: () => {
        owner.alive = false;
        for (const [near, far] of this.#ends) if (near.owner === owner) this.#hangUp(near, far, 'the peer died');
      },
    };
  }

  /** Lines sent and not yet delivered are delivered; new ones too. */
  deliver(): void {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#touch();
      next();
    }
  }

  #connect(owner: Owner, path: string, open: (stream: LinkStream) => void, handlers: StreamHandlers): void {
    if (!owner.alive) return;
    const server = this.#servers.get(path);
    if (server?.owner.alive !== true) {
      handlers.onClosed('nobody listens');
      return;
    }
    const near: End = { owner, handlers, closed: false };
    const far: End = { owner: server.owner, handlers: null, closed: false };
    this.#ends.set(near, far).set(far, near);
    far.handlers = server.accept(this.#streamOf(far, near));
    open(this.#streamOf(near, far));
  }

  #streamOf(near: End, far: End): LinkStream {
    return {
      send: (line) => {
        if (near.closed || !near.owner.alive) return false;
        this.#pending.push(() => {
          if (!near.closed && !far.closed && far.owner.alive) far.handlers?.onLine(line);
        });
        return true;
      },
      close: () => this.#pending.push(() => this.#hangUp(near, far, 'the peer hung up')),
    };
  }

  #hangUp(near: End, far: End, why: string): void {
    this.#close(near, 'closed here');
    this.#close(far, why);
  }

  #close(end: End, why: string): void {
    this.#ends.delete(end);
    if (end.closed) return;
    end.closed = true;
    this.#pending.push(() => {
      if (end.owner.alive) end.handlers?.onClosed(why);
    });
  }
}
