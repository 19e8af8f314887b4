import type { FileFault, Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import { type ConfigProblem, type Configuration, decodeConfiguration } from './configuration.ts';
import { CONFIGURATION_BYTES_MAX } from './schema.ts';

export const CONFIGURATION_FILE = 'config.json';
/** Below the state directory; kept by controld alone (design D17). */
export const ACCEPTED_FILE = 'config.accepted';
const ACCEPTED_FORMAT = 1;

/** Exit code when there is no configuration that can be run (sysexits EX_CONFIG). */
export const EXIT_CONFIGURATION = 78;

export interface ConfigurationPorts {
  /** The configuration directory. */
  readonly configuration: Files;
  /** The state directory. */
  readonly state: Files;
  readonly note: (note: Note) => void;
}

export type Accepted =
  | { readonly kind: 'present'; readonly configuration: Configuration }
  /** The file is unreadable or refused: the last accepted copy runs, and `alarm` says why. */
  | { readonly kind: 'last-accepted'; readonly configuration: Configuration; readonly alarm: string }
  /** No file and never one: a state, not a fault (design D18). */
  | { readonly kind: 'uncommissioned' };

export interface NoConfiguration {
  readonly problems: readonly ConfigProblem[];
}

/**
 * The configuration to run with. `keep`: this process is the one that keeps the accepted copy (controld).
 * Fails only when the present file cannot be used and no accepted copy exists: exit 78.
 */
export const acceptConfiguration = async (
  ports: ConfigurationPorts,
  keep: boolean,
): Promise<Result<Accepted, NoConfiguration>> => {
  const copies = new StateFile<string>({
    files: ports.state,
    name: ACCEPTED_FILE,
    format: ACCEPTED_FORMAT,
    decode: (value) => (typeof value === 'string' ? ok(value) : fail('not a configuration')),
    maxBytes: 3 * CONFIGURATION_BYTES_MAX,
  });
  const kept = await copies.load();
  for (const text of kept.problems) ports.note({ event: 'config-copy-damaged', level: 'warn', text });
  const bytes = await ports.configuration.read(CONFIGURATION_FILE, CONFIGURATION_BYTES_MAX);
  const decoded = bytes.ok ? decodeConfiguration(bytes.value) : fail([unreadable(bytes.fault)]);
  if (bytes.ok && decoded.ok) {
    const text = new TextDecoder().decode(bytes.value);
    if (keep && text !== kept.value) await keepCopy(copies, text, ports.note);
    return ok({ kind: 'present', configuration: decoded.value });
  }
  const problems = decoded.ok ? [] : decoded.fault;
  if (kept.value === null && !bytes.ok && bytes.fault.kind === 'absent') return ok({ kind: 'uncommissioned' });
  const last = kept.value === null ? null : decodeConfiguration(new TextEncoder().encode(kept.value));
  if (last?.ok !== true) return fail({ problems });
  const alarm = `the configuration is not usable, the last accepted one runs: ${problems.map(problemText).join('; ')}`;
  ports.note({ event: 'config-refused', level: 'error', text: alarm });
  return ok({ kind: 'last-accepted', configuration: last.value, alarm });
};

const keepCopy = async (copies: StateFile<string>, text: string, note: (note: Note) => void): Promise<void> => {
  const saved = await copies.save(text);
  if (!saved.ok)
    note({ event: 'config-copy-failed', level: 'error', text: `the accepted configuration was not kept: ${saved.fault.kind}` });
};

const unreadable = (fault: FileFault): ConfigProblem => ({
  path: '',
  expected: `a readable file ${CONFIGURATION_FILE}`,
  found: 'why' in fault ? fault.why : fault.kind,
});

/** One line for a person. */
export const problemText = (problem: ConfigProblem): string =>
  `${problem.path === '' ? 'the file' : problem.path}: expected ${problem.expected}, found ${problem.found}`;
