import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { UtilityResponse } from '../../rig/utility/core.ts';
import { stage, unstage, type Misdeed } from '../../rig/utility/stage.ts';
import { attribute, client, discover, href, one, START, xml, type TestClient } from './client.ts';

const staged = (misdeed: Misdeed, times?: number): { readonly utility: TestClient; readonly answer: () => UtilityResponse } => {
  const utility = client();
  stage(utility.state, { kinds: ['dcap'] }, misdeed, times);
  return { utility, answer: () => utility.get(utility.dcap) };
};

describe('a staged status', () => {
  it('befalls what it names, so many times, and is in the request log', () => {
    const { utility, answer } = staged({ kind: 'status', status: 404 }, 2);
    const time = href(xml(client().get(client().dcap)), 'TimeLink');
    expect(utility.get(time).status).not.toBe(500);
    expect([answer(), answer(), answer()].map(({ status }) => status)).toEqual([404, 404, 200]);
    expect(utility.state.journal.exchanges.slice(-3).map(({ status }) => status)).toEqual([404, 404, 200]);
  });

  it('carries Retry-After in either form, counted from the Date of the answer', () => {
    const seconds = staged({ kind: 'status', status: 503, retryAfter: 30 }).answer();
    expect(seconds.headers['retry-after']).toBe('30');
    const { headers } = staged({ kind: 'status', status: 429, retryAfter: 30, retryForm: 'date' }).answer();
    expect(Date.parse(headers['retry-after'] ?? '') - Date.parse(headers['date'] ?? '')).toBe(30_000);
  });

  it('ends when it is taken away, alone or with all others', () => {
    const utility = client();
    const one = stage(utility.state, { kinds: ['dcap'] }, { kind: 'status', status: 403 });
    stage(utility.state, { kinds: ['dcap'] }, { kind: 'status', status: 429 });
    const status = (): number => utility.get(utility.dcap).status;
    expect(status()).toBe(403);
    unstage(utility.state, one);
    expect(status()).toBe(429);
    unstage(utility.state);
    expect(status()).toBe(200);
  });

  it('befalls one method and one item where it says so', () => {
    const utility = client();
    const { der } = discover(utility);
    const place = href(xml(utility.get(der)), 'DERStatusLink');
    stage(utility.state, { kinds: ['der-status'], methods: ['PUT'], item: '1' }, { kind: 'status', status: 503 });
    stage(utility.state, { kinds: ['der-status'], item: '2' }, { kind: 'status', status: 500 });
    expect(utility.get(place).status).toBe(204);
    expect(utility.send('PUT', place, '<a/>').status).toBe(503);
  });
});

