import type { X509Certificate } from 'node:crypto';
import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import type { WallSeconds } from '#base/units.ts';
import { identityOf, sfdiText } from '#utility/identity/fingerprint.ts';
import { digestOf, publicKeyInfo, requestInfo, signedRequest } from '#platform/tpm/csr.ts';
import { pem } from '#platform/tpm/der.ts';
import { type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { chainPem, leafOf, parseChain } from './chain.ts';
import { tpmText } from './create.ts';
import { type IdentityRecord, loadAuth, loadIdentityRecord, saveIdentityRecord, type Slot, type SlotRecord } from './record.ts';

export interface Enroller {
  readonly state: Files;
  readonly tpm: Tpm;
}

const SLOTS: readonly Slot[] = ['a', 'b'];

/** The certificate request of the key that waits for its certificate, PEM. */
export const certificateRequest = async ({ state, tpm }: Enroller): Promise<Result<string, string>> => {
  const record = await loadIdentityRecord(state);
  if (!record.ok) return record;
  const { slots, active } = record.value;
  const slot = SLOTS.find((one) => slots[one]?.chain === null) ?? active;
  const module = slot === null ? null : slots[slot];
  if (slot === null || module === null) return fail('there is no key: gridward identity create');
  const auth = await loadAuth(state, slot);
  if (!auth.ok) return auth;
  const handle = TPM_HANDLES[slot];
  tpm.know(handle, auth.value);
  const key = await tpm.readKey(handle);
  if (!key.ok) return fail(tpmText(key.fault));
  const info = requestInfo(key.value.point, module);
  if (!info.ok) return info;
  const signature = await tpm.sign(handle, digestOf(info.value));
  if (!signature.ok) return fail(tpmText(signature.fault));
  return ok(pem('CERTIFICATE REQUEST', signedRequest(info.value, signature.value)));
};

/**
 * Keeps an issued chain with the key it belongs to; from northd's next start that identity is the one it tries. Refuses what does not
 * fit a key of ours, is expired, or would replace another certificate: that would be another LFDI under the same key.
 */
export const installChain = async ({ state, tpm }: Enroller, text: string, now: WallSeconds): Promise<Result<string, string>> => {
  const record = await loadIdentityRecord(state);
  if (!record.ok) return record;
  const chain = parseChain(text);
  if (!chain.ok) return chain;
  const leaf = chain.value[0];
  if (leaf === undefined) return fail('the file holds no PEM certificate');
  if (leaf.validToDate.getTime() / 1000 <= now) return fail(`the certificate ended on ${leaf.validTo}`);
  const slot = await slotOf(tpm, record.value, leaf);
  if (!slot.ok) return slot;
  const held: SlotRecord | null = record.value.slots[slot.value];
  if (held === null) return fail('that slot has no record');
  const { lfdi, sfdi } = identityOf(leaf.raw);
  const before = held.chain === null ? null : leafOf(held.chain);
  if (before !== null && before.lfdi !== lfdi)
    return fail(
      `slot ${slot.value} serves as LFDI ${before.lfdi}, which this would replace by ${lfdi}: the utility knows the old one. gridward identity renew makes a key for the new one`,
    );
  const slots = { ...record.value.slots, [slot.value]: { ...held, chain: chainPem(chain.value) } };
  const saved = await saveIdentityRecord(state, { ...record.value, slots, active: slot.value });
  if (!saved.ok) return saved;
  return ok(`slot ${slot.value}: LFDI ${lfdi}, SFDI ${sfdiText(sfdi)}; restart northd to use it\n`);
};

/** The slot whose key the certificate is for. */
const slotOf = async (tpm: Tpm, record: IdentityRecord, leaf: X509Certificate): Promise<Result<Slot, string>> => {
  const wanted = leaf.publicKey.export({ format: 'der', type: 'spki' });
  for (const slot of SLOTS.filter((one) => record.slots[one] !== null)) {
    const key = await tpm.readKey(TPM_HANDLES[slot]);
    if (!key.ok) return fail(tpmText(key.fault));
    if (wanted.equals(publicKeyInfo(key.value.point))) return ok(slot);
  }
  return fail('the certificate is for another key than those of this TPM');
};
