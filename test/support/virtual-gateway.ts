import { assert } from '#base/assert.ts';
import type { Files, Note } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import { decodeConfiguration, type Configuration } from '#app/config/configuration.ts';
import { controld } from '#app/controld/controld.ts';
import type { LinePort } from '#drivers/line/port.ts';
import type { LinkPort } from '#link/port.ts';
import { processFiles } from './gateway/disk.ts';
import { memoryLink, type MemoryLink } from './memory-link.ts';
import type { ProcessClock, VirtualTime } from './virtual-clock.ts';

export const RUNTIME_DIRECTORY = '/run/gridward';
const RELEASE = 'simulated';

export interface SiteOfGateway {
  /** Watts; null: none. */
  readonly commissionedExportW: number | null;
  readonly fallbackExportW: number;
  /** Further members of `site.limits`, as in the file. */
  readonly local?: Readonly<Record<string, unknown>>;
  /** Absent: false. */
  readonly gridCodeWrites?: boolean;
  readonly unitIds: { readonly inverter: number; readonly meter: number };
  /** Absent: sunspec-meter. */
  readonly meterProfile?: string;
  /** Profile of the inverters, and the serial number of the first; absent: sunspec-123, whichever answers. */
  readonly inverterProfile?: { readonly name: string; readonly serialNumber: string };
  /** The phase that the first inverter feeds; absent: all three alike. */
  readonly phase?: 'a' | 'b' | 'c';
  /** None of the inverters is this gateway's: storage alone. Absent: they are. */
  readonly isStorageAlone?: true;
  /** Inverters beside `pv`: `pv-2`, `pv-3`...; line 0 is the meter's. Absent: none. */
  readonly others?: readonly { readonly unitId: number; readonly line: number }[];
  /** Storage and loads, as in the file but for their line, which is the meter's. Absent: none. */
  readonly beside?: readonly Readonly<Record<string, unknown>>[];
  /** Of every line; absent: 9600 8N1. */
  readonly baudRate?: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
}

/** The configuration file of a site with one meter, and one inverter or several, on one line or several. */
export const configurationText = (site: SiteOfGateway, linePath = '/dev/line-1'): string => {
  const { unitIds, others = [], beside = [], meterProfile = 'sunspec-meter' } = site;
  const { baudRate = 9600, parity = 'none', stopBits = 1 } = site;
  const inverters = [{ unitId: unitIds.inverter, line: 0 }, ...others];
  const lines = 1 + Math.max(...inverters.map(({ line }) => line));
  return JSON.stringify({
    format: 1,
    site: {
      id: 'bench',
      limits: {
        commissioned: { exportW: site.commissionedExportW, generationW: null },
        fallback: { exportW: site.fallbackExportW, importW: null },
        ...site.local,
      },
      gridCodeWrites: site.gridCodeWrites ?? false,
    },
    lines: Array.from({ length: lines }, (_, index) => ({
      name: `line-${index + 1}`,
      path: index === 0 ? linePath : `/dev/line-${index + 1}`,
      baudRate,
      parity,
      stopBits,
    })),
    devices: [
      ...(site.isStorageAlone === true ? [] : inverters).map(({ unitId, line }, index) => ({
        id: index === 0 ? 'pv' : `pv-${index + 1}`,
        role: 'inverter',
        line: `line-${line + 1}`,
        unitId,
        profile: (index === 0 ? site.inverterProfile?.name : undefined) ?? 'sunspec-123',
        ...(index === 0 && site.inverterProfile !== undefined ? { serialNumber: site.inverterProfile.serialNumber } : {}),
        ...(index === 0 && site.phase !== undefined ? { phase: site.phase } : {}),
      })),
      { id: 'grid-meter', role: 'meter', line: 'line-1', unitId: unitIds.meter, profile: meterProfile, sign: 1 },
      ...beside.map((device) => ({ line: 'line-1', ...device })),
    ],
    ...(site.local?.['inputs'] === undefined ? {} : { broker: { host: 'broker.example', port: 1883 } }),
    utilities: [
      {
        name: 'utility',
        profile: 'csip-baseline',
        url: 'https://utility.example/dcap',
        registrationPin: null,
        identity: { kind: 'file', certificate: 'device.pem', key: 'device.key', trust: 'serca.pem' },
      },
    ],
  });
};

export const configurationOf = (site: SiteOfGateway): Configuration => {
  const decoded = decodeConfiguration(new TextEncoder().encode(configurationText(site)));
  assert(decoded.ok, 'the configuration of the simulation is valid');
  return decoded.value;
};

export interface NoteTaken {
  readonly at: number;
  readonly module: string;
  readonly note: Note;
}

/** One life of a controld process in virtual time. */
export interface VirtualControld {
  readonly link: MemoryLink;
  /** Ends it at once; nothing of it runs again. */
  kill(): void;
}

interface VirtualControldOptions {
  readonly time: VirtualTime;
  readonly configuration: Configuration;
  /** Why that is not what the file says; absent: it is. */
  readonly alarm?: string;
  readonly linePort: (line: { readonly name: string }) => LinePort;
  readonly files: Files;
  readonly bootId: string;
  /** Of this life: seeds its entropy. */
  readonly seed: number;
  readonly onNote: (note: NoteTaken) => void;
  readonly onGoodTick?: () => void;
  /** It wants to be started anew; absent: it is not. */
  readonly onRestart?: () => void;
  /** Levels of inputs by their path; absent: there are none. */
  readonly levels?: ReadonlyMap<string, 0 | 1>;
}

/** Starts controld as it is in production, with sockets of its own; only clock, files, sockets and the byte pipe of the line are others. */
export const startVirtualControld = (options: VirtualControldOptions): VirtualControld => {
  const { time, files } = options;
  const link = memoryLink();
  const unhook = time.afterEach(() => link.deliver());
  const watched = processFiles(
    () => files,
    () => time.touch(),
  );
  const process = runVirtualControld({ ...options, files: watched, link });
  return {
    link,
    kill: () => {
      unhook();
      process.kill();
    },
  };
};

/** The process alone, on the files and sockets given. Returns what ends it at once. */
export const runVirtualControld = (options: VirtualControldOptions & { readonly link: LinkPort }): { kill(): void } => {
  const { time, configuration, linePort, files, bootId, seed, onNote, onGoodTick, link } = options;
  const clock: ProcessClock = time.process();
  const random = new SeededRandom(seed, 'entropy');
  let alive = true;
  time.touch();
  controld(
    {
      clock,
      entropy: { bytes: (length) => random.bytes(length), fraction: () => random.fraction() },
      bootId,
      state: files,
      link,
      runtimeDirectory: RUNTIME_DIRECTORY,
      readLevel: (path) => options.levels?.get(path) ?? null,
      linePort,
      note: (module) => (note) => {
        if (alive) onNote({ at: time.now, module, note });
      },
      onGoodTick: () => onGoodTick?.(),
      release: RELEASE,
      storing: {
        store: async () => Promise.resolve({ ok: false, fault: ['not in this simulation'] }),
        restart: () => options.onRestart?.(),
      },
    },
    configuration,
    options.alarm ?? null,
  ).catch((error: unknown) => {
    onNote({ at: time.now, module: 'simulation', note: { event: 'crashed', level: 'error', text: String(error) } });
  });
  return {
    kill: () => {
      assert(alive, 'a process is killed once');
      alive = false;
      clock.kill();
    },
  };
};
