import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { identityOf, type Lfdi } from '#utility/identity/fingerprint.ts';
import { isPin } from '#utility/identity/pin.ts';
import type { UtilityProfile } from '#utility/translate/profile.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import { checkIdentity, type TlsIdentity } from '#platform/tls/context.ts';
import type { UtilityConfiguration } from './configuration.ts';
import { readSecret } from './secrets.ts';
import { loadProfile } from './profiles.ts';

export interface Loaded {
  readonly tls: TlsIdentity;
  readonly serverLFDI: string | null;
  readonly config: UtilitySite;
  /** The certificate that is to take over once it has completed a walk; null: none. */
  readonly renewed: { readonly tls: TlsIdentity; readonly config: UtilitySite } | null;
}

/** One utility as this site meets it: everything of it that a program needs besides the TLS identity. */
export interface UtilitySite {
  /** Name of the server in the configuration. */
  readonly server: string;
  readonly lfdi: Lfdi;
  /** DER of our own certificate, for the warning before its end. */
  readonly certificate: Uint8Array;
  /** IANA private enterprise number that ends our mRIDs. */
  readonly pen: number;
  /** National Metering Identifier of the connection point; null: not told. */
  readonly nmi: string | null;
  readonly profile: UtilityProfile;
  /** Domain that DNS finds the server in; null: `walk.dcap` is its address. */
  readonly domain: string | null;
  readonly walk: WalkSettings;
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
  // The identity first: what waits for the TPM waits there.
  const identities = await loadIdentity(utility.identity, directory, own);
  if (!identities.ok) return identities;
  const pin = await loadPin(utility.registrationPin, files, own);
  if (!pin.ok) return pin;
  const { current, renewed } = identities.value;
  const parts = { profile: profile.value, pin: pin.value };
  const leaf = leafOf(current.certificate);
  if (!leaf.ok) return leaf;
  const config = siteOf(utility, { ...parts, certificate: leaf.value });
  const server = { serverLFDI: utility.identity.serverLFDI };
  if (renewed === null) return ok({ ...server, tls: current, config, renewed: null });
  const next = leafOf(renewed.certificate);
  if (!next.ok) return fail(`the renewed identity: ${next.fault}`);
  const renewedConfig = siteOf(utility, { ...parts, certificate: next.value });
  return ok({ ...server, tls: current, config, renewed: { tls: renewed, config: renewedConfig } });
};

/** Stored energy is told by sites that store any. */
const withoutStorage = (profile: UtilityProfile): UtilityProfile => {
  const { readings } = profile.mirrors;
  const der = readings.der.filter((reading) => reading !== 'Wh');
  return { ...profile, mirrors: { ...profile.mirrors, readings: { ...readings, der } } };
};

/** What the utility's part of the configuration comes to, once all it points at is read. `certificate`: DER of our own. */
export const siteOf = (
  utility: UtilityConfiguration,
  { profile, pin, certificate }: Pick<UtilitySite, 'profile' | 'certificate'> & { readonly pin: number | null },
): UtilitySite => {
  const { lfdi, sfdi } = identityOf(certificate);
  const told = utility.hasStorage === true ? profile : withoutStorage(profile);
  const { rates, inBandRegistration, pageLimit } = profile;
  const domain = utility.url.startsWith('https:') ? null : utility.url;
  const walk = {
    dcap: domain === null ? utility.url : `https://${domain}/`,
    lfdi,
    sfdi,
    pin,
    inBandRegistration,
    defaultRate: rates.default,
    defaultTimeRate: rates.time,
    rateMin: rates.min,
    rateMax: rates.max,
    pageLimit,
    seed: sfdi,
    allowedOrigins: [],
  };
  return { server: utility.name, lfdi, certificate, pen: utility.pen, nmi: utility.nmi, profile: told, domain, walk };
};

/** From the vault, or where that has none of this name from the file beside the configuration. */
export const loadSecret = async (
  name: string,
  files: Files,
  own: Pick<OwnIdentity, 'secret'>,
): Promise<Result<string, string>> => {
  const sealed = await own.secret(name);
  if (!sealed.ok) return fail(`the secret ${name} cannot be opened: ${sealed.fault}`);
  const plain = sealed.value === null ? await readSecret(files, name) : ok(sealed.value);
  return plain.ok ? plain : fail(`the secret ${name} cannot be read: ${plain.fault.kind}`);
};

const loadPin = async (name: string | null, files: Files, own: OwnIdentity): Promise<Result<number | null, string>> => {
  if (name === null) return ok(null);
  const plain = await loadSecret(name, files, own);
  if (!plain.ok) return plain;
  const pin = Number(plain.value);
  return /^\d{6}$/.test(plain.value) && isPin(pin)
    ? ok(pin)
    : fail(`the secret ${name} is no registration PIN (five digits and a check digit)`);
};

/** The identity that serves, and the one that is to take over; null: none is on trial. */
export interface Identities {
  readonly current: TlsIdentity;
  readonly renewed: TlsIdentity | null;
}

/** Where the identity comes from that no file of the configuration names. */
export interface OwnIdentity {
  /** Of the TPM, for a utility with these roots. */
  readonly tpm: (trust: string) => Promise<Result<Identities, string>>;
  /** A secret of the vault (`gridward secret set`); null: it has none of this name. */
  readonly secret: (name: string) => Promise<Result<string | null, string>>;
  /** A key in a file is refused. */
  readonly production: boolean;
}

const loadIdentity = async (
  identity: UtilityConfiguration['identity'],
  directory: string,
  own: OwnIdentity,
): Promise<Result<Identities, string>> => {
  if (identity.kind === 'file' && own.production)
    return fail('identity.kind file is for laboratories: this gateway keeps its key in the TPM (identity.kind tpm)');
  const text = async (path: string): Promise<string> => await readFile(isAbsolute(path) ? path : join(directory, path), 'utf8');
  try {
    if (identity.kind === 'tpm') {
      const made = await own.tpm(await text(identity.trust));
      return made.ok ? checked(made.value) : made;
    }
    const trust = await text(identity.trust);
    const inFiles = async (files: { readonly certificate: string; readonly key: string }): Promise<TlsIdentity> => ({
      certificate: await text(files.certificate),
      key: await text(files.key),
      trust,
    });
    const renewed = identity.renewed === null ? null : await inFiles(identity.renewed);
    return checked({ current: await inFiles(identity), renewed });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const checked = (identities: Identities): Result<Identities, string> => {
  for (const one of [identities.current, identities.renewed]) {
    const sound = one === null ? ok(undefined) : checkIdentity(one);
    if (!sound.ok) return sound;
  }
  return ok(identities);
};

/** DER of the first certificate of a PEM text: ours. */
const leafOf = (pem: string): Result<Uint8Array, string> => {
  try {
    return ok(new X509Certificate(pem).raw);
  } catch {
    return fail('the first certificate of the certificate file is unreadable');
  }
};
