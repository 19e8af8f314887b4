import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Form, isBundled, type RunDirectories } from './gateway.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Of the private enterprise number that RFC 5612 keeps for examples. */
const DEVICE = ['--type', '1.3.6.1.4.1.32473.1', '--serial', 'RIG-0001'];

/** Why the demo's key cannot be in a simulated TPM; null: it can. */
export const whyNoTpm = (): string | null => {
  if (!existsSync(join(ROOT, 'build/native/gridward.node'))) return 'the addon is not built (make native)';
  try {
    execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'swtpm is not installed';
  }
};

/** `gridward identity ...` as an installer types it; resolves with what it prints. */
const identity = async (place: EnrolPlace, ...words: readonly string[]): Promise<string> => {
  const program = isBundled('controld', place.form) ? 'build/bundle/gridward.mjs' : 'firmware/app/cli/main.ts';
  const where = ['--state', place.directories.state, '--tpm', place.tcti];
  const { stdout } = await run(process.execPath, [join(ROOT, program), 'identity', ...words, ...where]);
  return stdout;
};

interface EnrolPlace {
  readonly directories: RunDirectories;
  readonly form: Form;
  readonly tcti: string;
}

/** Makes the device's key in the TPM; resolves with the path of its certificate request. */
export const requestCertificate = async (place: EnrolPlace): Promise<string> => {
  await identity(place, 'create', ...DEVICE);
  const path = join(place.directories.top, 'device.csr');
  await writeFile(path, await identity(place, 'csr'));
  return path;
};

/** Keeps what the authority issued for it. */
export const installCertificate = async (place: EnrolPlace, chain: string): Promise<void> => {
  await identity(place, 'install', chain);
};
