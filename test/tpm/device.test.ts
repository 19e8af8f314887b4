import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { openTpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { openPty } from '../rig/site/pty.ts';
import { COMMAND, startTpm } from './machine.ts';

const AUTH = new Uint8Array(32).fill(1);
const DIGEST = new Uint8Array(32).fill(2);

const kind = (result: Result<unknown, { readonly kind: string }>): string => (result.ok ? 'done' : result.fault.kind);

test('a TPM behind a device is counted, disturbed, unplugged, and left as it was found', async () => {
  const swtpm = await startTpm(null);
  const wire = connect(Number(/port=(\d+)/.exec(swtpm.tcti)?.[1]), '127.0.0.1');
  // A terminal stands in for /dev/tpmrm0.
  const device = await openPty(join(swtpm.directory, 'tpmrm'), (bytes) => wire.write(bytes));
  wire.on('data', (bytes) => device.write(bytes));
  onTestFinished(async () => {
    wire.destroy();
    await device.close();
    await swtpm.end();
  });
  const machine = await startTpm(device.device);
  const tpm = openTpm(machine.tcti, { sign: 1000, command: 3000, create: 20_000 });
  if (!tpm.ok) throw new Error(tpm.fault.text);
  tpm.value.know(TPM_HANDLES.a, AUTH);
  expect(kind(await tpm.value.createKey(TPM_HANDLES.a, AUTH))).toBe('done');
  expect(kind(await tpm.value.sign(TPM_HANDLES.a, DIGEST))).toBe('done');
  expect(await machine.count(COMMAND.sign)).toBe(1);
  await machine.disturb({ code: COMMAND.sign, answer: 0x922 });
  expect(kind(await tpm.value.sign(TPM_HANDLES.a, DIGEST))).toBe('busy');
  await machine.disturb(null);
  await machine.cut();
  expect(kind(await tpm.value.sign(TPM_HANDLES.a, DIGEST))).toBe('absent');
  await machine.power();
  expect(kind(await tpm.value.sign(TPM_HANDLES.a, DIGEST))).toBe('done');
  // A gateway's own key is there: the tests keep away from it.
  await expect(startTpm(device.device)).rejects.toThrow('holds keys of a gateway (0x81010001)');
  await machine.end();
  expect(await swtpm.tool('tpm2_getcap', 'handles-persistent')).not.toContain('0x81010001');
});

test('a device that is not there is said plainly', async () => {
  await expect(startTpm('/dev/no-tpm')).rejects.toThrow('there is no TPM at /dev/no-tpm');
});
