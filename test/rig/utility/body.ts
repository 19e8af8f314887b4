/** Bodies: XML text to plain data under the tables, and plain data to XML text in the tables' order. */
import { assert } from '#base/assert.ts';
import { fail, ok, type Result } from '#base/result.ts';
import {
  AUS_ROOTS,
  SEP_NAMESPACE,
  valueProblem,
  type ElementRule,
  type ResourceRule,
  type Schema,
  type ValueRule,
} from './schema.ts';
import { readXml, xmlTag, xmlText, type XmlElement } from './xml.ts';

/** Integers within 2^53 are numbers, other simple values text, hexadecimal in capitals; attributes stand beside elements as `@name`. */
export type Value = string | number | boolean | Body | readonly Value[];
export interface Body {
  readonly [name: string]: Value;
}

export interface ReadBody {
  readonly type: string;
  readonly body: Body;
}

/** reasonCode of the standard's Error resource: 0 bad format, 1 bad values. */
export interface BodyFault {
  readonly reasonCode: 0 | 1;
  /** Where, as a path of element names. */
  readonly path: string;
  readonly problem: string;
}

export interface ReadOptions {
  /** Extension elements must carry this prefix (a utility of the GE kind demands ns2); null takes any. */
  readonly demandPrefix: string | null;
}

const format = (path: string, problem: string): { readonly ok: false; readonly fault: BodyFault } =>
  fail({ reasonCode: 0, path, problem });

const plain = (rule: ValueRule, text: string): Value => {
  if ('boolean' in rule) return text === 'true' || text === '1';
  if ('hexBytes' in rule) return text.toUpperCase();
  if ('integer' in rule) return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  return text;
};

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

const readAttributes = (schema: Schema, rule: ResourceRule, element: XmlElement, path: string): Result<Body, BodyFault> => {
  const found: Record<string, Value> = {};
  for (const attribute of element.attributes) {
    if (attribute.space === XSI) continue;
    const known = attribute.space === '' ? rule.attributes.find((candidate) => candidate.name === attribute.name) : undefined;
    if (known === undefined) return format(path, `unknown attribute ${attribute.name}`);
    const value = schema.values.get(known.type) ?? { textBytes: 255 };
    const problem = valueProblem(value, attribute.value);
    if (problem !== null) return fail({ reasonCode: 1, path: `${path}/@${attribute.name}`, problem });
    found[`@${attribute.name}`] = plain(value, attribute.value);
  }
  const missing = rule.attributes.find((candidate) => candidate.mandatory && found[`@${candidate.name}`] === undefined);
  return missing === undefined ? ok(found) : format(path, `attribute ${missing.name} is missing`);
};

const readSimple = (rule: ValueRule, element: XmlElement, path: string): Result<Value, BodyFault> => {
  if (element.children.length > 0) return format(path, 'a simple value has elements inside');
  if (element.attributes.some((attribute) => attribute.space !== XSI)) return format(path, 'a simple value has an attribute');
  const text = 'textBytes' in rule ? element.text : element.text.trim();
  const problem = valueProblem(rule, text);
  return problem === null ? ok(plain(rule, text)) : fail({ reasonCode: 1, path, problem });
};

const LIMITS = /^opMod(?:Imp|Exp|Gen|Load)LimW$/;

const readChild = (
  schema: Schema,
  rule: ElementRule,
  child: XmlElement,
  path: string,
  options: ReadOptions,
): Result<Value, BodyFault> => {
  if (rule.aus && options.demandPrefix !== null && child.prefix !== '' && child.prefix !== options.demandPrefix) {
    return format(path, `extension elements must carry the prefix ${options.demandPrefix}`);
  }
  const simple = schema.values.get(rule.type);
  if (simple !== undefined) return readSimple(simple, child, path);
  const read = readComplex(schema, rule.type, child, path, options);
  if (read.ok && LIMITS.test(rule.name) && Number(read.value['value']) < 0) {
    return fail({ reasonCode: 1, path, problem: 'a limit below zero' });
  }
  return read;
};

