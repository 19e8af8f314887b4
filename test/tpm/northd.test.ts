import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { until } from './until.ts';

let gateway: Gateway;

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
