/** Nothing a server can send makes the codec throw or take long. */
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResource, readResource } from '../../../firmware/utility/wire/parse.ts';
import { RESOURCE_NAMES } from '../../../firmware/utility/wire/schema/resources.ts';
import type { ResourceName } from '../../../firmware/utility/wire/schema/resources.ts';
import { writeResource } from '../../../firmware/utility/wire/write.ts';
import { scaled, unscaled } from '../../../firmware/utility/wire/quantity.ts';

const messages = new URL('../../golden/messages/', import.meta.url);
const corpus = readdirSync(messages).map((file) => readFileSync(new URL(file, messages)));
const anyName = fc.constantFrom(...RESOURCE_NAMES);
const rootName = (body: Uint8Array): ResourceName => {
  const root = /<(\w+)/.exec(new TextDecoder().decode(body))?.[1];
  return RESOURCE_NAMES.find((name) => name === root) ?? 'Error';
};

/** A cut, a doubled stretch, foreign bytes or swapped text somewhere in a real message. */
const mutated = fc
  .record({
    body: fc.constantFrom(...corpus),
    from: fc.nat(),
    length: fc.nat({ max: 60 }),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc
        .constantFrom(
          '<',
          '>',
          '&',
          '&#0;',
          '"',
          '</',
          '<![CDATA[',
          '<!--',
          'xmlns=""',
          '-1',
          '99999999999999999999',
          '<__proto__/>',
          '<constructor>1</constructor>',
        )
        .map((text) => new TextEncoder().encode(text)),
    ),
  })
  .map(({ body, from, length, insert }) => {
    const at = from % body.length;
    return { name: rootName(body), bytes: Uint8Array.from([...body.subarray(0, at), ...insert, ...body.subarray(at + length)]) };
  });

describe('reading', () => {
  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(anyName, fc.uint8Array({ maxLength: 300 }), (name, bytes) => !parseResource(name, bytes).ok),
      { numRuns: 1500 },
    );
  });

  it('never throws on arbitrary text between tags', () => {
    fc.assert(
      fc.property(anyName, fc.string({ unit: 'binary', maxLength: 200 }), (name, text) => {
        parseResource(name, new TextEncoder().encode(`<${name} xmlns="urn:ieee:std:2030.5:ns">${text}</${name}>`));
      }),
      { numRuns: 1500 },
    );
  });

  it('never throws on a mutated message, and what it takes can be written and read again', () => {
    fc.assert(
      fc.property(mutated, ({ name, bytes }) => {
        const read = readResource(name, bytes);
        if (!read.ok) return;
        const written = writeResource(name, read.value.value, { csipAus: '1.3', prefix: 'ns2' });
        expect(readResource(name, new TextEncoder().encode(written))).toMatchObject({
          ok: true,
          value: { value: read.value.value, notes: [] },
        });
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['open tags', '<a '.repeat(340_000)],
    ['quotes', `<a ${'b="c" '.repeat(170_000)}>`],
    ['ampersands', `<Error xmlns="urn:ieee:std:2030.5:ns"><reasonCode>${'&amp;'.repeat(200_000)}</reasonCode></Error>`],
    ['comments', '<!--'.repeat(250_000)],
    ['text', `<Error xmlns="urn:ieee:std:2030.5:ns">${'x'.repeat(1_000_000)}</Error>`],
    ['attributes', `<Error ${Array.from({ length: 60_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`],
  ])('a mebibyte of %s is refused within the time of a test', (_name, text) => {
    expect(parseResource('Error', new TextEncoder().encode(text)).ok).toBe(false);
  });
});

describe('value and multiplier', () => {
  it('rounds to the asked side and never leaves the range', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (number) => {
        const down = scaled(number, { low: -0x8000, high: 0x7fff }, 'down');
        const up = scaled(number, { low: -0x8000, high: 0x7fff }, 'up');
        expect(down === null ? Number.NaN : unscaled(down)).toBeLessThanOrEqual(number);
        expect(up === null ? Number.NaN : unscaled(up)).toBeGreaterThanOrEqual(number);
        expect(Math.abs(down?.value ?? 1e9)).toBeLessThanOrEqual(0x8000);
      }),
    );
  });
});
