import { readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePki, makeWrongPki, type Issued, type Pki, type WrongPki } from '../../rig/utility/pki.ts';
import { startUtilityServer, SUITE, type UtilityServer } from '../../rig/utility/server.ts';
import { run, startRig, temporary, type Ran } from './tools.ts';

let directory = '';
let pki: Pki;
let wrong: WrongPki;
let server: UtilityServer;

beforeAll(async () => {
  directory = await temporary();
  pki = await makePki(join(directory, 'pki'));
  wrong = await makeWrongPki(join(directory, 'pki'));
  server = await startRig(pki);
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const openssl = (args: readonly string[], input = ''): Promise<Ran> => run('openssl', args, 'apt-get install openssl', input);

/** A handshake by openssl, and one request when it succeeds. */
const shake = (
  identity: Issued | null,
  more: readonly string[] = ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-CCM8'],
): Promise<Ran> => {
  const own = identity === null ? [] : ['-cert', identity.cert, '-cert_chain', pki.mica, '-key', identity.key];
  const where = [
    's_client',
    '-connect',
    `127.0.0.1:${server.port}`,
    '-CAfile',
    pki.serca,
    '-verify_return_error',
    '-verify_ip',
    '127.0.0.1',
  ];
  const get = `GET ${new URL(server.url).pathname} HTTP/1.1\r\nHost: rig\r\nAccept: application/sep+xml\r\nConnection: close\r\n\r\n`;
  return openssl([...where, '-ign_eof', ...own, ...more], get);
};

describe('openssl s_client', () => {
  it('agrees on the suite, version and curve of 2030.5, verifies the chain and gets DeviceCapability', async () => {
    const { output } = await shake(pki.device);
    expect(output).toContain('Cipher is ECDHE-ECDSA-AES128-CCM8');
    expect(output).toMatch(/Protocol *: TLSv1\.2/);
    expect(output).toMatch(/Server Temp Key: ECDH, prime256v1/);
    expect(output).toMatch(/Verify return code: 0 \(ok\)/);
    expect(output).toContain('HTTP/1.1 200 OK');
    expect(output).toContain('<DeviceCapability');
  });

  it('resumes a session', async () => {
    const before = server.tls();
    const session = join(directory, 'session.pem');
    const suite = ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-CCM8'];
    await shake(pki.device, [...suite, '-sess_out', session]);
    const { output } = await shake(pki.device, [...suite, '-sess_in', session]);
    expect(output).toContain('Reused, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-CCM8');
    expect(output).toContain('HTTP/1.1 200 OK');
    expect(server.tls()).toMatchObject({ handshakes: before.handshakes + 2, resumed: before.resumed + 1 });
  });

  it.each([
    ['without a client certificate', (): Issued | null => null],
    ['with one of another root', (): Issued => wrong.otherRoot.device],
    ['with one that has expired', (): Issued => wrong.expiredDevice],
  ])('is refused %s', async (_, identity) => {
    const before = server.state.exchanges;
    const { output } = await shake(identity());
    expect(output).not.toContain('HTTP/1.1');
    expect(server.state.exchanges).toBe(before);
  });

  it.each([
    ['TLS 1.3', ['-tls1_3']],
    ['TLS 1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']],
    ['another suite', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256']],
    ['another curve', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-CCM8', '-groups', 'X25519']],
  ])('is refused over %s', async (_, more) => {
    expect((await shake(pki.device, more)).output).not.toContain('HTTP/1.1');
  });

  it('sees through servers of the wrong kind', async () => {
    const problems = await Promise.all(
      [wrong.expiredServer, wrong.wrongNameServer, wrong.otherRoot.server].map(async (identity) => {
        const other = await startUtilityServer({ state: server.state, cert: identity.cert, key: identity.key, ca: pki.serca });
        const where = [
          's_client',
          '-connect',
          `127.0.0.1:${other.port}`,
          '-CAfile',
          pki.serca,
          '-verify_ip',
          '127.0.0.1',
          '-tls1_2',
        ];
        const { output } = await openssl([
          ...where,
          '-cert',
          pki.device.cert,
          '-key',
          pki.device.key,
          '-cipher',
          'ECDHE-ECDSA-AES128-CCM8',
        ]);
        await other.stop();
        return /Verify return code: (\d+)/.exec(output)?.[1];
      }),
    );
    // 10 expired, 64 IP address mismatch, 19 self-signed certificate in chain or 20 no local issuer.
    expect(problems[0]).toBe('10');
    expect(problems[1]).toBe('64');
    expect(['19', '20', '21']).toContain(problems[2]);
  });
});

describe('certificates', () => {
  it('have the profile of 2030.5', async () => {
    const { output } = await openssl(['x509', '-in', pki.device.cert, '-noout', '-text']);
    expect(output).toMatch(/Subject: *\n/);
    expect(output).toContain('Dec 31 23:59:59 9999 GMT');
    expect(output).toMatch(/Subject Alternative Name: critical\s+othername: 1\.3\.6\.1\.5\.5\.7\.8\.4/);
    expect(output).toMatch(/Certificate Policies: critical\s+Policy: 1\.3\.6\.1\.4\.1\.40732\.1\.1/);
    expect(output).toMatch(/Key Usage: critical\s+Digital Signature, Key Agreement\n/);
  });

  it('give the LFDI that openssl and sha256 give', async () => {
    const { output } = await openssl(['x509', '-in', pki.device.cert, '-noout', '-fingerprint', '-sha256']);
    expect(output.split('=')[1]?.replaceAll(':', '').slice(0, 40)).toBe(pki.device.lfdi);
  });
});

const get = async (agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(server.url, { agent, headers: { accept: 'application/sep+xml' } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end();
  });

const agentOf = async (): Promise<Agent> => {
  const [cert, key, ca] = await Promise.all([pki.device.cert, pki.device.key, pki.serca].map((path) => readFile(path, 'utf8')));
  return new Agent({
    cert,
    key,
    ca,
    keepAlive: true,
    maxSockets: 1,
    ciphers: SUITE,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
  });
};

describe('a connection', () => {
  it('is kept alive over several requests', async () => {
    const agent = await agentOf();
    const before = server.tls().handshakes;
    expect([await get(agent), await get(agent), await get(agent)]).toEqual([200, 200, 200]);
    expect(server.tls().handshakes).toBe(before + 1);
    agent.destroy();
  });

  it('is refused while the server is down, and possible again on the same port afterwards', async () => {
    const agent = await agentOf();
    expect(await get(agent)).toBe(200);
    await server.goDown();
    await expect(get(agent)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
    await expect(get(agent)).rejects.toThrow(/ECONNREFUSED/);
    await server.comeBack();
    expect(await get(agent)).toBe(200);
    agent.destroy();
  });

  it('sees the server clock with its offset', () => {
    server.setOffset(-86_400);
    expect(Math.abs(server.now() + 86_400 - Date.now() / 1000)).toBeLessThan(60);
    server.setOffset(0);
  });
});
