/**
 * Why the TPM did not do what was asked.
 * `absent`: no device or nobody behind it. `hung`: no answer in time. `busy`: it says later. `lockout`: dictionary-attack lock-out.
 * `auth`: wrong auth value. `no-key`: nothing at the handle. `occupied`: something is there already. `policy`: the PCRs are others.
 * `not-started`: it was reset and nobody started it. `input`: what was asked for cannot be. `refused`: anything else it said.
 * `no-addon`: this build cannot talk to a TPM at all.
 */
export type TpmFaultKind =
  | 'absent'
  | 'hung'
  | 'busy'
  | 'lockout'
  | 'auth'
  | 'no-key'
  | 'occupied'
  | 'policy'
  | 'not-started'
  | 'input'
  | 'refused'
  | 'no-addon';

export interface TpmFault {
  readonly kind: TpmFaultKind;
  /** For a person; names the command and the TSS code. */
  readonly text: string;
}

const KINDS: ReadonlySet<string> = new Set<TpmFaultKind>([
  'absent',
  'hung',
  'busy',
  'lockout',
  'auth',
  'no-key',
  'occupied',
  'policy',
  'not-started',
  'input',
  'refused',
]);

const isKind = (name: unknown): name is TpmFaultKind => typeof name === 'string' && KINDS.has(name);

/** What a promise of the addon was rejected with. */
export const tpmFaultOf = (error: unknown): TpmFault => {
  if (!(error instanceof Error)) return { kind: 'refused', text: String(error) };
  const fault = 'fault' in error ? error.fault : null;
  return { kind: isKind(fault) ? fault : 'refused', text: error.message };
};

/**
 * A TPM fault that came through OpenSSL: ERR_SSL_TPM_NO_KEY inside a handshake, ERR_OSSL_TPM_HUNG where a key was loaded.
 * Null: a fault of something else.
 */
export const tpmFaultOfTlsCode = (code: string): TpmFaultKind | null => {
  const name = /^ERR_(?:SSL|OSSL)_(?:GRIDWARD_)?TPM_([A-Z_]+)$/.exec(code)?.[1]?.toLowerCase().replaceAll('_', '-');
  return isKind(name) ? name : null;
};

/**
 * `TPM_HUNG: the TPM did not answer within 4000 ms`, out of an error that came through OpenSSL; null: of something else. One line.
 */
export const tpmFaultText = (error: Error): string | null => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (tpmFaultOfTlsCode(code) === null) return null;
  // OpenSSL's line ends with file, line and what our provider said.
  const said = /provider\w*\.cc:\d+:([^\n]+)/.exec(error.message)?.[1] ?? error.message;
  return `${code.slice(code.indexOf('TPM_'))}: ${said.replace(/\s+/g, ' ').trim()}`;
};
