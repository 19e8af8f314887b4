import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { confirmRelease, rollbackState } from '#app/identity/confirmed.ts';
import { openSecret, prepareUpdate, setSecret, settleUpdate, type Vault } from '#app/identity/secrets-vault.ts';
import type { Result } from '#base/result.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { measureRelease, releaseMeasurement } from '#platform/tpm/measure.ts';
import { openTpm, type Tpm } from '#platform/tpm/tpm.ts';
import { gridward as command } from './command.ts';
import { startTpm, type TpmMachine } from './machine.ts';

const run = promisify(execFile);
let machine: TpmMachine;
let tpm: Tpm;
let state = '';
const release = (text: string): Uint8Array => releaseMeasurement(new Map([['northd.mjs', Buffer.from(text)]]));
const [OLD, NEW] = [release('old'), release('new')];

const value = <T, F>(result: Result<T, F>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};
const vault = (measurement: Uint8Array): Vault => ({ state: directoryFiles(state), tpm, measurement });
const secret = async (measurement: Uint8Array, name = 'broker'): Promise<string> => {
  const opened = await openSecret(vault(measurement), name);
  return opened.ok ? Buffer.from(opened.value ?? []).toString() : opened.fault;
};

/** Power off and on; then this release starts. */
const boot = async (measurement: Uint8Array | null): Promise<void> => {
  await machine.cut();
  await machine.power();
  if (measurement !== null) value(await measureRelease(tpm, measurement));
};

beforeAll(async () => {
  machine = await startTpm(null);
  tpm = value(openTpm(machine.tcti));
});
afterAll(async () => await machine.end());
beforeEach(async () => {
  state = join(machine.directory, 'state');
  await rm(state, { recursive: true, force: true });
  await mkdir(state);
});

test('after an update a secret opens where the update was prepared, and in the release it falls back to', async () => {
  await boot(OLD);
  value(await setSecret(vault(OLD), 'broker', Buffer.from('password')));
  expect(await secret(OLD)).toBe('password');
  // An update that nobody prepared: closed, and it says what to do.
  await boot(NEW);
  expect(await secret(NEW)).toContain('sealed for another release');
  await boot(OLD);
  value(await prepareUpdate(vault(OLD), NEW));
  await boot(NEW);
  expect(await secret(NEW)).toBe('password');
  await boot(OLD);
  expect(await secret(OLD)).toBe('password');
  await boot(NEW);
  value(await settleUpdate(vault(NEW)));
  expect(await secret(NEW)).toBe('password');
  await boot(OLD);
  expect(await secret(OLD)).toContain('sealed for another release');
});

test('a boot chain that was changed opens nothing; what is on the disk gives nothing away', async () => {
  await boot(OLD);
  value(await setSecret(vault(OLD), 'broker', Buffer.from('password')));
  expect(await readFile(join(state, 'secrets/broker.locked'), 'latin1')).not.toContain('password');
  value(await tpm.extendPcr(4, randomBytes(32)));
  expect(await secret(OLD)).toContain('sealed for another release or boot chain');
});

test('a secret under the name of another is refused; a bad name makes none', async () => {
  await boot(OLD);
  value(await setSecret(vault(OLD), 'broker', Buffer.from('password')));
  await writeFile(join(state, 'secrets/update.locked'), await readFile(join(state, 'secrets/broker.locked')));
  expect(await secret(OLD, 'update')).toContain('damaged');
  expect((await setSecret(vault(OLD), '../x', Buffer.from('1'))).ok).toBe(false);
  expect((await setSecret(vault(OLD), 'empty', new Uint8Array())).ok).toBe(false);
});

test('a confirmed update counts once, over power cuts; a state put back is noticed and confirms nothing', async () => {
  const files = directoryFiles(state);
  expect(value(await rollbackState(files, tpm))).toEqual({ kind: 'none' });
  const first = value(await confirmRelease(files, tpm, '2026.11.0'));
  expect(value(await confirmRelease(files, tpm, '2026.11.0'))).toBe(first);
  await boot(null);
  expect(value(await rollbackState(files, tpm))).toEqual({ kind: 'confirmed', release: '2026.11.0', counter: first });
  const old = await readFile(join(state, 'identity/confirmed.json'));
  expect(value(await confirmRelease(files, tpm, '2026.12.0'))).toBe(first + 1n);
  const newer = await readFile(join(state, 'identity/confirmed.json'));
  await writeFile(join(state, 'identity/confirmed.json'), old);
  expect(value(await rollbackState(files, tpm))).toEqual({ kind: 'rolled-back', counter: first + 1n });
  expect((await confirmRelease(files, tpm, '2026.11.0')).ok).toBe(false);
  // Power went between file and counter: the next confirmation completes it.
  await writeFile(join(state, 'identity/confirmed.json'), newer.toString().replace(String(first + 1n), String(first + 2n)));
  expect(value(await rollbackState(files, tpm)).kind).toBe('confirmed');
  expect(value(await confirmRelease(files, tpm, '2026.12.0'))).toBe(first + 2n);
});

/** What the command says, in place of an installer. */
const gridward = async (
  input: string,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> => {
  const { code, out, error } = await command([...words, '--state', state, '--tpm', machine.tcti], input);
  return { code, said: `${out}${error}` };
};

test('gridward secret, attest and counter', async () => {
  await boot(null);
  expect(await gridward('111115\n', 'secret', 'set', 'registration-pin')).toMatchObject({ code: 0 });
  expect((await gridward('', 'secret', 'list')).said).toBe('registration-pin\n');
  expect((await gridward('', 'attest', 'c0ffee')).said).toContain('gridward attest key');
  const key = await gridward('', 'attest', 'key');
  await writeFile(join(machine.directory, 'ak.pem'), key.said);
  expect(
    (await run('openssl', ['pkey', '-pubin', '-in', join(machine.directory, 'ak.pem'), '-noout', '-text'])).stdout,
  ).toContain('P-256');
  await writeFile(join(machine.directory, 'good.json'), (await gridward('', 'attest', 'c0ffee')).said);
  const verify = async (nonce: string, ...more: readonly string[]): ReturnType<typeof gridward> =>
    await gridward(
      '',
      'attest',
      'verify',
      join(machine.directory, 'good.json'),
      '--key',
      join(machine.directory, 'ak.pem'),
      '--nonce',
      nonce,
      ...more,
    );
  expect(await verify('c0ffee', '--like', join(machine.directory, 'good.json'))).toMatchObject({ code: 0 });
  expect((await verify('c0ffed')).said).toContain('an old quote');
  // Another release than the one that runs.
  await mkdir(join(machine.directory, 'other'), { recursive: true });
  await writeFile(join(machine.directory, 'other/northd.mjs'), 'other');
  expect((await verify('c0ffee', '--files', join(machine.directory, 'other'))).said).toContain('another release runs');
  await tpm.extendPcr(7, randomBytes(32));
  await writeFile(join(machine.directory, 'changed.json'), (await gridward('', 'attest', 'c0ffee')).said);
  const changed = ['attest', 'verify', join(machine.directory, 'changed.json'), '--key', join(machine.directory, 'ak.pem')];
  expect((await gridward('', ...changed, '--nonce', 'c0ffee', '--like', join(machine.directory, 'good.json'))).said).toContain(
    'PCR 7',
  );
  expect((await gridward('', 'secret', 'remove', 'registration-pin')).code).toBe(0);
  expect((await gridward('', 'counter')).said).toMatch(/another on the disk|no update/);
});
