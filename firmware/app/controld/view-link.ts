import type { Note } from '#base/ports.ts';
import type { FrameTrace } from '#drivers/line/trace.ts';
import { TRACE_FRAMES_MAX, type TraceFrame, type ViewSnapshot } from '#link/message.ts';
import type { LinkPort } from '#link/port.ts';
import { type FromViewer, helloOf, serveView, type ToViewer } from '#link/role.ts';
import type { LinkServer, Peer } from '#link/server.ts';
import type { ScanLink } from './scan-link.ts';
import type { TapeLink } from './tape-link.ts';

export interface ViewLinkOptions {
  readonly port: LinkPort;
  readonly directory: string;
  readonly release: string;
  readonly trace: (line: string) => FrameTrace | null;
  readonly tape: TapeLink;
  readonly scan: ScanLink;
  readonly note: (note: Note) => void;
}

/** A viewer that follows a line: what it was sent so far. */
interface Follower {
  readonly peer: Peer<ToViewer>;
  readonly line: string;
  next: number;
}

/** controld's side of the socket to people's tools. Read only; nothing that comes in reaches control. */
export class ViewLink {
  readonly #options: ViewLinkOptions;
  #server: LinkServer<ToViewer> | null = null;
  readonly #peers = new Set<Peer<ToViewer>>();
  readonly #followers = new Set<Follower>();

  constructor(options: ViewLinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { port, directory, release, note } = this.#options;
    const opened = await serveView({
      port,
      directory,
      hello: () => helloOf(release, null),
      note,
      onPeer: (peer) => {
        this.#peers.add(peer);
        return { onMessage: (message) => this.#take(peer, message), onClosed: () => this.#forget(peer) };
      },
    });
    if (opened.ok) this.#server = opened.value;
    else note({ event: 'view-unavailable', level: 'warn', text: `${opened.fault.path}: ${opened.fault.why}` });
  }

  /** True when somebody watches: only then is a snapshot worth making. */
  get isWatched(): boolean {
    return this.#peers.size > 0;
  }

  /** About once a second: the snapshot to everybody, new frames to those who follow a line. */
  show(snapshot: ViewSnapshot): void {
    this.#server?.broadcast(snapshot);
    for (const follower of this.#followers) {
      const trace = this.#options.trace(follower.line);
      if (trace !== null) follower.next = this.#send(follower.peer, follower.line, trace, follower.next);
    }
  }

  close(): void {
    this.#server?.close();
  }

  #take(peer: Peer<ToViewer>, request: FromViewer): void {
    if (request.type === 'tape-request') {
      this.#options.tape.add(peer);
      return;
    }
    if (request.type === 'scan-request') {
      this.#options.scan.add(peer, request);
      return;
    }
    const { line, follow } = request;
    const trace = this.#options.trace(line);
    if (trace === null) {
      peer.send({ type: 'trace', line, known: false, frames: [], more: false });
      return;
    }
    const next = this.#send(peer, line, trace, 0);
    if (follow) this.#followers.add({ peer, line, next });
  }

  #send(peer: Peer<ToViewer>, line: string, trace: FrameTrace, from: number): number {
    const { frames, next } = trace.since(from);
    const rows = frames.map(
      (frame): TraceFrame => ({
        at: frame.at,
        direction: frame.direction,
        hex: Buffer.from(frame.bytes).toString('hex'),
        verdict: frame.verdict,
      }),
    );
    if (rows.length === 0 && from > 0) return next;
    for (let start = 0; start === 0 || start < rows.length; start += TRACE_FRAMES_MAX) {
      const page = rows.slice(start, start + TRACE_FRAMES_MAX);
      peer.send({ type: 'trace', line, known: true, frames: page, more: start + TRACE_FRAMES_MAX < rows.length });
    }
    return next;
  }

  #forget(peer: Peer<ToViewer>): void {
    this.#peers.delete(peer);
    this.#options.tape.forget(peer);
    this.#options.scan.forget(peer);
    for (const follower of this.#followers) if (follower.peer === peer) this.#followers.delete(follower);
  }
}
