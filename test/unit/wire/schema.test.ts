/** Our tables against the facts of the published schemas, where those are beside the repository; their own consistency always. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Structure } from '../../../firmware/utility/wire/schema/grammar.ts';
import { LIST_ITEMS_MAX } from '../../../firmware/utility/wire/schema/grammar.ts';
import { RESOURCE_NAMES, RESOURCES } from '../../../firmware/utility/wire/schema/resources.ts';

interface ElementFact {
  readonly name: string;
  readonly type: string;
  readonly min: number;
  readonly max: string;
}
interface TypeFact {
  readonly elements?: readonly ElementFact[];
  readonly attributes?: readonly { readonly name: string; readonly use: string }[];
}
interface Facts {
  readonly types: Readonly<Record<string, TypeFact>>;
  readonly csipAus: Readonly<Record<string, { readonly appended: Readonly<Record<string, readonly ElementFact[]>> }>>;
}

const factsUrl = new URL('../../../../shared/reference/sep2-elements.json', import.meta.url);
const facts = existsSync(factsUrl) ? (JSON.parse(readFileSync(factsUrl, 'utf8')) as Facts) : null;

/** Differences of one table and of those below it. Whether a repeated element may be absent is not told apart by us. */
const differences = (typeName: string, table: Structure, known: Facts): readonly string[] => {
  const type = known.types[typeName];
  if (type === undefined) return [];
  const appended = known.csipAus['v1.3']?.appended[typeName] ?? [];
  const expected = [...(type.elements ?? []), ...appended].map(
    ({ name, min, max }) => `${name} ${max === '1' ? min : 'many'} ${max}`,
  );
  const ours = table.elements.map(({ name, occurs, max }) => {
    const low = { one: '1', optional: '0', many: 'many' }[occurs];
    return `${name} ${low} ${max === LIST_ITEMS_MAX ? 'unbounded' : max}`;
  });
  const expectedAttributes = (type.attributes ?? []).map(({ name, use }) => `@${name} ${use}`);
  const ourAttributes = table.attributes.map(({ name, occurs }) => `@${name} ${occurs === 'one' ? 'required' : 'optional'}`);
  const own =
    [...ours, ...ourAttributes.sort()].join() === [...expected, ...expectedAttributes.sort()].join()
      ? []
      : [`${typeName}: ${[...ours, ...ourAttributes].join()} <> ${[...expected, ...expectedAttributes].join()}`];
  const below = (type.elements ?? []).flatMap((element) => {
    const rule = table.elements.find((candidate) => candidate.name === element.name);
    return rule?.type.kind === 'structure' ? differences(element.type, rule.type, known) : [];
  });
  return [...own, ...below];
};

describe('the tables', () => {
  it('agree with the published schemas', () => {
    const known = facts;
    const found = known === null ? [] : RESOURCE_NAMES.flatMap((name) => differences(name, RESOURCES[name], known));
    expect(found).toEqual([]);
  });

  it.each(RESOURCE_NAMES)('%s names each part once, extensions last', (name) => {
    const { elements, attributes }: Structure = RESOURCES[name];
    const names = [...elements, ...attributes].map((rule) => rule.name);
    expect(new Set(names).size).toBe(names.length);
    const spaces = elements.map((rule) => rule.space);
    expect([...spaces].sort((a, b) => (a === b ? 0 : a === 'sep' ? -1 : b === 'sep' ? 1 : a < b ? -1 : 1))).toEqual(spaces);
  });
});
