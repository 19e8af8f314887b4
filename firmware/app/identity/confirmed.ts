import * as v from 'valibot';
import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { tpmText } from './create.ts';

/** Format of confirmed.json; this release reads it and the next (design D17). */
const FORMAT = 1;
const FILE = 'identity/confirmed.json';
const BYTES_MAX = 4096;
/** In the file while the TPM's counter gets its first value. */
const FIRST = 0n;
const RELEASE_CHARACTERS_MAX = 64;
const ConfirmedSchema = v.object({
  format: v.picklist([FORMAT, FORMAT + 1]),
  release: v.pipe(v.string(), v.minLength(1), v.maxLength(RELEASE_CHARACTERS_MAX)),
  /** Value of the TPM's counter from this confirmation on. */
  counter: v.pipe(v.string(), v.regex(/^\d{1,20}$/)),
});

interface Confirmed {
  readonly release: string;
  readonly counter: bigint;
}

/**
 * What the update code may believe of the releases confirmed so far. `none`: no update was ever confirmed. `confirmed`: the newest is
 * known. `rolled-back`: the disk is older than the TPM, somebody put an old state back: install nothing before a person looked.
 */
export type Rollback =
  | { readonly kind: 'none' }
  | { readonly kind: 'confirmed'; readonly release: string; readonly counter: bigint }
  | { readonly kind: 'rolled-back'; readonly counter: bigint };

const load = async (state: Files): Promise<Confirmed | null> => {
  const bytes = await state.read(FILE, BYTES_MAX);
  if (!bytes.ok) return null;
  try {
    const parsed = v.safeParse(ConfirmedSchema, JSON.parse(new TextDecoder().decode(bytes.value)));
    return parsed.success ? { release: parsed.output.release, counter: BigInt(parsed.output.counter) } : null;
  } catch {
    return null;
  }
};

/** The counter of the TPM; null: it was never raised. */
const counterOf = async (tpm: Tpm): Promise<Result<bigint | null, string>> => {
  const value = await tpm.readCounter(TPM_HANDLES.counter);
  if (value.ok) return value;
  return value.fault.kind === 'no-key' ? ok(null) : fail(tpmText(value.fault));
};

/** Read by the update code before it installs anything, and by `gridward counter`. The fault is for a person. */
export const rollbackState = async (state: Files, tpm: Tpm): Promise<Result<Rollback, string>> => {
  const counter = await counterOf(tpm);
  if (!counter.ok) return counter;
  const kept = await load(state);
  if (kept?.counter === FIRST) return ok({ kind: 'none' });
  if (counter.value === null) return ok(kept === null ? { kind: 'none' } : { kind: 'rolled-back', counter: 0n });
  // One ahead of the TPM: power went between the file and the counter, and the confirmation is completed at the next.
  const fits = kept !== null && (kept.counter === counter.value || kept.counter === counter.value + 1n);
  return ok(
    fits ? { kind: 'confirmed', release: kept.release, counter: counter.value } : { kind: 'rolled-back', counter: counter.value },
  );
};

/**
 * An update is confirmed: raises the counter by one, once for a release however often it is called; nothing ever lowers it. Resolves
 * with its value. Refuses where the disk is older than the TPM.
 */
export const confirmRelease = async (state: Files, tpm: Tpm, release: string): Promise<Result<bigint, string>> => {
  const now = await rollbackState(state, tpm);
  if (!now.ok) return now;
  if (now.value.kind === 'rolled-back')
    return fail(
      `the TPM counts ${now.value.counter} confirmed updates, the disk knows others: the state was put back to an older one`,
    );
  if (now.value.kind === 'none') {
    const begun = await save(state, release, FIRST);
    const value = begun.ok ? await firstValue(tpm) : begun;
    const saved = value.ok ? await save(state, release, value.value) : value;
    return saved.ok ? value : saved;
  }
  const { counter } = now.value;
  const kept = await load(state);
  if (kept?.release === release && kept.counter === counter) return ok(counter);
  // The file first: with the counter first, a power cut would look like a state put back.
  const saved = await save(state, release, counter + 1n);
  if (!saved.ok) return saved;
  const raised = await tpm.raiseCounter(TPM_HANDLES.counter);
  return raised.ok ? ok(counter + 1n) : fail(tpmText(raised.fault));
};

const save = async (state: Files, release: string, counter: bigint): Promise<Result<void, string>> => {
  const record = { format: FORMAT, release, counter: String(counter) };
  const saved = await state.replace(FILE, new TextEncoder().encode(`${JSON.stringify(record)}\n`));
  return saved.ok ? saved : fail(`${saved.fault.path}: ${saved.fault.kind}`);
};

/** Makes the counter and gives it its first value: it starts above every one this TPM ever had, where nobody knows beforehand. */
const firstValue = async (tpm: Tpm): Promise<Result<bigint, string>> => {
  const defined = await tpm.defineCounter(TPM_HANDLES.counter);
  if (!defined.ok && defined.fault.kind !== 'occupied') return fail(tpmText(defined.fault));
  const raised = await tpm.raiseCounter(TPM_HANDLES.counter);
  if (!raised.ok) return fail(tpmText(raised.fault));
  const value = await tpm.readCounter(TPM_HANDLES.counter);
  return value.ok ? value : fail(tpmText(value.fault));
};
