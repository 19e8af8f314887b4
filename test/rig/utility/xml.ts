/**
 * A small strict XML reader and writer of the rig's own (XML 1.0 with namespaces, no DTD, no processing instructions).
 * The product uses a package for this; sharing it would let both agree on the same mistake.
 */
import { fail, ok, type Result } from '#base/result.ts';

export interface XmlAttribute {
  /** Namespace; empty for an attribute without prefix. */
  readonly space: string;
  readonly name: string;
  readonly value: string;
}

export interface XmlElement {
  readonly space: string;
  readonly prefix: string;
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All character data directly below, entities resolved. */
  readonly text: string;
}

export interface XmlFault {
  readonly at: number;
  readonly problem: string;
}

const MAX_DEPTH = 24;
const MAX_ELEMENTS = 20_000;
const NAME = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const SPACE = /[ \t\r\n]+/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A position in the text, or the first problem met. Throws only `XmlProblem`, caught in `readXml`. */
class XmlProblem extends Error {
  readonly at: number;
  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
  elements: number;
}

type Scope = ReadonlyMap<string, string>;

const stop = (cursor: Cursor, problem: string): never => {
  throw new XmlProblem(cursor.at, problem);
};

const match = (cursor: Cursor, pattern: RegExp): string | null => {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return null;
  cursor.at += found[0].length;
  return found[0];
};

const take = (cursor: Cursor, literal: string): boolean => {
  if (!cursor.text.startsWith(literal, cursor.at)) return false;
  cursor.at += literal.length;
  return true;
};

const until = (cursor: Cursor, literal: string): string => {
  const end = cursor.text.indexOf(literal, cursor.at);
  if (end < 0) return stop(cursor, `"${literal}" never comes`);
  const inside = cursor.text.slice(cursor.at, end);
  cursor.at = end + literal.length;
  return inside;
};

const entity = (cursor: Cursor, name: string): string => {
  const known = ENTITIES[name];
  if (known !== undefined) return known;
  const code = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (code === null) return stop(cursor, `entity &${name}; is not allowed`);
  const point = code[1] === undefined ? Number.parseInt(code[2] ?? '', 10) : Number.parseInt(code[1], 16);
  if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
    return stop(cursor, `character &${name}; does not exist`);
  return String.fromCodePoint(point);
};

const decode = (cursor: Cursor, raw: string): string => {
  if (raw.includes('&') && /&(?![^;&<]{1,10};)/.test(raw)) return stop(cursor, 'a bare &');
  return raw.replace(/&([^;]{1,10});/g, (_, name: string) => entity(cursor, name));
};

const skipComments = (cursor: Cursor): void => {
  for (;;) {
    match(cursor, SPACE);
    if (!take(cursor, '<!--')) return;
    until(cursor, '-->');
  }
};

const split = (name: string): readonly [prefix: string, local: string] => {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
};

const readAttributes = (cursor: Cursor): Map<string, string> => {
  const raw = new Map<string, string>();
  for (;;) {
    const gap = match(cursor, SPACE);
    const name = match(cursor, NAME);
    if (name === null) return raw;
    if (gap === null) stop(cursor, 'attributes must be separated');
    if (raw.has(name)) stop(cursor, `attribute ${name} comes twice`);
    match(cursor, SPACE);
    if (!take(cursor, '=')) stop(cursor, `attribute ${name} has no value`);
    match(cursor, SPACE);
    const quote = take(cursor, '"') ? '"' : take(cursor, "'") ? "'" : stop(cursor, `attribute ${name} is not quoted`);
    const value = until(cursor, quote);
    if (value.includes('<')) stop(cursor, `attribute ${name} contains <`);
    raw.set(name, decode(cursor, value));
  }
};

const resolve = (cursor: Cursor, scope: Scope, prefix: string): string =>
  scope.get(prefix) ?? (prefix === '' ? '' : stop(cursor, `prefix ${prefix} is not declared`));

const readContent = (cursor: Cursor, name: string, scope: Scope, depth: number): { children: XmlElement[]; text: string } => {
  const children: XmlElement[] = [];
  let text = '';
  for (;;) {
    const next = cursor.text.indexOf('<', cursor.at);
    if (next < 0) return stop(cursor, `${name} is never closed`);
    text += decode(cursor, cursor.text.slice(cursor.at, next));
    cursor.at = next;
    if (take(cursor, '<!--')) until(cursor, '-->');
    else if (take(cursor, '<![CDATA[')) text += until(cursor, ']]>');
    else if (take(cursor, '</')) {
      const closing = match(cursor, NAME);
      match(cursor, SPACE);
      if (closing !== name || !take(cursor, '>')) stop(cursor, `${name} is closed as ${closing ?? 'nothing'}`);
      return { children, text };
    } else children.push(readElement(cursor, scope, depth + 1));
  }
};

const readElement = (cursor: Cursor, outer: Scope, depth: number): XmlElement => {
  cursor.elements += 1;
  if (depth > MAX_DEPTH) stop(cursor, 'nested too deeply');
  if (cursor.elements > MAX_ELEMENTS) stop(cursor, 'too many elements');
  if (!take(cursor, '<')) stop(cursor, 'an element was expected');
  const name = match(cursor, NAME) ?? stop(cursor, 'an element name was expected');
  const raw = readAttributes(cursor);
  const scope = new Map(outer);
  for (const [key, value] of raw) {
    if (key === 'xmlns') scope.set('', value);
    else if (key.startsWith('xmlns:')) scope.set(key.slice('xmlns:'.length), value);
  }
  const attributes: XmlAttribute[] = [];
  for (const [key, value] of raw) {
    if (key === 'xmlns' || key.startsWith('xmlns:')) continue;
    const [prefix, local] = split(key);
    attributes.push({ space: prefix === '' ? '' : resolve(cursor, scope, prefix), name: local, value });
  }
  const [prefix, local] = split(name);
  const head = { space: resolve(cursor, scope, prefix), prefix, name: local, attributes };
  if (take(cursor, '/>')) return { ...head, children: [], text: '' };
  if (!take(cursor, '>')) stop(cursor, `the tag of ${name} is broken`);
  return { ...head, ...readContent(cursor, name, scope, depth) };
};

/** The root element of a document, or the first thing wrong with it. Never throws. */
export const readXml = (text: string): Result<XmlElement, XmlFault> => {
  const cursor: Cursor = { text, at: 0, elements: 0 };
  try {
    if (text.startsWith('\ufeff')) stop(cursor, 'a byte order mark');
    if (take(cursor, '<?xml ')) until(cursor, '?>');
    skipComments(cursor);
    const root = readElement(cursor, new Map(), 1);
    skipComments(cursor);
    if (cursor.at < text.length) stop(cursor, 'something follows the document');
    return ok(root);
  } catch (thrown) {
    if (thrown instanceof XmlProblem) return fail({ at: thrown.at, problem: thrown.message });
    throw thrown;
  }
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** One element as text: `name` as it is written, attributes in the order given, content already XML. */
export const xmlTag = (name: string, attributes: readonly (readonly [string, string])[], content: string): string => {
  const head = [name, ...attributes.map(([key, value]) => `${key}="${escaped(value)}"`)].join(' ');
  return content === '' ? `<${head}/>` : `<${head}>${content}</${name}>`;
};

/** Character data. */
export const xmlText = escaped;
