import { createHash } from 'node:crypto';
import {
  checkServerIdentity,
  createSecureContext,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls';
import { fail, ok, type Result } from '#base/result.ts';

/**
 * PEM texts. `certificate` is the chain, leaf first, without the root; `trust` holds the roots of this one utility; `key` is a key or
 * the name of one in the TPM (platform/tpm).
 */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
  readonly trust: string;
}

/** Says what is wrong with a presented chain (DER, leaf first), or null. For rules that OpenSSL does not know. */
export type ChainRule = (chain: readonly Uint8Array[]) => string | null;

export interface ServerRule {
  /** LFDI of the one server certificate to accept, 40 hex digits; null: any that chains to the trust. */
  readonly serverLFDI: string | null;
  readonly chainRule: ChainRule | null;
}

/** Refusal of a server certificate that OpenSSL itself accepted. */
export class ServerRefused extends Error {
  override readonly name = 'ServerRefused';
  readonly code: 'GRIDWARD_TLS_NAME' | 'GRIDWARD_TLS_CHAIN';

  constructor(code: ServerRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * IEEE 2030.5 wants CCM-8; GCM is the equal-or-stronger second that utilities use. OpenSSL 3.5 rates CCM-8 (64-bit tag) below its
 * security level 1, hence level 0 for this context alone; the curve, signature and key checks below take its place.
 */
const SUITES = 'ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0';
const CURVE = 'prime256v1';
const CHAIN_MAX = 8;

/** What `tls.connect` gets, for every connection to one utility. */
export interface TlsClientOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * What all connections of one identity share, so that a key in the TPM is looked up once. Throws what OpenSSL says of the files, and
 * where the TPM does not answer.
 */
export const identityContext = (identity: TlsIdentity): SecureContext =>
  createSecureContext({
    cert: identity.certificate,
    key: identity.key,
    ca: identity.trust,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: SUITES,
    ecdhCurve: CURVE,
    sigalgs: 'ECDSA+SHA256',
  });

/** Client side of mutual TLS 1.2 as IEEE 2030.5 6.11 asks; verification is always on. Throws as identityContext does. */
export const tlsClientOptions = (identity: TlsIdentity, rule: ServerRule): TlsClientOptions => ({
  secureContext: identityContext(identity),
  rejectUnauthorized: true,
  checkServerIdentity: (host, certificate) => refusalOf(host, certificate, rule),
});

/** Checks that an identity has the three PEM parts before anything connects with it. */
export const checkIdentity = (identity: TlsIdentity): Result<TlsIdentity, string> => {
  if (!identity.certificate.includes('-----BEGIN CERTIFICATE-----')) return fail('the certificate file holds no PEM certificate');
  if (!identity.key.includes('-----BEGIN')) return fail('the key file holds no PEM key');
  if (!identity.trust.includes('-----BEGIN CERTIFICATE-----')) return fail('the trust file holds no PEM certificate');
  return ok(identity);
};

/**
 * Certificates of a 2030.5 PKI carry no DNS name: such a one is accepted on its chain, and its LFDI where one is pinned.
 * A certificate that does name hosts must name ours.
 */
const refusalOf = (host: string, certificate: PeerCertificate, rule: ServerRule): Error | undefined => {
  const named = /(?:^|, )(?:DNS|IP Address):/.test(certificate.subjectaltname ?? '');
  if (named) {
    const mismatch = checkServerIdentity(host, certificate);
    if (mismatch !== undefined) return mismatch;
  }
  if (certificate.asn1Curve !== CURVE) {
    return new ServerRefused(
      'GRIDWARD_TLS_NAME',
      `the server's key is not on P-256 but ${certificate.asn1Curve ?? 'of another kind'}`,
    );
  }
  const chain = chainOf(certificate);
  const leaf = chain[0];
  if (rule.serverLFDI !== null && leaf !== undefined) {
    const lfdi = createHash('sha256').update(leaf).digest('hex').slice(0, 40);
    if (lfdi !== rule.serverLFDI.toLowerCase()) {
      return new ServerRefused('GRIDWARD_TLS_NAME', `the server's LFDI is ${lfdi.toUpperCase()}, pinned is ${rule.serverLFDI}`);
    }
  }
  const broken = rule.chainRule?.(chain) ?? null;
  return broken === null ? undefined : new ServerRefused('GRIDWARD_TLS_CHAIN', broken);
};

/** DER of the leaf and its issuers as presented and completed by the verifier; the root's issuer is itself. */
const chainOf = (leaf: PeerCertificate): readonly Uint8Array[] => {
  const chain: Uint8Array[] = [];
  let at: Partial<DetailedPeerCertificate> | undefined = leaf;
  while (at?.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(at.raw);
    const issuer: Partial<DetailedPeerCertificate> | undefined = at.issuerCertificate;
    if (issuer === at) break;
    at = issuer;
  }
  return chain;
};
