import type { HttpFaultKind } from '#utility/walk/http-port.ts';
import { tpmFaultOfTlsCode } from '../tpm/fault.ts';

/** OpenSSL's verification results, by Node's names. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'GRIDWARD_TLS_CHAIN',
]);
const EXPIRED = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const NAMED = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'GRIDWARD_TLS_NAME']);
const SUITE = [
  'NO_CIPHERS_AVAILABLE',
  'NO_SHARED_CIPHER',
  'WRONG_VERSION_NUMBER',
  'UNSUPPORTED_PROTOCOL',
  'PROTOCOL_VERSION',
  'WRONG_CURVE',
  'WRONG_SIGNATURE_TYPE',
];

/** Names a TLS failure by its Node error code; null: none of TLS. Alerts that the server sent mean that it refused us. */
export const tlsFaultOf = (code: string): HttpFaultKind | null => {
  if (UNTRUSTED.has(code)) return 'tls-untrusted';
  if (EXPIRED.has(code)) return 'tls-expired';
  if (NAMED.has(code)) return 'tls-name';
  if (tpmFaultOfTlsCode(code) !== null) return 'tls-key';
  if (!code.startsWith('ERR_SSL_') && code !== 'EPROTO') return null;
  if (SUITE.some((part) => code.includes(part))) return 'tls-suite';
  return 'tls-refused';
};
