import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { httpClient } from '#platform/http/client.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { lfdiOf } from '../../rig/utility/identity.ts';
import { makePathPki, makePki, makeWrongPki, type Issued, type PathPki, type Pki, type WrongPki } from '../../rig/utility/pki.ts';
import { SUITE } from '../../rig/utility/server.ts';
import { requirement } from './requirement.ts';

/** Handshakes are real: the product's HTTPS client and a server on a socket. No span is judged. */
let directory = '';
let pki: Pki;
let paths: PathPki;
let wrong: WrongPki;
let server: Server | null = null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-conformance-'));
  pki = await makePki(directory);
  paths = await makePathPki(directory);
  wrong = await makeWrongPki(directory);
});
afterAll(async () => await rm(directory, { recursive: true }));

const close = (): void => {
  server?.close();
  server?.closeAllConnections();
  server = null;
};
afterEach(close);

interface Met {
  /** Status or fault of the client. */
  readonly outcome: string;
  /** Protocol, suite and LFDI of the client, as the server saw them. */
  readonly seen: { readonly protocol: string | null; readonly suite: string; readonly lfdi: string } | null;
}

const text = async (path: string): Promise<string> => await readFile(path, 'utf8');

/** One GET of our client at a server with that certificate. */
const meet = async (issued: Issued, trust = pki.serca): Promise<Met> => {
  let seen: Met['seen'] = null;
  const tls = {
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: SUITE,
  } as const;
  const files = { cert: await text(issued.cert), key: await text(issued.key), ca: await text(pki.serca) };
  const listening = createServer({ ...tls, ...files }, ({ socket }, response) => {
    if (socket instanceof TLSSocket) {
      const raw = socket.getPeerX509Certificate()?.raw ?? new Uint8Array();
      seen = { protocol: socket.getProtocol(), suite: socket.getCipher().name, lfdi: lfdiOf(raw) };
    }
    response.end('well');
  });
  server = listening;
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const identity = { certificate: await text(pki.device.cert), key: await text(pki.device.key), trust: await text(trust) };
  const client = httpClient(identity, { serverLFDI: null, chainRule: chainProblem });
  const reply = await client.request({ method: 'GET', url: `https://127.0.0.1:${port}/`, headers: {}, body: null });
  await client.close();
  close();
  return { outcome: reply.ok ? `HTTP ${reply.value.status}` : reply.fault.kind, seen };
};

requirement(
  ['COMM-003', 'P7', 'P8', 'P9', 'P11', 'P12', 'P15'],
  'TLS 1.2 with CCM-8, both sides by certificate',
  async (evidence) => {
    const { outcome, seen } = await meet(pki.server);
    expect(outcome).toBe('HTTP 200');
    expect(seen).toEqual({ protocol: 'TLSv1.2', suite: 'ECDHE-ECDSA-AES128-CCM8', lfdi: pki.device.lfdi });
    evidence.wire('a handshake with TLS 1.2, CCM-8 and our certificate', 1);
  },
);

requirement(['COMM-004'], 'paths of 2, 3 and 4 taken; what the standard forbids in a path refused', async (evidence) => {
  for (const [index, good] of paths.good.entries()) {
    expect((await meet(good)).outcome, `path of ${index + 2}`).toBe('HTTP 200');
    evidence.wire(`a path of ${index + 2} is taken`, 1);
  }
  for (const what of ['usage', 'names', 'mappings'] as const) {
    const { outcome, seen } = await meet(paths.refused[what]);
    expect(outcome, what).toBe('tls-untrusted');
    expect(seen, 'no request went out').toBeNull();
    evidence.wire(`refused: ${what}`, 1);
  }
  expect((await meet(paths.selfSigned, paths.selfSigned.cert)).outcome).toBe('tls-untrusted');
  evidence.wire('refused: self-signed', 1);
});

requirement(['P16'], 'a server that is not authenticated is left without a request', async (evidence) => {
  for (const [issued, kind] of [
    [wrong.otherRoot.server, 'tls-untrusted'],
    [wrong.expiredServer, 'tls-expired'],
  ] as const) {
    const { outcome, seen } = await meet(issued);
    expect(outcome).toBe(kind);
    expect(seen).toBeNull();
    evidence.wire(`left without a request: ${kind}`, 1);
  }
});
