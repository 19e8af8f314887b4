import { createPrivateKey, X509Certificate } from 'node:crypto';
import { wallSeconds } from '#base/units.ts';
import { chainProblem, validityAt, validityText } from '#utility/identity/chain.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import { type Finding, found, wrong } from './finding.ts';
import type { CliPorts } from './ports.ts';

const CERTIFICATES_MAX = 8;

/** DER of every certificate of a PEM text. */
const certificatesOf = (pem: string): readonly Uint8Array[] => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, CERTIFICATES_MAX).flatMap((block) => {
    try {
      return [new X509Certificate(block).raw];
    } catch {
      return [];
    }
  });
};

/** The certificates we present: readable, in order, complete up to a root. */
export const chainFinding = (tls: TlsIdentity): Finding => {
  const presented = certificatesOf(tls.certificate);
  const roots = certificatesOf(tls.trust);
  const [leaf] = presented;
  if (leaf === undefined || roots[0] === undefined)
    return wrong(
      'no readable certificate',
      'the certificate file holds the device certificate and its issuers, the trust file the roots',
    );
  const broken = linkProblem(presented, roots);
  if (broken !== null) return broken;
  const problem = chainProblem([...presented, roots[0]]);
  if (problem !== null) return wrong(problem, 'the utility accepts other certificates: have the chain issued anew');
  const above = issuerElsewhere(presented, roots);
  return above === null
    ? found(`${presented.length} certificates below ${roots.length} roots`)
    : found(
        `${presented.length} certificates below ${above}, which the utility must know: the trust file is for its server's roots`,
      );
};

/** How long the device's certificate still serves. */
export const validityFinding = (certificate: Uint8Array, { clock }: Pick<CliPorts, 'clock'>): Finding => {
  const validity = validityAt(certificate, wallSeconds(clock.wall()));
  return validity.kind === 'good'
    ? found('today and for the next 60 days')
    : wrong(validityText(validity), VALIDITY_REMEDY[validity.kind]);
};

const VALIDITY_REMEDY = {
  'ends-soon': 'ask for a new one now (gridward identity renew): the old one serves until the new one has completed a walk',
  ended: 'ask for a new one: without it nothing comes from the utility, and the stored plan is all there is',
  'not-yet': 'check the clock; where it is right, the certificate was issued for later',
  unreadable: 'put the certificate file in place again, as it was issued',
} as const;

/** Devices may have a root of their own: who issued the last CA that we present, where no root of the trust file did. Null: one did. */
const issuerElsewhere = (presented: readonly Uint8Array[], roots: readonly Uint8Array[]): string | null => {
  const last = new X509Certificate(presented.at(-1) ?? new Uint8Array());
  const isKnown = roots.some((der) => {
    const root = new X509Certificate(der);
    return root.raw.equals(last.raw) || isIssuedBy(last, root);
  });
  return isKnown ? null : last.issuer.replaceAll('\n', ', ');
};

/** Each certificate must be signed by the next; a device certificate that is alone, by a root. Null: it is so. */
const linkProblem = (presented: readonly Uint8Array[], roots: readonly Uint8Array[]): Finding | null => {
  const chain = presented.map((der) => new X509Certificate(der));
  const anchors = roots.map((der) => new X509Certificate(der));
  for (const [index, certificate] of chain.entries()) {
    const next = chain[index + 1];
    if (anchors.some((root) => root.raw.equals(certificate.raw))) continue;
    // Above a CA of ours may be a root that only the utility needs.
    if (next === undefined && certificate.ca) continue;
    if ((next === undefined ? anchors : [next]).some((issuer) => isIssuedBy(certificate, issuer))) continue;
    const issuer = certificate.issuer.replaceAll('\n', ', ');
    return next === undefined
      ? wrong(
          `certificate ${index + 1} of the file was issued by ${issuer}, which is no root of the trust file`,
          'append the certificate of that issuer to the certificate file, or put its root into the trust file',
        )
      : wrong(
          `certificate ${index + 1} of the file is not signed by the next one but by ${issuer}`,
          'put them in order: device certificate, then its issuer, then each issuer of that, below the root',
        );
  }
  return null;
};

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** To load a key of the TPM it has signed for its certificate already; it cannot be looked at otherwise. */
export const TPM_KEY = found('in the TPM, and signs for the certificate');

export const keyFinding = ({ certificate, key }: TlsIdentity): Finding => {
  const remedy = 'the key file must be the one the certificate was asked for with; ask for a new certificate where it is lost';
  try {
    const privateKey = createPrivateKey(key);
    const curve = privateKey.asymmetricKeyDetails?.namedCurve;
    if (curve !== 'prime256v1') return wrong(`the key is not on P-256 but ${curve ?? 'of another kind'}`, remedy);
    return new X509Certificate(certificate).checkPrivateKey(privateKey)
      ? found('belongs to the certificate')
      : wrong('the key does not belong to the certificate', remedy);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error), remedy);
  }
};
