/**
 * The rig's own tables of IEEE 2030.5-2018 and CSIP-AUS v1.2 resources, and what they say about a body: every element there,
 * known, in order and of the right type. Data: elements/resources.json, elements/values.json.
 */
import { readFileSync } from 'node:fs';
import { assert } from '#base/assert.ts';

export const SEP_NAMESPACE = 'urn:ieee:std:2030.5:ns';
export const AUS_NAMESPACE = 'https://csipaus.org/ns';
/** Roots whose own name is in the CSIP-AUS namespace. */
export const AUS_ROOTS: readonly string[] = ['ConnectionPoint'];

export interface ElementRule {
  readonly name: string;
  readonly space: string;
  readonly type: string;
  readonly mandatory: boolean;
  readonly repeats: boolean;
}

export interface AttributeRule {
  readonly name: string;
  readonly type: string;
  readonly mandatory: boolean;
}

export interface ResourceRule {
  readonly elements: readonly ElementRule[];
  readonly attributes: readonly AttributeRule[];
}

export type ValueRule =
  | { readonly integer: readonly [low: string, high: string] }
  | { readonly hexBytes: number }
  | { readonly textBytes: number }
  | { readonly boolean: true };

export interface Schema {
  readonly resources: ReadonlyMap<string, ResourceRule>;
  readonly values: ReadonlyMap<string, ValueRule>;
}

interface ResourceData {
  readonly attributes: readonly string[];
  readonly elements: readonly string[];
}

const elementRule = (line: string): ElementRule => {
  const [name, type, count] = line.split(' ');
  assert(name !== undefined && type !== undefined && count !== undefined, `element table line "${line}"`);
  const aus = name.startsWith('aus:');
  return {
    name: aus ? name.slice('aus:'.length) : name,
    space: aus ? AUS_NAMESPACE : SEP_NAMESPACE,
    type,
    mandatory: count.startsWith('1'),
    repeats: count.endsWith('*'),
  };
};

const attributeRule = (line: string): AttributeRule => {
  const [name, type, use] = line.split(' ');
  assert(name !== undefined && type !== undefined, `attribute table line "${line}"`);
  return { name, type, mandatory: use === 'required' };
};

const readTable = (file: string): unknown => JSON.parse(readFileSync(new URL(`elements/${file}`, import.meta.url), 'utf8'));

/** Reads both tables. */
export const loadSchema = (): Schema => {
  const resources = readTable('resources.json') as Readonly<Record<string, ResourceData>>;
  const values = readTable('values.json') as Readonly<Record<string, ValueRule>>;
  return {
    resources: new Map(
      Object.entries(resources).map(([name, data]) => [
        name,
        { elements: data.elements.map(elementRule), attributes: data.attributes.map(attributeRule) },
      ]),
    ),
    values: new Map(Object.entries(values)),
  };
};

/** What is wrong with one simple value, or null. */
export const valueProblem = (rule: ValueRule, text: string): string | null => {
  if ('boolean' in rule) return /^(?:true|false|1|0)$/.test(text) ? null : `"${text}" is not a boolean`;
  if ('textBytes' in rule) {
    const bytes = Buffer.byteLength(text);
    return bytes <= rule.textBytes ? null : `${bytes} bytes of text, at most ${rule.textBytes}`;
  }
  if ('hexBytes' in rule) {
    if (!/^(?:[0-9A-Fa-f]{2})+$/.test(text)) return `"${text}" is not hexadecimal of an even length`;
    return text.length <= 2 * rule.hexBytes ? null : `${text.length} digits, at most ${2 * rule.hexBytes}`;
  }
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return `"${text}" is not an integer`;
  const [low, high] = rule.integer;
  return BigInt(text) >= BigInt(low) && BigInt(text) <= BigInt(high) ? null : `${text} is not within ${low}..${high}`;
};
