import * as v from 'valibot';
import type { FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { lockSecret, newDataKey, openDataKey, sealFor, unlockSecret } from '#platform/tpm/vault.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import { isSecretName } from '../config/secrets.ts';
import { tpmText } from './create.ts';

/** Where the secrets are, and what opens them. */
export interface Vault {
  /** The state directory: `secrets/` is below it. */
  readonly state: Files;
  readonly tpm: Tpm;
  /** Of the running release (measured-release.ts). */
  readonly measurement: Uint8Array;
}

/** Format of keys.json; this release reads it and the next (design D17). */
const FORMAT = 1;
/** The running release's blob, and that of the one an update is about to start. */
const BLOBS_MAX = 2;
const KeysSchema = v.object({
  format: v.picklist([FORMAT, FORMAT + 1]),
  /** Base64 of the sealed data key, one for each release that may open it; the running one's first. */
  sealed: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(BLOBS_MAX)),
});

const KEYS_FILE = 'secrets/keys.json';
const BYTES_MAX = 16 * 1024;
/** Longest secret, bytes. */
export const SECRET_BYTES_MAX = 4096;
const ENDING = '.locked';

const why = (fault: FileFault): string => `${fault.path}: ${'why' in fault ? fault.why : fault.kind}`;
const fileOf = (name: string): string => `secrets/${name}${ENDING}`;

/** Empty: there is no vault yet. */
const loadBlobs = async (state: Files): Promise<Result<readonly Uint8Array[], string>> => {
  const bytes = await state.read(KEYS_FILE, BYTES_MAX);
  if (!bytes.ok) return bytes.fault.kind === 'absent' ? ok([]) : fail(why(bytes.fault));
  try {
    const parsed = v.safeParse(KeysSchema, JSON.parse(new TextDecoder().decode(bytes.value)));
    if (parsed.success) return ok(parsed.output.sealed.map((blob) => Buffer.from(blob, 'base64')));
  } catch {
    // told below
  }
  return fail(`${KEYS_FILE} is unreadable: restore it from a backup, or remove it and set every secret again`);
};

const saveBlobs = async (state: Files, blobs: readonly Uint8Array[]): Promise<Result<void, string>> => {
  const sealed = blobs.map((blob) => Buffer.from(blob).toString('base64'));
  const saved = await state.replace(KEYS_FILE, new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, sealed })}\n`));
  return saved.ok ? saved : fail(why(saved.fault));
};

const openKey = async ({ state, tpm }: Vault): Promise<Result<Uint8Array | null, string>> => {
  const blobs = await loadBlobs(state);
  if (!blobs.ok) return blobs;
  if (blobs.value.length === 0) return ok(null);
  const key = await openDataKey(tpm, blobs.value);
  if (key.ok) return key;
  return fail(
    key.fault.kind === 'policy'
      ? 'the secrets are sealed for another release or boot chain: start the one they were sealed for, or set them again'
      : tpmText(key.fault),
  );
};

/** Locks a secret under its name, in place of an earlier one. The first makes the data key. */
export const setSecret = async (vault: Vault, name: string, secret: Uint8Array): Promise<Result<void, string>> => {
  if (!isSecretName(name)) return fail('a secret has a name of 1 to 32 small letters, digits and hyphens');
  if (secret.length === 0 || secret.length > SECRET_BYTES_MAX) return fail(`a secret has 1 to ${SECRET_BYTES_MAX} bytes`);
  const opened = await openKey(vault);
  if (!opened.ok) return opened;
  let key = opened.value;
  if (key === null) {
    const made = await newDataKey(vault.tpm, vault.measurement);
    if (!made.ok) return fail(tpmText(made.fault));
    const kept = await saveBlobs(vault.state, [made.value.sealed]);
    if (!kept.ok) return kept;
    key = made.value.key;
  }
  const saved = await vault.state.replace(fileOf(name), lockSecret(key, name, secret));
  return saved.ok ? saved : fail(why(saved.fault));
};

/** Null: there is no secret of this name. */
export const openSecret = async (vault: Vault, name: string): Promise<Result<Uint8Array | null, string>> => {
  if (!isSecretName(name)) return ok(null);
  const locked = await vault.state.read(fileOf(name), BYTES_MAX);
  if (!locked.ok) return locked.fault.kind === 'absent' ? ok(null) : fail(why(locked.fault));
  const key = await openKey(vault);
  if (!key.ok) return key;
  const secret = key.value === null ? null : unlockSecret(key.value, name, locked.value);
  return secret === null ? fail(`the secret ${name} is damaged, or of another vault: set it again`) : ok(secret);
};

/** Names of the secrets kept, ascending. */
export const secretNames = async (state: Files): Promise<Result<readonly string[], string>> => {
  const names = await state.list('secrets');
  if (!names.ok) return names.fault.kind === 'absent' ? ok([]) : fail(why(names.fault));
  return ok(names.value.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length)));
};

export const removeSecret = async (state: Files, name: string): Promise<Result<void, string>> => {
  if (!isSecretName(name)) return fail(`there is no secret ${name}`);
  const removed = await state.remove(fileOf(name));
  return removed.ok ? removed : fail(removed.fault.kind === 'absent' ? `there is no secret ${name}` : why(removed.fault));
};

/**
 * Before an update reboots: seals the data key for the release it is about to start too. Both blobs stay until `settleUpdate`, so that
 * a release that falls back opens its own. Without secrets there is nothing to do.
 */
export const prepareUpdate = async (vault: Vault, next: Uint8Array): Promise<Result<void, string>> => {
  const key = await openKey(vault);
  if (!key.ok) return key;
  if (key.value === null) return ok(undefined);
  const own = await sealFor(vault.tpm, key.value, vault.measurement);
  const other = own.ok ? await sealFor(vault.tpm, key.value, next) : own;
  if (!own.ok || !other.ok) return fail(!own.ok ? tpmText(own.fault) : other.ok ? '' : tpmText(other.fault));
  return await saveBlobs(vault.state, [own.value, other.value]);
};

/** After the running release is confirmed: the old one opens nothing any more. */
export const settleUpdate = async (vault: Vault): Promise<Result<void, string>> => {
  const key = await openKey(vault);
  if (!key.ok) return key;
  if (key.value === null) return ok(undefined);
  const own = await sealFor(vault.tpm, key.value, vault.measurement);
  return own.ok ? await saveBlobs(vault.state, [own.value]) : fail(tpmText(own.fault));
};
