import { fail, ok, type Result } from '#base/result.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import type { OwnIdentity } from '../config/utility.ts';
import { leafOf } from '../identity/chain.ts';
import { isProven } from '../identity/proven.ts';
import { loadIdentityRecord, otherSlot, type Slot } from '../identity/record.ts';
import { proveIdentity, tpmIdentity } from '../identity/tpm-identity.ts';
import { openSecret } from '../identity/secrets-vault.ts';
import { measurementOf } from '../measured-release.ts';
import type { CliPorts } from './ports.ts';

interface Place {
  /** Directory of the state: `identity/` is below it. */
  readonly state: string;
  readonly tcti: string;
  readonly production: boolean;
}

/**
 * The identity in the TPM as a command uses it, chosen as northd does but tried once, without its patience. Nothing is opened before it is
 * asked for.
 */
export const ownIdentity = (ports: Pick<CliPorts, 'filesIn' | 'tpm'>, { state, tcti, production }: Place): OwnIdentity => ({
  tpm: async (trust) => {
    const tpm = ports.tpm(tcti);
    if (!tpm.ok) return fail(`the TPM cannot be used: ${tpm.fault}`);
    const files = ports.filesIn(state);
    const proved = async (slot: Slot | 'active'): Promise<Result<TlsIdentity, string>> => {
      const own = await tpmIdentity(files, tpm.value, slot);
      if (!own.ok) return own;
      const identity = { ...own.value, trust };
      const works = await proveIdentity(tpm.value, identity);
      return works.ok ? ok(identity) : works;
    };
    const newest = await proved('active');
    const record = await loadIdentityRecord(files);
    if (!newest.ok || !record.ok) return newest.ok ? fail('the record of the identity is unreadable') : newest;
    const { active, slots } = record.value;
    const previous = active === null ? null : otherSlot(active);
    const isTrial = previous !== null && (slots[previous]?.chain ?? null) !== null;
    if (!isTrial || (await isProven(files, leafOf(newest.value.certificate)?.lfdi ?? '')))
      return ok({ current: newest.value, renewed: null });
    const serving = await proved(previous);
    return ok(serving.ok ? { current: serving.value, renewed: newest.value } : { current: newest.value, renewed: null });
  },
  secret: async (name) => {
    const tpm = ports.tpm(tcti);
    const measurement = await measurementOf();
    if (!tpm.ok) return ok(null);
    if (!measurement.ok) return measurement;
    const vault = { state: ports.filesIn(state), tpm: tpm.value, measurement: measurement.value };
    const opened = await openSecret(vault, name);
    return !opened.ok || opened.value === null ? (opened.ok ? ok(null) : opened) : ok(new TextDecoder().decode(opened.value));
  },
  production,
});
