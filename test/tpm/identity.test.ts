import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownIdentity } from '#app/cli/own-identity.ts';
import type { Identities } from '#app/config/utility.ts';
import { keepProven } from '#app/identity/proven.ts';
import { chooseIdentity } from '#app/northd/identity.ts';
import { ok, type Result } from '#base/result.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { openTpm } from '#platform/tpm/tpm.ts';
import { identityOf } from '#utility/identity/fingerprint.ts';
import { makePki } from '../rig/utility/pki.ts';
import { issueFor } from '../rig/utility/issue.ts';
import { type Ended, gridward as command } from './command.ts';
import { startTpm, type TpmMachine } from './machine.ts';

const run = promisify(execFile);
let machine: TpmMachine;
let state = '';
let pki = '';

beforeAll(async () => {
  machine = await startTpm(null);
  pki = join(machine.directory, 'pki');
  await makePki(pki);
});
afterAll(async () => await machine.end());

beforeEach(async () => {
  state = join(machine.directory, 'state');
  await rm(state, { recursive: true, force: true });
  await mkdir(state);
  for (const handle of ['0x81010001', '0x81010002']) {
    const listed = await machine.tool('tpm2_getcap', 'handles-persistent');
    if (listed.includes(handle)) await machine.tool('tpm2_evictcontrol', '-c', handle);
  }
});

/** The command as an installer runs it, in this process. */
const gridward = async (...args: readonly string[]): Promise<Ended> =>
  await command(['identity', ...args, '--state', state, '--tpm', machine.tcti]);

const DEVICE = ['--type', '1.3.6.1.4.1.32473.1', '--serial', 'GW-0001'];

const enrol = async (): Promise<string> => {
  const chain = await issueFor(pki, (await gridward('csr')).out);
  await writeFile(join(machine.directory, 'chain.pem'), chain);
  const installed = await gridward('install', join(machine.directory, 'chain.pem'));
  expect(installed.error).toBe('');
  return identityOf(new X509Certificate(chain).raw).lfdi;
};

test('create, csr, install, show', async () => {
  expect((await gridward('show')).out).toContain('no identity');
  expect((await gridward('create')).code).toBe(1);
  expect(await gridward('create', ...DEVICE)).toMatchObject({ code: 0, error: '' });
  const lfdi = await enrol();
  const shown = JSON.parse((await gridward('show', '--json')).out) as { slots: readonly Record<string, unknown>[] };
  expect(shown.slots).toMatchObject([{ slot: 'a', use: 'active', serial: 'GW-0001', lfdi, key: 'in the TPM' }]);
  expect(await readFile(join(state, 'identity', 'identity.json'), 'utf8')).not.toContain('PRIVATE');
});

test('what would destroy something is refused, and says what', async () => {
  await gridward('create', ...DEVICE);
  const first = await enrol();
  expect((await gridward('create', ...DEVICE)).error).toContain('renew');
  // Another certificate for the same key is another LFDI.
  await writeFile(join(machine.directory, 'second.pem'), await issueFor(pki, (await gridward('csr')).out));
  expect((await gridward('install', join(machine.directory, 'second.pem'))).error).toContain(`serves as LFDI ${first}`);
  expect(await gridward('renew')).toMatchObject({ code: 0 });
  expect((await gridward('renew')).error).toContain('under way');
  const second = await enrol();
  expect((await gridward('renew')).error).toContain(first);
  expect((await gridward('renew', '--discard', second)).code).toBe(1);
  const shown = (await gridward('show')).out;
  expect(shown).toMatch(new RegExp(`slot a .* previous: .*${first}.*\\nslot b .* active: .*${second}`));
  expect((await gridward('renew', '--discard', first)).code).toBe(0);
  expect((await gridward('show')).out).toMatch(/slot a .* waits/);
});

test('a key nobody recorded is left alone; one that a power cut left behind is found again', async () => {
  await gridward('create', ...DEVICE);
  const { out } = await gridward('csr');
  await rm(join(state, 'identity', 'identity.json'));
  expect((await gridward('create', ...DEVICE)).out).toContain('found again');
  // The same key: another signature, the same request otherwise.
  const key = async (request: string): Promise<string> => {
    await writeFile(join(machine.directory, 'some.csr'), request);
    return (await run('openssl', ['req', '-in', join(machine.directory, 'some.csr'), '-noout', '-pubkey'])).stdout;
  };
  expect(await key((await gridward('csr')).out)).toBe(await key(out));
  await rm(join(state, 'identity'), { recursive: true });
  expect((await gridward('create', ...DEVICE)).error).toContain('left alone');
});

test('a certificate for another key, of nobody, or out of order is refused', async () => {
  await gridward('create', ...DEVICE);
  expect((await gridward('install', join(pki, 'device-chain.pem'))).error).toContain('another key');
  const chain = await issueFor(pki, (await gridward('csr')).out);
  const parts = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  await writeFile(join(machine.directory, 'order.pem'), [...parts].reverse().join(''));
  expect((await gridward('install', join(machine.directory, 'order.pem'))).error).toContain('in order');
  await writeFile(join(machine.directory, 'none.pem'), 'nothing');
  expect((await gridward('install', join(machine.directory, 'none.pem'))).error).toContain('no PEM certificate');
  expect((await gridward('install', join(machine.directory, 'absent.pem'))).code).toBe(1);
});

test('a serial number or type that no certificate could carry makes no key', async () => {
  expect((await gridward('create', '--type', '1.3.x', '--serial', 'GW-0001')).error).toContain('object identifier');
  expect((await gridward('create', '--type', '1.3.6.1.4.1.32473.1', '--serial', 'two words')).error).toContain('serial');
  expect(await machine.tool('tpm2_getcap', 'handles-persistent')).not.toContain('0x81010001');
});

test('after a renewal the old key serves and the new one is on trial, until it is proven', async () => {
  await gridward('create', ...DEVICE);
  const first = await enrol();
  await gridward('renew');
  const second = await enrol();
  const tpm = openTpm(machine.tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  const files = directoryFiles(state);
  const ports = { state: files, tpm: tpm.value, clock: monotonicClock, note: () => undefined, onWait: () => undefined };
  const trust = await readFile(join(pki, 'serca.pem'), 'utf8');
  const place = { state, tcti: machine.tcti, production: false };
  const tool = ownIdentity({ filesIn: directoryFiles, tpm: () => ok(tpm.value) }, place);
  const lfdis = (identities: Result<Identities, string>): readonly (string | null)[] => {
    if (!identities.ok) throw new Error(identities.fault);
    const { current, renewed } = identities.value;
    return [current, renewed].map((one) => (one === null ? null : identityOf(new X509Certificate(one.certificate).raw).lfdi));
  };
  /** As northd chooses, and the tools of a person with it. */
  const chosen = async (): Promise<readonly (string | null)[]> => {
    const serving = lfdis(await chooseIdentity(ports, { trust, stop: new AbortController().signal }));
    expect(lfdis(await tool.tpm(trust))).toEqual(serving);
    return serving;
  };
  expect(await chosen()).toEqual([first, second]);
  await keepProven(files, second);
  expect(await chosen()).toEqual([second, null]);
});
