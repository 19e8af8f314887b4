import type { Result } from '#base/result.ts';

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** One HTTPS exchange. The client adds Host, Content-Length and Accept-Encoding; `headers` carries Accept and Content-Type. */
export interface HttpRequest {
  readonly method: HttpMethod;
  /** Absolute, `https:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface HttpReply {
  readonly status: number;
  /** The URL that answered, after redirects: the base of every href in the body (RFC 3986). */
  readonly url: string;
  /** Content-Type as served, with its parameters; null: none. */
  readonly type: string | null;
  /** Absolute or relative, as served. */
  readonly location: string | null;
  /** Seconds, from either form of Retry-After; null: absent or unreadable. */
  readonly retryAfter: number | null;
  /** Without its content coding; empty for 204. */
  readonly body: Uint8Array;
}

/**
 * Why no reply came.
 * `tls-untrusted`: no chain to the pinned roots, or a chain rule broken. `tls-expired`: outside its validity. `tls-name`: wrong name, LFDI or key.
 * `tls-refused`: the server ended the handshake (often: it does not know our certificate). `tls-suite`: no common version or suite.
 * `tls-key`: our own key did not sign; the text names what the TPM said.
 * `oversized`: more than BODY_BYTES_MAX, also after decompression. `redirect`: not https, too many, or of a request with a body.
 */
export type HttpFaultKind =
  | 'tls-untrusted'
  | 'tls-expired'
  | 'tls-name'
  | 'tls-refused'
  | 'tls-suite'
  | 'tls-key'
  | 'refused'
  | 'unresolved'
  | 'unreachable'
  | 'timeout'
  | 'reset'
  | 'oversized'
  | 'redirect'
  | 'encoding'
  | 'malformed'
  | 'closed';

export interface HttpFault {
  readonly kind: HttpFaultKind;
  /** For a person; names the code of the library where there is one. */
  readonly text: string;
}

/** Largest body read, in bytes, before and after decompression. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** HTTPS with the identity and the trust it was made with. One request at a time. Never rejects. */
export interface HttpClient {
  request(request: HttpRequest): Promise<Result<HttpReply, HttpFault>>;
  /** Ends what is in flight with `closed` and drops the connections. */
  close(): Promise<void>;
}