describe('a staged redirect', () => {
  const follow = (utility: TestClient, path: string, most: number): readonly number[] => {
    const statuses: number[] = [];
    for (let at = path; statuses.length < most; ) {
      const { status, headers } = utility.get(at);
      statuses.push(status);
      if (headers['location'] === undefined) break;
      at = headers['location'].replace(/^https?:\/\/[^/]+/, '');
    }
    return statuses;
  };

  it('leads to the resource after its hops, and keeps the query', () => {
    const utility = client();
    const { fsa } = discover(utility);
    stage(utility.state, { kinds: ['fsa-list'] }, { kind: 'redirect', status: 307, hops: 2 });
    expect(follow(utility, fsa, 9)).toEqual([307, 307, 200]);
    expect(utility.get(`${fsa}?s=0&l=7`).headers['location']).toBe(`${fsa}?s=0&l=7&hop=1`);
  });

  it('never ends when it loops, and goes to any origin', () => {
    const { utility } = staged({ kind: 'redirect', status: 301, hops: Infinity, origin: 'http://elsewhere:80' });
    expect(follow(utility, utility.dcap, 9)).toEqual(Array.from({ length: 9 }, () => 301));
    expect(utility.get(utility.dcap).headers['location']).toMatch(/^http:\/\/elsewhere:80\//);
  });

  it('may have no Location, or one that is none', () => {
    expect(staged({ kind: 'location', status: 302, location: null }).answer().headers['location']).toBeUndefined();
    expect(staged({ kind: 'location', status: 308, location: 'ht!tp:' }).answer().headers['location']).toBe('ht!tp:');
  });
});

describe('a damaged body', () => {
  const body = (misdeed: Misdeed): UtilityResponse => staged(misdeed).answer();
  const good = client().get(client().dcap).body;

  it('is cut, junk, empty, or another resource', () => {
    expect(good.startsWith(body({ kind: 'damage', damage: 'truncated' }).body)).toBe(true);
    expect(body({ kind: 'damage', damage: 'junk' }).body).toContain('<html>');
    expect(body({ kind: 'damage', damage: 'empty' }).body).toBe('');
    expect(body({ kind: 'damage', damage: 'foreign' }).body).toContain('<Error ');
    expect(body({ kind: 'damage', damage: 'entities' }).body).toContain('<!ENTITY');
    expect(body({ kind: 'damage', damage: 'nested' }).body).toMatch(/^(?:<a>){10000}/);
  });

  it('is other bytes than its text', () => {
    const garbled = body({ kind: 'damage', damage: 'garbled' });
    expect(garbled.bytes).toHaveLength(Buffer.byteLength(garbled.body));
    expect(Buffer.from(garbled.bytes ?? []).toString('latin1')).not.toBe(garbled.body);
    const bytes = body({ kind: 'damage', damage: 'not-utf8' }).bytes ?? new Uint8Array();
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
  });

  it('is ten mebibytes, plain or from little', () => {
    const MEBIBYTES = 10 * 1024 * 1024;
    expect(body({ kind: 'damage', damage: 'huge' }).body.length).toBeGreaterThan(MEBIBYTES);
    const bomb = body({ kind: 'damage', damage: 'gzip-bomb' });
    expect(bomb.headers['content-encoding']).toBe('gzip');
    expect(bomb.bytes?.length).toBeLessThan(100_000);
    expect(gunzipSync(bomb.bytes ?? '').length).toBeGreaterThan(MEBIBYTES);
    const falsely = body({ kind: 'damage', damage: 'false-coding' });
    expect([falsely.headers['content-encoding'], Buffer.from(falsely.bytes ?? []).toString()]).toEqual(['gzip', falsely.body]);
  });

  it('is of another type, or sent in another way', () => {
    expect(body({ kind: 'type', type: 'text/html' }).headers['content-type']).toBe('text/html');
    expect(body({ kind: 'send', sending: { kind: 'cut', after: 10 } }).sending).toEqual({ kind: 'cut', after: 10 });
    expect(client().get(client().dcap).sending).toEqual({ kind: 'whole' });
  });
});

describe('how a server writes', () => {
  it('hrefs as paths, absolute or relative', () => {
    const links = (form: 'path' | 'absolute' | 'relative'): readonly string[] => {
      const utility = client({ links: form, layout: 'apiV2' });
      const accept = { accept: 'application/sep+xml', host: 'utility.example:8443' };
      const dcap = xml(utility.request('GET', utility.dcap, accept));
      const list = new URL(href(dcap, 'EndDeviceListLink'), `https://utility.example:8443${utility.dcap}`);
      const device = one(xml(utility.request('GET', list.pathname, accept)), 'EndDevice');
      return [href(dcap, 'EndDeviceListLink'), new URL(href(device, 'DERListLink'), list).pathname, attribute(device, 'href')];
    };
    const [path, der, device] = links('path');
    expect([path, der]).toEqual(['/api/v2/edev', '/api/v2/edev/GW_6D877F/der']);
    expect(links('absolute')).toEqual([`https://utility.example:8443${path}`, der, `https://utility.example:8443${device}`]);
    expect(links('relative')).toEqual(['../../api/v2/edev', der, '../../api/v2/edev/GW_6D877F']);
  });

  it('compressed when asked, or to everyone', () => {
    const coding = (gzip: 'never' | 'asked' | 'always', accept: string): string | undefined => {
      const utility = client({ gzip });
      const headers = { accept: 'application/sep+xml', 'accept-encoding': accept };
      const { headers: answered, bytes, body } = utility.request('GET', utility.dcap, headers);
      if (bytes !== null) expect(gunzipSync(bytes).toString()).toBe(body);
      return answered['content-encoding'];
    };
    expect([coding('never', 'gzip'), coding('asked', 'gzip'), coding('asked', ''), coding('always', '')]).toEqual([
      undefined,
      'gzip',
      undefined,
      'gzip',
    ]);
  });

  it('the v1.3 extension under its namespace, with its parameter on every message', () => {
    const utility = client({ extension: '1.3' });
    expect(utility.get(utility.dcap).status).toBe(406);
    const { headers, body } = utility.request('GET', utility.dcap, { accept: 'application/sep+xml; csipaus=1.3' });
    expect(headers['content-type']).toBe('application/sep+xml; csipaus=1.3');
    expect(body).toContain('xmlns:ns2="https://csipaus.org/ns/v1.3"');
    const known = JSON.parse(utility.get('/.well-known/csipaus').body) as unknown;
    expect(known).toEqual({ supportedSchemaVersions: { 'https://csipaus.org/ns/v1.3': { dcap: [utility.dcap] } } });
  });

  it('nothing of Australia where it never heard of it', () => {
    const utility = client({ extension: 'none' });
    const device = xml(utility.get(href(xml(utility.get(utility.dcap)), 'EndDeviceListLink')));
    expect(() => href(device, 'ConnectionPointLink')).toThrow();
    expect(utility.get(utility.dcap).body).not.toContain('csipaus');
  });

  it('a Time that has jumped while its schedules have not', () => {
    const utility = client();
    utility.state.timeJump = -86_400;
    expect(one(xml(utility.get(href(xml(utility.get(utility.dcap)), 'TimeLink'))), 'currentTime').text).toBe(
      String(START - 86_400),
    );
  });
});
