import { fail, ok, type Result } from '#base/result.ts';
import { CSIP_AUS_NAMESPACES } from '#utility/wire/namespaces.ts';
import { resolveHref, type HrefRule } from './href.ts';

/** Where CSIP-AUS v1.3 servers say which versions they serve (reference 1.7). */
const WELL_KNOWN_PATH = '/.well-known/csipaus';
const BYTES_MAX = 64 * 1024;
const ADDRESSES_MAX = 8;

export type CsipAusVersion = keyof typeof CSIP_AUS_NAMESPACES;

/** Newest first. */
const VERSIONS: readonly CsipAusVersion[] = ['1.3', '1.2'];

export interface ServedVersion {
  readonly version: CsipAusVersion;
  /** Absolute address of its DeviceCapability. */
  readonly dcap: string;
}

/** The document of the host of `address`. */
export const wellKnownUrl = (address: string): string => new URL(WELL_KNOWN_PATH, address).href;

/**
 * The newest version both speak, with its DeviceCapability. Unknown versions, null and malformed values and empty lists are ignored;
 * where nothing usable remains there is no server for us, and no other address may be guessed (CSIP-AUS SDVN-01).
 */
export const chooseVersion = (body: Uint8Array, base: string, rule: HrefRule): Result<ServedVersion, string> => {
  if (body.length > BYTES_MAX) return fail(`${WELL_KNOWN_PATH} of ${body.length} bytes`);
  const versions = member(decoded(body), 'supportedSchemaVersions');
  if (versions === undefined) return fail(`${WELL_KNOWN_PATH} states no supportedSchemaVersions`);
  for (const version of VERSIONS) {
    const addresses = member(member(versions, CSIP_AUS_NAMESPACES[version]), 'dcap');
    if (!Array.isArray(addresses)) continue;
    for (const address of addresses.slice(0, ADDRESSES_MAX) as readonly unknown[]) {
      const dcap = typeof address === 'string' ? resolveHref(address, base, rule) : null;
      if (dcap?.ok === true) return ok({ version, dcap: dcap.value });
    }
  }
  return fail(`${WELL_KNOWN_PATH} offers no version of CSIP-AUS that is spoken here`);
};

const decoded = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
};

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** The media type for a version: v1.3 servers want it named on every request, older ones take none (reference 1.4). */
export const mediaTypeFor = (type: string, version: CsipAusVersion): string => {
  const plain = type.replaceAll(/;\s*csipaus=[\d.]+/g, '');
  return version === '1.3' ? plain.replace('application/sep+xml', 'application/sep+xml; csipaus=1.3') : plain;
};
