import { describe, expect, it } from 'vitest';
import { parseResource, readResource } from '../../../firmware/utility/wire/parse.ts';
import { writeResource } from '../../../firmware/utility/wire/write.ts';

const NS = 'xmlns="urn:ieee:std:2030.5:ns"';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const registration = (inner: string, attributes = NS): Uint8Array => bytes(`<Registration ${attributes}>${inner}</Registration>`);
const WHOLE = '<dateTimeRegistered>1</dateTimeRegistered><pIN>111115</pIN>';

const faultOf = (body: Uint8Array): unknown => {
  const result = parseResource('Registration', body);
  return result.ok ? result.value : result.fault;
};

const control = (mRID: string, base: string): string =>
  `<DERControl><mRID>${mRID}</mRID><creationTime>1</creationTime><EventStatus><currentStatus>0</currentStatus><dateTime>1</dateTime>` +
  `<potentiallySuperseded>false</potentiallySuperseded></EventStatus><interval><duration>60</duration><start>2</start></interval>` +
  `<DERControlBase>${base}</DERControlBase></DERControl>`;
const limit = (name: string, value: string): string => `<${name}><multiplier>0</multiplier><value>${value}</value></${name}>`;
const list = (inner: string, attributes = 'all="2" results="2"'): Uint8Array =>
  bytes(`<DERControlList ${NS} xmlns:q="https://csipaus.org/ns" ${attributes}>${inner}</DERControlList>`);

describe('what is refused', () => {
  it.each([
    ['oversized', new Uint8Array(1024 * 1024 + 1), 'oversized'],
    ['not UTF-8', Uint8Array.of(0x3c, 0xff, 0xfe, 0x3e), 'not-utf8'],
    ['declared as another encoding', bytes(`<?xml version="1.0" encoding="ISO-8859-1"?><Registration ${NS}/>`), 'not-utf8'],
    ['empty', bytes(''), 'malformed'],
    ['truncated', registration(WHOLE).slice(0, -9), 'malformed'],
    ['two roots', bytes(`<Registration ${NS}>${WHOLE}</Registration><Registration ${NS}>${WHOLE}</Registration>`), 'malformed'],
    ['JSON', bytes('{"pIN":1}'), 'malformed'],
    ['undeclared prefix', bytes(`<x:Registration ${NS}>${WHOLE}</x:Registration>`), 'malformed'],
    ['a DOCTYPE', bytes(`<!DOCTYPE a [<!ENTITY b "c">]><Registration ${NS}>${WHOLE}</Registration>`), 'entity'],
    ['an entity', registration(`<dateTimeRegistered>&b;</dateTimeRegistered><pIN>1</pIN>`), 'entity'],
    ['nested without end', bytes(`<Registration ${NS}>${'<a>'.repeat(5000)}`), 'too-deep'],
    ['very many elements', registration('<a/>'.repeat(60_000)), 'too-many-elements'],
    ['another namespace', registration(WHOLE, 'xmlns="http://zigbee.org/sep"'), 'wrong-namespace'],
    ['no namespace', registration(WHOLE, ''), 'wrong-namespace'],
    ['another root', bytes(`<Error ${NS}><reasonCode>1</reasonCode></Error>`), 'wrong-root'],
  ])('%s', (_name, body, kind) => {
    expect(faultOf(body)).toMatchObject({ kind });
  });

  it('a missing mandatory element, by its path', () => {
    expect(faultOf(registration('<pIN>111115</pIN>'))).toEqual({ kind: 'missing', path: 'Registration/dateTimeRegistered' });
  });

  it.each(['0x10', '1e3', '1.0', '', '-1', '1000000', 'NaN'])('a PIN of "%s"', (pin) => {
    const fault = faultOf(registration(`<dateTimeRegistered>1</dateTimeRegistered><pIN>${pin}</pIN>`));
    expect(fault).toMatchObject({ kind: 'invalid', path: 'Registration/pIN', found: pin });
  });

  it('the same element twice', () => {
    expect(faultOf(registration(`${WHOLE}<pIN>123455</pIN>`))).toMatchObject({ kind: 'invalid', path: 'Registration/pIN' });
  });

  it('a curve of eleven points, as a whole', () => {
    const points = '<CurveData><xvalue>1</xvalue><yvalue>2</yvalue></CurveData>'.repeat(11);
    const body = bytes(
      `<DERCurve ${NS}><mRID>01</mRID><creationTime>1</creationTime>${points}<curveType>0</curveType>` +
        '<xMultiplier>0</xMultiplier><yMultiplier>0</yMultiplier><yRefType>1</yRefType></DERCurve>',
    );
    expect(parseResource('DERCurve', body)).toMatchObject({ ok: false, fault: { kind: 'invalid' } });
  });
});

