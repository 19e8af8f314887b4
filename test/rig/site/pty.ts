import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, rename, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('pty.c', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../../build/rig/', import.meta.url));
const BINARY = `${FOLDER}pty`;
/** Longest first line the helper prints. */
const MAX_PATH_BYTES = 256;

const modified = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return null;
  }
};

/** Path of the pty helper; compiles it when it is missing or older than its source. */
export const ptyHelper = async (): Promise<string> => {
  const [source, binary] = await Promise.all([modified(SOURCE), modified(BINARY)]);
  if (binary !== null && source !== null && binary >= source) return BINARY;
  await mkdir(FOLDER, { recursive: true });
  // two test files may compile at the same time: each its own file, then one rename
  const own = `${BINARY}.${process.pid}`;
  await promisify(execFile)('cc', ['-std=c17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', own, SOURCE]);
  await rename(own, BINARY);
  return BINARY;
};

/** One end of a pseudo-terminal; the other is the serial port that the gateway opens. */
export interface Pty {
  /** The device behind the link. */
  readonly device: string;
  write(bytes: Uint8Array): void;
  /** Hangs up and waits until the helper has gone. */
  close(): Promise<void>;
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
};

/** Opens a pty and lets `link` point at its slave side. `onBytes` gets what the gateway writes. */
export const openPty = async (link: string, onBytes: (bytes: Uint8Array) => void): Promise<Pty> => {
  const child = spawn(await ptyHelper(), [link], { stdio: ['pipe', 'pipe', 'inherit'] });
  // an EPIPE after a hang-up is no news
  child.stdin.on('error', () => undefined);
  const device = await new Promise<string>((resolve, reject) => {
    let head: Buffer | null = Buffer.alloc(0);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the pty helper ended without opening ${link}`)));
    child.stdout.on('data', (bytes: Buffer) => {
      if (head === null) {
        onBytes(bytes);
        return;
      }
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf(10);
      if (end < 0 && head.length < MAX_PATH_BYTES) return;
      const rest = head.subarray(end + 1);
      resolve(head.subarray(0, end).toString());
      head = null;
      if (rest.length > 0) onBytes(rest);
    });
  });
  return {
    device,
    write: (bytes) => {
      if (child.stdin.writable) child.stdin.write(bytes);
    },
    close: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended(child);
    },
  };
};
