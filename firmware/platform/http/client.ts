import { TLSSocket } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import { fail, ok, type Result } from '#base/result.ts';
import { BODY_BYTES_MAX, type HttpClient, type HttpFault, type HttpReply, type HttpRequest } from '#utility/walk/http-port.ts';
import { type ServerRule, type TlsClientOptions, tlsClientOptions, type TlsIdentity } from '../tls/context.ts';
import { ACCEPT_ENCODING, decodeBody } from './coding.ts';
import { faultOf } from './fault.ts';
import { redirectOf } from './redirect.ts';
import { retryAfterOf } from './retry-after.ts';

/** All spans of one exchange, in milliseconds. */
export interface HttpLimits {
  /** TCP and TLS handshake. */
  readonly connect: number;
  /** From the request sent to the last header. */
  readonly headers: number;
  /** Longest pause inside a body. */
  readonly pause: number;
  /** Whole exchange with its redirects. */
  readonly total: number;
  /** An idle connection is kept this long; utilities cut theirs after about a minute. */
  readonly keepAlive: number;
}

export const HTTP_LIMITS: HttpLimits = { connect: 10_000, headers: 15_000, pause: 10_000, total: 40_000, keepAlive: 55_000 };
const HEADER_BYTES_MAX = 16 * 1024;
/** IEEE 2030.5 leaves it open; three serve every move of a server seen in the field. */
const REDIRECTS_MAX = 3;

/** One client of one utility: its identity, its trust, one connection kept alive, TLS sessions resumed. */
export const httpClient = (identity: TlsIdentity, rule: ServerRule, limits: HttpLimits = HTTP_LIMITS): HttpClient => {
  const closing = new AbortController();
  const agent = new Agent({
    connect: resumingConnector(identity, rule, limits),
    connections: 1,
    pipelining: 1,
    allowH2: false,
    headersTimeout: limits.headers,
    bodyTimeout: limits.pause,
    keepAliveTimeout: limits.keepAlive,
    keepAliveMaxTimeout: limits.keepAlive,
    maxHeaderSize: HEADER_BYTES_MAX,
    maxResponseSize: BODY_BYTES_MAX,
  });
  const used = new Set<string>();

  const once = async (request: HttpRequest, signal: AbortSignal): Promise<Result<Exchange, HttpFault>> => {
    const origin = new URL(request.url).origin;
    const first = await exchange(agent, request, signal);
    const stale = !first.ok && first.fault.kind === 'reset' && used.has(origin) && request.method === 'GET';
    // A server may close an idle connection in the instant we use it: only then, and only a GET, is sent again.
    const result = stale && !signal.aborted ? await exchange(agent, request, signal) : first;
    if (result.ok) used.add(origin);
    else used.delete(origin);
    return result;
  };

  const request = async (wanted: HttpRequest): Promise<Result<HttpReply, HttpFault>> => {
    const signal = AbortSignal.any([AbortSignal.timeout(limits.total), closing.signal]);
    let at = wanted;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      if (!isHttps(at.url)) return fail({ kind: 'redirect', text: `${at.url} is not https` });
      const result = await once(at, signal);
      if (!result.ok) return closing.signal.aborted ? fail({ kind: 'closed', text: 'client closed' }) : result;
      const next = redirectOf(at, result.value.status, result.value.location);
      if (!next.ok) return next;
      if (next.value === null) return replyOf(at.url, result.value);
      at = next.value;
    }
    return fail({ kind: 'redirect', text: `more than ${REDIRECTS_MAX} redirects from ${wanted.url}` });
  };

  const close = async (): Promise<void> => {
    closing.abort();
    await agent.destroy();
  };
  return { request, close };
};

interface Exchange {
  readonly status: number;
  readonly location: string | null;
  readonly coding: string | null;
  readonly type: string | null;
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly body: Uint8Array;
}

const exchange = async (agent: Agent, request: HttpRequest, signal: AbortSignal): Promise<Result<Exchange, HttpFault>> => {
  const { origin, pathname, search } = new URL(request.url);
  try {
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method: request.method,
      headers: { ...request.headers, 'accept-encoding': ACCEPT_ENCODING },
      body: request.body,
      signal,
    });
    return ok({
      status: statusCode,
      location: headerOf(headers, 'location'),
      type: headerOf(headers, 'content-type'),
      coding: headerOf(headers, 'content-encoding'),
      retryAfter: headerOf(headers, 'retry-after'),
      date: headerOf(headers, 'date'),
      body: new Uint8Array(await body.arrayBuffer()),
    });
  } catch (error) {
    return fail(faultOf(error));
  }
};

const replyOf = (url: string, got: Exchange): Result<HttpReply, HttpFault> => {
  const body = decodeBody(got.body, got.coding, BODY_BYTES_MAX);
  if (!body.ok) return body;
  return ok({
    status: got.status,
    url,
    type: got.type,
    location: got.location,
    retryAfter: retryAfterOf(got.retryAfter, got.date),
    body: body.value,
  });
};

/** Keeps the newest session of each server; undici's own cache holds it weakly and loses it at the next collection. */
const resumingConnector = (identity: TlsIdentity, rule: ServerRule, limits: HttpLimits): buildConnector.connector => {
  const sessions = new Map<string, Buffer>();
  // Made at the first connection, and again until it can be: a TPM that is away now may be back for the next.
  let options: TlsClientOptions | null = null;
  return (target, callback) => {
    try {
      options ??= tlsClientOptions(identity, rule);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    const server = `${target.hostname}:${target.port}`;
    const session = sessions.get(server);
    const connect = buildConnector({
      ...options,
      allowH2: false,
      maxCachedSessions: 0,
      timeout: limits.connect,
      ...(session === undefined ? {} : { session }),
    });
    connect(target, (...outcome) => {
      // With TLS 1.2 the ticket came before the handshake ended.
      const fresh = outcome[1] instanceof TLSSocket ? outcome[1].getSession() : undefined;
      if (sessions.size >= SESSIONS_MAX) sessions.clear();
      if (fresh === undefined) sessions.delete(server);
      else sessions.set(server, fresh);
      callback(...outcome);
    });
  };
};

/** A utility is one server, and the one it moved to. */
const SESSIONS_MAX = 4;

const headerOf = (headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | null => {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : (value[0] ?? null);
};

const isHttps = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === 'https:';
