import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { httpClient } from '#platform/http/client.ts';
import type { ChainRule } from '#platform/tls/context.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { SUITE } from '../../rig/utility/server.ts';
import { makePathPki, makePki, type Issued, type PathPki, type Pki } from '../../rig/utility/pki.ts';

let directory = '';
let pki: Pki;
let paths: PathPki;
let server: Server | null = null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-chain-'));
  pki = await makePki(directory);
  paths = await makePathPki(directory);
});
afterAll(async () => await rm(directory, { recursive: true }));
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = null;
});

/** What a client with our rules, or with OpenSSL's alone, makes of a server with this certificate. */
const meet = async (issued: Issued, chainRule: ChainRule | null, trust = pki.serca): Promise<string> => {
  const text = async (path: string): Promise<string> => await readFile(path, 'utf8');
  const listening = createServer(
    {
      cert: await text(issued.cert),
      key: await text(issued.key),
      ca: await text(pki.serca),
      requestCert: true,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: SUITE,
    },
    (_, response) => response.end('well'),
  );
  server = listening;
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const identity = { certificate: await text(pki.device.cert), key: await text(pki.device.key), trust: await text(trust) };
  const client = httpClient(identity, { serverLFDI: null, chainRule });
  const reply = await client.request({ method: 'GET', url: `https://127.0.0.1:${port}/`, headers: {}, body: null });
  await client.close();
  return reply.ok ? `HTTP ${reply.value.status}` : `${reply.fault.kind}: ${reply.fault.text}`;
};

describe('a path to the root', () => {
  test.each([0, 1, 2])('of the standard is taken, number %i', async (index) => {
    expect(await meet(paths.good[index] ?? pki.server, chainProblem)).toBe('HTTP 200');
  });

  test.each([
    ['usage', 'critical extended key usage'],
    ['names', 'name constraints'],
    ['mappings', 'policy mappings'],
    ['long', 'a path of 5'],
  ] as const)('that OpenSSL takes and IEEE 2030.5 does not is refused: %s', async (what, why) => {
    expect(await meet(paths.refused[what], null)).toBe('HTTP 200');
    server?.close();
    expect(await meet(paths.refused[what], chainProblem)).toMatch(new RegExp(`^tls-untrusted: .*${why}`));
  });

  test('of one certificate is refused even where it is the pinned root itself', async () => {
    expect(await meet(paths.selfSigned, null, paths.selfSigned.cert)).toBe('HTTP 200');
    server?.close();
    expect(await meet(paths.selfSigned, chainProblem, paths.selfSigned.cert)).toMatch(/^tls-untrusted: .*signed itself/);
  });
});
