/** Why a body was refused. Nothing of a refused body is used; the last good state stays in force. */
export type WireFault =
  | { readonly kind: 'oversized'; readonly bytes: number }
  | { readonly kind: 'not-utf8' }
  | { readonly kind: 'malformed'; readonly why: string }
  /** A DOCTYPE, an entity declaration, or a reference to an entity that XML does not predefine. */
  | { readonly kind: 'entity' }
  | { readonly kind: 'too-deep' }
  | { readonly kind: 'too-many-elements' }
  | { readonly kind: 'wrong-namespace'; readonly found: string }
  | { readonly kind: 'wrong-root'; readonly found: string }
  | { readonly kind: 'missing'; readonly path: string }
  /** Wrong type, out of range, or an element that may occur once twice. `found` is cut to `FOUND_CHARS_MAX`. */
  | { readonly kind: 'invalid'; readonly path: string; readonly expected: string; readonly found: string };

/** Characters of a stranger's text that a fault or note carries. */
export const FOUND_CHARS_MAX = 60;

export const cut = (text: string): string => (text.length > FOUND_CHARS_MAX ? `${text.slice(0, FOUND_CHARS_MAX)}...` : text);

/** Something tolerated while reading. Told by name and counted, so that a sloppy server is seen before it hurts. */
export interface WireNote {
  readonly kind:
    | 'unknown-element'
    /** A CSIP-AUS element in the base namespace or in none; taken as meant. */
    | 'wrong-namespace'
    | 'wrong-order'
    /** An optional attribute that does not parse is taken as absent (a poll rate of -1). */
    | 'bad-attribute'
    /** `all` or `results` absent; the items present were counted instead. */
    | 'missing-attribute'
    /** hexBinary with an odd number of digits, padded on the left. */
    | 'odd-hex'
    | 'cut-text'
    /** An item of a list was unusable (or beyond the bound) and left out. In a list of programs this makes the walk incomplete. */
    | 'dropped-item'
    /** The same inside an item (a reading of a usage point); the item itself stays. */
    | 'dropped-part';
  readonly path: string;
  readonly text: string;
  readonly count: number;
}

/** Distinct notes kept of one body. */
export const NOTES_MAX = 32;

/** For a log line. */
export const describeWireFault = (fault: WireFault): string => {
  switch (fault.kind) {
    case 'oversized':
      return `body of ${fault.bytes} bytes is too large`;
    case 'malformed':
      return `not well-formed XML: ${fault.why}`;
    case 'wrong-namespace':
      return `root element is in namespace "${fault.found}"`;
    case 'wrong-root':
      return `root element is ${fault.found}`;
    case 'missing':
      return `${fault.path} is missing`;
    case 'invalid':
      return `${fault.path} is "${fault.found}", expected ${fault.expected}`;
    case 'not-utf8':
    case 'entity':
    case 'too-deep':
    case 'too-many-elements':
      return fault.kind;
  }
};
