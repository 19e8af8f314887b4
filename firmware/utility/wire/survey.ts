import type { Result } from '#base/result.ts';
import { fail, ok } from '#base/result.ts';
import type { WireFault } from './fault.ts';

/** Nesting taken; the deepest 2030.5 resource read has 7 levels, the rest is for extensions. */
export const DEPTH_MAX = 32;
/** Elements taken of one body: 1 000 controls of 40 elements and some. */
export const ELEMENTS_MAX = 50_000;

/** Characters of one start tag; a thousand attributes are no 2030.5 resource and cost the validator quadratic time. */
const TAG_CHARS_MAX = 16 * 1024;

/** One left-to-right pass over the markup before any parser sees it: bounds depth and elements, refuses DOCTYPE. Linear in the text. */
export const survey = (text: string): Result<void, WireFault> => {
  let depth = 0;
  let elements = 0;
  let at = text.indexOf('<');
  while (at !== -1) {
    const end = markupEnd(text, at);
    if (end.kind === 'declaration') return fail({ kind: 'entity' });
    if (end.kind === 'open-ended') return fail({ kind: 'malformed', why: 'markup without an end' });
    if (end.kind === 'start') {
      if (end.at - at > TAG_CHARS_MAX) return fail({ kind: 'malformed', why: 'a start tag is too long' });
      depth += 1;
      elements += 1;
      if (depth > DEPTH_MAX) return fail({ kind: 'too-deep' });
      if (elements > ELEMENTS_MAX) return fail({ kind: 'too-many-elements' });
    }
    if (end.kind === 'end' || (end.kind === 'start' && text[end.at - 1] === '/')) depth -= 1;
    at = text.indexOf('<', end.at + 1);
  }
  return ok(undefined);
};

type MarkupEnd =
  | { readonly kind: 'start' | 'end' | 'other'; readonly at: number }
  | { readonly kind: 'declaration' }
  | { readonly kind: 'open-ended' };

const markupEnd = (text: string, at: number): MarkupEnd => {
  if (text.startsWith('<!--', at)) return ended('other', text.indexOf('-->', at + 4), 2);
  if (text.startsWith('<![CDATA[', at)) return ended('other', text.indexOf(']]>', at + 9), 2);
  if (text.startsWith('<?', at)) return ended('other', text.indexOf('?>', at + 2), 1);
  if (text.startsWith('<!', at)) return { kind: 'declaration' };
  if (text.startsWith('</', at)) return ended('end', text.indexOf('>', at + 2), 0);
  return ended('start', tagEnd(text, at + 1), 0);
};

const ended = (kind: 'start' | 'end' | 'other', at: number, more: number): MarkupEnd =>
  at === -1 ? { kind: 'open-ended' } : { kind, at: at + more };

/** The `>` of a start tag, which may also stand in an attribute value. */
const tagEnd = (text: string, from: number): number => {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '>') return at;
    if (character === '"' || character === "'") {
      const close = text.indexOf(character, at + 1);
      if (close === -1) return -1;
      at = close;
    }
  }
  return -1;
};
