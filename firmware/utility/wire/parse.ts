import type { Result } from '#base/result.ts';
import { fail, ok } from '#base/result.ts';
import type { WireFault, WireNote } from './fault.ts';
import { cut } from './fault.ts';
import { READ_EXTENSIONS, SEP_NAMESPACE } from './namespaces.ts';
import { Notes } from './notes.ts';
import type { AttributeRule, ElementRule, SimpleType, Structure, WireType } from './schema/grammar.ts';
import { LIST_ITEMS_MAX } from './schema/grammar.ts';
import type { ResourceName, ResourceOf } from './schema/resources.ts';
import { EXTENSION_ROOTS, RESOURCES } from './schema/resources.ts';
import { readSimple } from './simple.ts';
import type { XmlElement } from './xml.ts';
import { parseXml } from './xml.ts';

/** A resource and what was tolerated in it. */
export interface ReadResource<N extends ResourceName> {
  readonly value: ResourceOf<N>;
  readonly notes: readonly WireNote[];
}

/**
 * Reads a body that must be the resource `name`. Never throws, whatever the bytes.
 *
 * Refused (fault at a path): a mandatory part missing, a value of the wrong type or out of range, an element twice.
 * In an unbounded list the same costs the item alone, noted as `dropped-item`: one bad control must not hide the others.
 * Tolerated and noted: unknown elements, another order, an extension element outside its namespace, odd hexBinary, text too long.
 * Ignored: unknown attributes, stray text between elements. Schema defaults are not filled in: absent stays absent.
 */
export const readResource = <N extends ResourceName>(name: N, body: Uint8Array): Result<ReadResource<N>, WireFault> => {
  const xml = parseXml(body);
  if (!xml.ok) return xml;
  const root = xml.value;
  if (root.name !== name) return fail({ kind: 'wrong-root', found: cut(root.name) });
  const spaces = EXTENSION_ROOTS.includes(name) ? READ_EXTENSIONS : [SEP_NAMESPACE];
  if (root.namespace === null || !spaces.includes(root.namespace)) {
    return fail({ kind: 'wrong-namespace', found: cut(root.namespace ?? '') });
  }
  const notes = new Notes();
  const read = readStructure(RESOURCES[name], root, name, notes);
  if (!read.ok) return read;
  return ok({ value: read.value as ResourceOf<N>, notes: notes.list() });
};

/** As `readResource`, for a caller that does not care what was tolerated. */
export const parseResource = <N extends ResourceName>(name: N, body: Uint8Array): Result<ResourceOf<N>, WireFault> => {
  const read = readResource(name, body);
  return read.ok ? ok(read.value.value) : read;
};

type Fields = Record<string, unknown>;

const readStructure = (type: Structure, element: XmlElement, path: string, notes: Notes): Result<Fields, WireFault> => {
  const fields: Fields = {};
  for (const rule of type.elements) if (rule.occurs === 'many') fields[rule.name] = [];
  const elements = readElements(type, element, path, notes, fields);
  if (!elements.ok) return elements;
  const attributes = readAttributes(type, element, path, notes, fields);
  if (!attributes.ok) return attributes;
  const missing = type.elements.find((rule) => rule.occurs === 'one' && fields[rule.name] === undefined);
  return missing === undefined ? ok(fields) : fail({ kind: 'missing', path: `${path}/${missing.name}` });
};

const readElements = (
  type: Structure,
  element: XmlElement,
  path: string,
  notes: Notes,
  fields: Fields,
): Result<void, WireFault> => {
  const seen = new Map<ElementRule, number>();
  let reached = 0;
  for (const child of element.children) {
    const place = type.elements.findIndex((rule) => matches(rule, child));
    const rule = type.elements[place];
    if (rule === undefined) {
      notes.add('unknown-element', `${path}/${cut(child.name)}`, cut(child.namespace ?? 'no namespace'));
      continue;
    }
    if (place < reached) notes.add('wrong-order', `${path}/${rule.name}`, 'stands after an element it must precede');
    reached = Math.max(reached, place);
    if (isMisplaced(rule, child)) notes.add('wrong-namespace', `${path}/${rule.name}`, cut(child.namespace ?? 'no namespace'));
    const before = seen.get(rule) ?? 0;
    seen.set(rule, before + 1);
    const stored = storeChild(rule, child, { path, before }, notes, fields);
    if (!stored.ok) return stored;
  }
  return ok(undefined);
};

