import { fail, ok, type Result } from '#base/result.ts';

/** One element of a DER encoding (X.690): its tag byte and its content. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and number below 31. */
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Elements in one sequence; a certificate has a few dozen. */
const ELEMENTS_MAX = 256;
const LENGTH_BYTES_MAX = 3;

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Extensions of a certificate. */
  context3: 0xa3,
} as const;

/** The elements of an encoding one after the other; a fault for anything that is no definite, bounded DER. Never throws. */
export const derElements = (bytes: Uint8Array): Result<readonly DerElement[], string> => {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = headerAt(bytes, at);
    if (header === null || elements.length >= ELEMENTS_MAX) return fail(`no DER at byte ${at}`);
    const end = header.start + header.length;
    if (end > bytes.length) return fail(`DER of byte ${at} is cut`);
    elements.push({ tag: header.tag, content: bytes.subarray(header.start, end) });
    at = end;
  }
  return ok(elements);
};

/** The content of the one element that `bytes` must be. */
export const derOne = (bytes: Uint8Array, tag: number): Result<readonly DerElement[], string> => {
  const outer = derElements(bytes);
  if (!outer.ok) return outer;
  const [only] = outer.value;
  if (only?.tag !== tag || outer.value.length !== 1) return fail('another element than expected');
  return derElements(only.content);
};

const headerAt = (
  bytes: Uint8Array,
  at: number,
): { readonly tag: number; readonly start: number; readonly length: number } | null => {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  if (first < 0x80) return { tag, start: at + 2, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > LENGTH_BYTES_MAX) return null;
  let length = 0;
  for (let index = 0; index < count; index += 1) {
    const byte = bytes[at + 2 + index];
    if (byte === undefined) return null;
    length = length * 256 + byte;
  }
  return { tag, start: at + 2 + count, length };
};

/** Dotted decimal form of an object identifier's content; empty for none. */
export const objectIdentifier = (content: Uint8Array): string => {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) return '';
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...rest] = arcs;
  if (first === undefined) return '';
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
};
