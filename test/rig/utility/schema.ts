/**
 * The rig's own tables of IEEE 2030.5-2018 and CSIP-AUS resources, and what they say about a body: every element there,
 * known, in order and of the right type. Data: elements/resources.json, elements/values.json.
 */
import { readFileSync } from 'node:fs';
import { assert } from '#base/assert.ts';

export const SEP_NAMESPACE = 'urn:ieee:std:2030.5:ns';
/** What a server speaks beside the base standard; `none`: a server of another part of the world. */
export type Extension = 'none' | '1.2' | '1.3';
const AUS_NAMESPACES: Readonly<Record<Extension, string | null>> = {
  none: null,
  '1.2': 'https://csipaus.org/ns',
  '1.3': 'https://csipaus.org/ns/v1.3',
};
/** Roots whose own name is in the CSIP-AUS namespace. */
export const AUS_ROOTS: readonly string[] = ['ConnectionPoint'];

export interface ElementRule {
  readonly name: string;
  readonly space: string;
  /** Of the extension. */
  readonly aus: boolean;
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
  /** Namespace of the extension; null: none is spoken. */
  readonly aus: string | null;
}

interface ResourceData {
  readonly attributes: readonly string[];
  readonly elements: readonly string[];
}

/** Empty for an element of an extension that is not spoken; `aus13:` came with v1.3. */
const elementRule = (line: string, version: Extension): readonly ElementRule[] => {
  const [name, type, count] = line.split(' ');
  assert(name !== undefined && type !== undefined && count !== undefined, `element table line "${line}"`);
  const colon = name.indexOf(':');
  const before = colon < 0 ? null : name.slice(0, colon);
  const space = AUS_NAMESPACES[version];
  if (before !== null && (space === null || (before === 'aus13' && version !== '1.3'))) return [];
  return [
    {
      name: name.slice(colon + 1),
      space: before === null || space === null ? SEP_NAMESPACE : space,
      aus: before !== null,
      type,
      mandatory: count.startsWith('1'),
      repeats: count.endsWith('*'),
    },
  ];
};

const attributeRule = (line: string): AttributeRule => {
  const [name, type, use] = line.split(' ');
  assert(name !== undefined && type !== undefined, `attribute table line "${line}"`);
  return { name, type, mandatory: use === 'required' };
};

const readTable = (file: string): unknown => JSON.parse(readFileSync(new URL(`elements/${file}`, import.meta.url), 'utf8'));

/** Reads both tables. */
export const loadSchema = (version: Extension = '1.2'): Schema => {
  const resources = readTable('resources.json') as Readonly<Record<string, ResourceData>>;
  const values = readTable('values.json') as Readonly<Record<string, ValueRule>>;
  return {
    resources: new Map(
      Object.entries(resources).map(([name, data]) => [
        name,
        { elements: data.elements.flatMap((line) => elementRule(line, version)), attributes: data.attributes.map(attributeRule) },
      ]),
    ),
    values: new Map(Object.entries(values)),
    aus: AUS_NAMESPACES[version],
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
