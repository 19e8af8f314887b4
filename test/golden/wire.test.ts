/** Whole messages through the codec: ours, one or more for each resource, and the reference examples where those are beside the repository. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readResource } from '../../firmware/utility/wire/parse.ts';
import { RESOURCE_NAMES, RESOURCES } from '../../firmware/utility/wire/schema/resources.ts';
import type { ResourceName } from '../../firmware/utility/wire/schema/resources.ts';
import { writeResource } from '../../firmware/utility/wire/write.ts';

const messages = new URL('./messages/', import.meta.url);
const examples = new URL('../../../shared/reference/examples/', import.meta.url);

const xmlFiles = (directory: URL): readonly string[] =>
  existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith('.xml')) : [];

const rootOf = (text: string): string => /<(?:\w+:)?(\w+)/.exec(text)?.[1] ?? '';
const isResource = (name: string): name is ResourceName => Object.hasOwn(RESOURCES, name);
const withoutLayout = (text: string): string => text.replaceAll(/>\s+</g, '><').trim();

const read = <N extends ResourceName>(name: N, text: string) => {
  const result = readResource(name, new TextEncoder().encode(text));
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};

const versionOf = (text: string): '1.2' | '1.3' => (text.includes('csipaus.org/ns/v1.3') ? '1.3' : '1.2');

describe('our messages', () => {
  it('cover every resource', () => {
    const covered = new Set(xmlFiles(messages).map((file) => rootOf(readFileSync(new URL(file, messages), 'utf8'))));
    expect([...covered].sort()).toEqual([...RESOURCE_NAMES].sort());
  });

  it.each(xmlFiles(messages))('%s is written as it was read', (file) => {
    const text = readFileSync(new URL(file, messages), 'utf8');
    const name = rootOf(text);
    if (!isResource(name)) throw new Error(`${name} is no resource`);
    const { value, notes } = read(name, text);
    expect(notes).toEqual([]);
    expect(writeResource(name, value, { csipAus: versionOf(text), prefix: 'ns2' })).toBe(withoutLayout(text));
  });
});

describe('reference examples', () => {
  const files = xmlFiles(examples).filter((file) => isResource(rootOf(readFileSync(new URL(file, examples), 'utf8'))));

  it('are read, written and read again to the same value', () => {
    for (const file of files) {
      const text = readFileSync(new URL(file, examples), 'utf8');
      const name = rootOf(text);
      if (!isResource(name)) continue;
      const { value, notes } = read(name, text);
      expect(notes, file).toEqual([]);
      expect(read(name, writeResource(name, value, { csipAus: versionOf(text), prefix: 'ns2' })).value, file).toEqual(value);
    }
  });
});
