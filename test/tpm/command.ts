import { runCli } from '#app/cli/cli.ts';
import type { CliPorts } from '#app/cli/ports.ts';
import { fail } from '#base/result.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { openTpm } from '#platform/tpm/tpm.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** `gridward ...` as an installer runs it, in this process. `input` is what its stdin says. */
export const gridward = async (args: readonly string[], input = ''): Promise<Ended> => {
  let [out, error] = ['', ''];
  const ports: CliPorts = {
    out: (text) => (out += text),
    outBytes: () => undefined,
    error: (text) => (error += text),
    input: async () => await Promise.resolve(new TextEncoder().encode(input)),
    filesIn: directoryFiles,
    link: unixSockets,
    tpm: (tcti) => {
      const tpm = openTpm(tcti);
      return tpm.ok ? tpm : fail(tpm.fault.text);
    },
    network: {
      client: () => {
        throw new Error('no command here goes to the network');
      },
      resolve: async () => Promise.resolve(fail('no network')),
      dns: dnsResolver([]),
      free: async () => Promise.resolve(null),
    },
    clock: monotonicClock,
    entropy: systemEntropy,
    stop: new AbortController().signal,
  };
  const code = await runCli(ports, args, {}, 'test');
  return { code, out, error };
};