describe('what is tolerated', () => {
  it('any prefix, bound to the right namespace', () => {
    const body = bytes(
      `<s:Registration xmlns:s="urn:ieee:std:2030.5:ns"><s:dateTimeRegistered>1</s:dateTimeRegistered><s:pIN>5</s:pIN></s:Registration>`,
    );
    expect(faultOf(body)).toEqual({ dateTimeRegistered: 1, pIN: 5 });
  });

  it('an element of the same name in a foreign namespace is not ours', () => {
    const body = list(
      control('01', '<z:opModExpLimW xmlns:z="urn:other"><multiplier>0</multiplier><value>0</value></z:opModExpLimW>'),
    );
    const read = readResource('DERControlList', body);
    expect(read).toMatchObject({ ok: true, value: { notes: [{ kind: 'unknown-element', text: 'urn:other' }] } });
    expect(read.ok && read.value.value.DERControl[0]?.DERControlBase).toEqual({});
  });

  it('an extension element without its namespace, noted', () => {
    const read = readResource('DERControlList', list(control('01', limit('opModExpLimW', '1500'))));
    expect(read.ok && read.value.value.DERControl[0]?.DERControlBase.opModExpLimW).toEqual({ multiplier: 0, value: 1500 });
    expect(read).toMatchObject({ value: { notes: [{ kind: 'wrong-namespace', count: 1 }] } });
  });

  it('one unusable control: it alone is left out, and counted', () => {
    const read = readResource(
      'DERControlList',
      list(control('01', limit('q:opModExpLimW', '40000')) + control('02', limit('q:opModExpLimW', '0'))),
    );
    expect(read.ok && read.value.value.DERControl.map((item) => item.mRID)).toEqual(['02']);
    expect(read).toMatchObject({
      value: {
        notes: [
          {
            kind: 'dropped-item',
            text: 'invalid DERControlList/DERControl[0]/DERControlBase/opModExpLimW/value',
            count: 1,
          },
        ],
      },
    });
  });

  it('counts a dropped item however many notes came before it, and a part of an item apart', () => {
    const strange = Array.from({ length: 40 }, (_, index) => `<x${index}/>`).join('');
    const read = readResource('DERControlList', list(strange + control('zz', '')));
    expect(read.ok && read.value.notes.filter((note) => note.kind === 'dropped-item')).toMatchObject([{ count: 1 }]);
    const point =
      '<MirrorUsagePoint><mRID>01</mRID><roleFlags>0003</roleFlags><serviceCategoryKind>0</serviceCategoryKind><status>1</status>' +
      `<deviceLFDI>${'0'.repeat(40)}</deviceLFDI><MirrorMeterReading/></MirrorUsagePoint>`;
    const mirrors = readResource(
      'MirrorUsagePointList',
      bytes(`<MirrorUsagePointList ${NS} all="1" results="1">${point}</MirrorUsagePointList>`),
    );
    expect(mirrors.ok && mirrors.value.value.MirrorUsagePoint.length).toBe(1);
    expect(mirrors.ok && mirrors.value.notes.map((note) => note.kind)).toEqual(['dropped-part']);
  });

  it('missing counts, a bad poll rate, another order, an unknown element', () => {
    const body = bytes(
      `<DERProgramList ${NS} pollRate="-5"><DERProgram><primacy>1</primacy><mRID>ab</mRID><news/></DERProgram></DERProgramList>`,
    );
    const read = readResource('DERProgramList', body);
    expect(read.ok && read.value.value).toEqual({ all: 1, results: 1, DERProgram: [{ mRID: 'ab', primacy: 1 }] });
    expect(read.ok && read.value.notes.map((note) => note.kind)).toEqual([
      'wrong-order',
      'unknown-element',
      'missing-attribute',
      'missing-attribute',
      'bad-attribute',
    ]);
  });

  it('an LFDI in lower case with separators, a short hexBinary, a long text, predefined entities and CDATA', () => {
    const body = bytes(
      `<MirrorUsagePoint ${NS}><mRID>0a</mRID><description>${'ä'.repeat(20)}</description><roleFlags>3</roleFlags>` +
        `<serviceCategoryKind>0</serviceCategoryKind><status>1</status><deviceLFDI>3e4f45ab-31edfe5b67e343e5e4562e3100000000</deviceLFDI></MirrorUsagePoint>`,
    );
    const read = readResource('MirrorUsagePoint', body);
    expect(read.ok && read.value.value).toMatchObject({
      mRID: '0a',
      description: 'ä'.repeat(16),
      roleFlags: '03',
      deviceLFDI: '3E4F45AB31EDFE5B67E343E5E4562E3100000000',
    });
    expect(read.ok && read.value.notes.map((note) => note.kind)).toEqual(['cut-text', 'odd-hex']);
    const link = bytes(`<DER ${NS} href="/a?b=1&amp;c=&#x32;"><!-- no --></DER>`);
    expect(parseResource('DER', link)).toEqual({ ok: true, value: { href: '/a?b=1&c=2' } });
    const text = bytes(
      `<LogEvent ${NS}><createdDateTime>1</createdDateTime><details>a&lt;<![CDATA[&b]]></details><functionSet>11</functionSet><logEventCode>1</logEventCode><logEventID>1</logEventID><logEventPEN>1</logEventPEN><profileID>2</profileID></LogEvent>`,
    );
    expect(parseResource('LogEvent', text)).toMatchObject({ value: { details: 'a<&b' } });
  });
});

