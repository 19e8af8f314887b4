import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { realpathSync, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPty } from '../rig/site/pty.ts';
import { openTpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { COMMAND, startTpm, type TpmMachine } from './machine.ts';

const run = promisify(execFile);
const AUTH = randomBytes(32);
let machine: TpmMachine;
let flush = '';

beforeAll(async () => {
  machine = await startTpm();
  const tpm = openTpm(machine.tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  const made = await tpm.value.createKey(TPM_HANDLES.a, AUTH);
  expect(made.ok).toBe(true);
  flush = join(machine.directory, 'flush.node');
  const beside = join(dirname(dirname(realpathSync(process.execPath))), 'include', 'node');
  const headers = existsSync(join(beside, 'node_api.h')) ? beside : '/usr/include/node';
  const source = new URL('flush.c', import.meta.url).pathname;
  await run('cc', ['-std=c17', '-O1', '-Wall', '-Wextra', '-shared', '-fPIC', '-I', headers, source, '-o', flush]);
});
afterAll(async () => await machine.end());
afterEach(async () => await machine.disturb(null));

/** Exit code or signal, and what it printed. */
const perform = async (what: string, tcti = machine.tcti): Promise<{ readonly end: number | string; readonly out: string }> => {
  const script = new URL('process.ts', import.meta.url).pathname;
  const root = new URL('../..', import.meta.url).pathname;
  try {
    const { stdout } = await run(process.execPath, [script, what, tcti, AUTH.toString('hex'), flush], { cwd: root });
    return { end: 0, out: stdout.trim() };
  } catch (error) {
    const { code, signal, stdout, stderr } = error as {
      code: number | null;
      signal: string | null;
      stdout: string;
      stderr: string;
    };
    return { end: code ?? signal ?? 'unknown', out: `${stdout}${stderr}` };
  }
};

test('ordinary EC keys can be made after a stranger emptied the method cache and we signed first', async () => {
  expect(await perform('flush')).toEqual({ end: 0, out: 'ec,ec,ec' });
});

test('a KeyObject of the key gives nothing away, signs SHA-256 alone, and does not end the process', async () => {
  expect(await perform('key-object')).toEqual({ end: 0, out: 'prime256v1,refused,refused,64' });
});

test('an addon that only a worker loaded outlives the worker', async () => {
  expect(await perform('worker-only')).toEqual({ end: 0, out: 'worker 0, main true' });
});

test('main and workers sign together; one is terminated while it does', async () => {
  expect(await perform('threads')).toEqual({ end: 0, out: '0,0 true' });
});

test('a child process inherits no descriptor of the TPM, whether a socket or a device', async () => {
  expect(await perform('inherited')).toEqual({ end: 0, out: 'true 0' });
  // tpm2-tss opens a device without O_CLOEXEC: a terminal stands in for /dev/tpmrm0.
  const swtpm = connect(Number(/port=(\d+)/.exec(machine.tcti)?.[1]), '127.0.0.1');
  const device = await openPty(join(machine.directory, 'tpmrm'), (bytes) => swtpm.write(bytes));
  swtpm.on('data', (bytes) => device.write(bytes));
  expect(await perform('inherited', `device:${device.device}`)).toEqual({ end: 0, out: 'true 0' });
  await device.close();
  swtpm.destroy();
});

test('leaving the process under a hung TPM ends with the code that was wanted', async () => {
  await machine.disturb({ code: COMMAND.sign, hang: true });
  expect((await perform('exit-in-sign')).end).toBe(7);
});
