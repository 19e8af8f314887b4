import type { Clock } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { after, durationMs } from '#base/units.ts';
import { HTTP_LIMITS } from '#platform/http/client.ts';
import { ACCEPT_ENCODING, decodeBody } from '#platform/http/coding.ts';
import { redirectOf } from '#platform/http/redirect.ts';
import { retryAfterOf } from '#platform/http/retry-after.ts';
import { BODY_BYTES_MAX, type HttpClient, type HttpFault, type HttpReply, type HttpRequest } from '#utility/walk/http-port.ts';
import type { UtilityResponse } from '../../rig/utility/core.ts';
import type { VirtualUtility } from '../../rig/utility/virtual.ts';

/** What lies between the gateway and its utility. */
export interface Network {
  /** Milliseconds from a request to its answer. */
  latencyMs: number;
  /** `cut`: nothing passes, connections time out. `unresolved`: the name server is away. */
  state: 'up' | 'cut' | 'unresolved';
}

interface ClientOptions {
  /** Of the process that asks: nothing comes back to a dead one. */
  readonly clock: Clock;
  readonly network: Network;
  readonly server: VirtualUtility;
  /** The only origin there is. */
  readonly origin: string;
  /** Of the certificate presented. */
  readonly lfdi: () => string;
  readonly touch: () => void;
  /** Before each request: the process may be killed there. */
  readonly onCall: () => void;
}

const REDIRECTS_MAX = 3;
const BYTES_PER_MS = 1000;

/** What a request comes to, and after how long. */
interface Outcome {
  readonly result: Result<UtilityResponse, HttpFault>;
  readonly afterMs: number;
}

const fault = (kind: HttpFault['kind'], afterMs: number): Outcome => ({ result: fail({ kind, text: 'simulated' }), afterMs });

/** A fault of the transport, as our HTTPS client would see it with its limits. */
const arrival = (answered: UtilityResponse, latencyMs: number): Outcome => {
  const { sending, bytes, body } = answered;
  const whole: Outcome = { result: ok(answered), afterMs: latencyMs };
  switch (sending.kind) {
    case 'whole':
      return whole;
    case 'drip': {
      const ms = latencyMs + ((bytes ?? Buffer.from(body)).length / sending.bytesPerSecond) * BYTES_PER_MS;
      return ms < HTTP_LIMITS.total ? { ...whole, afterMs: ms } : fault('timeout', HTTP_LIMITS.total);
    }
    case 'stall':
      return fault('timeout', latencyMs + HTTP_LIMITS.pause);
    case 'silence':
      return fault('timeout', latencyMs + HTTP_LIMITS.headers);
    case 'cut':
    case 'reset':
      return fault('reset', latencyMs);
  }
};

/**
 * The HTTPS client of northd in virtual time: without TLS and sockets, with the product's own rules for redirects, codings and
 * Retry-After. The server answers in the middle of the span between request and reply.
 */
export const virtualClient = (options: ClientOptions): HttpClient => {
  const { clock, network, server, origin, touch } = options;
  let close = (): void => undefined;
  const closed = new Promise<'closed'>((resolve) => {
    close = () => resolve('closed');
  });
  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      clock.at(after(clock.now(), durationMs(ms)), () => {
        touch();
        resolve();
      });
    });
  };
  const outcomeOf = (request: HttpRequest): Outcome => {
    if (network.state === 'unresolved') return fault('unresolved', network.latencyMs);
    if (network.state === 'cut') return fault('timeout', HTTP_LIMITS.connect);
    const url = new URL(request.url);
    if (url.origin !== origin) return fault('unresolved', network.latencyMs);
    const answered = server.request({
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      headers: { host: url.host, ...request.headers, 'accept-encoding': ACCEPT_ENCODING },
      body: request.body ?? '',
      clientLfdi: options.lfdi(),
    });
    return answered === null ? fault('refused', network.latencyMs) : arrival(answered, network.latencyMs);
  };
  const once = async (request: HttpRequest): Promise<Result<UtilityResponse, HttpFault>> => {
    await wait(network.latencyMs / 2);
    const { result, afterMs } = outcomeOf(request);
    await wait(Math.max(0, afterMs - network.latencyMs / 2));
    return result;
  };
  const follow = async (request: HttpRequest): Promise<Result<HttpReply, HttpFault>> => {
    let wanted = request;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const result = await once(wanted);
      if (!result.ok) return result;
      const next = redirectOf(wanted, result.value.status, result.value.headers['location'] ?? null);
      if (!next.ok) return next;
      if (next.value === null) return replyOf(wanted.url, result.value);
      wanted = next.value;
    }
    return fail({ kind: 'redirect', text: 'too many redirects' });
  };
  return {
    request: async (request) => {
      options.onCall();
      const first = await Promise.race([follow(request), closed]);
      return first === 'closed' ? fail({ kind: 'closed', text: 'client closed' }) : first;
    },
    close: async () => {
      close();
      await Promise.resolve();
    },
  };
};

const replyOf = (url: string, answered: UtilityResponse): Result<HttpReply, HttpFault> => {
  const { headers } = answered;
  const bytes = answered.bytes ?? Buffer.from(answered.body);
  if (bytes.length > BODY_BYTES_MAX) return fail({ kind: 'oversized', text: 'simulated' });
  const body = decodeBody(new Uint8Array(bytes), headers['content-encoding'] ?? null, BODY_BYTES_MAX);
  if (!body.ok) return body;
  return ok({
    status: answered.status,
    url,
    type: headers['content-type'] ?? null,
    location: headers['location'] ?? null,
    retryAfter: retryAfterOf(headers['retry-after'] ?? null, headers['date'] ?? null),
    body: body.value,
  });
};
