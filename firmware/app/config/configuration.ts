import * as v from 'valibot';
import { fail, ok, type Result } from '#base/result.ts';
import { percent, type Percent, watts, type Watts } from '#base/units.ts';
import { toDeviceId, type DeviceId, type DeviceRole } from '#site/device.ts';
import type { LocalRules } from '#control/local/local.ts';
import { crossCheck } from './cross-check.ts';
import { type BrokerConfiguration, type InputConfiguration, toBroker, toInputs } from './inputs.ts';
import { toLocalRules } from './local-schema.ts';
import { CONFIGURATION_BYTES_MAX, ConfigurationSchema, type ConfigurationFile } from './schema.ts';

export interface SiteLimits {
  /** Always bind; only ever tighten. Null: no such limit. */
  readonly commissioned: {
    readonly exportLimit: Watts | null;
    readonly generationLimit: Watts | null;
    readonly importLimit: Watts | null;
    /** Of each phase; absent: no such limit. */
    readonly exportPerPhase?: Watts;
  };
  /** Bind where no utility default was ever stored. */
  readonly fallback: { readonly exportLimit: Watts; readonly importLimit: Watts | null };
  /** Rules of the connection agreement. */
  readonly local: LocalRules;
}

export interface LineConfiguration {
  readonly name: string;
  /** Serial device; null: Modbus TCP. */
  readonly path: string | null;
  readonly tcp: { readonly host: string; readonly port: number } | null;
  /** Of a Modbus TCP line: of the serial line behind it, or fast enough not to count. */
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

export interface DeviceConfiguration {
  readonly device: DeviceId;
  readonly role: DeviceRole;
  readonly line: string;
  readonly unitId: number;
  /** Name of a file in drivers/profile, without `.json`. */
  readonly profile: string;
  /** Null: the first verified contact records it. */
  readonly serialNumber: string | null;
  /** Of a meter: what its power is multiplied with to be positive on import. */
  readonly sign: 1 | -1;
  /** Of a single-phase inverter or battery: the phase it feeds; absent: all three alike. */
  readonly phase?: 'a' | 'b' | 'c';
  /** Of storage; null: another role. */
  readonly storage: StorageOptions | null;
  /** Of a controllable load; null: another role. */
  readonly load: { readonly maxPower: Watts; readonly normallyOn: boolean } | null;
}

/** What the owner of storage allows. */
export interface StorageOptions {
  /** State of charge below which the gateway never discharges it. */
  readonly reserve: Percent;
  /** It may be told to charge from the grid. */
  readonly gridCharge: boolean;
  /** The inverter whose AC output it shares; null: it has its own. */
  readonly hybridOf: DeviceId | null;
}

export interface FileIdentity {
  readonly kind: 'file';
  readonly certificate: string;
  readonly key: string;
  /** A renewed certificate with its key, on trial until it has completed a walk; null: none. */
  readonly renewed: { readonly certificate: string; readonly key: string } | null;
  readonly trust: string;
  /** LFDI of the one server certificate to accept; null: any that chains to the trust. */
  readonly serverLFDI: string | null;
}

/** Key and certificate are what `gridward identity` made. */
export interface TpmIdentity {
  readonly kind: 'tpm';
  readonly trust: string;
  /** LFDI of the one server certificate to accept; null: any that chains to the trust. */
  readonly serverLFDI: string | null;
}

export interface UtilityConfiguration {
  readonly name: string;
  /** Name of a file in config/utility, without `.json`. */
  readonly profile: string;
  readonly url: string;
  /** Name of a secret (secrets.ts); null: not checked. */
  readonly registrationPin: string | null;
  /** National Metering Identifier with its check digit; null: not told. */
  readonly nmi: string | null;
  /** IANA private enterprise number that ends our mRIDs. */
  readonly pen: number;
  /** The site has storage: what it holds is told. Absent: it has none. */
  readonly hasStorage?: boolean;
  /** PEM files, relative to the configuration directory or absolute. */
  readonly identity: FileIdentity | TpmIdentity;
}

export interface Configuration {
  readonly siteId: string;
  readonly limits: SiteLimits;
  /** Sources of limits beside the utility; their rules are in `limits.local` too. */
  readonly inputs: readonly InputConfiguration[];
  readonly broker: BrokerConfiguration | null;
  /** Settings of the grid code (power factor, reactive power) may be written to devices. */
  readonly gridCodeWrites: boolean;
  /** The owner's policy; absent: true. */
  readonly storageBeforeCurtailment?: boolean;
  readonly lines: readonly LineConfiguration[];
  readonly devices: readonly DeviceConfiguration[];
  readonly utilities: readonly UtilityConfiguration[];
  /** What names the utilities is refused: `utilities` is empty, and what an earlier one said goes on to bind. */
  readonly isUtilityRefused: boolean;
}

/** One thing wrong with the file. */
export interface ConfigProblem {
  /** `devices[1].unitId`; empty: the file as a whole. */
  readonly path: string;
  readonly expected: string;
  /** As in the file, shortened. */
  readonly found: string;
}

/** Set aside for documentation (RFC 5612): until the maker of the gateway has its own. */
const DOCUMENTATION_PEN = 32_473;
/** Wire time of a line without a wire. */
const TCP_BAUD_RATE = 115_200;
const FOUND_MAX = 80;
/** Problems listed; a file with more of them is no configuration at all. */
export const PROBLEMS_MAX = 100;

/** Every problem of the file with its place, or the configuration. Never throws. */
export const decodeConfiguration = (bytes: Uint8Array): Result<Configuration, readonly ConfigProblem[]> => {
  if (bytes.length > CONFIGURATION_BYTES_MAX) {
    return fail([{ path: '', expected: `at most ${CONFIGURATION_BYTES_MAX} bytes`, found: `${bytes.length} bytes` }]);
  }
  const text = decodeText(bytes);
  if (!text.ok) return fail([text.fault]);
  const parsed = v.safeParse(ConfigurationSchema, text.value);
  if (parsed.success) {
    const problems = crossCheck(parsed.output);
    return problems.length > 0 ? fail(problems.slice(0, PROBLEMS_MAX)) : ok(toConfiguration(parsed.output));
  }
  const problems = parsed.issues.map((issue) => toProblem(issue, text.value));
  return fail(problems.slice(0, PROBLEMS_MAX));
};

/**
 * The same without the part that names the utilities: what controld can hold the site by where nothing but that part is wrong.
 * Fails where anything else is.
 */
export const decodeSiteAlone = (bytes: Uint8Array): Result<Configuration, readonly ConfigProblem[]> => {
  const text = bytes.length > CONFIGURATION_BYTES_MAX ? fail(null) : decodeText(bytes);
  if (!text.ok || typeof text.value !== 'object' || text.value === null) return decodeConfiguration(bytes);
  const decoded = decodeConfiguration(new TextEncoder().encode(JSON.stringify({ ...text.value, utilities: [] })));
  return decoded.ok ? ok({ ...decoded.value, isUtilityRefused: true }) : decoded;
};

const decodeText = (bytes: Uint8Array): Result<unknown, ConfigProblem> => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail({ path: '', expected: 'UTF-8 text', found: 'bytes that are not' });
  }
  try {
    return ok(JSON.parse(text) as unknown);
  } catch (error) {
    return fail({ path: '', expected: 'JSON', found: error instanceof Error ? shorten(error.message) : 'no JSON' });
  }
};

