/** The utility server as one synchronous function: its memory and a request in, a response out. Both shells call it. */
import { gzipSync } from 'node:zlib';
import { readBody, writeBody, type Body } from './body.ts';
import type { Resource, ResourceKind } from './hrefs.ts';
import { recordExchange } from './journal.ts';
import { MAX_BODY_BYTES } from './options.ts';
import { withHrefs, writtenHref } from './links.ts';
import { serve } from './resources.ts';
import { befalling, insteadOf, spoil, type Misdeed, type Outgoing, type Sending } from './stage.ts';
import { advance, dcapPath, type UtilityState } from './state.ts';
import type { Page } from './viewer.ts';
import { apply, mirrorAt, TAKES, type Outcome } from './writes.ts';

export interface UtilityRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** Of the client certificate; null without one. */
  readonly clientLfdi: string | null;
  /** Server time in seconds. */
  readonly at: number;
}

export interface UtilityResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What goes over the wire instead of `body` in UTF-8: compressed or damaged; null: nothing else. */
  readonly bytes: Uint8Array | null;
  /** How it goes out; a shell that cannot carry a fault of the transport must not pretend it could. */
  readonly sending: Sending;
}

const WELL_KNOWN = '/.well-known/csipaus';
export const MEDIA_TYPE = 'application/sep+xml';

