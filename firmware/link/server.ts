import type { Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { type Decode, encodeMessage, linkFaultText } from './codec.ts';
import { type Hello, LINK_PROTOCOL } from './message.ts';
import type { Listener, LinkPort, LinkStream, ListenFault, StreamHandlers } from './port.ts';

/** Connections of one role at a time; one more is closed at once. */
export const PEERS_MAX = 8;

interface Typed {
  readonly type: string;
}

/** A client that said hello in our version. */
export interface Peer<Out extends Typed> {
  readonly hello: Hello;
  /** False: gone, or dropped because it reads too slowly. */
  send(message: Out): boolean;
  close(): void;
}

export interface PeerHandlers<In> {
  readonly onMessage: (message: In) => void;
  readonly onClosed: (why: string) => void;
}

export interface ServerOptions<In extends Typed, Out extends Typed> {
  readonly port: LinkPort;
  readonly path: string;
  /** File mode of the socket: it tells the roles apart. */
  readonly mode: number;
  readonly decode: Decode<In | Hello>;
  /** Asked for at each connection: the plan held now is part of it. */
  readonly hello: () => Hello;
  readonly onPeer: (peer: Peer<Out>) => PeerHandlers<In>;
  readonly note: (note: Note) => void;
}

export interface LinkServer<Out extends Typed> {
  /** Sends to every peer; a message over its bound is noted and not sent. */
  broadcast(message: Out): void;
  close(): void;
}

/**
 * Listens for one role. Each side says hello first; another protocol version, a line that is no message or a second hello
 * closes that connection and no other.
 */
export const serveLink = async <In extends Typed, Out extends Typed>(
  options: ServerOptions<In, Out>,
): Promise<Result<LinkServer<Out>, ListenFault>> => {
  const peers = new Set<Peer<Out>>();
  const streams = new Set<LinkStream>();
  const accept = (stream: LinkStream): StreamHandlers => {
    if (streams.size >= PEERS_MAX) {
      options.note({ event: 'link-refused', level: 'warn', text: `more than ${PEERS_MAX} connections on ${options.path}` });
      stream.close();
      return { onLine: () => undefined, onClosed: () => undefined };
    }
    streams.add(stream);
    return acceptPeer(options, stream, peers, () => streams.delete(stream));
  };
  const listening = await options.port.listen(options.path, options.mode, accept);
  if (!listening.ok) return listening;
  return { ok: true, value: serverOf(options, listening.value, peers, streams) };
};

const serverOf = <In extends Typed, Out extends Typed>(
  options: ServerOptions<In, Out>,
  listener: Listener,
  peers: ReadonlySet<Peer<Out>>,
  streams: ReadonlySet<LinkStream>,
): LinkServer<Out> => ({
  broadcast(message) {
    for (const peer of [...peers]) peer.send(message);
  },
  close() {
    listener.close();
    for (const stream of [...streams]) stream.close();
    options.note({ event: 'link-closed', level: 'debug', text: options.path });
  },
});

/** Sends what encodes; what does not is a fault of ours, noted. */
export const sendOn = (stream: LinkStream, message: Typed, note: (note: Note) => void): boolean => {
  const line = encodeMessage(message);
  if (line.ok) return stream.send(line.value);
  note({ event: 'link-message-too-long', level: 'error', text: `${message.type}: ${linkFaultText(line.fault)}` });
  return false;
};

const acceptPeer = <In extends Typed, Out extends Typed>(
  options: ServerOptions<In, Out>,
  stream: LinkStream,
  peers: Set<Peer<Out>>,
  forget: () => void,
): StreamHandlers => {
  const { note, path } = options;
  let joined: { readonly peer: Peer<Out>; readonly handlers: PeerHandlers<In> } | null = null;
  const refuse = (why: string): void => {
    note({ event: 'link-peer-refused', level: 'warn', text: `${path}: ${why}` });
    stream.close();
  };
  const join = (hello: Hello): void => {
    sendOn(stream, options.hello(), note);
    if (hello.protocol !== LINK_PROTOCOL) {
      refuse(`protocol ${hello.protocol}, ours is ${LINK_PROTOCOL}`);
      return;
    }
    const peer: Peer<Out> = {
      hello,
      send: (message) => sendOn(stream, message, note),
      close: () => stream.close(),
    };
    joined = { peer, handlers: options.onPeer(peer) };
    peers.add(peer);
  };
  return {
    onLine(line) {
      const message = options.decode(line);
      if (!message.ok) refuse(linkFaultText(message.fault));
      else if (joined === null && isHello(message.value)) join(message.value);
      else if (joined === null || isHello(message.value)) refuse(`${message.value.type} out of turn`);
      else joined.handlers.onMessage(message.value);
    },
    onClosed(why) {
      forget();
      if (joined === null) return;
      peers.delete(joined.peer);
      joined.handlers.onClosed(why);
    },
  };
};

export const isHello = (message: Typed): message is Hello => message.type === 'hello';
