import type { Clock, Entropy, Files } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import type { LinkPort } from '#link/port.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';

/** What a command may touch; main.ts wires the real things. */
export interface CliPorts {
  readonly out: (text: string) => void;
  readonly outBytes: (bytes: Uint8Array) => void;
  readonly error: (text: string) => void;
  readonly filesIn: (directory: string) => Files;
  readonly link: LinkPort;
  /** The TPM at a TCTI; the fault is for a person. */
  readonly tpm: (tcti: string) => Result<Tpm, string>;
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
