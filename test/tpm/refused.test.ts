import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { httpClient } from '#platform/http/client.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import { openTpm, type Tpm } from '#platform/tpm/tpm.ts';
import { type Issued, makePki, makeWrongPki, type Pki, type WrongPki } from '../rig/utility/pki.ts';
import { certificateFor, enrol } from './enrolled.ts';
import { startTpm, type TpmMachine } from './machine.ts';
import { type Peers, peersOf } from './peer.ts';

const AUTH = randomBytes(32);
let machine: TpmMachine;
let tpm: Tpm;
let pki: Pki;
let wrong: WrongPki;
let identity: TlsIdentity;
let peers: Peers;

beforeAll(async () => {
  machine = await startTpm();
  pki = await makePki(join(machine.directory, 'pki'));
  wrong = await makeWrongPki(join(machine.directory, 'pki'));
  const opened = openTpm(machine.tcti);
  if (!opened.ok) throw new Error(opened.fault.text);
  tpm = opened.value;
  identity = await enrol(tpm, AUTH, join(machine.directory, 'pki'));
  expect(tpm.serveTls().ok).toBe(true);
  peers = peersOf(pki);
});
afterAll(async () => await machine.end());
afterEach(async () => await peers.end());

/** `KIND: text` of what a request ends with. */
const outcome = async (who: TlsIdentity, port: number, serverLFDI: string | null = null): Promise<string> => {
  const client = httpClient(who, { serverLFDI, chainRule: null });
  const url = `https://127.0.0.1:${port}/`;
  const reply = await client.request({ method: 'GET', url, headers: { accept: '*/*' }, body: null });
  await client.close();
  return reply.ok ? `HTTP ${reply.value.status}` : `${reply.fault.kind}: ${reply.fault.text}`;
};

test('the key in the TPM with the right certificate is taken', async () => {
  expect(await outcome(identity, await peers.start())).toBe('HTTP 200');
});

test.each<readonly [string, () => Promise<string>, RegExp]>([
  ['no certificate', async () => Promise.resolve(''), /^tls-refused: .*HANDSHAKE.FAILURE/is],
  [
    'a chain of another root',
    async () => certificateFor(tpm, join(machine.directory, 'pki', 'other-root')),
    /^tls-refused: .*UNKNOWN.CA/is,
  ],
  ['an expired certificate', async () => certificateFor(tpm, join(machine.directory, 'pki'), -1), /^tls-refused: .*EXPIRED/is],
])('the server refuses us for %s: a named fault, each time', async (_, certificateOf, named) => {
  const certificate = await certificateOf();
  const port = await peers.start();
  for (let times = 0; times < 5; times += 1) {
    const text = await outcome({ ...identity, certificate }, port);
    expect(text).toMatch(named);
    expect(text).not.toContain('ECONNRESET');
  }
});

test.each<readonly [string, () => Issued, string]>([
  ['a chain of another root', () => wrong.otherRoot.server, 'tls-untrusted'],
  ['an expired certificate', () => wrong.expiredServer, 'tls-expired'],
  ['a certificate for another name', () => wrong.wrongNameServer, 'tls-name'],
])('we refuse the server for %s: a named fault', async (_, server, kind) => {
  const text = await outcome(identity, await peers.start([], server()));
  expect(text).toMatch(new RegExp(`^${kind}: `));
  expect(text).not.toContain('ECONNRESET');
});

test('we refuse a server that is not the pinned one', async () => {
  expect(await outcome(identity, await peers.start(), 'A'.repeat(40))).toMatch(/^tls-name: .*LFDI/);
});

test('a certificate for another key than the one in the TPM: said so, and nothing is sent', async () => {
  const certificate = await readFile(pki.device.cert, 'utf8');
  expect(await outcome({ ...identity, certificate }, await peers.start())).toMatch(/: .*key values mismatch/);
});
