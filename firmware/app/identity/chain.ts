import { X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '#base/result.ts';
import { identityOf, type Lfdi } from '#utility/identity/fingerprint.ts';

/** Certificates in one chain; more is no chain of a 2030.5 device (IEEE 2030.5 6.11: at most three CAs). */
const CHAIN_MAX = 6;
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface Leaf {
  readonly lfdi: Lfdi;
  readonly sfdi: number;
  readonly certificate: X509Certificate;
}

/** The first certificate of a PEM text; null: there is no readable one. */
export const leafOf = (chain: string): Leaf | null => {
  const parsed = parseChain(chain);
  const certificate = parsed.ok ? parsed.value[0] : undefined;
  return certificate === undefined ? null : { ...identityOf(certificate.raw), certificate };
};

/** All certificates of a PEM text, each signed by the next. The fault is for a person. */
export const parseChain = (text: string): Result<readonly X509Certificate[], string> => {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) return fail('the file holds no PEM certificate');
  if (blocks.length > CHAIN_MAX) return fail(`the file holds ${blocks.length} certificates, a chain has at most ${CHAIN_MAX}`);
  const chain: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      chain.push(new X509Certificate(block));
    } catch {
      return fail(`certificate ${chain.length + 1} of the file is unreadable`);
    }
  }
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer !== undefined && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)))
      return fail(`certificate ${index + 1} is not issued by certificate ${index + 2}: leaf first, then its issuers in order`);
  }
  return ok(chain);
};

/** As stored: without the text around the certificates, and without a root, which a server has itself. */
export const chainPem = (chain: readonly X509Certificate[]): string =>
  chain
    .filter((certificate, index) => index === 0 || !certificate.checkIssued(certificate))
    .map((certificate) => certificate.toString())
    .join('');
