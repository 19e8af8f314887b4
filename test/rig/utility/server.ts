/** The utility server in real time: HTTPS with mutual TLS 1.2 around the core. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { assert } from '#base/assert.ts';
import { answer } from './core.ts';
import { lfdiOf } from './identity.ts';
import type { Exchange } from './journal.ts';
import { MAX_BODY_BYTES } from './options.ts';
import { send } from './sending.ts';
import { advance, dcapPath, type UtilityState } from './state.ts';

/** 0xC0AE, the suite every 2030.5 client has; OpenSSL 3.5 takes it at security level 0 only. */
export const SUITE = 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0';
const CURVE = 'prime256v1';

export interface ServerOptions {
  readonly state: UtilityState;
  /** Paths of PEM files. `ca` is the root clients must chain to. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** 0 or absent: any free one. */
  readonly port?: number;
  readonly host?: string;
  /** Server time is the wall clock plus this, s. */
  readonly offsetSeconds?: number;
  /** Told of each body that came, as it came. */
  readonly onBody?: (method: string, path: string, body: string) => void;
  /** Told of each exchange, when it is answered. */
  readonly onExchange?: (exchange: Exchange) => void;
}

export interface TlsCounts {
  /** TCP connections taken. */
  readonly connections: number;
  /** Complete handshakes, resumed ones included. */
  readonly handshakes: number;
  readonly resumed: number;
  /** Handshakes that failed or were refused. */
  readonly refused: number;
}

export interface UtilityServer {
  readonly state: UtilityState;
  readonly port: number;
  /** URL of DeviceCapability. */
  readonly url: string;
  /** Server time, UTC seconds. */
  now(): number;
  setOffset(seconds: number): void;
  tls(): TlsCounts;
  /** Refuses connections and drops those there are. */
  goDown(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

interface Live {
  readonly options: ServerOptions;
  readonly pem: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly ticketKeys: Buffer;
  readonly sockets: Set<Socket>;
  readonly counts: { connections: number; handshakes: number; resumed: number; refused: number };
  offset: number;
  server: Server | null;
}

const TICK_MS = 200;
const KEEP_ALIVE_MS = 120_000;
const SESSION_SECONDS = 7200;
const TICKET_KEY_BYTES = 48;
const MS_PER_SECOND = 1000;

const nowOf = (live: Live): number => Date.now() / MS_PER_SECOND + live.offset;

/** LFDI of a client on P-256; null otherwise. */
const clientLfdi = (request: IncomingMessage): string | null => {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate?.publicKey.asymmetricKeyDetails?.namedCurve !== CURVE) return null;
  return lfdiOf(certificate.raw);
};

/** The body, cut one byte beyond the bound; text that is not UTF-8 becomes empty and so is refused as no XML. */
const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    size += chunk.length;
  }
  const bytes = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES + 1);
  if (bytes.length > MAX_BODY_BYTES) return bytes.toString('latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
};

const flat = (request: IncomingMessage): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );

const tellBody = ({ options }: Live, request: IncomingMessage, body: string): void => {
  if (body !== '') options.onBody?.(request.method ?? '', request.url ?? '', body);
};

const handle = async (live: Live, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { state } = live.options;
  const body = await readText(request);
  const [path, query] = (request.url ?? '/').split('?', 2);
  const headers = flat(request);
  tellBody(live, request, body);
  const answered = answer(state, {
    method: request.method ?? 'GET',
    path: path ?? '/',
    query: query ?? '',
    headers,
    body,
    clientLfdi: clientLfdi(request),
    at: nowOf(live),
  });
  const exchange = state.journal.exchanges.at(-1);
  if (exchange !== undefined) live.options.onExchange?.(exchange);
  send(answered, response);
};

const makeServer = (live: Live): Server => {
  const server = createServer(
    {
      ...live.pem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: SUITE,
      honorCipherOrder: true,
      ecdhCurve: CURVE,
      sigalgs: 'ECDSA+SHA256',
      sessionIdContext: 'rig-utility',
      sessionTimeout: SESSION_SECONDS,
      ticketKeys: live.ticketKeys,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      handle(live, request, response).catch(() => response.destroy());
    },
  );
  server.on('connection', (socket: Socket) => {
    live.counts.connections += 1;
    live.sockets.add(socket);
    socket.once('close', () => live.sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => {
    live.counts.handshakes += 1;
    if (socket.isSessionReused()) live.counts.resumed += 1;
  });
  server.on('tlsClientError', () => {
    live.counts.refused += 1;
  });
  return server;
};

const listen = async (live: Live, port: number): Promise<number> => {
  const server = makeServer(live);
  live.server = server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, live.options.host ?? '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
};

const close = async (live: Live): Promise<void> => {
  const { server } = live;
  live.server = null;
  if (server === null) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of live.sockets) socket.destroy();
  await closed;
};

/** Starts it and resolves when it listens. Rejects when a file is missing or the port is taken. */
export const startUtilityServer = async (options: ServerOptions): Promise<UtilityServer> => {
  const [cert, key, ca] = await Promise.all([options.cert, options.key, options.ca].map((path) => readFile(path, 'utf8')));
  assert(cert !== undefined && key !== undefined && ca !== undefined, 'three files were read');
  const live: Live = {
    options,
    pem: { cert, key, ca },
    ticketKeys: randomBytes(TICKET_KEY_BYTES),
    sockets: new Set(),
    counts: { connections: 0, handshakes: 0, resumed: 0, refused: 0 },
    offset: options.offsetSeconds ?? 0,
    server: null,
  };
  const port = await listen(live, options.port ?? 0);
  const tick = setInterval(() => advance(options.state, nowOf(live)), TICK_MS);
  return {
    state: options.state,
    port,
    url: `https://${options.host ?? '127.0.0.1'}:${port}${dcapPath(options.state)}`,
    now: () => nowOf(live),
    setOffset: (seconds) => {
      live.offset = seconds;
    },
    tls: () => ({ ...live.counts }),
    goDown: () => close(live),
    comeBack: async () => {
      if (live.server === null) await listen(live, port);
    },
    stop: async () => {
      clearInterval(tick);
      await close(live);
    },
  };
};
