import { createPublicKey } from 'node:crypto';
import * as v from 'valibot';
import type { Entropy, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { publicKeyInfo } from '#platform/tpm/csr.ts';
import { pem } from '#platform/tpm/der.ts';
import { refuteQuote } from '#platform/tpm/evidence.ts';
import { APPLICATION_PCR, BOOT_PCRS, extended, SEAL_PCRS } from '#platform/tpm/measure.ts';
import { type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { tpmText } from './create.ts';

interface Witness {
  readonly state: Files;
  readonly tpm: Tpm;
}

const AUTH_FILE = 'identity/attestation.auth';
const AUTH_BYTES = 32;
/** Bytes of a nonce: what a TPM takes beside a quote. */
const NONCE_MAX = 32;
const hex = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/));

const EvidenceSchema = v.object({
  format: v.literal(1),
  release: v.string(),
  nonce: hex,
  /** SHA-256 bank, by number. */
  pcrs: v.record(v.string(), hex),
  /** Base64 of TPMS_ATTEST, and of its signature in DER. */
  statement: v.string(),
  signature: v.string(),
});

export const isNonce = (text: string): boolean => /^([0-9a-f]{2})+$/i.test(text) && text.length <= 2 * NONCE_MAX;

/** The public half of the attestation key, PEM; the first call makes the key. To be enrolled with who verifies. */
export const attestationKey = async ({ state, tpm }: Witness, entropy: Entropy): Promise<Result<string, string>> => {
  const found = await tpm.readKey(TPM_HANDLES.attestation);
  if (found.ok) return ok(pem('PUBLIC KEY', publicKeyInfo(found.value.point)));
  if (found.fault.kind !== 'no-key') return fail(tpmText(found.fault));
  const auth = entropy.bytes(AUTH_BYTES);
  // Before the key: a key whose auth value was never written is lost.
  const kept = await state.replace(AUTH_FILE, auth);
  if (!kept.ok) return fail(`${AUTH_FILE}: ${kept.fault.kind}`);
  const made = await tpm.createKey(TPM_HANDLES.attestation, auth, { restricted: true });
  return made.ok ? ok(pem('PUBLIC KEY', publicKeyInfo(made.value.point))) : fail(tpmText(made.fault));
};

/** A signed statement of the boot's and the application's PCRs with the verifier's nonce (hex) in it, as one line of JSON. */
export const attest = async ({ state, tpm }: Witness, nonce: string, release: string): Promise<Result<string, string>> => {
  const auth = await state.read(AUTH_FILE, AUTH_BYTES);
  if (!auth.ok) return fail('there is no attestation key: gridward attest key');
  tpm.know(TPM_HANDLES.attestation, auth.value);
  const quote = await tpm.quote(TPM_HANDLES.attestation, SEAL_PCRS, Buffer.from(nonce, 'hex'));
  if (!quote.ok) return fail(tpmText(quote.fault));
  const values = await tpm.readPcrs(SEAL_PCRS);
  if (!values.ok) return fail(tpmText(values.fault));
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const pcrs = Object.fromEntries(SEAL_PCRS.map((pcr, at) => [pcr, Buffer.from(values.value[at] ?? []).toString('hex')]));
  const { statement, signature } = quote.value;
  const evidence = {
    format: 1,
    release,
    nonce: nonce.toLowerCase(),
    pcrs,
    statement: base64(statement),
    signature: base64(signature),
  };
  return ok(`${JSON.stringify(evidence)}\n`);
};

/** What a verifier holds against the evidence; texts as they were read. */
export interface Belief {
  /** PEM of the attestation key, as enrolled. */
  readonly key: string;
  readonly nonce: string;
  /** Measurement of the release that should run; null: any. */
  readonly measurement: Uint8Array | null;
  /** Evidence from when the boot chain was known to be good; null: any. */
  readonly like: string | null;
}

/** The other side's tool: needs no TPM. What the evidence proves, or what is wrong with it. */
export const verifyEvidence = (text: string, belief: Belief): Result<string, string> => {
  const evidence = parse(text);
  if (evidence === null) return fail('this is no evidence of gridward attest');
  const point = pointOf(belief.key);
  if (point === null) return fail('the key is no PEM public key on P-256');
  const values = SEAL_PCRS.map((pcr) => Buffer.from(evidence.pcrs[String(pcr)] ?? '', 'hex'));
  const refuted = refuteQuote(
    { statement: Buffer.from(evidence.statement, 'base64'), signature: Buffer.from(evidence.signature, 'base64') },
    { point, nonce: Buffer.from(belief.nonce, 'hex'), pcrs: SEAL_PCRS, values },
  );
  if (refuted !== null) return fail(refuted);
  const application = evidence.pcrs[String(APPLICATION_PCR)];
  if (belief.measurement !== null) {
    const expected = Buffer.from(extended(new Uint8Array(32), belief.measurement)).toString('hex');
    if (application !== expected) return fail('another release runs than the one these files make, or none was measured');
  }
  if (belief.like !== null) {
    const good = parse(belief.like);
    if (good === null) return fail('what it should be like is no evidence of gridward attest');
    const changed = BOOT_PCRS.filter((pcr) => good.pcrs[String(pcr)] !== evidence.pcrs[String(pcr)]);
    if (changed.length > 0) return fail(`the boot chain is another one: PCR ${changed.join(', ')}`);
  }
  const proven = [
    belief.measurement === null ? 'some release' : 'the expected release',
    belief.like === null ? 'some boot chain' : 'the known boot chain',
  ];
  return ok(`the TPM with this key states it, for this nonce: ${proven.join(', ')}, says it is ${evidence.release}\n`);
};

const parse = (text: string): v.InferOutput<typeof EvidenceSchema> | null => {
  try {
    const parsed = v.safeParse(EvidenceSchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
};

/** Uncompressed point. */
const pointOf = (key: string): Uint8Array | null => {
  try {
    const { crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
    if (crv !== 'P-256' || x === undefined || y === undefined) return null;
    return Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  } catch {
    return null;
  }
};
