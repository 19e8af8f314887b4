import type { Cancel } from '#base/ports.ts';
import { after, seconds } from '#base/units.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import type { Line } from '#drivers/line/transaction.ts';
import type { ScanRequest, ViewSnapshot } from '#link/message.ts';
import type { Controld } from './controld.ts';
import { InstallLink } from './install-link.ts';
import type { ControldPorts } from './ports.ts';
import { ScanLink } from './scan-link.ts';
import { TapeLink } from './tape-link.ts';
import { ViewLink } from './view-link.ts';

const SHOW_EVERY = seconds(1);
/** Serial devices that are opened for scans at most; one more closes the oldest. */
const LINES_MAX = 8;
/** What may be opened as a line: a device of this machine, by a plain path. */
const DEVICE_PATH = /^\/dev\/(?!.*\.\.)[\w/.:+-]{1,240}$/;
const DEFAULT_SERIAL = { baudRate: 9600, parity: 'none', stopBits: 1 } as const;

/** `serialLines`: paths of the serial devices the machine has. */
export type UncommissionedPorts = Omit<ControldPorts, 'state' | 'bootId' | 'entropy' | 'readLevel'> & {
  readonly serialLines: () => Promise<readonly string[]>;
};

class Uncommissioned {
  readonly #ports: UncommissionedPorts;
  readonly #lines = new Map<string, LineEngine>();
  readonly #view: ViewLink;
  readonly #install: InstallLink;
  #present: readonly string[] = [];
  #cancelShow: Cancel = () => undefined;

  constructor(ports: UncommissionedPorts) {
    this.#ports = ports;
    const { clock, link: port, runtimeDirectory: directory, release, note } = ports;
    const scan = new ScanLink(clock, (request) => this.#open(request));
    const shared = { port, directory, release };
    this.#view = new ViewLink({
      ...shared,
      trace: (line) => this.#lines.get(line)?.trace ?? null,
      tape: new TapeLink(release),
      scan,
      note: note('view'),
    });
    this.#install = new InstallLink({ ...shared, clock, control: null, storing: ports.storing, note: note('install') });
  }

  async start(): Promise<void> {
    await Promise.all([this.#view.open(), this.#install.open()]);
    this.#show();
  }

  stop(): void {
    this.#cancelShow();
    for (const line of this.#lines.values()) line.stop();
    this.#view.close();
    this.#install.close();
  }

  /** A line for a scan; with other settings than before it is opened anew. */
  #open({ line: path, serial }: ScanRequest): Line | null {
    if (!DEVICE_PATH.test(path)) return null;
    const { clock, linePort } = this.#ports;
    const settings = serial ?? DEFAULT_SERIAL;
    this.#lines.get(path)?.stop();
    this.#lines.delete(path);
    const [oldest] = this.#lines.keys();
    if (oldest !== undefined && this.#lines.size >= LINES_MAX) {
      this.#lines.get(oldest)?.stop();
      this.#lines.delete(oldest);
    }
    const port = linePort({ name: path, path, tcp: null, ...settings });
    const engine = new LineEngine({ name: path, ...settings, localEcho: false, paced: true }, clock, port);
    this.#lines.set(path, engine);
    engine.start();
    return engine;
  }

  #show(): void {
    const { clock, onGoodTick, serialLines } = this.#ports;
    const now = clock.now();
    this.#view.show(this.#snapshot());
    onGoodTick();
    serialLines().then(
      (paths) => {
        this.#present = paths;
      },
      () => undefined,
    );
    this.#cancelShow = clock.at(after(now, SHOW_EVERY), () => this.#show());
  }

  #snapshot(): ViewSnapshot {
    return {
      type: 'view',
      at: this.#ports.clock.now(),
      utilityTime: null,
      exportLimit: null,
      limitSource: 'nothing: the site is not commissioned',
      ...{ netImport: null, generation: null, load: null, cap: null },
      seeing: 'blind',
      missing: ['configuration'],
      devices: [],
      lines: this.#present.map((line) => ({ line, use: 0, faults: 0 })),
      alarms: ['not commissioned: gridward scan PATH --store, or gridward config store FILE'],
      events: [],
    };
  }
}

/** controld of a machine without a configuration (design D18): nothing is controlled, nothing written; lines may be scanned, and a first configuration taken. */
export const uncommissioned = async (ports: UncommissionedPorts): Promise<Controld> => {
  const running = new Uncommissioned(ports);
  await running.start();
  return {
    stop: async () => {
      running.stop();
      await Promise.resolve();
    },
  };
};
