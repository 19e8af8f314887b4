/**
 * What can be wrong with a server: faults that befall single requests, as plain data in the state, so that the virtual and the real
 * shell stage the same. Faults of the transport are in `Sending`, which each shell carries out in its own way.
 */
import { gzipSync } from 'node:zlib';
import type { SeededRandom } from '#base/random.ts';
import type { Resource, ResourceKind } from './hrefs.ts';

/** Which requests are befallen; what is absent is any. */
export interface Where {
  readonly kinds?: readonly ResourceKind[];
  readonly methods?: readonly string[];
  /** Item of the resource: a program's name, the number of an assignment. */
  readonly item?: string;
}

/** How the body goes out. Bytes count the body as sent. */
export type Sending =
  | { readonly kind: 'whole' }
  /** The connection is closed after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Slow: so many bytes each second, from the first header on. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  /** Nothing more comes after so many bytes of the body, and the connection stays. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Not even a header comes. */
  | { readonly kind: 'silence' }
  /** The connection is closed instead of an answer. */
  | { readonly kind: 'reset' };

/** What becomes of a good body. */
export type Damage =
  /** Its first half. */
  | 'truncated'
  /** One byte in forty is another. */
  | 'garbled'
  /** A web page. */
  | 'junk'
  | 'empty'
  | 'not-utf8'
  /** Another resource than the one asked for. */
  | 'foreign'
  /** Entities that unfold to a thousand million characters. */
  | 'entities'
  | 'nested'
  /** Ten mebibytes of a comment before the end. */
  | 'huge'
  /** The same, compressed without being asked. */
  | 'gzip-bomb'
  /** Said to be compressed, and is not. */
  | 'false-coding';

export type Misdeed =
  | {
      readonly kind: 'status';
      readonly status: number;
      /** Retry-After, seconds; absent: none. */
      readonly retryAfter?: number;
      readonly retryForm?: 'seconds' | 'date';
    }
  | {
      /** Sent on `hops` times (Infinity: for ever), then answered. */
      readonly kind: 'redirect';
      readonly status: 301 | 302 | 303 | 307 | 308;
      readonly hops: number;
      /** `scheme://host:port`; absent: the Location is a path. */
      readonly origin?: string;
    }
  /** A Location as it stands here, or none. */
  | { readonly kind: 'location'; readonly status: number; readonly location: string | null }
  | { readonly kind: 'damage'; readonly damage: Damage }
  /** Content-Type of the answer. */
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'send'; readonly sending: Sending };

/** One fault in force. */
export interface Stage extends Where {
  readonly misdeed: Misdeed;
  /** Requests still to be befallen; Infinity: until it is taken away. */
  left: number;
}

/** Befalls the requests `where` says, the next `times` of them or all. Ended by `unstage`. */
export const stage = (
  state: { readonly stages: Stage[] },
  where: Where,
  misdeed: Misdeed,
  times = Number.POSITIVE_INFINITY,
): Stage => {
  const staged: Stage = { ...where, misdeed, left: times };
  state.stages.push(staged);
  return staged;
};

/** Ends one fault, or all. */
export const unstage = (state: { readonly stages: Stage[] }, which: Stage | 'all' = 'all'): void => {
  state.stages.splice(0, state.stages.length, ...(which === 'all' ? [] : state.stages.filter((each) => each !== which)));
};

/** The faults that befall this request, counted down. */
export const befalling = (
  state: { readonly stages: Stage[] },
  request: { readonly method: string; readonly resource: Resource | null },
): readonly Misdeed[] => {
  const hit = state.stages.filter(
    ({ left, kinds, methods, item }) =>
      left > 0 &&
      (methods?.includes(request.method) ?? true) &&
      (kinds === undefined || (request.resource !== null && kinds.includes(request.resource.kind))) &&
      (item === undefined || request.resource?.item === item),
  );
  for (const each of hit) each.left -= 1;
  return hit.map(({ misdeed }) => misdeed);
};

const HOP = 'hop';
const MS_PER_SECOND = 1000;

