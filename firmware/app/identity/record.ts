import * as v from 'valibot';
import type { FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';

/** Of the two places for a key in the TPM. */
export type Slot = 'a' | 'b';

export const otherSlot = (slot: Slot): Slot => (slot === 'a' ? 'b' : 'a');

/** Format of identity.json; this release reads it and the next (design D17). */
const FORMAT = 1;

const SlotSchema = v.object({
  type: v.string(),
  serial: v.string(),
  /** PEM, leaf first; null: not issued yet. */
  chain: v.nullable(v.string()),
});

const RecordSchema = v.object({
  format: v.picklist([FORMAT, FORMAT + 1]),
  /** The slot northd uses; null: none has a certificate yet. */
  active: v.nullable(v.picklist(['a', 'b'])),
  slots: v.object({ a: v.nullable(SlotSchema), b: v.nullable(SlotSchema) }),
});

export type SlotRecord = Readonly<v.InferOutput<typeof SlotSchema>>;
export type IdentityRecord = Readonly<v.InferOutput<typeof RecordSchema>>;

const FILE = 'identity/identity.json';
const FILE_BYTES_MAX = 64 * 1024;
const AUTH_BYTES = 32;

export const NO_IDENTITY: IdentityRecord = { format: FORMAT, active: null, slots: { a: null, b: null } };

const why = (fault: FileFault): string => `${fault.path}: ${'why' in fault ? fault.why : fault.kind}`;

/** What is known of the keys, below the state directory. No file: no identity. The fault is for a person. */
export const loadIdentityRecord = async (state: Files): Promise<Result<IdentityRecord, string>> => {
  const bytes = await state.read(FILE, FILE_BYTES_MAX);
  if (!bytes.ok) return bytes.fault.kind === 'absent' ? ok(NO_IDENTITY) : fail(why(bytes.fault));
  try {
    const parsed = v.safeParse(RecordSchema, JSON.parse(new TextDecoder().decode(bytes.value)));
    if (parsed.success) return ok(parsed.output);
  } catch {
    // told below
  }
  return fail(`${FILE} is unreadable; the keys in the TPM are untouched, restore the file from a backup`);
};

export const saveIdentityRecord = async (state: Files, record: IdentityRecord): Promise<Result<void, string>> => {
  const saved = await state.replace(FILE, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
  return saved.ok ? saved : fail(why(saved.fault));
};

const authFile = (slot: Slot): string => `identity/${slot}.auth`;

/** The auth value of a slot's key: useless without this very TPM. */
export const loadAuth = async (state: Files, slot: Slot): Promise<Result<Uint8Array, string>> => {
  const bytes = await state.read(authFile(slot), AUTH_BYTES);
  if (!bytes.ok) return fail(why(bytes.fault));
  return bytes.value.length === AUTH_BYTES ? bytes : fail(`${authFile(slot)} is damaged`);
};

/** Refuses to write over one: without it the key it opens is lost. */
export const saveAuth = async (state: Files, slot: Slot, auth: Uint8Array): Promise<Result<void, string>> => {
  const saved = await state.replace(authFile(slot), auth);
  return saved.ok ? saved : fail(why(saved.fault));
};

export const newAuth = (bytes: (length: number) => Uint8Array): Uint8Array => bytes(AUTH_BYTES);
