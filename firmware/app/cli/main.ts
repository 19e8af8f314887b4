import process from 'node:process';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { RELEASE } from '../release.ts';
import { runCli } from './cli.ts';

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
    clock: monotonicClock,
    entropy: systemEntropy,
    stop: stop.signal,
  },
  process.argv.slice(2),
  process.env,
  RELEASE,
);
