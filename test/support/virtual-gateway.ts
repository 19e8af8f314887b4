import { assert } from '#base/assert.ts';
import type { Files, Note } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import { decodeConfiguration, type Configuration } from '#app/config/configuration.ts';
import { controld } from '#app/controld/controld.ts';
import type { LinePort } from '#drivers/line/port.ts';
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
  readonly unitIds: { readonly inverter: number; readonly meter: number };
}

/** The configuration file of a site with one inverter and one meter on one line at 9600 baud. */
export const configurationText = (site: SiteOfGateway, linePath = '/dev/line-1'): string =>
  JSON.stringify({
    format: 1,
    site: {
      id: 'bench',
      limits: {
        commissioned: { exportW: site.commissionedExportW, generationW: null },
        fallback: { exportW: site.fallbackExportW, importW: null },
        ...site.local,
      },
    },
    lines: [{ name: 'line-1', path: linePath, baudRate: 9600, parity: 'none', stopBits: 1 }],
    devices: [
      { id: 'pv', role: 'inverter', line: 'line-1', unitId: site.unitIds.inverter, profile: 'sunspec-123' },
      { id: 'grid-meter', role: 'meter', line: 'line-1', unitId: site.unitIds.meter, profile: 'sunspec-meter', sign: 1 },
    ],
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
  readonly linePort: () => LinePort;
  readonly files: Files;
  readonly bootId: string;
  /** Of this life: seeds its entropy. */
  readonly seed: number;
  readonly onNote: (note: NoteTaken) => void;
  readonly onGoodTick?: () => void;
}

/** Says when a file is touched: only then have promises to settle between two events. */
const watched = (files: Files, touch: () => void): Files => ({
  read: async (path, maxBytes) => {
    touch();
    return await files.read(path, maxBytes);
  },
  readRange: async (path, offset, length) => {
    touch();
    return await files.readRange(path, offset, length);
  },
  replace: async (path, bytes) => {
    touch();
    return await files.replace(path, bytes);
  },
  openAppend: async (path, length) => {
    touch();
    const opened = await files.openAppend(path, length);
    if (!opened.ok) return opened;
    const file = opened.value;
    return {
      ok: true,
      value: {
        append: async (bytes) => {
          touch();
          return await file.append(bytes);
        },
        close: async () => {
          touch();
          await file.close();
        },
      },
    };
  },
  list: async (directory) => {
    touch();
    return await files.list(directory);
  },
  remove: async (path) => {
    touch();
    return await files.remove(path);
  },
});

/** Starts controld as it is in production; only clock, files, sockets and the byte pipe of the line are others. */
export const startVirtualControld = (options: VirtualControldOptions): VirtualControld => {
  const { time, configuration, linePort, files, bootId, seed, onNote, onGoodTick } = options;
  const clock: ProcessClock = time.process();
  const random = new SeededRandom(seed, 'entropy');
  const link = memoryLink();
  let alive = true;
  time.touch();
  const unhook = time.afterEach(() => link.deliver());
  controld(
    {
      clock,
      entropy: { bytes: (length) => random.bytes(length), fraction: () => random.fraction() },
      bootId,
      state: watched(files, () => time.touch()),
      link,
      runtimeDirectory: RUNTIME_DIRECTORY,
      linePort,
      note: (module) => (note) => {
        if (alive) onNote({ at: time.now, module, note });
      },
      onGoodTick: () => onGoodTick?.(),
      release: RELEASE,
    },
    configuration,
  ).catch((error: unknown) => {
    onNote({ at: time.now, module: 'simulation', note: { event: 'crashed', level: 'error', text: String(error) } });
  });
  return {
    link,
    kill: () => {
      assert(alive, 'a process is killed once');
      alive = false;
      unhook();
      clock.kill();
    },
  };
};
