import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../rig/utility/body.ts';
import { digitSum, lfdiOf, pinOf, sfdiOf } from '../../rig/utility/identity.ts';
import { loadSchema } from '../../rig/utility/schema.ts';
import { nmiIsValid } from '../../rig/utility/writes.ts';
import { readXml, xmlTag, xmlText } from '../../rig/utility/xml.ts';

describe('identity', () => {
  it('turns LFDI into SFDI as the standard and a test harness publish it', () => {
    expect(sfdiOf('3E4F45AB31EDFE5B67E343E5E4562E3100000000')).toBe(167_261_211_391);
    expect(sfdiOf('0F3078CFDDAEE28DC20B95635DC116CC2A6D877F')).toBe(40_773_583_337);
  });
  it('takes the LFDI from the first 20 bytes of the digest', () => {
    expect(lfdiOf(Buffer.from('abc'))).toBe('BA7816BF8F01CFEA414140DE5DAE2223B00361A3');
  });
  it('adds the check digit to a PIN', () => {
    expect([pinOf(11_111), pinOf(12_345)]).toEqual([111_115, 123_455]);
    expect(digitSum(987)).toBe(24);
  });
  it('checks NMIs', () => {
    expect(['20019857328', 'QAAAVZZZZZ3', 'QCDWW000102', '41020000010'].map(nmiIsValid)).toEqual([true, true, true, true]);
    expect(['20019857327', '2001985732', 'OAAAVZZZZZ3'].map(nmiIsValid)).toEqual([false, false, false]);
  });
});

describe('the XML reader', () => {
  it('resolves namespaces, entities, CDATA and comments', () => {
    const read = readXml(
      '<?xml version="1.0"?><!-- a --><a:r xmlns:a="urn:x" xmlns="urn:y" k="&lt;1"><b>&#65;<![CDATA[<]]></b></a:r>',
    );
    expect(read).toMatchObject({
      ok: true,
      value: {
        space: 'urn:x',
        name: 'r',
        attributes: [{ name: 'k', value: '<1' }],
        children: [{ space: 'urn:y', name: 'b', text: 'A<' }],
      },
    });
  });
  it.each([
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a b="1"c="2"/>',
    '<p:a/>',
    '<a>&amp</a>',
    '<a>&#0;</a>',
    '<!DOCTYPE a><a/>',
    '<a><?pi?></a>',
    '\ufeff<a/>',
    '<a b="<"/>',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
  ])('refuses %j', (text) => {
    expect(readXml(text).ok).toBe(false);
  });
  it('reads what the writer wrote', () => {
    const read = readXml(xmlTag('a', [['k', '"<&>']], xmlText('1 < 2 & 3')));
    expect(read).toMatchObject({ ok: true, value: { attributes: [{ value: '"<&>' }], text: '1 < 2 & 3' } });
  });
});

interface Source {
  readonly types: Readonly<
    Record<string, { readonly elements: readonly { readonly name: string; readonly min: number; readonly max: string }[] }>
  >;
}

const reference = new URL('../../../../shared/reference/', import.meta.url);

describe('the tables', () => {
  const schema = loadSchema();
  it('name a table for every type they use', () => {
    const used = [...schema.resources.values()].flatMap((rule) => rule.elements.map((element) => element.type));
    expect(used.filter((type) => !schema.resources.has(type) && !schema.values.has(type))).toEqual([]);
  });

  it('agree with the reference, where it is at hand', () => {
    const file = new URL('sep2-elements.json', reference);
    if (!existsSync(file)) return;
    const { types } = JSON.parse(readFileSync(file, 'utf8')) as Source;
    const differing = [...schema.resources].filter(([name, rule]) => {
      const source = types[name];
      if (source === undefined) return false;
      const ours = rule.elements
        .filter((element) => element.space.startsWith('urn:'))
        .map((element) => [element.name, element.mandatory, element.repeats]);
      const theirs = source.elements.map((element) => [element.name, element.min > 0, element.max !== '1']);
      return JSON.stringify(ours) !== JSON.stringify(theirs);
    });
    expect(differing.map(([name]) => name)).toEqual([]);
  });

  it('accept the example bodies of a client, where they are at hand', () => {
    const folder = new URL('examples/', reference);
    const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^c\d\d.*\.xml$/.test(file)) : [];
    const roots = [...schema.resources.keys()];
    const refused = files.flatMap((file) => {
      const read = readBody(schema, readFileSync(new URL(file, folder), 'utf8'), roots, { demandPrefix: null });
      return read.ok ? [] : [`${file}: ${read.fault.path}: ${read.fault.problem}`];
    });
    // Those of CSIP-AUS v1.3 and its prices are beyond what this server speaks.
    expect(refused.filter((line) => !/-v13\.xml|c12-priceresponse/.test(line))).toEqual([]);
  });
});
