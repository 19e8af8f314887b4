import type { Clock, Files, Note } from '#base/ports.ts';
import { sleepFor } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { seconds } from '#base/units.ts';
import { httpClient } from '#platform/http/client.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { leafOf } from '../identity/chain.ts';
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
  readonly url: string;
  /** LFDI of the one server certificate to accept; null: any that chains to the trust. */
  readonly serverLFDI: string | null;
  readonly stop: AbortSignal;
}

/** Between two attempts at a TPM that does not answer. */
const AGAIN = seconds(10);
/** northd's own file: the LFDI the utility has accepted. The identity command writes the keys, this alone says which is proven. */
const PROVEN_FILE = 'north-identity';
const PROVEN_BYTES_MAX = 256;

/**
 * The identity to serve as: the active slot, once its key has signed; waits for the TPM as long as it takes. After a renewal the old
 * identity goes on until the utility has answered the new one. Fails where only a person can help.
 */
export const chooseIdentity = async (ports: IdentityPorts, wanted: Wanted): Promise<Result<TlsIdentity, string>> => {
  const record = await loadIdentityRecord(ports.state);
  if (!record.ok) return record;
  const { active, slots } = record.value;
  const chain = active === null ? null : (slots[active]?.chain ?? null);
  if (active === null || chain === null) return fail('no identity is installed: gridward identity create, csr, install');
  const previous = otherSlot(active);
  const lfdi = leafOf(chain)?.lfdi ?? '';
  const isAlone = (slots[previous]?.chain ?? null) === null;
  const identity = await usable(ports, wanted, active);
  if (!identity.ok || isAlone || wanted.stop.aborted || (await isProven(ports.state, lfdi))) return identity;
  const taken = await isTaken(identity.value, wanted);
  if (taken.ok) {
    await ports.state.replace(PROVEN_FILE, new TextEncoder().encode(`${lfdi}\n`));
    ports.note({ event: 'identity-renewed', level: 'info', text: `the utility takes LFDI ${lfdi}` });
    return identity;
  }
  const text = `the utility does not take LFDI ${lfdi} yet (${taken.fault}): the previous identity serves on`;
  ports.note({ event: 'identity-not-taken', level: 'warn', text });
  return await usable(ports, wanted, previous);
};

const isProven = async (state: Files, lfdi: string): Promise<boolean> => {
  const proven = await state.read(PROVEN_FILE, PROVEN_BYTES_MAX);
  return proven.ok && new TextDecoder().decode(proven.value).trim() === lfdi;
};

/** Whether the server answers this identity. */
const isTaken = async (identity: TlsIdentity, { url, serverLFDI }: Wanted): Promise<Result<void, string>> => {
  const client = httpClient(identity, { serverLFDI, chainRule: chainProblem });
  const reply = await client.request({ method: 'GET', url, headers: { accept: 'application/sep+xml' }, body: null });
  await client.close();
  if (!reply.ok) return fail(`${reply.fault.kind}: ${reply.fault.text}`);
  return reply.value.status === 200 ? ok(undefined) : fail(`HTTP ${reply.value.status}`);
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
