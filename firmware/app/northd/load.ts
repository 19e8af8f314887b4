import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { identityOf } from '#utility/identity/fingerprint.ts';
import { isPin } from '#utility/identity/pin.ts';
import { decodeProfile, type UtilityProfile } from '#utility/translate/profile.ts';
import { checkIdentity, type TlsIdentity } from '#platform/tls/context.ts';
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import csipBaseline from '../../../config/utility/csip-baseline.json' with { type: 'json' };
import type { UtilityConfiguration } from '../config/configuration.ts';
import { readSecret } from '../config/secrets.ts';
import type { NorthdConfig } from './northd.ts';

/** Profiles that come with the release. The configuration takes no dots in names, so the file `csip-aus-v1.2` also goes by hyphens. */
const SHIPPED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['csip-aus-v1.2', csipAus],
  ['csip-aus-v1-2', csipAus],
  ['csip-baseline', csipBaseline],
]);
const PROFILE_BYTES_MAX = 64 * 1024;
/**
 * Private enterprise number that ends our mRIDs: the one set aside for documentation (RFC 5612) until the maker of the gateway has
 * its own. It must not change once a site has posted readings.
 */
const PEN = 32_473;

export interface Loaded {
  readonly tls: TlsIdentity;
  readonly config: Omit<NorthdConfig, 'release' | 'bootId' | 'directory'>;
}

/** All that the utility's part of the configuration points at: profile, PIN, certificates. The fault is for a person. */
export const loadUtility = async (
  utility: UtilityConfiguration,
  directory: string,
  files: Files,
  own: OwnIdentity,
): Promise<Result<Loaded, string>> => {
  const profile = await loadProfile(utility.profile, files);
  if (!profile.ok) return profile;
  const pin = await loadPin(utility.registrationPin, files);
  if (!pin.ok) return pin;
  const tls = await loadIdentity(utility.identity, directory, own);
  if (!tls.ok) return tls;
  const leaf = leafOf(tls.value.certificate);
  if (!leaf.ok) return leaf;
  const { lfdi, sfdi } = identityOf(leaf.value);
  const { rates, inBandRegistration, pageLimit } = profile.value;
  const walk = {
    dcap: utility.url,
    lfdi,
    sfdi,
    pin: pin.value,
    inBandRegistration,
    defaultRate: rates.default,
    defaultTimeRate: rates.time,
    rateMin: rates.min,
    rateMax: rates.max,
    pageLimit,
    seed: sfdi,
    allowedOrigins: [],
  };
  return ok({ tls: tls.value, config: { server: utility.name, lfdi, pen: PEN, profile: profile.value, walk } });
};

/** `utility/NAME.json` of the configuration directory goes before the one that came with the release. */
const loadProfile = async (name: string, files: Files): Promise<Result<UtilityProfile, string>> => {
  const own = await files.read(`utility/${name}.json`, PROFILE_BYTES_MAX);
  const value = own.ok ? parse(own.value) : SHIPPED.get(name);
  if (value === undefined) return fail(`there is no readable utility profile ${name}`);
  const profile = decodeProfile(value);
  return profile.ok ? profile : fail(`utility profile ${name}: ${profile.fault.join('; ')}`);
};

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
};

const loadPin = async (name: string | null, files: Files): Promise<Result<number | null, string>> => {
  if (name === null) return ok(null);
  const secret = await readSecret(files, name);
  if (!secret.ok) return fail(`the secret ${name} cannot be read: ${secret.fault.kind}`);
  const pin = Number(secret.value);
  return /^\d{6}$/.test(secret.value) && isPin(pin)
    ? ok(pin)
    : fail(`the secret ${name} is no registration PIN (five digits and a check digit)`);
};

/** Where the identity comes from that no file of the configuration names. */
export interface OwnIdentity {
  /** Of the TPM, for a utility with these roots. */
  readonly tpm: (trust: string) => Promise<Result<TlsIdentity, string>>;
  /** A key in a file is refused. */
  readonly production: boolean;
}

const loadIdentity = async (
  identity: UtilityConfiguration['identity'],
  directory: string,
  own: OwnIdentity,
): Promise<Result<TlsIdentity, string>> => {
  if (identity.kind === 'file' && own.production)
    return fail('identity.kind file is for laboratories: this gateway keeps its key in the TPM (identity.kind tpm)');
  const text = async (path: string): Promise<string> => await readFile(isAbsolute(path) ? path : join(directory, path), 'utf8');
  try {
    if (identity.kind === 'tpm') {
      const made = await own.tpm(await text(identity.trust));
      return made.ok ? checkIdentity(made.value) : made;
    }
    const [certificate, key, trust] = [await text(identity.certificate), await text(identity.key), await text(identity.trust)];
    return checkIdentity({ certificate, key, trust });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

/** DER of the first certificate of a PEM text: ours. */
const leafOf = (pem: string): Result<Uint8Array, string> => {
  try {
    return ok(new X509Certificate(pem).raw);
  } catch {
    return fail('the first certificate of the certificate file is unreadable');
  }
};
