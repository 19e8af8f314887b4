import type { ScanReport, ScanRequest } from '#link/message.ts';

type Serial = NonNullable<ScanRequest['serial']>;

interface ProposedLine {
  readonly name: string;
  readonly path?: string;
}

interface ProposedDevice {
  readonly id: string;
  readonly role: string;
  readonly line: string;
  readonly unitId: number;
}

/** As much of a configuration file as a proposal must know. */
interface PresentFile {
  readonly lines: readonly ProposedLine[];
  readonly devices: readonly ProposedDevice[];
}

/** Nothing is exported until the installer or a utility says that it may be. */
const EMPTY = {
  format: 1,
  site: {
    id: 'site',
    limits: { commissioned: { exportW: null, generationW: null }, fallback: { exportW: 0, importW: null } },
  },
  lines: [],
  devices: [],
  utilities: [],
} as const;

/** A file that is no configuration at all gives null: nothing is proposed over it. */
const presentOf = (text: string | null): PresentFile | null => {
  if (text === null) return EMPTY;
  try {
    const value = JSON.parse(text) as Partial<PresentFile> | null;
    return Array.isArray(value?.lines) && Array.isArray(value.devices) ? (value as PresentFile) : null;
  } catch {
    return null;
  }
};

const freeName = (wanted: string, taken: readonly string[]): string => {
  let name = wanted;
  for (let next = 2; taken.includes(name); next += 1) name = `${wanted}-${next}`;
  return name;
};

/**
 * The present configuration (null: none) with the units that a scan of `line` (a name, or a path) found and it lacks: the first meter is
 * the one at the connection point, where there is none yet; storage on the unit of an inverter is behind it. Null: the present file is no configuration.
 */
export const proposedConfiguration = (text: string | null, serial: Serial, { line, units }: ScanReport): unknown => {
  const present = presentOf(text);
  if (present === null) return null;
  const known = present.lines.find(({ name, path }) => name === line || path === line);
  const name =
    known?.name ??
    freeName(
      'line-1',
      present.lines.map((one) => one.name),
    );
  const lines = known === undefined ? [...present.lines, { name, path: line, ...serial }] : present.lines;
  const devices: ProposedDevice[] = [...present.devices];
  for (const { unitId, role, profile, serialNumber } of units) {
    const onUnit = devices.filter((device) => device.line === name && device.unitId === unitId);
    const inverter = role === 'storage' ? onUnit.find((device) => device.role === 'inverter') : undefined;
    const isThere = onUnit.some((device) => inverter === undefined || device.role === role);
    if (role === null || isThere || (role === 'meter' && devices.some((device) => device.role === 'meter'))) continue;
    const id = freeName(
      `${role}-${unitId}`,
      devices.map((device) => device.id),
    );
    const more = { profile, ...(serialNumber === '' ? {} : { serialNumber }), ...(role === 'meter' ? { sign: 1 } : {}) };
    const behind = inverter === undefined ? {} : { storage: { hybridOf: inverter.id } };
    devices.push({ id, role, line: name, unitId, ...more, ...behind });
  }
  return { ...present, lines, devices };
};
