import { lookup } from 'node:dns/promises';
import { statfs } from 'node:fs/promises';
import process from 'node:process';
import { fail, ok, type Result } from '#base/result.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { httpClient } from '#platform/http/client.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { openTpm } from '#platform/tpm/tpm.ts';
import { RELEASE } from '../release.ts';
import { runCli } from './cli.ts';

const resolve = async (host: string): Promise<Result<readonly string[], string>> => {
  try {
    return ok((await lookup(host, { all: true })).map(({ address }) => address));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const free = async (directory: string): Promise<number | null> => {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
};

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
// `gridward log | head` closes the pipe: no fault.
process.stdout.on('error', () => stop.abort());

process.exitCode = await runCli(
  {
    out: (text) => process.stdout.write(text),
    outBytes: (bytes) => process.stdout.write(bytes),
    error: (text) => process.stderr.write(text),
    filesIn: directoryFiles,
    link: unixSockets,
    tpm: (tcti) => {
      const tpm = openTpm(tcti);
      return tpm.ok ? tpm : fail(tpm.fault.text);
    },
    network: { client: httpClient, dns: dnsResolver(), resolve, free },
    clock: monotonicClock,
    entropy: systemEntropy,
    stop: stop.signal,
  },
  process.argv.slice(2),
  process.env,
  RELEASE,
);
