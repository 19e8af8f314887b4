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

/** Enough to see that a secret is too long. */
const INPUT_BYTES_MAX = 8192;

const input = async (): Promise<Uint8Array> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > INPUT_BYTES_MAX) break;
  }
  return Buffer.concat(parts);
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
    input,
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
