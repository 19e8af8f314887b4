import type { FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { CONFIGURATION_FILE, problemText } from './accept.ts';
import { type Configuration, decodeConfiguration } from './configuration.ts';
import { CONFIGURATION_BYTES_MAX } from './schema.ts';

/** What was in force before the last store, for the way back: `gridward config store`. */
export const PREVIOUS_FILE = 'config.previous.json';

const faultText = (what: string, fault: FileFault): string => `${what}: ${'why' in fault ? fault.why : fault.kind}`;

/**
 * Validates `text`, keeps the file that was there beside it, and replaces it (design D18); a restart then runs it. controld alone does
 * so. `further`: what only the release can say of it. The fault lists every problem; nothing is written then.
 */
export const storeConfiguration = async (
  files: Files,
  text: string,
  further: (configuration: Configuration) => readonly string[],
): Promise<Result<void, readonly string[]>> => {
  const bytes = new TextEncoder().encode(text);
  const decoded = decodeConfiguration(bytes);
  if (!decoded.ok) return fail(decoded.fault.map(problemText));
  const problems = further(decoded.value);
  if (problems.length > 0) return fail(problems);
  const before = await files.read(CONFIGURATION_FILE, CONFIGURATION_BYTES_MAX);
  if (before.ok) {
    const kept = await files.replace(PREVIOUS_FILE, before.value);
    if (!kept.ok) return fail([faultText('the present configuration cannot be kept', kept.fault)]);
  }
  const replaced = await files.replace(CONFIGURATION_FILE, bytes);
  return replaced.ok ? ok(undefined) : fail([faultText('the configuration cannot be written', replaced.fault)]);
};
