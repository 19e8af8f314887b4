/** Real messages, damaged as lines, proxies and attackers damage them: reading never throws, and what it makes is no larger than what came. */
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BODY_BYTES_MAX } from '#utility/walk/http-port.ts';
import { NOTES_MAX } from '#utility/wire/fault.ts';
import { readResource } from '#utility/wire/parse.ts';
import { RESOURCE_NAMES, type ResourceName } from '#utility/wire/schema/resources.ts';

const messages = new URL('../../golden/messages/', import.meta.url);
const corpus = readdirSync(messages).map((file) => readFileSync(new URL(file, messages), 'utf8'));
const names: ReadonlySet<string> = new Set(RESOURCE_NAMES);
const nameOf = (text: string): ResourceName => {
  const root = /<(?:\w+:)?([A-Za-z]\w*)/.exec(text)?.[1] ?? '';
  return names.has(root) ? (root as ResourceName) : 'Error';
};

const TAG = /<\/?[A-Za-z][^>]*>/g;
const tagsOf = (text: string): readonly RegExpExecArray[] => [...text.matchAll(TAG)];
const message = fc.constantFrom(...corpus);

/** A stretch of `text` from `at` replaced. */
const splice = (text: string, at: number, length: number, inside: string): string =>
  text.slice(0, at) + inside + text.slice(at + length);

/** Two tags change places. */
const swapped = fc.tuple(message, fc.nat(), fc.nat()).map(([text, a, b]) => {
  const tags = tagsOf(text);
  const [first, second] = [tags[a % tags.length], tags[b % tags.length]].sort((x, y) => (x?.index ?? 0) - (y?.index ?? 0));
  if (first === undefined || second === undefined || first.index === second.index) return text;
  const later = splice(text, second.index, second[0].length, first[0]);
  return splice(later, first.index, first[0].length, second[0]);
});

/** An element in itself, over and over, or opened again and again. */
const nested = fc
  .tuple(message, fc.nat(), fc.integer({ min: 1, max: 2000 }), fc.boolean())
  .map(([text, which, depth, closed]) => {
    const tags = tagsOf(text);
    const tag = tags[which % tags.length];
    const name = /^<([\w:]+)/.exec(tag?.[0] ?? '')?.[1];
    if (tag === undefined || name === undefined) return text;
    return splice(text, tag.index, 0, `<${name}>`.repeat(depth) + (closed ? `</${name}>`.repeat(depth) : ''));
  });

