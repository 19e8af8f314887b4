import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '#base/result.ts';
import type { TpmFault } from './fault.ts';
import type { Tpm } from './tpm.ts';

/** Firmware, boot loader and its configuration, kernel: what the board measures before us (TCG PC Client 3.3.4). */
export const BOOT_PCRS = [0, 2, 4, 7] as const;
/** The application's own: the TCG leaves 8 to 15 to the operating system. */
export const APPLICATION_PCR = 14;
export const SEAL_PCRS: readonly number[] = [...BOOT_PCRS, APPLICATION_PCR];

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** What a sealed secret is bound to: SHA-256 over the values, in the order of their numbers. */
export const pcrDigest = (values: readonly Uint8Array[]): Uint8Array => sha256(...values);

/** A PCR after one more measurement. */
export const extended = (value: Uint8Array, measurement: Uint8Array): Uint8Array => sha256(value, measurement);

/** Measurement of a release: over its files' names and digests, in the order of the names. */
export const releaseMeasurement = (files: ReadonlyMap<string, Uint8Array>): Uint8Array => {
  const names = [...files.keys()].sort();
  const encoder = new TextEncoder();
  return sha256(...names.flatMap((name) => [encoder.encode(`${name}\0`), sha256(files.get(name) ?? new Uint8Array())]));
};

/** Measures the running release, once a boot: a PCR that is not zero any more was measured by an earlier start. */
export const measureRelease = async (tpm: Tpm, measurement: Uint8Array): Promise<Result<'measured' | 'as before', TpmFault>> => {
  const read = await tpm.readPcrs([APPLICATION_PCR]);
  if (!read.ok) return read;
  const [value] = read.value;
  if (value === undefined) return fail({ kind: 'refused', text: 'the TPM has no PCR for the application' });
  if (value.every((byte) => byte === 0)) {
    const done = await tpm.extendPcr(APPLICATION_PCR, measurement);
    return done.ok ? ok('measured') : done;
  }
  return Buffer.from(value).equals(extended(new Uint8Array(32), measurement))
    ? ok('as before')
    : fail({ kind: 'policy', text: 'another release was measured in this boot: secrets open again after a reboot' });
};

/** Digest under which the secrets of this boot chain and that release open: for now, or for the release an update is about to start. */
export const expectedDigest = async (tpm: Tpm, measurement: Uint8Array): Promise<Result<Uint8Array, TpmFault>> => {
  const boot = await tpm.readPcrs(BOOT_PCRS);
  return boot.ok ? ok(pcrDigest([...boot.value, extended(new Uint8Array(32), measurement)])) : boot;
};
