import { gunzipSync, inflateSync } from 'node:zlib';
import { fail, ok, type Result } from '#base/result.ts';
import type { HttpFault } from '#utility/walk/http-port.ts';

/** The one coding asked for: lists of a thousand events shrink twentyfold. */
export const ACCEPT_ENCODING = 'gzip';

/**
 * Takes a content coding off a body. Of what was not asked for, only what is harmless is taken.
 * `max` bounds the result, so that a small body cannot unfold into all memory.
 */
export const decodeBody = (body: Uint8Array, coding: string | null, max: number): Result<Uint8Array, HttpFault> => {
  const name = (coding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) return ok(body);
  try {
    if (name === 'gzip' || name === 'x-gzip') return ok(gunzipSync(body, { maxOutputLength: max }));
    if (name === 'deflate') return ok(inflateSync(body, { maxOutputLength: max }));
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    return fail(
      tooLarge
        ? { kind: 'oversized', text: `the ${name} body unfolds to more than ${max} bytes` }
        : { kind: 'encoding', text: `the ${name} body is damaged` },
    );
  }
  return fail({ kind: 'encoding', text: `content coding ${name} was never asked for` });
};
