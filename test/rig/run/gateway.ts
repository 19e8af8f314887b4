import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Longest path of a unix socket, and the longest name of one in the runtime directory. */
const SOCKET_PATH_MOST = 107;
const LONGEST_SOCKET = '/run/control.sock';

/** Directories of one run, below one temporary directory. */
export interface RunDirectories {
  readonly top: string;
  readonly configuration: string;
  readonly state: string;
  readonly runtime: string;
  /** What the utility server writes. */
  readonly utility: string;
  /** The serial line's device. */
  readonly line: string;
}

/** Makes a directory of its own for this run, short enough for unix sockets. */
export const makeDirectories = async (): Promise<RunDirectories> => {
  const base = await realpath(tmpdir());
  const tooLong = `${base}/gridward-xxxxxx${LONGEST_SOCKET}`.length > SOCKET_PATH_MOST;
  const top = await mkdtemp(join(tooLong ? '/tmp' : base, 'gridward-'));
  const directories = {
    top,
    configuration: join(top, 'etc'),
    state: join(top, 'state'),
    runtime: join(top, 'run'),
    utility: join(top, 'utility'),
    line: join(top, 'line'),
  };
  const { configuration, state, runtime, utility } = directories;
  for (const path of [join(configuration, 'secrets'), join(configuration, 'utility'), state, runtime, utility])
    await mkdir(path, { recursive: true });
  return directories;
};

/** What the gateway is told about the utility; paths of PEM files. */
export interface UtilityAccess {
  readonly url: string;
  readonly pin: number;
  readonly cert: string;
  /** Null: the key is in the TPM, and its certificate installed. */
  readonly key: string | null;
  readonly serca: string;
}

/** Binds where the utility has never been heard; as an installer would set it. */
export const FALLBACK_EXPORT_W = 1500;
/** Scenarios poll faster than any utility would allow. */
const FASTEST_POLL_SECONDS = 1;
const PROFILE = 'config/utility/csip-aus-v1.2.json';

/** The gateway's configuration file, PIN and utility profile, as an installer would leave them. */
export const writeConfiguration = async (
  { configuration, line }: RunDirectories,
  utility: UtilityAccess,
  commissionedExportW: number,
): Promise<void> => {
  const identity =
    utility.key === null
      ? { kind: 'tpm', trust: utility.serca }
      : { kind: 'file', certificate: utility.cert, key: utility.key, trust: utility.serca };
  const file = {
    format: 1,
    site: {
      id: 'rig',
      limits: {
        commissioned: { exportW: commissionedExportW, generationW: null },
        fallback: { exportW: FALLBACK_EXPORT_W, importW: null },
      },
    },
    lines: [{ name: 'rs485', path: line, baudRate: 9600, parity: 'none', stopBits: 1 }],
    devices: [
      { id: 'inverter', role: 'inverter', line: 'rs485', unitId: 1, profile: 'sunspec-123' },
      { id: 'meter', role: 'meter', line: 'rs485', unitId: 2, profile: 'sunspec-meter' },
    ],
    utilities: [{ name: 'utility', profile: 'rig', url: utility.url, registrationPin: 'registration-pin', identity }],
  };
  const profile = JSON.parse(await readFile(join(ROOT, PROFILE), 'utf8')) as { readonly rates: object };
  const quick = { ...profile, name: 'rig', rates: { ...profile.rates, min: FASTEST_POLL_SECONDS } };
  await writeFile(join(configuration, 'secrets/registration-pin'), `${String(utility.pin).padStart(6, '0')}\n`, { mode: 0o600 });
  await writeFile(join(configuration, 'utility/rig.json'), `${JSON.stringify(quick, null, 2)}\n`);
  await writeFile(join(configuration, 'config.json'), `${JSON.stringify(file, null, 2)}\n`);
};

/** `tcti`: where the TPM is; null: none is used. */
export const environmentOf = (directories: RunDirectories, tcti: string | null): Readonly<Record<string, string>> => ({
  CONFIGURATION_DIRECTORY: directories.configuration,
  STATE_DIRECTORY: directories.state,
  RUNTIME_DIRECTORY: directories.runtime,
  GRIDWARD_PROFILE: 'laboratory',
  ...(tcti === null ? {} : { GRIDWARD_TPM: tcti }),
});

export type Program = 'controld' | 'northd';

/** What make builds. */
export const bundleOf = (program: Program): string => join(ROOT, 'build/bundle', `${program}.mjs`);

const newestIn = (directory: string): number =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|json)$/.test(entry.name))
    .reduce((newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

/** Which form of the gateway's programs runs. `newest`: the bundle when it is newer than every source, else the source. */
export type Form = 'newest' | 'bundles' | 'sources';

export const isBundled = (program: Program, form: Form): boolean => {
  if (form === 'sources' || !existsSync(bundleOf(program)) || !existsSync(bundleOf('controld'))) return false;
  if (form === 'bundles') return true;
  const newest = Math.max(...['firmware', 'drivers', 'config'].map((directory) => newestIn(join(ROOT, directory))));
  // a build writes only what changed, and dates the first of its bundles
  return statSync(bundleOf('controld')).mtimeMs > newest;
};

/** The bounds of memory that the unit of a program gives to Node, as the product runs with them. */
export const memoryFlags = (program: Program): readonly string[] => {
  const unit = readFileSync(join(ROOT, 'image/units', `gridward-${program}.service`), 'utf8');
  return (
    /^ExecStart=(.*)$/m
      .exec(unit)?.[1]
      ?.split(' ')
      .filter((word) => word.startsWith('--max-')) ?? []
  );
};

export const commandOf = (program: Program, form: Form): readonly [string, ...string[]] => [
  process.execPath,
  ...memoryFlags(program),
  isBundled(program, form) ? bundleOf(program) : join(ROOT, 'firmware/app', program, 'main.ts'),
];
