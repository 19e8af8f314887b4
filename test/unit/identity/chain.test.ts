import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wallSeconds } from '#base/units.ts';
import { chainProblem, validityAt, validityText } from '#utility/identity/chain.ts';
import { readCertificate } from '#utility/identity/certificate.ts';
import { derElements, objectIdentifier } from '#utility/identity/der.ts';
import { isNmi } from '#utility/identity/nmi.ts';

const bytes = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
const of = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = bytes(...parts);
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return bytes(tag, ...length, content);
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const name = (value: string): Uint8Array => of(0x30, text(value));
const validity = (to: string): Uint8Array => of(0x30, of(0x17, text('260101000000Z')), of(0x18, text(to)));
/** id-ce-*, by its last arc. */
const extension = (arc: number, critical: boolean): Uint8Array =>
  of(0x30, of(0x06, bytes(0x55, 0x1d, arc)), ...(critical ? [of(0x01, bytes(0xff))] : []), of(0x04, bytes(0)));

interface Made {
  readonly subject?: string;
  readonly issuer?: string;
  readonly until?: string;
  readonly extensions?: readonly Uint8Array[];
}
/** Enough of a certificate for the reader. */
const certificate = ({ subject = 'a', issuer = 'b', until = '99991231235959Z', extensions = [] }: Made = {}): Uint8Array => {
  const more = extensions.length === 0 ? [] : [of(0xa3, of(0x30, ...extensions))];
  const fields = [of(0xa0, bytes(2, 1, 2)), of(0x02, bytes(1)), of(0x30), name(issuer), validity(until), name(subject), of(0x30)];
  return of(0x30, of(0x30, ...fields, ...more), of(0x30), of(0x03, bytes(0)));
};

const root = certificate({ subject: 'root', issuer: 'root' });

describe('a chain', () => {
  test('of two to four is fine, a longer or an empty one is not', () => {
    for (const middle of [[], [certificate()], [certificate(), certificate()]]) {
      expect(chainProblem([certificate(), ...middle, root])).toBeNull();
    }
    expect(chainProblem([certificate(), certificate(), certificate(), certificate(), root])).toContain('a path of 5');
    expect(chainProblem([])).not.toBeNull();
  });

  test.each([
    [37, true, 'extended key usage'],
    [30, false, 'name constraints'],
    [30, true, 'name constraints'],
    [33, false, 'policy mappings'],
    [36, true, 'policy constraints'],
  ])('with extension 2.5.29.%i, critical %s, in a CA is refused; in the leaf it is its own affair', (arc, critical, why) => {
    const odd = certificate({ extensions: [extension(arc, critical)] });
    expect(chainProblem([certificate(), odd, root])).toContain(why);
    expect(chainProblem([odd, root])).toBeNull();
  });

  test('with an extended key usage that is not critical is fine', () => {
    expect(chainProblem([certificate(), certificate({ extensions: [extension(37, false)] }), root])).toBeNull();
  });

  test('whose leaf signed itself is refused', () => {
    expect(chainProblem([root])).toContain('signed itself');
    expect(chainProblem([certificate({ subject: 'x', issuer: 'x' }), root])).toContain('signed itself');
  });

  test('of anything else is refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 4 }), (chain) => {
        expect(typeof chainProblem(chain)).toBe('string');
      }),
    );
    const whole = certificate({ extensions: [extension(30, true)] });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const broken = Uint8Array.from(whole);
        broken[at] = byte;
        readCertificate(broken);
        chainProblem([certificate(), broken, root]);
      }),
    );
  });
});

describe('the validity of a certificate', () => {
  const at = (iso: string): ReturnType<typeof wallSeconds> => wallSeconds(Date.parse(iso) / 1000);
  const ending = certificate({ until: '20270301000000Z' });

  test.each([
    ['2026-12-01T00:00:00Z', { kind: 'good' }],
    ['2027-01-01T00:00:00Z', { kind: 'ends-soon', days: 59 }],
    ['2027-03-03T00:00:00Z', { kind: 'ended', days: 2 }],
    ['2025-12-31T00:00:00Z', { kind: 'not-yet', days: 1 }],
  ] as const)('at %s is %j', (now, expected) => {
    const found = validityAt(ending, at(now));
    expect(found).toEqual(expected);
    if (found.kind !== 'good') expect(validityText(found)).toContain('days');
  });

  test('has no end in the 2030.5 PKI', () => {
    expect(validityAt(certificate(), at('2100-01-01T00:00:00Z'))).toEqual({ kind: 'good' });
  });
});

describe('DER', () => {
  test('without a definite, bounded length is refused', () => {
    expect(derElements(bytes(0x30, 0x80, 0, 0)).ok).toBe(false);
    expect(derElements(bytes(0x30, 0x84, 1, 0, 0, 0)).ok).toBe(false);
    expect(derElements(bytes(0x30, 5, 1)).ok).toBe(false);
    expect(derElements(bytes(0x1f, 1, 1)).ok).toBe(false);
  });

  test('object identifiers are dotted decimal', () => {
    expect(objectIdentifier(bytes(0x55, 0x1d, 0x25))).toBe('2.5.29.37');
    expect(objectIdentifier(bytes(0x2b, 6, 1, 4, 1, 0x82, 0xbe, 0x1c, 1, 1))).toBe('1.3.6.1.4.1.40732.1.1');
  });
});

test('the check digit of an NMI', () => {
  expect(['20019857328', 'QAAAVZZZZZ3', 'QCDWW000102', '41020000010'].map(isNmi)).toEqual([true, true, true, true]);
  expect(['20019857327', '2001985732', 'qaaavzzzzz3', 'OAAAVZZZZZ3'].map(isNmi)).toEqual([false, false, false, false]);
});
