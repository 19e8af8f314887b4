import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fail, ok, type Result } from '#base/result.ts';
import type { TpmFault } from './fault.ts';
import { expectedDigest, SEAL_PCRS } from './measure.ts';
import type { Tpm } from './tpm.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** A new data key, sealed for the release with this measurement. The plain key lives in this process alone. */
export const newDataKey = async (
  tpm: Tpm,
  measurement: Uint8Array,
): Promise<Result<{ readonly key: Uint8Array; readonly sealed: Uint8Array }, TpmFault>> => {
  const key = randomBytes(KEY_BYTES);
  const sealed = await sealFor(tpm, key, measurement);
  return sealed.ok ? ok({ key, sealed: sealed.value }) : sealed;
};

/**
 * Seals the data key for a release. An update calls it for the release it is about to start, keeps both blobs over the reboot, and
 * drops the old one when the new release is confirmed: a fall-back still opens its own.
 */
export const sealFor = async (tpm: Tpm, key: Uint8Array, measurement: Uint8Array): Promise<Result<Uint8Array, TpmFault>> => {
  const expected = await expectedDigest(tpm, measurement);
  return expected.ok ? await tpm.seal(key, SEAL_PCRS, expected.value) : expected;
};

/** The data key from the first blob that opens in the state this boot has measured. */
export const openDataKey = async (tpm: Tpm, blobs: readonly Uint8Array[]): Promise<Result<Uint8Array, TpmFault>> => {
  let fault: TpmFault = { kind: 'no-key', text: 'no sealed key is kept' };
  for (const blob of blobs) {
    const opened = await tpm.unseal(blob, SEAL_PCRS);
    if (opened.ok) return opened;
    fault = opened.fault;
  }
  return fail(fault);
};

/** Encrypts one secret; its name is bound to it, so that two cannot change places. */
export const lockSecret = (key: Uint8Array, name: string, secret: Uint8Array): Uint8Array => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
};

/** Null: damaged, of another name, or of another key. */
export const unlockSecret = (key: Uint8Array, name: string, locked: Uint8Array): Uint8Array | null => {
  if (locked.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, locked.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(locked.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(locked.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
};