const shorten = (text: string): string => (text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX)}...` : text);

const toProblem = (issue: v.BaseIssue<unknown>, root: unknown): ConfigProblem => {
  const keys = (issue.path ?? []).map((item) => item.key as string | number);
  const path = keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
  const last = keys.at(-1);
  const isUnknownKey = issue.expected === 'never';
  const parent = valueAt(root, keys.slice(0, -1));
  const isMissing = last !== undefined && typeof parent === 'object' && parent !== null && !(last in parent);
  return {
    path,
    expected: isUnknownKey ? 'no such key' : expectation(issue),
    found: isMissing ? 'nothing' : shorten(JSON.stringify(valueAt(root, keys))),
  };
};

const valueAt = (root: unknown, keys: readonly (string | number)[]): unknown =>
  keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined),
    root,
  );

const NUMBER_CHECKS: ReadonlySet<string> = new Set(['min_value', 'max_value']);
const LENGTH_CHECKS: ReadonlySet<string> = new Set(['min_length', 'max_length']);

/** A pattern explains itself in words (schema.ts), every other check by valibot's own. */
const expectation = (issue: v.BaseIssue<unknown>): string => {
  if (issue.type === 'regex') return issue.message;
  const expected = issue.expected ?? issue.message;
  const subject = NUMBER_CHECKS.has(issue.type) ? 'a number ' : LENGTH_CHECKS.has(issue.type) ? 'length ' : '';
  return `${subject}${expected}`;
};

const identityOf = (identity: ConfigurationFile['utilities'][number]['identity']): FileIdentity | TpmIdentity => {
  const serverLFDI = identity.serverLFDI ?? null;
  return identity.kind === 'tpm' ? { ...identity, serverLFDI } : { ...identity, serverLFDI, renewed: identity.renewed ?? null };
};

const orNull = (value: number | null): Watts | null => (value === null ? null : watts(value));

const storageOf = ({ role, storage }: ConfigurationFile['devices'][number]): StorageOptions | null => {
  if (role !== 'storage') return null;
  const { reservePercent = 0, gridCharge = false, hybridOf } = storage ?? {};
  return { reserve: percent(reservePercent), gridCharge, hybridOf: hybridOf === undefined ? null : toDeviceId(hybridOf) };
};

const loadOf = ({ load }: ConfigurationFile['devices'][number]): DeviceConfiguration['load'] =>
  load === undefined ? null : { maxPower: watts(load.maxPowerW), normallyOn: load.normallyOn ?? true };

const perPhaseOf = ({ site }: ConfigurationFile): Pick<SiteLimits['commissioned'], 'exportPerPhase'> => {
  const { exportPerPhaseW = null } = site.limits.commissioned;
  return exportPerPhaseW === null ? {} : { exportPerPhase: watts(exportPerPhaseW) };
};

const toConfiguration = (file: ConfigurationFile): Configuration => ({
  siteId: file.site.id,
  limits: {
    commissioned: {
      exportLimit: orNull(file.site.limits.commissioned.exportW),
      generationLimit: orNull(file.site.limits.commissioned.generationW),
      importLimit: orNull(file.site.limits.commissioned.importW ?? null),
      ...perPhaseOf(file),
    },
    fallback: {
      exportLimit: watts(file.site.limits.fallback.exportW),
      importLimit: orNull(file.site.limits.fallback.importW),
    },
    local: {
      ...toLocalRules(file.site.limits),
      inputs: toInputs(file.site.limits.inputs).map(({ name, fallback }) => ({ name, fallback })),
    },
  },
  inputs: toInputs(file.site.limits.inputs),
  broker: toBroker(file.broker),
  gridCodeWrites: file.site.gridCodeWrites ?? false,
  storageBeforeCurtailment: file.site.storageBeforeCurtailment ?? true,
  lines: file.lines.map((line) => ({
    name: line.name,
    path: line.path ?? null,
    tcp: line.tcp ?? null,
    baudRate: line.baudRate ?? TCP_BAUD_RATE,
    parity: line.parity ?? 'none',
    stopBits: line.stopBits ?? 1,
  })),
  devices: file.devices.map((device) => ({
    device: toDeviceId(device.id),
    role: device.role,
    line: device.line,
    unitId: device.unitId,
    ...(device.phase === undefined ? {} : { phase: device.phase }),
    profile: device.profile,
    serialNumber: device.serialNumber ?? null,
    sign: device.sign ?? 1,
    storage: storageOf(device),
    load: loadOf(device),
  })),
  utilities: file.utilities.map((utility) => ({
    ...utility,
    nmi: utility.nmi ?? null,
    pen: utility.pen ?? DOCUMENTATION_PEN,
    hasStorage: file.devices.some(({ role }) => role === 'storage'),
    identity: identityOf(utility.identity),
  })),
  isUtilityRefused: false,
});