/** What a fault answers instead of the resource; null: the resource is answered. */
export const insteadOf = (
  misdeeds: readonly Misdeed[],
  request: { readonly path: string; readonly query: string; readonly at: number },
): { readonly status: number; readonly headers: Readonly<Record<string, string>> } | null => {
  for (const misdeed of misdeeds) {
    if (misdeed.kind === 'status') return { status: misdeed.status, headers: retryAfter(misdeed, request.at) };
    if (misdeed.kind === 'location') {
      return { status: misdeed.status, headers: misdeed.location === null ? {} : { location: misdeed.location } };
    }
    if (misdeed.kind !== 'redirect') continue;
    const query = new URLSearchParams(request.query);
    const hop = Number(query.get(HOP) ?? 0);
    if (hop >= misdeed.hops) continue;
    query.set(HOP, String(hop + 1));
    return { status: misdeed.status, headers: { location: `${misdeed.origin ?? ''}${request.path}?${query.toString()}` } };
  }
  return null;
};

const retryAfter = (misdeed: Misdeed & { kind: 'status' }, at: number): Readonly<Record<string, string>> => {
  if (misdeed.retryAfter === undefined) return {};
  const date = new Date((Math.floor(at) + misdeed.retryAfter) * MS_PER_SECOND).toUTCString();
  return { 'retry-after': misdeed.retryForm === 'date' ? date : String(misdeed.retryAfter) };
};

/** An answer on its way out. `bytes` null: `body` in UTF-8. */
export interface Outgoing {
  readonly body: string;
  readonly bytes: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly sending: Sending;
}

/** Does to an answer what the faults say. */
export const spoil = (out: Outgoing, misdeeds: readonly Misdeed[], random: SeededRandom): Outgoing =>
  misdeeds.reduce<Outgoing>((spoiled, misdeed) => {
    if (misdeed.kind === 'send') return { ...spoiled, sending: misdeed.sending };
    if (misdeed.kind === 'type') return { ...spoiled, headers: { ...spoiled.headers, 'content-type': misdeed.type } };
    return misdeed.kind === 'damage' && spoiled.body !== '' ? damaged(spoiled, misdeed.damage, random) : spoiled;
  }, out);

const HUGE_BYTES = 10 * 1024 * 1024;
const NESTED_DEPTH = 10_000;
const GARBLED_SHARE = 1 / 40;
const BYTE_VALUES = 256;
const WEB_PAGE = '<!DOCTYPE html><html><head><title>502</title><body><h1>Bad gateway<br></h1><p>nginx & friends</body></html>';
const FOREIGN = '<Error xmlns="urn:ieee:std:2030.5:ns"><reasonCode>0</reasonCode></Error>';

const entities = (): string => {
  const levels = Array.from({ length: 9 }, (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`);
  return `<?xml version="1.0"?><!DOCTYPE Time [<!ENTITY e0 "spam">${levels.join('')}]><Time>&e9;</Time>`;
};

const huge = (body: string): string => {
  const end = body.lastIndexOf('</');
  return end < 0 ? body : `${body.slice(0, end)}<!--${' '.repeat(HUGE_BYTES)}-->${body.slice(end)}`;
};

const garbled = (body: string, random: SeededRandom): Uint8Array => {
  const bytes = Buffer.from(body);
  for (let index = 0; index < bytes.length; index += 1) {
    if (random.fraction() < GARBLED_SHARE) bytes[index] = random.integer(0, BYTE_VALUES - 1);
  }
  return bytes;
};

const damaged = (out: Outgoing, damage: Damage, random: SeededRandom): Outgoing => {
  const text = (body: string): Outgoing => ({ ...out, body, bytes: null });
  const coded = (bytes: Uint8Array): Outgoing => ({ ...out, bytes, headers: { ...out.headers, 'content-encoding': 'gzip' } });
  switch (damage) {
    case 'truncated':
      return text(out.body.slice(0, Math.ceil(out.body.length / 2)));
    case 'garbled':
      return { ...out, bytes: garbled(out.body, random) };
    case 'junk':
      return text(WEB_PAGE);
    case 'empty':
      return text('');
    case 'not-utf8':
      return { ...out, bytes: Buffer.concat([Buffer.from(out.body.slice(0, -1)), Buffer.from([0xc3, 0x28, 0xff])]) };
    case 'foreign':
      return text(FOREIGN);
    case 'entities':
      return text(entities());
    case 'nested':
      return text(`${'<a>'.repeat(NESTED_DEPTH)}${'</a>'.repeat(NESTED_DEPTH)}`);
    case 'huge':
      return text(huge(out.body));
    case 'gzip-bomb':
      return coded(gzipSync(huge(out.body)));
    case 'false-coding':
      return coded(Buffer.from(out.body));
  }
};
