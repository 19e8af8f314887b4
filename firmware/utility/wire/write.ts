import { assert } from '#base/assert.ts';
import { CSIP_AUS_NAMESPACES, SEP_NAMESPACE } from './namespaces.ts';
import type { ElementRule, SimpleType, Structure } from './schema/grammar.ts';
import type { ResourceName, ResourceOf } from './schema/resources.ts';
import { EXTENSION_ROOTS, RESOURCES } from './schema/resources.ts';
import { checkSimple } from './simple.ts';

/** How a utility wants the extension (utility profile). */
export interface WriteOptions {
  /** Version spoken; elements of a later one are left out. `none`: plain CSIP, no extension element and no such namespace. */
  readonly csipAus: '1.2' | '1.3' | 'none';
  /** GE refuses every other prefix than `ns2`; the rest take any. */
  readonly prefix: string;
}

export const DEFAULT_WRITE_OPTIONS: WriteOptions = { csipAus: '1.2', prefix: 'ns2' };

/**
 * Writes a resource in schema order, without XML declaration, base namespace as default namespace, the extension's declared on the
 * root where used. A value outside its type is a broken invariant: it was made by us.
 */
export const writeResource = <N extends ResourceName>(
  name: N,
  value: ResourceOf<N>,
  options: WriteOptions = DEFAULT_WRITE_OPTIONS,
): string => {
  const isExtension = EXTENSION_ROOTS.includes(name);
  assert(!isExtension || options.csipAus !== 'none', `${name} belongs to CSIP-AUS`);
  const extension = options.csipAus === 'none' ? null : CSIP_AUS_NAMESPACES[options.csipAus];
  const context: Context = { ...options, prefix: isExtension ? '' : `${options.prefix}:` };
  const fields = value as Fields;
  const inner = elementsText(RESOURCES[name], fields, context, name);
  const declarations = isExtension
    ? ` xmlns="${extension}"`
    : ` xmlns="${SEP_NAMESPACE}"${inner.includes(`<${context.prefix}`) ? ` xmlns:${options.prefix}="${extension}"` : ''}`;
  return tag(name, declarations + attributesText(RESOURCES[name], fields, name), inner);
};

/** `prefix` with its colon, or empty where the extension is the default namespace. */
type Context = WriteOptions;
type Fields = Readonly<Record<string, unknown>>;

const tag = (name: string, attributes: string, inner: string): string =>
  inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;

const elementsText = (type: Structure, fields: Fields, context: Context, path: string): string =>
  type.elements.map((rule) => ruleText(rule, fields[rule.name], context, `${path}/${rule.name}`)).join('');

const ruleText = (rule: ElementRule, value: unknown, context: Context, path: string): string => {
  if (!isSpoken(rule, context)) return '';
  if (value === undefined) {
    assert(rule.occurs === 'optional', `${path} is mandatory`);
    return '';
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  assert(values.length <= rule.max, `${path}: at most ${rule.max}`);
  return values.map((item) => elementText(rule, item, context, path)).join('');
};

const elementText = (rule: ElementRule, value: unknown, context: Context, path: string): string => {
  const name = rule.space === 'sep' ? rule.name : `${context.prefix}${rule.name}`;
  if (rule.type.kind !== 'structure') return `<${name}>${simpleText(rule.type, value, path)}</${name}>`;
  assert(typeof value === 'object' && value !== null, `${path} is a structure`);
  const fields = value as Fields;
  return tag(name, attributesText(rule.type, fields, path), elementsText(rule.type, fields, context, path));
};

const attributesText = (type: Structure, fields: Fields, path: string): string =>
  type.attributes
    .map((rule) => {
      const value = fields[rule.name];
      assert(value !== undefined || rule.occurs === 'optional', `${path}/@${rule.name} is mandatory`);
      return value === undefined ? '' : ` ${rule.name}="${simpleText(rule.type, value, `${path}/@${rule.name}`)}"`;
    })
    .join('');

const simpleText = (type: SimpleType, value: unknown, path: string): string => {
  const expected = checkSimple(type, value);
  assert(expected === null, `${path} must be ${expected}`);
  return escape(String(value));
};

const isSpoken = (rule: ElementRule, context: Context): boolean => {
  if (rule.space === 'sep') return true;
  if (rule.space === 'csipaus-1.2') return context.csipAus !== 'none';
  return context.csipAus === '1.3';
};

const escape = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
