import { ok, type Result } from '#base/result.ts';
import { sfdiText } from '#utility/identity/fingerprint.ts';
import { TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { leafOf } from './chain.ts';
import type { Enroller } from './enrol.ts';
import { loadIdentityRecord, type Slot } from './record.ts';

interface SlotView {
  readonly slot: Slot;
  readonly handle: string;
  readonly use: 'active' | 'previous' | 'waits for its certificate';
  readonly serial: string;
  readonly lfdi: string | null;
  readonly sfdi: string | null;
  readonly validTo: string | null;
  /** What the TPM says of the key. */
  readonly key: string;
}

/** What `gridward identity show` prints: both slots, and whether the TPM still has their keys. */
export const describeIdentity = async ({ state, tpm }: Enroller, json: boolean): Promise<Result<string, string>> => {
  const record = await loadIdentityRecord(state);
  if (!record.ok) return record;
  const views: SlotView[] = [];
  for (const slot of ['a', 'b'] as const) {
    const held = record.value.slots[slot];
    if (held === null) continue;
    const leaf = held.chain === null ? null : leafOf(held.chain);
    const key = await tpm.readKey(TPM_HANDLES[slot]);
    views.push({
      slot,
      handle: `0x${TPM_HANDLES[slot].toString(16)}`,
      use: record.value.active === slot ? 'active' : held.chain === null ? 'waits for its certificate' : 'previous',
      serial: held.serial,
      lfdi: leaf?.lfdi ?? null,
      sfdi: leaf === null ? null : sfdiText(leaf.sfdi),
      validTo: leaf?.certificate.validTo ?? null,
      key: key.ok ? 'in the TPM' : `TPM ${key.fault.kind}: ${key.fault.text}`,
    });
  }
  if (json) return ok(`${JSON.stringify({ slots: views })}\n`);
  if (views.length === 0) return ok('no identity: gridward identity create\n');
  return ok(views.map(line).join(''));
};

const line = (view: SlotView): string =>
  `slot ${view.slot} (${view.handle}) ${view.use}: serial ${view.serial}, LFDI ${view.lfdi ?? '-'}, SFDI ${view.sfdi ?? '-'}, ` +
  `until ${view.validTo ?? '-'}, key ${view.key}\n`;
