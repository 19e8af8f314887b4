import type { Clock, Entropy, Files } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import type { LinkPort } from '#link/port.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import type { ServerRule, TlsIdentity } from '#platform/tls/context.ts';
import type { DnsPort } from '#utility/walk/service-port.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';

/** What looks outside the machine, and at its disk. */
export interface NetworkPorts {
  readonly client: (identity: TlsIdentity, rule: ServerRule) => HttpClient;
  /** Addresses of a host name; the fault is for a person. */
  readonly resolve: (host: string) => Promise<Result<readonly string[], string>>;
  readonly dns: DnsPort;
  /** Bytes free where a directory is; null: not known. */
  readonly free: (directory: string) => Promise<number | null>;
}

/** What a command may touch; main.ts wires the real things. */
export interface CliPorts {
  readonly out: (text: string) => void;
  readonly outBytes: (bytes: Uint8Array) => void;
  readonly error: (text: string) => void;
  /** All of stdin, up to a bound: a secret does not belong on a command line. */
  readonly input: () => Promise<Uint8Array>;
  readonly filesIn: (directory: string) => Files;
  readonly link: LinkPort;
  /** The TPM at a TCTI; the fault is for a person. */
  readonly tpm: (tcti: string) => Result<Tpm, string>;
  readonly network: NetworkPorts;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Aborted by Ctrl-C: ends what follows. */
  readonly stop: AbortSignal;
}

/** Exit codes, as sysexits.h numbers them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: the configuration has problems, there is no such line. */
  negative: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A file cannot be read. */
  noInput: 66,
  /** controld does not answer. */
  unavailable: 69,
} as const;
