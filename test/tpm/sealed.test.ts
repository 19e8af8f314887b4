import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { refuteQuote } from '#platform/tpm/evidence.ts';
import { APPLICATION_PCR, measureRelease, releaseMeasurement, SEAL_PCRS } from '#platform/tpm/measure.ts';
import { openTpm, type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { lockSecret, newDataKey, openDataKey, sealFor, unlockSecret } from '#platform/tpm/vault.ts';
import { startTpm, type TpmMachine } from './machine.ts';

let machine: TpmMachine;
let tpm: Tpm;
const release = (text: string): Uint8Array => releaseMeasurement(new Map([['northd.mjs', Buffer.from(text)]]));
const OLD = release('old');
const NEW = release('new');
const OTHER = createHash('sha256').update('something else').digest();

const value = <T>(result: Result<T, { readonly text: string }>): T => {
  if (!result.ok) throw new Error(result.fault.text);
  return result.value;
};
const kind = (result: Result<unknown, { readonly kind: string }>): string => (result.ok ? 'done' : result.fault.kind);

beforeAll(async () => {
  machine = await startTpm(null);
  tpm = value(openTpm(machine.tcti));
});
afterAll(async () => await machine.end());

const reboot = async (): Promise<void> => {
  await machine.cut();
  await machine.power();
};
beforeEach(reboot);

test('a secret opens in the measured state and in no other', async () => {
  expect(value(await measureRelease(tpm, OLD))).toBe('measured');
  const { key, sealed } = value(await newDataKey(tpm, OLD));
  const locked = lockSecret(key, 'broker', Buffer.from('password'));
  expect(value(await openDataKey(tpm, [sealed]))).toEqual(key);
  expect(Buffer.from(unlockSecret(key, 'broker', locked) ?? []).toString()).toBe('password');
  expect(unlockSecret(key, 'update', locked)).toBeNull();
  value(await tpm.extendPcr(7, OTHER));
  expect(kind(await openDataKey(tpm, [sealed]))).toBe('policy');
  await reboot();
  // Not measured yet: closed. Measured: open again.
  expect(kind(await openDataKey(tpm, [sealed]))).toBe('policy');
  value(await measureRelease(tpm, OLD));
  expect(value(await openDataKey(tpm, [sealed]))).toEqual(key);
  sealed[sealed.length - 1]! ^= 1;
  expect(kind(await openDataKey(tpm, [sealed]))).toBe('input');
});

test('an update: sealed for the next release before the reboot; the fall-back opens its own', async () => {
  value(await measureRelease(tpm, OLD));
  const { key, sealed } = value(await newDataKey(tpm, OLD));
  const next = value(await sealFor(tpm, key, NEW));
  await reboot();
  value(await measureRelease(tpm, NEW));
  expect(kind(await openDataKey(tpm, [sealed]))).toBe('policy');
  expect(value(await openDataKey(tpm, [sealed, next]))).toEqual(key);
  await reboot();
  value(await measureRelease(tpm, OLD));
  expect(value(await openDataKey(tpm, [sealed, next]))).toEqual(key);
});

test('a release is measured once a boot; another one in the same boot is told', async () => {
  expect(value(await measureRelease(tpm, OLD))).toBe('measured');
  expect(value(await measureRelease(tpm, OLD))).toBe('as before');
  expect(kind(await measureRelease(tpm, NEW))).toBe('policy');
});

test('a quote convinces, and only of what it says', async () => {
  value(await measureRelease(tpm, OLD));
  const auth = randomBytes(32);
  tpm.know(TPM_HANDLES.attestation, auth);
  const { point, attributes } = value(await tpm.createKey(TPM_HANDLES.attestation, auth, { restricted: true }));
  expect(attributes).toBe(0x50472);
  const nonce = randomBytes(20);
  const evidence = value(await tpm.quote(TPM_HANDLES.attestation, SEAL_PCRS, nonce));
  const expected = { point, nonce, pcrs: SEAL_PCRS, values: value(await tpm.readPcrs(SEAL_PCRS)) };
  expect(refuteQuote(evidence, expected)).toBeNull();
  expect(refuteQuote(evidence, { ...expected, nonce: randomBytes(20) })).toContain('nonce');
  expect(refuteQuote(evidence, { ...expected, values: expected.values.map(() => OTHER) })).toContain('not the expected software');
  expect(refuteQuote(evidence, { ...expected, pcrs: [APPLICATION_PCR] })).toContain('covers PCRs');
  const forged = { ...evidence, statement: Uint8Array.from(evidence.statement, (byte, at) => (at === 60 ? byte ^ 1 : byte)) };
  expect(refuteQuote(forged, expected)).toContain('signature');
  // Restricted: it signs nothing that only looks like a statement of the TPM.
  expect(kind(await tpm.sign(TPM_HANDLES.attestation, OTHER))).not.toBe('done');
});

test('the counter only goes up, over power cuts and over its own deletion', async () => {
  tpm.know(TPM_HANDLES.counter, randomBytes(32));
  expect(kind(await tpm.readCounter(TPM_HANDLES.counter))).toBe('no-key');
  value(await tpm.defineCounter(TPM_HANDLES.counter));
  expect(kind(await tpm.defineCounter(TPM_HANDLES.counter))).toBe('occupied');
  value(await tpm.raiseCounter(TPM_HANDLES.counter));
  const first = value(await tpm.readCounter(TPM_HANDLES.counter));
  value(await tpm.raiseCounter(TPM_HANDLES.counter));
  await reboot();
  expect(value(await tpm.readCounter(TPM_HANDLES.counter))).toBe(first + 1n);
  await machine.tool('tpm2_nvundefine', '-C', 'o', '0x01010010');
  value(await tpm.defineCounter(TPM_HANDLES.counter));
  value(await tpm.raiseCounter(TPM_HANDLES.counter));
  expect(value(await tpm.readCounter(TPM_HANDLES.counter))).toBeGreaterThan(first + 1n);
});
