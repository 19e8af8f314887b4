import { fail, ok, type Result } from '#base/result.ts';
import type { HttpFault, HttpRequest } from '#utility/walk/http-port.ts';

const MOVED = new Set([301, 302, 303, 307, 308]);

/**
 * The request that a reply asks for instead, null when it asks for none. Only GETs follow: a moved PUT or POST is
 * discovered again from DeviceCapability, because its href is stale. The trust stays the one of the client.
 */
export const redirectOf = (
  request: HttpRequest,
  status: number,
  location: string | null,
): Result<HttpRequest | null, HttpFault> => {
  if (!MOVED.has(status)) return ok(null);
  if (request.method !== 'GET') return fail({ kind: 'redirect', text: `${request.method} was answered ${status}; not followed` });
  if (location === null || !URL.canParse(location, request.url))
    return fail({ kind: 'redirect', text: `${status} without a usable Location` });
  const url = new URL(location, request.url);
  if (url.protocol !== 'https:')
    return fail({ kind: 'redirect', text: `${status} to ${url.protocol}//, only https is followed` });
  return ok({ ...request, url: url.href });
};