const readComplex = (
  schema: Schema,
  type: string,
  element: XmlElement,
  path: string,
  options: ReadOptions,
): Result<Body, BodyFault> => {
  const rule = schema.resources.get(type);
  assert(rule !== undefined, `a table for ${type}`);
  if (element.text.trim() !== '') return format(path, 'text between elements');
  const attributes = readAttributes(schema, rule, element, path);
  if (!attributes.ok) return attributes;
  const found: Record<string, Value> = { ...attributes.value };
  let next = 0;
  for (const child of element.children) {
    const position = rule.elements.findIndex((candidate) => candidate.name === child.name && candidate.space === child.space);
    const known = rule.elements[position];
    if (known === undefined) return format(path, `unknown element ${child.name} in namespace "${child.space}"`);
    if (position < next) return format(path, `${child.name} is out of order or comes twice`);
    const skipped = rule.elements
      .slice(next, position)
      .find((candidate) => candidate.mandatory && found[candidate.name] === undefined);
    if (skipped !== undefined) return format(path, `${skipped.name} is missing before ${child.name}`);
    const read = readChild(schema, known, child, `${path}/${child.name}`, options);
    if (!read.ok) return read;
    found[known.name] = known.repeats ? [...((found[known.name] as readonly Value[] | undefined) ?? []), read.value] : read.value;
    next = known.repeats ? position : position + 1;
  }
  const missing = rule.elements.find((candidate) => candidate.mandatory && found[candidate.name] === undefined);
  return missing === undefined ? ok(found) : format(path, `${missing.name} is missing`);
};

/** Reads a body that must be one of `types`. Refuses whatever is missing, unknown, out of order, of the wrong type or out of range. */
export const readBody = (
  schema: Schema,
  text: string,
  types: readonly string[],
  options: ReadOptions,
): Result<ReadBody, BodyFault> => {
  const document = readXml(text);
  if (!document.ok) return format(`character ${document.fault.at}`, document.fault.problem);
  const root = document.value;
  if (!types.includes(root.name)) return format('', `${root.name} where ${types.join(' or ')} was expected`);
  const space = (AUS_ROOTS.includes(root.name) ? schema.aus : null) ?? SEP_NAMESPACE;
  if (root.space !== space) return format(root.name, `namespace "${root.space}" where ${space} was expected`);
  const body = readComplex(schema, root.name, root, root.name, options);
  return body.ok ? ok({ type: root.name, body: body.value }) : body;
};

const isBody = (value: Value | undefined): value is Body => typeof value === 'object' && !Array.isArray(value);
const each = (value: Value): readonly Value[] => (Array.isArray(value) ? (value as readonly Value[]) : [value]);

const simpleText = (value: Value): string => {
  assert(typeof value !== 'object', 'a simple value');
  return String(value);
};

const writeElement = (schema: Schema, type: string, value: Value, name: string, prefix: string): string => {
  const rule = schema.resources.get(type);
  if (rule === undefined) {
    assert(schema.values.has(type), `a value table for ${type}`);
    const text = xmlText(simpleText(value));
    return text === '' ? `<${name}></${name}>` : xmlTag(name, [], text);
  }
  assert(isBody(value), `${name} is a resource`);
  return xmlTag(name, writeAttributes(rule, value), writeChildren(schema, rule, value, prefix));
};

const writeAttributes = (rule: ResourceRule, body: Body): readonly (readonly [string, string])[] =>
  rule.attributes.flatMap((attribute) => {
    const value = body[`@${attribute.name}`];
    return value === undefined ? [] : [[attribute.name, simpleText(value)] as const];
  });

const writeChildren = (schema: Schema, rule: ResourceRule, body: Body, prefix: string): string =>
  rule.elements
    .flatMap((child) => {
      const value = body[child.name];
      if (value === undefined) return [];
      const name = child.aus ? `${prefix}:${child.name}` : child.name;
      return each(value).map((item) => writeElement(schema, child.type, item, name, prefix));
    })
    .join('');

/** A resource as XML, its elements in the tables' order, the namespaces spoken declared on the root. Unknown members of `body` are a broken invariant. */
export const writeBody = (schema: Schema, type: string, body: Body, prefix: string): string => {
  const rule = schema.resources.get(type);
  assert(rule !== undefined, `a table for ${type}`);
  for (const key of Object.keys(body)) {
    const known = key.startsWith('@')
      ? rule.attributes.some((attribute) => `@${attribute.name}` === key)
      : rule.elements.some((element) => element.name === key);
    assert(known, `${type} has no ${key}`);
  }
  const name = AUS_ROOTS.includes(type) && schema.aus !== null ? `${prefix}:${type}` : type;
  const extension = schema.aus === null ? [] : [[`xmlns:${prefix}`, schema.aus] as const];
  const spaces = [['xmlns', SEP_NAMESPACE] as const, ...extension];
  return xmlTag(name, [...spaces, ...writeAttributes(rule, body)], writeChildren(schema, rule, body, prefix));
};
