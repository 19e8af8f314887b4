import type { Entropy, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { parseLfdi } from '#utility/identity/fingerprint.ts';
import { requestInfo, type HardwareModule } from '#platform/tpm/csr.ts';
import type { TpmFault } from '#platform/tpm/fault.ts';
import { type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { leafOf } from './chain.ts';
import {
  type IdentityRecord,
  loadAuth,
  loadIdentityRecord,
  newAuth,
  otherSlot,
  saveAuth,
  saveIdentityRecord,
  type Slot,
} from './record.ts';

export interface Maker {
  readonly state: Files;
  readonly tpm: Tpm;
  readonly entropy: Entropy;
}

const POINT_BYTES = 65;
const PROBE = new Uint8Array(32);

export const tpmText = (fault: TpmFault): string => `TPM ${fault.kind}: ${fault.text}`;

const handleText = (slot: Slot): string => `0x${TPM_HANDLES[slot].toString(16)}`;

/** The first identity of a device. Refuses where there is one. */
export const createIdentity = async (maker: Maker, module: HardwareModule): Promise<Result<string, string>> => {
  const record = await loadIdentityRecord(maker.state);
  if (!record.ok) return record;
  if (record.value.slots.a !== null || record.value.slots.b !== null)
    return fail('this device has an identity: `gridward identity renew` makes another beside it');
  return await fillSlot(maker, record.value, 'a', module);
};

/** A second key beside the one in use. What the other slot holds is destroyed only where `discard` names it. */
export const renewIdentity = async (maker: Maker, discard: string | null): Promise<Result<string, string>> => {
  const record = await loadIdentityRecord(maker.state);
  if (!record.ok) return record;
  const { active, slots } = record.value;
  const current = active === null ? null : slots[active];
  if (active === null || current === null) return fail('no identity is in use yet: gridward identity create, csr, install');
  const slot = otherSlot(active);
  const retired = slots[slot];
  const module = { type: current.type, serial: current.serial };
  if (retired === null) return await fillSlot(maker, record.value, slot, module);
  if (retired.chain === null) return fail('a renewal is under way: gridward identity csr, install');
  const lfdi = leafOf(retired.chain)?.lfdi ?? 'unknown';
  if (discard === null || parseLfdi(discard) !== lfdi)
    return fail(
      `slot ${slot} holds the key of LFDI ${lfdi}, which this would destroy for ever; if the utility has taken the new identity, repeat with --discard ${lfdi}`,
    );
  const emptied = await emptySlot(maker, record.value, slot);
  return emptied.ok ? await fillSlot(maker, emptied.value, slot, module) : emptied;
};

const emptySlot = async (maker: Maker, record: IdentityRecord, slot: Slot): Promise<Result<IdentityRecord, string>> => {
  // The record first: a power cut leaves a key nobody uses, not the record of a key that is gone.
  const without = { ...record, slots: { ...record.slots, [slot]: null } };
  const forgotten = await saveIdentityRecord(maker.state, without);
  if (!forgotten.ok) return forgotten;
  const evicted = await maker.tpm.evict(TPM_HANDLES[slot]);
  return evicted.ok || evicted.fault.kind === 'no-key' ? ok(without) : fail(tpmText(evicted.fault));
};

/** Makes the key of a free slot; one that a power cut left without its record is taken up again. */
const fillSlot = async (
  maker: Maker,
  record: IdentityRecord,
  slot: Slot,
  module: HardwareModule,
): Promise<Result<string, string>> => {
  const wellFormed = requestInfo(new Uint8Array(POINT_BYTES), module);
  if (!wellFormed.ok) return wellFormed;
  const found = await maker.tpm.readKey(TPM_HANDLES[slot]);
  if (!found.ok && found.fault.kind !== 'no-key') return fail(tpmText(found.fault));
  const made = found.ok ? await adopt(maker, slot) : await make(maker, slot);
  if (!made.ok) return made;
  const saved = await saveIdentityRecord(maker.state, {
    ...record,
    slots: { ...record.slots, [slot]: { ...module, chain: null } },
  });
  return saved.ok ? ok(`slot ${slot}: key ${made.value} at ${handleText(slot)}; next: gridward identity csr\n`) : saved;
};

const make = async ({ state, tpm, entropy }: Maker, slot: Slot): Promise<Result<string, string>> => {
  const auth = newAuth((length) => entropy.bytes(length));
  // Before the key: a key whose auth value was never written is lost.
  const kept = await saveAuth(state, slot, auth);
  if (!kept.ok) return kept;
  const key = await tpm.createKey(TPM_HANDLES[slot], auth);
  return key.ok ? ok('made') : fail(tpmText(key.fault));
};

const adopt = async ({ state, tpm }: Maker, slot: Slot): Promise<Result<string, string>> => {
  const stranger = `a key that no record knows is at ${handleText(slot)}; it is left alone. If it is nobody's: tpm2_evictcontrol -c ${handleText(slot)}`;
  const auth = await loadAuth(state, slot);
  if (!auth.ok) return fail(stranger);
  tpm.know(TPM_HANDLES[slot], auth.value);
  const signed = await tpm.sign(TPM_HANDLES[slot], PROBE);
  return signed.ok ? ok('found again') : fail(`${stranger} (${tpmText(signed.fault)})`);
};
