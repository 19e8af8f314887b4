import type { HttpFault, HttpFaultKind } from '#utility/walk/http-port.ts';
import { tlsFaultOf } from '../tls/fault.ts';
import { tpmFaultText } from '../tpm/fault.ts';

const BY_CODE: ReadonlyMap<string, HttpFaultKind> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ENOTFOUND', 'unresolved'],
  ['EAI_AGAIN', 'unresolved'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['UND_ERR_HEADERS_OVERFLOW', 'oversized'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'oversized'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'malformed'],
  ['UND_ERR_CLOSED', 'closed'],
  ['UND_ERR_DESTROYED', 'closed'],
]);

/** Names whatever an exchange threw. What is unknown is `malformed`, with its own words. */
export const faultOf = (error: unknown): HttpFault => {
  if (!(error instanceof Error)) return { kind: 'malformed', text: String(error) };
  if (error.name === 'TimeoutError') return { kind: 'timeout', text: 'the whole exchange took too long' };
  if (error.name === 'AbortError') return { kind: 'closed', text: 'the exchange was ended' };
  const code = codeOf(error);
  // The connection closed inside the handshake: what servers do that do not know our certificate.
  if (code === 'ECONNRESET' && error.message.includes('before secure TLS connection')) {
    return { kind: 'tls-refused', text: 'the server closed the connection inside the TLS handshake' };
  }
  const tpm = tpmFaultText(error);
  if (tpm !== null) return { kind: 'tls-key', text: tpm };
  const kind = tlsFaultOf(code) ?? BY_CODE.get(code) ?? 'malformed';
  return { kind, text: `${error.message.slice(0, TEXT_MAX)} (${code === '' ? error.name : code})` };
};

const TEXT_MAX = 200;

/** With several addresses tried, Node wraps the failures: the first one names them all. */
const codeOf = (error: Error): string => {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error ? codeOf(error.cause) : '';
};