describe('writing', () => {
  const capability = {
    modesSupported: '00000000',
    rtgMaxW: { multiplier: 0, value: 5000 },
    type: 4,
    doeModesSupported: '05',
    vppModesSupported: '01',
  };

  it('orders by the table, not by the object', () => {
    expect(writeResource('Error', { reasonCode: 1, maxRetryDuration: 5 })).toBe(
      `<Error ${NS}><maxRetryDuration>5</maxRetryDuration><reasonCode>1</reasonCode></Error>`,
    );
  });

  it('speaks the version the utility speaks', () => {
    const as = (csipAus: '1.2' | '1.3' | 'none'): string => writeResource('DERCapability', capability, { csipAus, prefix: 'c' });
    expect(as('1.2')).toContain('xmlns:c="https://csipaus.org/ns">');
    expect(as('1.2')).not.toContain('vppModesSupported');
    expect(as('1.3')).toContain('<c:vppModesSupported>01</c:vppModesSupported></DERCapability>');
    expect(as('none')).not.toContain('csipaus');
    expect(as('none')).not.toContain('doeModesSupported');
  });

  it('escapes, and declares no extension it does not use', () => {
    const text = writeResource('DER', { href: '/a?b=1&c="2"' });
    expect(text).toBe(`<DER ${NS} href="/a?b=1&amp;c=&quot;2&quot;"/>`);
  });

  it('does not let a value out of its type pass', () => {
    expect(() => writeResource('Error', { reasonCode: 70_000 })).toThrow('Error/reasonCode');
    expect(() => writeResource('Error', { reasonCode: Number.NaN })).toThrow('Error/reasonCode');
  });
});