/** Puts one child where it belongs; `before` is how many of its rule came earlier. */
const storeChild = (
  rule: ElementRule,
  child: XmlElement,
  place: { readonly path: string; readonly before: number },
  notes: Notes,
  fields: Fields,
): Result<void, WireFault> => {
  const path = rule.occurs === 'many' ? `${place.path}/${rule.name}[${place.before}]` : `${place.path}/${rule.name}`;
  const droppable = rule.max === LIST_ITEMS_MAX;
  const read: Result<unknown, WireFault> =
    place.before >= rule.max
      ? fail({ kind: 'invalid', path, expected: `at most ${rule.max} of it`, found: 'more' })
      : readValue(rule.type, child, path, notes);
  if (!read.ok) {
    if (!droppable) return read;
    const { fault } = read;
    // Only the root's own path has no slash: its items are what a page counts.
    notes.add(
      place.path.includes('/') ? 'dropped-part' : 'dropped-item',
      `${place.path}/${rule.name}`,
      'path' in fault ? `${fault.kind} ${fault.path}` : fault.kind,
    );
    return ok(undefined);
  }
  const earlier = fields[rule.name];
  if (Array.isArray(earlier)) earlier.push(read.value);
  else fields[rule.name] = read.value;
  return ok(undefined);
};

const readValue = (type: WireType, element: XmlElement, path: string, notes: Notes): Result<unknown, WireFault> => {
  if (type.kind === 'structure') return readStructure(type, element, path, notes);
  return readText(type, element.text, path, notes);
};

const readText = (type: SimpleType, text: string, path: string, notes: Notes): Result<string | number | boolean, WireFault> => {
  const read = readSimple(type, text);
  if (!read.ok) return fail({ kind: 'invalid', path, expected: read.fault, found: cut(text) });
  if (read.value.tolerated !== undefined) notes.add(read.value.tolerated, path, cut(text));
  return ok(read.value.value);
};

const readAttributes = (
  type: Structure,
  element: XmlElement,
  path: string,
  notes: Notes,
  fields: Fields,
): Result<void, WireFault> => {
  for (const rule of type.attributes) {
    const text = element.attributes.get(rule.name);
    const at = `${path}/@${rule.name}`;
    const read = text === undefined ? null : readText(rule.type, text.trim(), at, notes);
    if (read?.ok === true) {
      fields[rule.name] = read.value;
      continue;
    }
    if (rule.occurs === 'optional') {
      if (text !== undefined) notes.add('bad-attribute', at, cut(text));
      continue;
    }
    if (!isCount(rule)) return read ?? fail({ kind: 'missing', path: at });
    notes.add('missing-attribute', at, 'items counted instead');
    fields[rule.name] = itemCount(type, element);
  }
  return ok(undefined);
};

/** A page without its counts is still a page: paging counts the items anyway. */
const isCount = (rule: AttributeRule): boolean => rule.name === 'all' || rule.name === 'results';

const itemCount = (type: Structure, element: XmlElement): number =>
  element.children.filter((child) => type.elements.some((rule) => rule.occurs === 'many' && matches(rule, child))).length;

const matches = (rule: ElementRule, child: XmlElement): boolean =>
  rule.name === child.name &&
  (child.namespace === SEP_NAMESPACE ||
    (rule.space !== 'sep' && (child.namespace === null || READ_EXTENSIONS.includes(child.namespace))));

const isMisplaced = (rule: ElementRule, child: XmlElement): boolean =>
  rule.space !== 'sep' && (child.namespace === null || !READ_EXTENSIONS.includes(child.namespace));
