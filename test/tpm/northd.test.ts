import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { measurementOf } from '#app/measured-release.ts';
import type { Result } from '#base/result.ts';
import { APPLICATION_PCR, extended } from '#platform/tpm/measure.ts';
import { firstDer, lfdiOf, sfdiOf } from '../rig/utility/identity.ts';
import { issueFor } from '../rig/utility/issue.ts';
import { registerDevice } from '../rig/utility/state.ts';
import { gridward as command } from './command.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { until } from './until.ts';

let gateway: Gateway;

const value = <T, F>(result: Result<T, F>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};

/** What tpm2-tools reads of the application's PCR. */
const pcr = async (): Promise<string> => {
  const read = await gateway.machine.tool('tpm2_pcrread', `sha256:${APPLICATION_PCR}`);
  return /0x([0-9A-F]{64})/i.exec(read)?.[1]?.toLowerCase() ?? read;
};

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => await gateway.end());
afterEach(async () => await gateway.tidy());

test('no TPM at the start: northd says so and sends nothing; when it is there, it walks without a restart', async () => {
  await gateway.machine.cut();
  const before = gateway.walked();
  gateway.start('northd');
  await until('the reason', () => gateway.output().includes('tpm-unusable'));
  expect(gateway.output()).toMatch(/TPM_ABSENT|tpm absent|no TPM/);
  expect(gateway.walked()).toBe(before);
  await gateway.machine.power();
  await until('a walk', () => gateway.walked() > before + 3, 40);
  expect(gateway.output()).toContain('tpm-usable');
});

test('a key without a certificate: northd says so, sends nothing and ends', async () => {
  const before = gateway.walked();
  await rename(gateway.path('state', 'identity'), gateway.path('state', 'put-away'));
  const child = gateway.start('northd');
  await once(child, 'exit');
  await rename(gateway.path('state', 'put-away'), gateway.path('state', 'identity'));
  expect(gateway.output()).toContain('no identity is installed: gridward identity create, csr, install');
  expect(gateway.walked()).toBe(before);
});

test('the running release is measured into its PCR, once a boot; the PIN comes out of the vault', async () => {
  const zero = new Uint8Array(32);
  const measurement = value(await measurementOf());
  const set = ['secret', 'set', 'pin', '--state', gateway.path('state'), '--tpm', gateway.machine.tcti];
  const stored = await command(set, '111115\n');
  expect(`${stored.code} ${stored.error}`).toBe('0 ');
  const whole = gateway.configuration();
  whole.utilities[0]!['registrationPin'] = 'pin';
  await gateway.configure(whole);
  await gateway.machine.cut();
  await gateway.machine.power();
  expect(await pcr()).toBe('00'.repeat(32));
  for (let start = 0; start < 2; start += 1) {
    const before = gateway.walked();
    gateway.start('northd');
    // Past its registration: the PIN was the one of the server.
    await until('a walk', () => gateway.walked() > before + 5, 40);
    expect(gateway.output()).not.toMatch(/registration-pin|release-unmeasured/);
    expect(await pcr()).toBe(Buffer.from(extended(zero, measurement)).toString('hex'));
    await gateway.tidy();
  }
  await gateway.configure(gateway.configuration());
});

test('no private key in any file of northd, and no child would hold the TPM', async () => {
  const before = gateway.walked();
  const child = gateway.start('northd');
  await until('a walk', () => gateway.walked() > before + 3, 40);
  const state = gateway.path('state');
  for (const entry of await readdir(state, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toContain('PRIVATE KEY');
  }
  for (const descriptor of (await readdir(`/proc/${child.pid}/fd`)).filter((one) => Number(one) > 2)) {
    expect(await readlink(`/proc/${child.pid}/fd/${descriptor}`)).not.toMatch(/\.key|\.pem|\.auth/);
  }
});

test('a renewed key in the second slot takes over after a walk of its own; until then the old one serves', async () => {
  const { exchanges } = gateway.utility().journal;
  const askedBy = (from: number): ReadonlySet<string | null> => new Set(exchanges.slice(from).map(({ lfdi }) => lfdi));
  const [old = ''] = [...gateway.utility().devices.keys()];
  await gateway.gridward('identity', 'renew');
  const chain = await issueFor(gateway.path('pki'), await gateway.gridward('identity', 'csr'));
  await writeFile(gateway.path('renewed.pem'), chain);
  await gateway.gridward('identity', 'install', gateway.path('renewed.pem'));
  const renewed = lfdiOf(firstDer(chain)!);
  // The utility does not know it yet.
  const first = exchanges.length;
  gateway.start('northd');
  await until('the old one walks', () => exchanges.slice(first).filter(({ lfdi }) => lfdi === old).length > 10, 60);
  await gateway.tidy();
  expect(existsSync(gateway.path('state', 'north-identity'))).toBe(false);
  registerDevice(gateway.utility(), renewed, sfdiOf(renewed), Date.now() / 1000);
  const second = exchanges.length;
  gateway.start('northd');
  const proven = async (): Promise<string> => await readFile(gateway.path('state', 'north-identity'), 'utf8').catch(() => '');
  await until('the new one is proven', () => existsSync(gateway.path('state', 'north-identity')), 60);
  expect((await proven()).trim()).toBe(renewed);
  // Both have walked in this life: the site was never without.
  expect(askedBy(second)).toEqual(new Set([old, renewed]));
  await gateway.tidy();
  const third = exchanges.length;
  gateway.start('northd');
  await until('a walk of the next life', () => exchanges.length > third + 10, 60);
  expect(askedBy(third)).toEqual(new Set([renewed]));
  expect(await gateway.gridward('identity', 'renew', '--discard', old)).toContain('slot a: key made');
});

test('a key in a file is refused by a production gateway', async () => {
  const { pki } = gateway;
  const file = { kind: 'file', certificate: pki.device.cert, key: pki.device.key, trust: pki.serca };
  const whole = gateway.configuration();
  whole.utilities[0]!['identity'] = file;
  await gateway.configure(whole);
  const child = gateway.start('northd');
  await once(child, 'exit');
  await gateway.configure(gateway.configuration());
  expect(child.exitCode).toBe(78);
  expect(gateway.output()).toContain('for laboratories');
});
