import type { Result } from '#base/result.ts';

/** One connected stream of lines, either side. */
export interface LinkStream {
  /** Queues a line (no newline in it). False: closed, or the peer reads too slowly and was dropped. */
  send(line: string): boolean;
  close(): void;
}

export interface StreamHandlers {
  /** A whole line without its newline. A line over LINE_BYTES_MAX closes the stream instead. */
  readonly onLine: (line: string) => void;
  /** Once, whatever the reason; nothing is called after it. */
  readonly onClosed: (why: string) => void;
}

export interface ListenFault {
  readonly kind: 'listen-failed';
  readonly path: string;
  readonly why: string;
}

export interface Listener {
  close(): void;
}

/** Unix stream sockets (platform/sockets); in memory in tests. */
export interface LinkPort {
  /** Removes a stale socket file, listens, sets the file mode. `accept` is called for each connection. */
  listen(path: string, mode: number, accept: (stream: LinkStream) => StreamHandlers): Promise<Result<Listener, ListenFault>>;
  /** `open` is called when connected; before it, `onClosed` means that nobody listens there. */
  dial(path: string, open: (stream: LinkStream) => void, handlers: StreamHandlers): void;
}
