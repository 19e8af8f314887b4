import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import { tlsSelfTest } from '#platform/tls/self-test.ts';
import { type Tpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';
import { loadAuth, loadIdentityRecord, type Slot } from './record.ts';

/** Where GRIDWARD_TPM says nothing. */
export const TPM_DEFAULT = 'device:/dev/tpmrm0';

/** The identity of one slot, or of the active one, ready for TLS except for the trust. The fault is for a person. */
export const tpmIdentity = async (
  state: Files,
  tpm: Tpm,
  slot: Slot | 'active' = 'active',
): Promise<Result<Omit<TlsIdentity, 'trust'>, string>> => {
  const record = await loadIdentityRecord(state);
  if (!record.ok) return record;
  const wanted = slot === 'active' ? record.value.active : slot;
  const certificate = wanted === null ? null : (record.value.slots[wanted]?.chain ?? null);
  if (wanted === null || certificate === null) return fail('no certificate is installed: gridward identity create, csr, install');
  const auth = await loadAuth(state, wanted);
  if (!auth.ok) return auth;
  const handle = TPM_HANDLES[wanted];
  tpm.know(handle, auth.value);
  return ok({ certificate, key: tpmKeyPem(handle) });
};

/** Registers the provider and lets the identity shake hands with itself. The fault is for a person. */
export const proveIdentity = async (tpm: Tpm, identity: TlsIdentity): Promise<Result<void, string>> => {
  const served = tpm.serveTls();
  if (!served.ok) return served;
  const tested = await tlsSelfTest(identity);
  return tested.ok ? tested : fail(`the self-test of the identity failed: ${tested.fault}`);
};
