import { createHash, createPublicKey, verify } from 'node:crypto';
import { publicKeyInfo } from './csr.ts';

/** TPM_GENERATED, TPMI_ST_ATTEST of a quote, SHA-256 (TPM 2.0 part 2). */
const GENERATED = 0xff544347;
const ATTEST_QUOTE = 0x8018;
const SHA256 = 0x000b;
const CLOCK_INFO_BYTES = 17;
const FIRMWARE_VERSION_BYTES = 8;

export interface Evidence {
  /** TPMS_ATTEST. */
  readonly statement: Uint8Array;
  /** DER of ECDSA. */
  readonly signature: Uint8Array;
}

export interface Expectation {
  /** Uncompressed point of the attestation key, as enrolled. */
  readonly point: Uint8Array;
  readonly nonce: Uint8Array;
  readonly pcrs: readonly number[];
  /** SHA-256 bank, in the order of `pcrs`, ascending. */
  readonly values: readonly Uint8Array[];
}

/** Checks a quote against what the verifier expects; what is wrong with it, or null. Needs no TPM: this is the other side's tool. */
export const refuteQuote = (evidence: Evidence, expected: Expectation): string | null => {
  const key = createPublicKey({ key: Buffer.from(publicKeyInfo(expected.point)), format: 'der', type: 'spki' });
  if (!verify('sha256', evidence.statement, key, evidence.signature)) return 'the signature is not of this attestation key';
  const quote = parseQuote(Buffer.from(evidence.statement));
  if (quote === null) return 'the statement is no quote of a TPM';
  if (!quote.nonce.equals(expected.nonce)) return 'the nonce is another one: an old quote';
  if (quote.pcrs.join() !== expected.pcrs.join()) return `the quote covers PCRs ${quote.pcrs.join()}`;
  const digest = createHash('sha256').update(Buffer.concat(expected.values)).digest();
  return quote.digest.equals(digest) ? null : 'the PCRs hold other values: this is not the expected software';
};

interface Quote {
  readonly nonce: Buffer;
  readonly pcrs: readonly number[];
  readonly digest: Buffer;
}

/** TPMS_ATTEST with one SHA-256 selection; null: anything else. */
const parseQuote = (bytes: Buffer): Quote | null => {
  let at = 0;
  const take = (length: number): Buffer => {
    const part = bytes.subarray(at, at + length);
    at += length;
    return part;
  };
  const number = (length: number): number => {
    const part = take(length);
    return part.length === length ? part.readUIntBE(0, length) : -1;
  };
  const sized = (): Buffer => take(Math.max(0, number(2)));
  if (number(4) !== GENERATED || number(2) !== ATTEST_QUOTE) return null;
  sized();
  const nonce = sized();
  take(CLOCK_INFO_BYTES + FIRMWARE_VERSION_BYTES);
  if (number(4) !== 1 || number(2) !== SHA256) return null;
  const select = take(Math.max(0, number(1)));
  const pcrs = [...select].flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) % 2 === 1).map((bit) => index * 8 + bit),
  );
  const digest = sized();
  return at === bytes.length && digest.length === 32 ? { nonce, pcrs, digest } : null;
};
