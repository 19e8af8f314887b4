import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { httpClient } from '#platform/http/client.ts';
import type { HttpFault, HttpReply } from '#utility/walk/http-port.ts';
import type { Result } from '#base/result.ts';
import { type Issued, makePki, makeWrongPki, type Pki, type WrongPki } from '../../rig/utility/pki.ts';

/** OpenSSL's own server is the stranger here: nothing of it is ours. */
let directory = '';
let pki: Pki;
let wrong: WrongPki;
let peer: ChildProcess | null = null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-tls-'));
  pki = await makePki(directory);
  wrong = await makeWrongPki(directory);
});

afterAll(async () => await rm(directory, { recursive: true }));

afterEach(async () => {
  if (peer !== null && peer.exitCode === null) {
    peer.kill('SIGKILL');
    await once(peer, 'exit');
  }
  peer = null;
});

const CCM8 = ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-CCM8'];

/** Starts `openssl s_server`; resolves with its port. */
const sServer = async (certificate: Issued, options: readonly string[] = CCM8, clientRoot = pki.serca): Promise<number> => {
  const demand = ['-Verify', '4', '-verify_return_error', '-CAfile', clientRoot];
  const files = ['-cert', certificate.cert, '-cert_chain', pki.mica, '-key', certificate.key];
  const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-www', ...files, ...demand, ...options], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  peer = child;
  let text = '';
  return await new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('exit', () => reject(new Error(`s_server ended: ${text}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /ACCEPT .*:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
};

const get = async (
  port: number,
  options: { device?: Issued; serverLFDI?: string } = {},
): Promise<Result<HttpReply, HttpFault>> => {
  const device = options.device ?? pki.device;
  const identity = {
    certificate: await readFile(device.cert, 'utf8'),
    key: await readFile(device.key, 'utf8'),
    trust: await readFile(pki.serca, 'utf8'),
  };
  const client = httpClient(identity, { serverLFDI: options.serverLFDI ?? null, chainRule: null });
  const reply = await client.request({
    method: 'GET',
    url: `https://127.0.0.1:${port}/`,
    headers: { accept: '*/*' },
    body: null,
  });
  await client.close();
  return reply;
};

const kindOf = (reply: Result<HttpReply, HttpFault>): string => (reply.ok ? `HTTP ${reply.value.status}` : reply.fault.kind);

test('speaks TLS 1.2 with CCM-8 to openssl s_server, which verifies our chain', async () => {
  const reply = await get(await sServer(pki.server));
  expect(kindOf(reply)).toBe('HTTP 200');
  const text = reply.ok ? new TextDecoder().decode(reply.value.body) : '';
  expect(text).toContain('ECDHE-ECDSA-AES128-CCM8');
  expect(text).toContain('TLSv1.2');
});

test('accepts a device certificate as server: no name in it, the chain counts', async () => {
  expect(kindOf(await get(await sServer(pki.device)))).toBe('HTTP 200');
});

test('a pinned LFDI is checked', async () => {
  const port = await sServer(pki.device);
  expect(kindOf(await get(port, { serverLFDI: pki.device.lfdi }))).toBe('HTTP 200');
  expect(kindOf(await get(port, { serverLFDI: 'AB'.repeat(20) }))).toBe('tls-name');
});

test('a server under another root: tls-untrusted', async () => {
  expect(kindOf(await get(await sServer(wrong.otherRoot.server)))).toBe('tls-untrusted');
});

test.each([
  ['expired', 'tls-expired'],
  ['wrong name', 'tls-name'],
] as const)('a server certificate that is %s is refused as %s', async (what, kind) => {
  const certificate = what === 'expired' ? wrong.expiredServer : wrong.wrongNameServer;
  expect(kindOf(await get(await sServer(certificate)))).toBe(kind);
});

test('a server that does not know our certificate: tls-refused', async () => {
  expect(kindOf(await get(await sServer(pki.server), { device: wrong.otherRoot.device }))).toBe('tls-refused');
});

test('a server with another version of TLS alone: tls-suite', async () => {
  expect(kindOf(await get(await sServer(pki.server, ['-tls1_3'])))).toBe('tls-suite');
});

test('a server with another suite alone ends the handshake', async () => {
  expect(kindOf(await get(await sServer(pki.server, ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-SHA384'])))).toBe('tls-refused');
});

test('nobody listens: refused; one that hangs up: a named fault', async () => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(kindOf(await get(port))).toBe('tls-refused');
  server.close();
  await once(server, 'close');
  expect(kindOf(await get(port))).toBe('refused');
});
