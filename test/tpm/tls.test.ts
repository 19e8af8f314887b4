import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { httpClient } from '#platform/http/client.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import { tlsSelfTest } from '#platform/tls/self-test.ts';
import { digestOf, requestInfo, signedRequest } from '#platform/tpm/csr.ts';
import { pem } from '#platform/tpm/der.ts';
import { openTpm, type Tpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';
import type { HttpClient, HttpFault, HttpReply } from '#utility/walk/http-port.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { enrol } from './enrolled.ts';
import { COMMAND, startTpm, type TpmMachine } from './machine.ts';
import { type Peers, peersOf } from './peer.ts';

const run = promisify(execFile);
const SIGN_LIMIT = 1000;
const AUTH = randomBytes(32);
let machine: TpmMachine;
let tpm: Tpm;
let pki: Pki;
let identity: TlsIdentity;
let peers: Peers;
let clients: HttpClient[] = [];

const value = <T>(result: Result<T, { readonly text: string }>): T => {
  if (!result.ok) throw new Error(result.fault.text);
  return result.value;
};

beforeAll(async () => {
  machine = await startTpm();
  pki = await makePki(join(machine.directory, 'pki'));
  peers = peersOf(pki);
  tpm = value(openTpm(machine.tcti, { sign: SIGN_LIMIT, command: 3000, create: 20_000 }));
  identity = await enrol(tpm, AUTH, join(machine.directory, 'pki'));
  expect(tpm.serveTls().ok).toBe(true);
});

afterAll(async () => await machine.end());

afterEach(async () => {
  await machine.disturb(null);
  for (const client of clients) await client.close();
  await peers.end();
  clients = [];
});

const sServer = async (...options: readonly string[]): Promise<number> => await peers.start(options);

const clientOf = (who: TlsIdentity = identity): HttpClient => {
  const client = httpClient(who, { serverLFDI: null, chainRule: null });
  clients.push(client);
  return client;
};

const get = async (client: HttpClient, port: number): Promise<Result<HttpReply, HttpFault>> =>
  await client.request({ method: 'GET', url: `https://127.0.0.1:${port}/`, headers: { accept: '*/*' }, body: null });

const textOf = (reply: Result<HttpReply, HttpFault>): string =>
  reply.ok ? new TextDecoder().decode(reply.value.body) : `${reply.fault.kind}: ${reply.fault.text}`;

test('openssl verifies our chain, over CCM-8 and P-256, with the key in the TPM', async () => {
  const text = textOf(await get(clientOf(), await sServer()));
  expect(text).toContain('Cipher is ECDHE-ECDSA-AES128-CCM8');
  expect(text).toContain('Peer signature type: ECDSA');
  expect(text).toContain('Verify return code: 0 (ok)');
  expect(text).toMatch(/Shared groups: (secp256r1|P-256|prime256v1)/i);
});

test('one TPM2_Sign for each full handshake, none for a resumed one', async () => {
  const port = await sServer();
  const client = clientOf();
  const before = await machine.count(COMMAND.sign);
  const sessions: string[] = [];
  // s_server -www closes after each answer, so that each request is a handshake.
  for (let times = 0; times < 5; times += 1) sessions.push(textOf(await get(client, port)));
  const full = sessions.filter((text) => text.includes('New, TLSv1.2')).length;
  const resumed = sessions.filter((text) => text.includes('Reused, TLSv1.2')).length;
  expect([full, resumed]).toEqual([1, 4]);
  expect((await machine.count(COMMAND.sign)) - before).toBe(full);
});

test('the context is shared: one look-up of the key for many handshakes', async () => {
  const port = await sServer('-no_ticket', '-no_cache');
  const client = clientOf();
  const before = [await machine.count(COMMAND.readPublic), await machine.count(COMMAND.sign)] as const;
  for (let times = 0; times < 4; times += 1) expect(textOf(await get(client, port))).toContain('New, TLSv1.2');
  expect((await machine.count(COMMAND.sign)) - before[1]).toBe(4);
  expect((await machine.count(COMMAND.readPublic)) - before[0]).toBeLessThanOrEqual(2);
});

test.each([
  [{ answer: 0x921 }, 'TPM_LOCKOUT'],
  [{ answer: 0x922 }, 'TPM_BUSY'],
  [{ answer: 0x100 }, 'TPM_NOT_STARTED'],
  [{ hang: true }, 'TPM_HUNG'],
] as const)('a TPM that does %o in the handshake: a named fault, and it works when the TPM does', async (disturbance, name) => {
  const port = await sServer('-no_ticket', '-no_cache');
  const client = clientOf();
  expect(textOf(await get(client, port))).toContain('New, TLSv1.2');
  await machine.disturb({ code: COMMAND.sign, ...disturbance });
  const reply = await get(client, port);
  expect(textOf(reply)).toMatch(new RegExp(`^tls-key: .*${name}`, 's'));
  if ('hang' in disturbance) expect(textOf(await get(client, port))).toContain('still owes an answer');
  await machine.disturb(null);
  const deadline = Date.now() + 10_000;
  let text = textOf(await get(client, port));
  while (text.startsWith('tls-key') && Date.now() < deadline) text = textOf(await get(client, port));
  expect(text).toContain('New, TLSv1.2');
});

test('ordinary EC keys and keys in files go on working beside it', async () => {
  generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(await tlsSelfTest(identity)).toEqual({ ok: true, value: undefined });
  const file: TlsIdentity = {
    certificate: await readFile(pki.device.cert, 'utf8'),
    key: await readFile(pki.device.key, 'utf8'),
    trust: identity.trust,
  };
  expect(textOf(await get(clientOf(file), await sServer()))).toContain('Verify return code: 0 (ok)');
});

test('the self-test says what is wrong: another key than that of the certificate, no key at the handle', async () => {
  const swapped = await tlsSelfTest({ ...identity, certificate: await readFile(pki.device.cert, 'utf8') });
  expect(swapped.ok ? '' : swapped.fault).toMatch(/key values mismatch/i);
  const absent = await tlsSelfTest({ ...identity, key: tpmKeyPem(TPM_HANDLES.b) });
  expect(absent.ok ? '' : absent.fault).toMatch(/tpm no key|TPM_NO_KEY/i);
});

test('openssl takes our certificate request: empty subject, hardwareModuleName', async () => {
  const { point } = value(await tpm.readKey(TPM_HANDLES.a));
  const info = requestInfo(point, { type: '1.3.6.1.4.1.32473.1', serial: 'GW-0001' });
  if (!info.ok) throw new Error(info.fault);
  const signature = value(await tpm.sign(TPM_HANDLES.a, digestOf(info.value)));
  const path = join(machine.directory, 'own.csr');
  await writeFile(path, pem('CERTIFICATE REQUEST', signedRequest(info.value, signature)));
  const { stdout, stderr } = await run('openssl', ['req', '-in', path, '-noout', '-verify', '-text']);
  expect(`${stdout}${stderr}`).toMatch(/verify OK/i);
  expect(stdout).toMatch(/Subject: *\n/);
  expect(stdout).toMatch(/Subject Alternative Name: critical/);
  expect(stdout).toContain('1.3.6.1.5.5.7.8.4');
  expect(createHash('sha256').update(info.value).digest()).toEqual(digestOf(info.value));
});
