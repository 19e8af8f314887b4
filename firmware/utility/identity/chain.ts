import type { WallSeconds } from '#base/units.ts';
import { readCertificate, type Certificate } from './certificate.ts';

/** Depth of a 2030.5 path, root included: SERCA > device, SERCA > MICA > device, SERCA > MCA > MICA > device (reference 1.2). */
const CHAIN_MAX = 4;
const DAY = 86_400;
/** Days before its end at which a certificate is warned of; one of the 2030.5 PKI has no end. */
const WARN_DAYS = 60;

const EXTENSION = {
  nameConstraints: '2.5.29.30',
  policyMappings: '2.5.29.33',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
} as const;

/**
 * What is wrong with a presented chain (DER, leaf first, the root last where it is known) by the rules of IEEE 2030.5 6.11 that OpenSSL
 * does not check (SunSpec COMM-004 D to G): a critical extended key usage, name constraints or policy mappings in a CA, which a
 * 2030.5 verifier does not support and therefore refuses; a leaf that signed itself; a path longer than the standard's. Null: nothing.
 */
export const chainProblem = (chain: readonly Uint8Array[]): string | null => {
  if (chain.length === 0) return 'no certificate was presented';
  if (chain.length > CHAIN_MAX) return `a path of ${chain.length} certificates; the standard has at most ${CHAIN_MAX}`;
  for (const [index, der] of chain.entries()) {
    const read = readCertificate(der);
    const who = index === 0 ? 'the server certificate' : `CA ${index} of the chain`;
    if (!read.ok) return `${who} is unreadable: ${read.fault}`;
    const problem = index === 0 ? leafProblem(read.value, chain.length) : authorityProblem(read.value);
    if (problem !== null) return `${who} ${problem}`;
  }
  return null;
};

/** Its issuer is always among what was presented or pinned: alone, it is its own. */
const leafProblem = ({ subject, issuer }: Certificate, length: number): string | null =>
  length === 1 || sameBytes(subject, issuer) ? 'signed itself' : null;

const authorityProblem = ({ extensions }: Certificate): string | null => {
  for (const { id, isCritical } of extensions) {
    if (id === EXTENSION.extendedKeyUsage && isCritical) return 'has a critical extended key usage';
    if (id === EXTENSION.nameConstraints) return 'has name constraints, which are not supported';
    if (id === EXTENSION.policyMappings) return 'has policy mappings, which are not supported';
    if (id === EXTENSION.policyConstraints && isCritical) return 'has critical policy constraints, which are not supported';
  }
  return null;
};

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

export type Validity =
  | { readonly kind: 'good' }
  /** Whole days that remain. */
  | { readonly kind: 'ends-soon'; readonly days: number }
  | { readonly kind: 'ended'; readonly days: number }
  | { readonly kind: 'not-yet'; readonly days: number }
  | { readonly kind: 'unreadable'; readonly text: string };

/** How long a certificate still serves at `now`. Control never stops for it; a warning is due 60 days before. */
export const validityAt = (der: Uint8Array, now: WallSeconds): Validity => {
  const read = readCertificate(der);
  if (!read.ok) return { kind: 'unreadable', text: read.fault };
  const { notBefore, notAfter } = read.value;
  if (now < notBefore) return { kind: 'not-yet', days: Math.ceil((notBefore - now) / DAY) };
  if (now > notAfter) return { kind: 'ended', days: Math.ceil((now - notAfter) / DAY) };
  const days = Math.floor((notAfter - now) / DAY);
  return days < WARN_DAYS ? { kind: 'ends-soon', days } : { kind: 'good' };
};

/** For a person; says what to do. */
export const validityText = (validity: Exclude<Validity, { kind: 'good' }>): string => {
  switch (validity.kind) {
    case 'ends-soon':
      return `the certificate ends in ${validity.days} days: have it renewed, its LFDI changes and must be registered anew`;
    case 'ended':
      return `the certificate ended ${validity.days} days ago: the utility refuses it, have it renewed`;
    case 'not-yet':
      return `the certificate is not valid for another ${validity.days} days: the clock or the certificate is wrong`;
    case 'unreadable':
      return `the certificate cannot be read: ${validity.text}`;
  }
};
