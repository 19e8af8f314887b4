import * as fastXml from 'fast-xml-parser';
import type { Result } from '#base/result.ts';
import { fail, ok } from '#base/result.ts';
import type { WireFault } from './fault.ts';
import { cut } from './fault.ts';
import { survey } from './survey.ts';

/** Largest body read. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** An element with its prefixes resolved. */
export interface XmlElement {
  readonly name: string;
  /** Null: in no namespace. */
  readonly namespace: string | null;
  /** Attributes without a prefix; the others mean nothing here. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, entities decoded, white space trimmed. */
  readonly text: string;
}

/**
 * Bytes to a tree. The only importer of fast-xml-parser.
 *
 * Order of defence: size, UTF-8, survey (depth, DOCTYPE), the validator (the parser alone accepts `<a>` and two roots), then the
 * parser with every convenience off: it would turn `0012E3` into 12000 and expand entities. Namespaces are resolved here by URI,
 * because prefixes are the sender's choice.
 */
export const parseXml = (body: Uint8Array): Result<XmlElement, WireFault> => {
  if (body.length > BODY_BYTES_MAX) return fail({ kind: 'oversized', bytes: body.length });
  const text = decodeUtf8(body);
  if (text === null) return fail({ kind: 'not-utf8' });
  if (FORBIDDEN.test(text)) return fail({ kind: 'malformed', why: 'a character XML does not allow' });
  const surveyed = survey(text);
  if (!surveyed.ok) return surveyed;
  const tree = parseText(text);
  if (!tree.ok) return tree;
  const roots = tree.value.filter((node) => elementName(node) !== null);
  const root = roots[0];
  if (root === undefined || roots.length > 1) return fail({ kind: 'malformed', why: 'not exactly one root element' });
  return resolve(root, new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]));
};

/** What XML 1.0 does not allow in a document, raw or as a reference. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

const decodeUtf8 = (body: Uint8Array): string | null => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const encoding = /^<\?xml[^>]{0,60}encoding\s*=\s*["']([\w.-]{1,20})["']/.exec(text)?.[1];
    return encoding === undefined || /^(utf-8|utf8|us-ascii)$/i.test(encoding) ? text : null;
  } catch {
    return null;
  }
};

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';

type Node = Readonly<Record<string, unknown>>;

/** The package points to a successor of its validator, which it still carries and needs; named here by what is used of it. */
interface Validating {
  readonly XMLValidator: { readonly validate: (text: string) => true | { readonly err: { readonly msg: string } } };
}

const parseText = (text: string): Result<readonly Node[], WireFault> => {
  try {
    const validating: Validating = fastXml;
    const valid = validating.XMLValidator.validate(text);
    if (valid !== true) return fail({ kind: 'malformed', why: cut(valid.err.msg) });
    const parser = new fastXml.XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '',
      textNodeName: TEXT,
      cdataPropName: CDATA,
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      removeNSPrefix: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
    });
    const tree: unknown = parser.parse(text);
    return Array.isArray(tree) ? ok(tree.filter(isNode)) : fail({ kind: 'malformed', why: 'no element' });
  } catch (error) {
    return fail({ kind: 'malformed', why: cut(error instanceof Error ? error.message : 'refused by the parser') });
  }
};

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

const elementName = (node: Node): string | null =>
  Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT && key !== CDATA) ?? null;

type Scope = ReadonlyMap<string, string>;

const resolve = (node: Node, outer: Scope): Result<XmlElement, WireFault> => {
  const qualified = elementName(node) ?? '';
  const attributes = readAttributes(node[ATTRIBUTES]);
  if (!attributes.ok) return attributes;
  const scope = scopeOf(attributes.value, outer);
  const colon = qualified.indexOf(':');
  const prefix = colon === -1 ? '' : qualified.slice(0, colon);
  const namespace = scope.get(prefix) ?? '';
  if (prefix !== '' && namespace === '') return fail({ kind: 'malformed', why: `prefix ${cut(prefix)} is not declared` });
  const content = readContent(node[qualified], scope);
  if (!content.ok) return content;
  return ok({
    name: qualified.slice(colon + 1),
    namespace: namespace === '' ? null : namespace,
    attributes: new Map([...attributes.value].filter(([name]) => !name.includes(':') && name !== 'xmlns')),
    children: content.value.children,
    text: content.value.text.trim(),
  });
};

const readContent = (
  content: unknown,
  scope: Scope,
): Result<{ readonly children: readonly XmlElement[]; readonly text: string }, WireFault> => {
  const children: XmlElement[] = [];
  let text = '';
  for (const node of Array.isArray(content) ? content.filter(isNode) : []) {
    if (TEXT in node) {
      const decoded = decodeReferences(String(node[TEXT]));
      if (decoded === null) return fail({ kind: 'entity' });
      text += decoded;
    } else if (CDATA in node) {
      text += cdataText(node[CDATA]);
    } else if (elementName(node) !== null) {
      const child = resolve(node, scope);
      if (!child.ok) return child;
      children.push(child.value);
    }
  }
  return ok({ children, text });
};

const cdataText = (content: unknown): string =>
  (Array.isArray(content) ? content.filter(isNode) : []).map((part) => (TEXT in part ? String(part[TEXT]) : '')).join('');

const readAttributes = (group: unknown): Result<ReadonlyMap<string, string>, WireFault> => {
  const attributes = new Map<string, string>();
  if (!isNode(group)) return ok(attributes);
  for (const [name, value] of Object.entries(group)) {
    const decoded = decodeReferences(String(value));
    if (decoded === null) return fail({ kind: 'entity' });
    attributes.set(name, decoded);
  }
  return ok(attributes);
};

const scopeOf = (attributes: ReadonlyMap<string, string>, outer: Scope): Scope => {
  const declared = [...attributes].flatMap(([name, value]): [string, string][] => {
    if (name === 'xmlns') return [['', value]];
    return name.startsWith('xmlns:') ? [[name.slice('xmlns:'.length), value]] : [];
  });
  return declared.length === 0 ? outer : new Map([...outer, ...declared]);
};

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Null: refers to an entity XML does not predefine, or to no character. */
const decodeReferences = (text: string): string | null => {
  const [first = '', ...rest] = text.split('&');
  let decoded = first;
  for (const part of rest) {
    const end = part.indexOf(';');
    const character = end === -1 ? null : referred(part.slice(0, end));
    if (character === null) return null;
    decoded += character + part.slice(end + 1);
  }
  return decoded;
};

const referred = (name: string): string | null => {
  if (!name.startsWith('#')) return Object.hasOwn(PREDEFINED, name) ? (PREDEFINED[name] ?? null) : null;
  const code = /^#x[0-9a-fA-F]{1,6}$/.test(name)
    ? Number.parseInt(name.slice(2), 16)
    : /^#\d{1,7}$/.test(name)
      ? Number(name.slice(1))
      : 0;
  if (code === 0 || code > 0x10ffff) return null;
  const character = String.fromCodePoint(code);
  return FORBIDDEN.test(character) ? null : character;
};
