import type { Result } from '#base/result.ts';
import type { HttpFault, HttpFaultKind, HttpReply } from './http-port.ts';

/** What a reply means for the walk (reference 1.4). */
export type Outcome =
  /** A body to parse. */
  | { readonly kind: 'body'; readonly reply: HttpReply }
  /** The resource exists and is empty: 204 says so. */
  | { readonly kind: 'empty' }
  /** 404 or 410: gone, not authorised, or not visible yet. */
  | { readonly kind: 'gone'; readonly text: string }
  /** The server does not serve: no reply, 429, 5xx. */
  | { readonly kind: 'down'; readonly text: string; readonly retryAfter: number | null }
  /** The server answered and will not, or not so that it can be read: the same request gets the same answer. */
  | { readonly kind: 'refused'; readonly text: string };

/** The server is there: it is this one answer that is no good. */
const OF_ONE_ANSWER: ReadonlySet<HttpFaultKind> = new Set<HttpFaultKind>(['oversized', 'redirect', 'encoding']);

/**
 * What a resource may come as: the type we ask for, with whatever parameters (level, csipaus, charset); plain XML, which is all that some
 * servers send (reference 1.4, Jemena); or unsaid, as the XML must prove itself anyway. A web page of a proxy or JSON is none.
 */
const XML_TYPES: ReadonlySet<string> = new Set(['', 'application/sep+xml', 'application/xml', 'text/xml']);

/** `type`: a Content-Type as served; null: none. */
export const isXmlType = (type: string | null): boolean =>
  XML_TYPES.has((type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '');

/** `method`: a POST that succeeds has no body. */
export const outcomeOf = (result: Result<HttpReply, HttpFault>, method: 'GET' | 'POST'): Outcome => {
  if (!result.ok) {
    const text = `${result.fault.kind}: ${result.fault.text}`;
    return OF_ONE_ANSWER.has(result.fault.kind) ? { kind: 'refused', text } : { kind: 'down', text, retryAfter: null };
  }
  const reply = result.value;
  const { status } = reply;
  if (status === 204 || status === 202) return { kind: 'empty' };
  if (status >= 200 && status < 300 && status !== 206) return succeeded(reply, method);
  if (status === 404 || status === 410) return { kind: 'gone', text: `HTTP ${status}` };
  if (status === 429 || (status >= 500 && status !== 501))
    return { kind: 'down', text: `HTTP ${status}`, retryAfter: reply.retryAfter };
  return { kind: 'refused', text: `HTTP ${status}` };
};

/** An answer of the class 2xx that should carry a body. */
const succeeded = (reply: HttpReply, method: 'GET' | 'POST'): Outcome => {
  const { status, type, body } = reply;
  // A body that was lost on its way says nothing; an empty list or a default that is gone it is not.
  if (body.length === 0)
    return method === 'POST' ? { kind: 'empty' } : { kind: 'refused', text: `HTTP ${status} without a body` };
  const isOther = method === 'GET' && !isXmlType(type);
  return isOther ? { kind: 'refused', text: `HTTP ${status} of type ${typeText(type)}` } : { kind: 'body', reply };
};

const TYPE_TEXT_MAX = 60;
const typeText = (type: string | null): string => (type ?? 'none').slice(0, TYPE_TEXT_MAX);
