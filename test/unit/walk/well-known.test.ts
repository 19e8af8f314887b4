import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseVersion, mediaTypeFor, wellKnownUrl } from '#utility/walk/well-known.ts';

const BASE = 'https://utility.test/.well-known/csipaus';
const RULE = { allowedOrigins: [] };
const choose = (versions: unknown): ReturnType<typeof chooseVersion> =>
  chooseVersion(new TextEncoder().encode(JSON.stringify({ supportedSchemaVersions: versions })), BASE, RULE);
const V13 = 'https://csipaus.org/ns/v1.3';
const V12 = 'https://csipaus.org/ns';

test('the newest version both speak is chosen', () => {
  const both = { [V12]: { dcap: ['/old'] }, [V13]: { dcap: ['/new'] } };
  expect(choose(both)).toEqual({ ok: true, value: { version: '1.3', dcap: 'https://utility.test/new' } });
  expect(choose({ [V12]: { dcap: ['/old'] }, 'https://csipaus.org/ns/v9': { dcap: ['/future'] } })).toMatchObject({
    ok: true,
    value: { version: '1.2' },
  });
});

test.each([
  [{ [V13]: null, [V12]: { dcap: ['/old'] } }],
  [{ [V13]: { dcap: [] }, [V12]: { dcap: ['/old'] } }],
  [{ [V13]: { dcap: '/new' }, [V12]: { dcap: ['/old'] } }],
  [{ [V13]: { dcap: [null, 7, 'http://utility.test/new', 'https://elsewhere.test/dcap'] }, [V12]: { dcap: ['/old'] } }],
])('%j: what is malformed or leads elsewhere is ignored', (versions) => {
  expect(choose(versions)).toMatchObject({ ok: true, value: { version: '1.2', dcap: 'https://utility.test/old' } });
});

test.each([[undefined], [null], [[]], [{}], [{ [V13]: {} }], [{ unknown: { dcap: ['/x'] } }]])(
  '%j: nothing usable, and nothing guessed',
  (versions) => expect(choose(versions).ok).toBe(false),
);

test('any bytes are a fault at worst', () => {
  fc.assert(fc.property(fc.uint8Array(), (body) => void chooseVersion(body, BASE, RULE)));
  expect(chooseVersion(new Uint8Array(70_000), BASE, RULE).ok).toBe(false);
});

test('v1.3 is named in every media type, v1.2 in none', () => {
  expect(wellKnownUrl('https://utility.test:8443/sep2/dcap')).toBe('https://utility.test:8443/.well-known/csipaus');
  expect(mediaTypeFor('application/sep+xml, application/xml;q=0.9', '1.3')).toBe(
    'application/sep+xml; csipaus=1.3, application/xml;q=0.9',
  );
  expect(mediaTypeFor('application/sep+xml; csipaus=1.3', '1.3')).toBe('application/sep+xml; csipaus=1.3');
  expect(mediaTypeFor('application/sep+xml; csipaus=1.3', '1.2')).toBe('application/sep+xml');
});