/** What one request came to, before it is written down. */
interface Answer extends Outcome {
  readonly type?: string;
  /** Body received. */
  readonly received?: Body;
  /** Body to send. */
  readonly sends?: string;
  readonly json?: boolean;
  readonly allow?: readonly string[];
  /** Headers of a staged answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_QUERY = 4_294_967_295;

/** `s` and `l`, with the standard's defaults 0 and 1; null when they are no numbers. Other parameters are ignored. */
const pageOf = (query: string): Page | null => {
  const given = new URLSearchParams(query);
  const number = (name: string, fallback: number): number | null => {
    const raw = given.get(name);
    if (raw === null) return fallback;
    return /^[0-9]{1,10}$/.test(raw) && Number(raw) <= MAX_QUERY ? Number(raw) : null;
  };
  const start = number('s', 0);
  const limit = number('l', 1);
  return start === null || limit === null ? null : { start, limit };
};

const accepts = (header: string | undefined): boolean =>
  header !== undefined &&
  header
    .split(',')
    .some((range) =>
      [MEDIA_TYPE, 'application/xml', 'application/*', '*/*'].includes(range.split(';')[0]?.trim().toLowerCase() ?? ''),
    );

/** Kinds that are one of many: absent means 404, not an empty resource. */
const ITEMS: readonly ResourceKind[] = ['fsa', 'program', 'control', 'curve', 'mup', 'response', 'log-event'];

/** An href as this server writes them to this client. */
const hrefFor = (state: UtilityState, request: UtilityRequest, href: string): string =>
  writtenHref(href, state.options.links, { origin: `https://${request.headers['host'] ?? 'rig'}`, path: request.path });

const methodsOf = (resource: Resource): readonly string[] => {
  const takes = TAKES[resource.kind];
  return [
    'GET',
    'HEAD',
    ...(takes?.PUT === undefined ? [] : ['PUT']),
    ...(takes?.POST === undefined ? [] : ['POST']),
    ...(resource.kind === 'mup' ? ['DELETE'] : []),
  ];
};

const get = (state: UtilityState, request: UtilityRequest, resource: Resource): Answer => {
  if (!accepts(request.headers['accept'])) return { status: 406, problem: `Accept must name ${MEDIA_TYPE}` };
  const page = pageOf(request.query);
  if (page === null) return { status: 400, problem: 's and l are numbers', reasonCode: 1 };
  const lfdi = request.clientLfdi ?? '';
  if (resource.kind === 'mup' && mirrorAt(state, resource, lfdi, request.at) === null)
    return { status: 404, problem: 'no such mirror' };
  const served = serve({ state, device: state.devices.get(lfdi) ?? null, at: request.at, page }, resource);
  if (served !== null) {
    const body = withHrefs(served.body, (href) => hrefFor(state, request, href));
    return { status: 200, sends: writeBody(state.schema, served.type, body, state.options.prefix) };
  }
  return ITEMS.includes(resource.kind) ? { status: 404, problem: 'no such item' } : { status: 204 };
};

const write = (state: UtilityState, request: UtilityRequest, resource: Resource, types: readonly string[]): Answer => {
  const media = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (media !== MEDIA_TYPE) return { status: 415, problem: `Content-Type must be ${MEDIA_TYPE}` };
  if (Buffer.byteLength(request.body) > MAX_BODY_BYTES) return { status: 413, problem: `more than ${MAX_BODY_BYTES} bytes` };
  const read = readBody(state.schema, request.body, types, { demandPrefix: state.options.demandPrefix });
  if (!read.ok) return { status: 400, problem: `${read.fault.path}: ${read.fault.problem}`, reasonCode: read.fault.reasonCode };
  const lfdi = request.clientLfdi ?? '';
  const device = state.devices.get(lfdi) ?? null;
  const outcome = apply({ state, lfdi, device, resource, type: read.value.type, body: read.value.body, at: request.at });
  return { ...outcome, type: read.value.type, received: read.value.body };
};

const remove = (state: UtilityState, request: UtilityRequest, resource: Resource): Answer => {
  const mirror = mirrorAt(state, resource, request.clientLfdi ?? '', request.at);
  if (mirror === null) return { status: 404, problem: 'no such mirror' };
  state.mirrors.delete(mirror.id);
  return { status: 204 };
};

/** What a client that is not registered may see: nothing, or the way to register. */
const visible = (state: UtilityState, resource: Resource, lfdi: string | null): boolean => {
  if (lfdi === null) return false;
  if (resource.device !== null && resource.device !== lfdi) return false;
  if (state.devices.has(lfdi)) return true;
  return state.options.registration === 'in-band' && ['dcap', 'tm', 'edev-list'].includes(resource.kind);
};

/** What is answered before any resource is looked for: the served versions, and a media type without the one demanded. */
const early = (state: UtilityState, request: UtilityRequest): Answer | null => {
  if (request.path === WELL_KNOWN && state.options.wellKnown !== null && request.method === 'GET')
    return { status: 200, json: true, sends: JSON.stringify(state.options.wellKnown(dcapPath(state))) };
  const parameter = state.options.demandParameter;
  if (parameter !== null && !(request.headers['accept'] ?? '').includes(parameter))
    return { status: 406, problem: `Accept must carry ${parameter}` };
  if (parameter !== null && request.body !== '' && !(request.headers['content-type'] ?? '').includes(parameter))
    return { status: 415, problem: `Content-Type must carry ${parameter}` };
  return null;
};

const decide = (
  state: UtilityState,
  request: UtilityRequest,
  resource: Resource | null,
  misdeeds: readonly Misdeed[],
): Answer => {
  if (state.outage !== null) return { status: state.outage, problem: 'simulated outage' };
  const instead = insteadOf(misdeeds, request);
  if (instead !== null) return { ...instead, problem: `staged: ${instead.status}` };
  const first = early(state, request);
  if (first !== null) return first;
  if (resource === null || !visible(state, resource, request.clientLfdi))
    return { status: 404, problem: 'nothing here for this client' };
  const allow = methodsOf(resource);
  if (!allow.includes(request.method)) return { status: 405, allow, problem: `${request.method} is not for ${resource.kind}` };
  const takes = TAKES[resource.kind];
  if (request.method === 'PUT') return write(state, request, resource, takes?.PUT ?? []);
  if (request.method === 'POST') return write(state, request, resource, takes?.POST ?? []);
  return request.method === 'DELETE' ? remove(state, request, resource) : get(state, request, resource);
};

const MS_PER_SECOND = 1000;

const typeFor = (parameter: string | null): string => (parameter === null ? MEDIA_TYPE : `${MEDIA_TYPE}; ${parameter}`);

/** Compressed, where this server does it for this client. */
const zipped = (state: UtilityState, request: UtilityRequest, out: Outgoing): Outgoing => {
  const { gzip } = state.options;
  const asked = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (gzip === 'never' || (gzip === 'asked' && !asked) || out.body === '' || out.bytes !== null) return out;
  return { ...out, bytes: gzipSync(out.body), headers: { ...out.headers, 'content-encoding': 'gzip' } };
};

const toResponse = (
  state: UtilityState,
  request: UtilityRequest,
  answer: Answer,
  misdeeds: readonly Misdeed[],
): UtilityResponse => {
  const error =
    answer.reasonCode === undefined
      ? ''
      : writeBody(state.schema, 'Error', { reasonCode: answer.reasonCode }, state.options.prefix);
  const body = answer.sends ?? error;
  const headers: Record<string, string> = { date: new Date(request.at * MS_PER_SECOND).toUTCString() };
  if (body !== '') headers['content-type'] = answer.json === true ? 'application/json' : typeFor(state.options.demandParameter);
  if (answer.location !== undefined) headers['location'] = hrefFor(state, request, answer.location);
  if (answer.allow !== undefined) headers['allow'] = answer.allow.join(', ');
  const sent = request.method === 'HEAD' ? '' : body;
  const whole: Outgoing = { body: sent, bytes: null, headers: { ...headers, ...answer.headers }, sending: { kind: 'whole' } };
  return { status: answer.status, ...zipped(state, request, spoil(whole, misdeeds, state.random)) };
};

/** Answers one request at server time `request.at`, changes the state by it, and writes it into the request log. */
export const answer = (state: UtilityState, request: UtilityRequest): UtilityResponse => {
  advance(state, request.at);
  const resource = state.hrefs.byPath.get(request.path) ?? null;
  const misdeeds = befalling(state, { method: request.method, resource });
  const decided = decide(state, request, resource, misdeeds);
  const response = toResponse(state, request, decided, misdeeds);
  state.exchanges += 1;
  recordExchange(state.journal, {
    number: state.exchanges,
    at: request.at,
    lfdi: request.clientLfdi,
    method: request.method,
    path: request.path,
    query: request.query,
    resource: resource?.kind ?? null,
    status: decided.status,
    type: decided.type ?? null,
    body: decided.received ?? null,
    problem: decided.problem ?? null,
    location: decided.location ?? null,
    coding: response.headers['content-encoding'] ?? null,
  });
  return response;
};
