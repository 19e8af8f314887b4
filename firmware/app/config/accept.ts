import type { FileFault, Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import { type ConfigProblem, type Configuration, decodeConfiguration, decodeSiteAlone } from './configuration.ts';
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
  /** As well, and there is no such copy; but only the utilities' part is wrong: the site is held without it. northd has nothing to run with. */
  | { readonly kind: 'site-alone'; readonly configuration: Configuration; readonly alarm: string }
  /** No file and never one: a state, not a fault (design D18). */
  | { readonly kind: 'uncommissioned' };

export interface NoConfiguration {
  readonly problems: readonly ConfigProblem[];
}

/**
 * The configuration to run with. `keep`: this process is the one that keeps the accepted copy (controld).
 * Fails only when neither the present file nor an accepted copy can be used, not even without the utilities' part: exit 78.
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
  const copy = kept.value === null ? null : new TextEncoder().encode(kept.value);
  const usable = inItsPlace(bytes.ok ? bytes.value : null, copy, problems);
  if (usable === null) return fail({ problems });
  ports.note({ event: 'config-refused', level: 'error', text: usable.alarm });
  return ok(usable);
};

/** What runs where the file is refused, whole or unread; null: nothing can. */
const inItsPlace = (
  file: Uint8Array | null,
  copy: Uint8Array | null,
  problems: readonly ConfigProblem[],
): Extract<Accepted, { readonly alarm: string }> | null => {
  const why = problems.map(problemText).join('; ');
  const last = copy === null ? null : decodeConfiguration(copy);
  if (last?.ok === true) {
    const alarm = `the configuration is not usable, the last accepted one runs: ${why}`;
    return { kind: 'last-accepted', configuration: last.value, alarm };
  }
  // The copy too: one release may have accepted what the next one refuses.
  for (const candidate of [file, copy]) {
    const alone = candidate === null ? null : decodeSiteAlone(candidate);
    if (alone?.ok === true)
      return { kind: 'site-alone', configuration: alone.value, alarm: `no utility is served, what it last said binds: ${why}` };
  }
  return null;
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