const HEADS = [
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
  `<!DOCTYPE a [<!ENTITY a0 "spam">${Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`).join('')}]>`,
  '<?xml version="1.0" encoding="UTF-16"?>',
  '<?xml-stylesheet href="x"?>',
  '\ufeff',
  '<!-- -- -->',
];
const INSIDES = ['&b;', '&a9;', '&#x110000;', '&#xD800;', '&#0;', '&', '&&amp;', '&amp;lt;', '<![CDATA[<a>]]>', ']]>', '&#x'];

/** Declarations before a message and references inside it. */
const entities = fc
  .tuple(message, fc.constantFrom(...HEADS), fc.constantFrom(...INSIDES), fc.nat(), fc.integer({ min: 1, max: 500 }))
  .map(([text, head, inside, at, times]) => head + splice(text, at % text.length, 0, inside.repeat(times)));

/** One attribute of any length on any tag, or thousands of them, or a namespace that hides another. */
const attributes = fc
  .tuple(
    message,
    fc.nat(),
    fc.integer({ min: 1, max: 100_000 }),
    fc.constantFrom('long', 'many', 'xmlns', 'prefix', 'same', 'proto'),
  )
  .map(([text, which, size, kind]) => {
    const opening = tagsOf(text).filter(([tag]) => !tag.startsWith('</'));
    const tag = opening[which % opening.length];
    if (tag === undefined) return text;
    const inside = {
      long: ` href="${'x'.repeat(size)}"`,
      many: Array.from({ length: size % 3000 }, (_, n) => ` a${n}="1"`).join(''),
      xmlns: ' xmlns="urn:other"',
      prefix: ` xmlns:${'p'.repeat((size % 300) + 1)}="urn:ieee:std:2030.5:ns"`,
      same: ' all="1" all="2"',
      proto: ' __proto__="1" constructor="2" toString="3"',
    }[kind];
    const place = tag.index + (tag[0].endsWith('/>') ? tag[0].length - 2 : tag[0].length - 1);
    return splice(text, place, 0, inside);
  });

/** Items repeated as in a list that never ends. */
const repeated = fc.tuple(message, fc.nat(), fc.integer({ min: 2, max: 3000 })).map(([text, which, times]) => {
  const root = tagsOf(text)[0];
  const from = root === undefined ? 0 : root.index + root[0].length;
  const items = [...text.slice(from).matchAll(/<(\w+)(?:\s[^>]*)?>(?:(?!<\1[\s>])[\s\S])*?<\/\1>/g)];
  const item = items[which % Math.max(1, items.length)];
  if (item === undefined) return text;
  return splice(text, from + item.index, 0, item[0].repeat(Math.min(times, Math.ceil(30_000 / item[0].length))));
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Some bits turned. */
const flipped = fc
  .tuple(message, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 12 }))
  .map(([text, flips]) => {
    const bytes = bytesOf(text);
    for (const [at, bit] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes;
  });

const anything = fc.oneof(flipped, ...[swapped, nested, entities, attributes, repeated].map((text) => text.map(bytesOf)));

/** Names of fields and punctuation that JSON adds to what came. */
const GROWTH = 6;

test('a damaged message is refused or read, never thrown, and unfolds to nothing larger than itself', () => {
  fc.assert(
    fc.property(anything, (bytes) => {
      const read = readResource(nameOf(new TextDecoder().decode(bytes)), bytes);
      if (!read.ok) {
        expect(JSON.stringify(read.fault).length).toBeLessThan(2000);
        return;
      }
      expect(read.value.notes.length).toBeLessThanOrEqual(NOTES_MAX);
      expect(JSON.stringify(read.value.value).length).toBeLessThan(GROWTH * bytes.length + 200);
    }),
    { numRuns: 1500 },
  );
});

test('the damage reaches the reader: some of each kind is taken and some refused', () => {
  const shares = [swapped, nested, entities, attributes, repeated].map((kind) => {
    const drawn = fc.sample(kind, { numRuns: 300, seed: 4 });
    return drawn.filter((text) => readResource(nameOf(text), bytesOf(text)).ok).length / drawn.length;
  });
  for (const share of shares) {
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  }
});

test('an entity is never resolved, a DOCTYPE never read', () => {
  fc.assert(
    fc.property(message, fc.constantFrom(...HEADS.filter((head) => head.startsWith('<!DOCTYPE'))), (text, head) => {
      expect(readResource(nameOf(text), bytesOf(head + text))).toMatchObject({ ok: false, fault: { kind: 'entity' } });
    }),
  );
});

test.each([
  ['one text', (size: number) => `<description>${'x'.repeat(size)}</description>`],
  ['one attribute', (size: number) => `<DERProgram href="${'x'.repeat(size)}"/>`],
  ['items', (size: number) => '<DERProgram><mRID>A0</mRID><primacy>1</primacy></DERProgram>'.repeat(size / 60)],
  ['unknown elements', (size: number) => '<x/>'.repeat(size / 4)],
  ['comments', (size: number) => '<!--x-->'.repeat(size / 8)],
])('the largest body of %s is refused or read in bounds', (_what, fill) => {
  const head = '<DERProgramList xmlns="urn:ieee:std:2030.5:ns" all="1" results="1">';
  const bytes = bytesOf(`${head}${fill(BODY_BYTES_MAX - 200)}</DERProgramList>`);
  expect(bytes.length).toBeLessThanOrEqual(BODY_BYTES_MAX);
  const read = readResource('DERProgramList', bytes);
  expect(read.ok ? read.value.value.DERProgram.length : 0).toBeLessThanOrEqual(1000);
  expect(read.ok ? read.value.notes.length : 0).toBeLessThanOrEqual(NOTES_MAX);
});
