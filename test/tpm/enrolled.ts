import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsIdentity } from '#platform/tls/context.ts';
import { digestOf, requestInfo, signedRequest } from '#platform/tpm/csr.ts';
import { pem } from '#platform/tpm/der.ts';
import { type Tpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';
import { issueFor } from '../rig/utility/issue.ts';

/** The certificate that the MICA in `pki` issues for the key in slot a. `days` below 0: ended already. */
export const certificateFor = async (tpm: Tpm, pki: string, days?: number): Promise<string> => {
  const key = await tpm.readKey(TPM_HANDLES.a);
  if (!key.ok) throw new Error(key.fault.text);
  const info = requestInfo(key.value.point, { type: '1.3.6.1.4.1.32473.1', serial: 'GW-0001' });
  if (!info.ok) throw new Error(info.fault);
  const signature = await tpm.sign(TPM_HANDLES.a, digestOf(info.value));
  if (!signature.ok) throw new Error(signature.fault.text);
  return await issueFor(pki, pem('CERTIFICATE REQUEST', signedRequest(info.value, signature.value)), days);
};

/** A key in slot a and its certificate. */
export const enrol = async (tpm: Tpm, auth: Uint8Array, pki: string): Promise<TlsIdentity> => {
  tpm.know(TPM_HANDLES.a, auth);
  const key = await tpm.createKey(TPM_HANDLES.a, auth);
  if (!key.ok) throw new Error(key.fault.text);
  const certificate = await certificateFor(tpm, pki);
  return { certificate, key: tpmKeyPem(TPM_HANDLES.a), trust: await readFile(join(pki, 'serca.pem'), 'utf8') };
};
