import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTpm } from '#platform/tpm/tpm.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { enrol } from './enrolled.ts';
import { startTpm, type TpmMachine } from './machine.ts';

const run = promisify(execFile);
const AUTH = randomBytes(32);
/** Each is two signatures: both sides use the key. */
const HANDSHAKES = 1000;
let machine: TpmMachine;
let pki: Pki;

beforeAll(async () => {
  machine = await startTpm();
  pki = await makePki(join(machine.directory, 'pki'));
  const tpm = openTpm(machine.tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  const { certificate } = await enrol(tpm.value, AUTH, join(machine.directory, 'pki'));
  await writeFile(join(machine.directory, 'tpm.pem'), certificate);
});
afterAll(async () => await machine.end());

interface Memory {
  /** kB. */
  readonly third: number;
  readonly end: number;
}

const measure = async (...args: readonly string[]): Promise<Memory> => {
  const script = new URL('leak.ts', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, ['--expose-gc', script, String(HANDSHAKES), ...args], {
    cwd: new URL('../..', import.meta.url).pathname,
  });
  return JSON.parse(stdout) as Memory;
};

test('a thousand handshakes with the TPM key keep no more memory than with a key in a file', async () => {
  const file = await measure(pki.device.cert, pki.device.key);
  const tpm = await measure(join(machine.directory, 'tpm.pem'), 'tpm', machine.tcti, AUTH.toString('hex'));
  const furtherGrowth = tpm.end - tpm.third - (file.end - file.third);
  expect(furtherGrowth).toBeLessThan(0.05 * file.end);
});
