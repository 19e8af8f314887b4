import type { Clock, Files, Note } from '#base/ports.ts';
import { sleepFor } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { seconds } from '#base/units.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import type { Identities } from '../config/utility.ts';
import { leafOf } from '../identity/chain.ts';
import { isProven } from '../identity/proven.ts';
import { loadIdentityRecord, otherSlot, type Slot } from '../identity/record.ts';
import { proveIdentity, tpmIdentity } from '../identity/tpm-identity.ts';

export interface IdentityPorts {
  readonly state: Files;
  readonly tpm: Tpm;
  readonly clock: Clock;
  readonly note: (note: Note) => void;
  /** Nothing can go north yet; called at each attempt. */
  readonly onWait: (text: string) => void;
}

export interface Wanted {
  /** PEM of the utility's roots. */
  readonly trust: string;
  readonly stop: AbortSignal;
}

/** Between two attempts at a TPM that does not answer. */
const AGAIN = seconds(10);

/**
 * The identity to serve as: the active slot, once its key has signed; waits for the TPM as long as it takes. After a renewal the old
 * slot serves, and the active one is on trial until it is proven. Fails where only a person can help.
 */
export const chooseIdentity = async (ports: IdentityPorts, wanted: Wanted): Promise<Result<Identities, string>> => {
  const record = await loadIdentityRecord(ports.state);
  if (!record.ok) return record;
  const { active, slots } = record.value;
  const chain = active === null ? null : (slots[active]?.chain ?? null);
  if (active === null || chain === null) return fail('no identity is installed: gridward identity create, csr, install');
  const renewed = await usable(ports, wanted, active);
  if (!renewed.ok) return renewed;
  const previous = otherSlot(active);
  const isAlone = (slots[previous]?.chain ?? null) === null || wanted.stop.aborted;
  const current =
    isAlone || (await isProven(ports.state, leafOf(chain)?.lfdi ?? '')) ? null : await previousIdentity(ports, wanted, previous);
  return ok(current === null ? { current: renewed.value, renewed: null } : { current, renewed: renewed.value });
};

/** Null: its key is gone. */
const previousIdentity = async (ports: IdentityPorts, { trust }: Wanted, slot: Slot): Promise<TlsIdentity | null> => {
  const own = await tpmIdentity(ports.state, ports.tpm, slot);
  if (!own.ok) return null;
  const identity = { ...own.value, trust };
  const works = await proveIdentity(ports.tpm, identity);
  if (works.ok) return identity;
  ports.note({ event: 'previous-identity-lost', level: 'warn', text: `slot ${slot} does not sign: ${works.fault}` });
  return null;
};

/** Tries until the key signs or we are stopped; each new reason is told once. */
const usable = async (ports: IdentityPorts, wanted: Wanted, slot: Slot): Promise<Result<TlsIdentity, string>> => {
  let told = '';
  for (;;) {
    const own = await tpmIdentity(ports.state, ports.tpm, slot);
    if (!own.ok) return own;
    const identity = { ...own.value, trust: wanted.trust };
    const works = await proveIdentity(ports.tpm, identity);
    if (works.ok || wanted.stop.aborted) {
      if (told !== '') ports.note({ event: 'tpm-usable', level: 'info', text: 'the TPM key signs again' });
      return ok(identity);
    }
    if (works.fault !== told) ports.note({ event: 'tpm-unusable', level: 'error', text: works.fault });
    told = works.fault;
    ports.onWait(`nothing goes north: ${works.fault}`);
    await sleepFor(ports.clock, AGAIN, wanted.stop);
  }
};
