import { utilitySeconds } from '#base/units.ts';
import type { ControlModes, EventBody, ProgramSet, RampScope } from '#control/program.ts';
import type { InverterFaults, InverterSettings } from '../../rig/site/inverter-settings.ts';
import type { MeterFaults, MeterSettings } from '../../rig/site/meter.ts';
import type { Truth } from '../../rig/site/plant.ts';
import { RigSite, siteOf } from '../../rig/site/site.ts';
import { type LinkUtility, linkUtility, type SaidLimit } from '../../support/link-utility.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { VirtualTime } from '../../support/virtual-clock.ts';
import { configurationOf, RUNTIME_DIRECTORY, startVirtualControld, type VirtualControld } from '../../support/virtual-gateway.ts';
import { VirtualLine } from '../../support/virtual-line-port.ts';

const EPOCH = 1_760_000_000;
const BOOT = 'boot-1';
export const RATED_W = 10_000;

export interface Snapshot {
  /** Seconds. */
  readonly at: number;
  readonly genConnectStatus: number;
  readonly operationalModeStatus: number;
}

/** One event of the test's, `start` in seconds since the run's begin. */
export const control = (
  mRID: string,
  start: number,
  duration: number,
  modes: ControlModes,
  rampTms: number | null = null,
): EventBody => ({
  mRID,
  creationTime: utilitySeconds(EPOCH),
  start: utilitySeconds(EPOCH + start),
  duration,
  randomizeStart: null,
  randomizeDuration: null,
  status: 'scheduled',
  statusAt: utilitySeconds(EPOCH),
  potentiallySuperseded: false,
  responseRequired: 3,
  replyTo: '/rsp',
  modes,
  rampTms,
});

/** What the utility says: one program with a default and events. */
export const says = (
  defaults: ControlModes,
  setGradW: number | null,
  events: readonly EventBody[],
  more: { readonly rampScope?: RampScope; readonly setSoftGradW?: number } = {},
): ProgramSet => {
  const { rampScope = 'default-active', setSoftGradW = null } = more;
  const defaultControl = { mRID: 'D1', modes: defaults, setGradW, setSoftGradW };
  return {
    server: 'utility',
    policy: { vanished: 'keep', noDefault: 'fallback', rampScope },
    programs: [{ id: 'P1', primacy: 1, read: 'read', defaultControl, events }],
  };
};

interface GatewayOptions {
  /** Further members of `site.limits` in the configuration file. */
  readonly local?: Readonly<Record<string, unknown>>;
  /** False: nobody says the time. */
  readonly hasUtility?: boolean;
  readonly gridCodeWrites?: boolean;
  readonly inverter?: Partial<InverterSettings>;
  readonly meter?: Partial<MeterSettings>;
  /** Absent: sunspec-meter. */
  readonly meterProfile?: string;
  /** The phase that the inverter feeds, as the configuration has it; absent: all three alike. */
  readonly phase?: 'a' | 'b' | 'c';
  /** Levels of the gateway's inputs, by path; the test changes them. */
  readonly levels?: ReadonlyMap<string, 0 | 1>;
  /** What the sun offers, watts. */
  readonly sun?: (t: number) => number;
  readonly load?: (t: number) => number;
}

/** The control process as in production beside the rig's 10 kW site, in virtual time; the inverter is met in the first seconds. */
export class Gateway {
  readonly truth: Truth[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly notes: string[] = [];
  /** What the site says it can carry out. */
  modes: readonly string[] = [];
  readonly #time = new VirtualTime();
  readonly #origin = this.#time.now;
  readonly #site: RigSite;
  readonly #line: VirtualLine;
  readonly #levels: ReadonlyMap<string, 0 | 1> | undefined;
  readonly #local: Readonly<Record<string, unknown>>;
  readonly #hasUtility: boolean;
  #files = new MemoryFiles();
  #lives = 0;
  #process: VirtualControld | null = null;
  #utility: LinkUtility | null = null;

  readonly #gridCodeWrites: boolean;
  readonly #meterProfile: string;
  readonly #phase: GatewayOptions['phase'];

  constructor(loadW = 500, lagSeconds = 1, options: GatewayOptions = {}) {
    this.#local = options.local ?? {};
    this.#levels = options.levels;
    this.#hasUtility = options.hasUtility ?? true;
    this.#gridCodeWrites = options.gridCodeWrites ?? false;
    this.#phase = options.phase;
    this.#meterProfile = options.meterProfile ?? 'sunspec-meter';
    const sun = options.sun === undefined ? {} : { sun: options.sun };
    const plant = { load: options.load ?? (() => loadW), lagSeconds, ...sun };
    const settings = siteOf({ plant, inverter: options.inverter ?? {}, meter: options.meter ?? {} });
    this.#site = new RigSite(settings, (point) => this.truth.push(point));
    this.#line = new VirtualLine({ time: this.#time, site: this.#site });
    this.start();
  }

  get now(): number {
    return (this.#time.now - this.#origin) / 1000;
  }

  start(): this {
    this.#lives += 1;
    const process = startVirtualControld({
      time: this.#time,
      configuration: configurationOf({
        commissionedExportW: null,
        fallbackExportW: RATED_W,
        local: this.#local,
        gridCodeWrites: this.#gridCodeWrites,
        unitIds: { inverter: 1, meter: 2 },
        meterProfile: this.#meterProfile,
        ...(this.#phase === undefined ? {} : { phase: this.#phase }),
      }),
      linePort: () => this.#line.port(),
      ...(this.#levels === undefined ? {} : { levels: this.#levels }),
      files: this.#files,
      bootId: BOOT,
      seed: this.#lives,
      onNote: ({ note }) => this.notes.push(note.event),
    });
    this.#process = process;
    if (!this.#hasUtility) return this;
    this.#time.at(this.#time.now + 300, () => {
      this.#utility = linkUtility({
        link: process.link,
        socket: `${RUNTIME_DIRECTORY}/control.sock`,
        onLine: (line) => this.#heard(line),
      });
      this.#utility.anchor({ bootId: BOOT, mono: this.#time.now, utility: EPOCH + this.now, error: 0.05 });
    });
    return this;
  }

  kill(): this {
    this.#process?.kill();
    this.#process = null;
    this.#line.release();
    this.#files = this.#files.afterKill();
    return this;
  }

  say(set: ProgramSet): this {
    this.#utility?.say(set);
    return this;
  }

  /** A topic of the broker says this now. */
  sayLimit(source: string, said: Omit<SaidLimit, 'heard'>): this {
    this.#utility?.limit(source, { heard: this.#time.now, ...said });
    return this;
  }

  /** From here on every tick's lines are gathered, as `gridward record` writes them. */
  record(): readonly string[] {
    const lines: string[] = [];
    let text = '';
    this.#time.touch();
    this.#process?.link.dial(
      `${RUNTIME_DIRECTORY}/view.sock`,
      (stream) => {
        stream.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null }));
        stream.send(JSON.stringify({ type: 'tape-request' }));
      },
      {
        onLine: (line) => {
          const message = JSON.parse(line) as { readonly type: string; readonly text: string; readonly more: boolean };
          if (message.type !== 'tape') return;
          text += message.text;
          if (message.more) return;
          lines.push(text);
          text = '';
        },
        onClosed: () => undefined,
      },
    );
    return lines;
  }

  /** What a viewer is shown from here on of the device, newest last. */
  watch(device: string): readonly string[] {
    const texts: string[] = [];
    this.#time.touch();
    this.#process?.link.dial(
      `${RUNTIME_DIRECTORY}/view.sock`,
      (stream) => stream.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null })),
      {
        onLine: (line) => {
          const { devices = [] } = JSON.parse(line) as {
            readonly devices?: readonly { readonly device: string; readonly text: string }[];
          };
          texts.push(...devices.filter((one) => one.device === device).map(({ text }) => text));
        },
        onClosed: () => undefined,
      },
    );
    return texts;
  }

  /** Until this many seconds after the begin. */
  async until(seconds: number): Promise<this> {
    await this.#time.runUntil(this.#origin + seconds * 1000);
    this.#line.sync();
    return this;
  }

  /** Is the inverter's connection closed (SunSpec 123 Conn)? */
  get isConnected(): boolean {
    return this.#read(this.#connAddress(), 1)[0] === 1;
  }

  /** Reactive power at the inverter's terminals now, var, positive into the grid. */
  get reactive(): number {
    this.#line.sync();
    return this.#site.inverter.reactiveAt(this.#line.siteNow);
  }

  /** Registers of model 123 from OutPFSet to VArPct_Ena. */
  get reactiveRegisters(): readonly number[] {
    return this.#read(this.#connAddress() + 6, 13);
  }

  /** Write requests that the inverter carried out. */
  get writes(): number {
    return this.#site.inverter.writes;
  }

  /** Registers of one of the inverter's models, from its ID on, at most 2000. */
  registersOf(model: number): readonly number[] {
    const place = this.#placeOf(model);
    const words: number[] = [];
    while (words.length < place.length + 2)
      words.push(...this.#read(place.address + words.length, Math.min(100, place.length + 2 - words.length)));
    return words;
  }

  /** Another master writes a register of one of the inverter's models, counted from its ID. */
  writeByHand(model: number, register: number, value: number): void {
    const { address } = this.#placeOf(model);
    this.#ask(6, address + register, value);
  }

  /** Another master writes one of them, counted from OutPFSet. */
  setByHand(register: number, value: number): void {
    const address = this.#connAddress();
    this.#ask(6, address + 6 + register, value);
  }

  /** Another master opens the inverter's connection. */
  openByHand(): void {
    const address = this.#connAddress();
    this.#ask(6, address, 0);
  }

  /** The installer's tool says one thing to controld; what it answers is gathered until it hangs up. */
  install(message: { readonly type: string; readonly by?: string }): {
    readonly lines: readonly string[];
    readonly hangUp: () => void;
  } {
    const lines: string[] = [];
    let hangUp: () => void = () => undefined;
    this.#time.touch();
    this.#process?.link.dial(
      `${RUNTIME_DIRECTORY}/install.sock`,
      (stream) => {
        stream.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null }));
        stream.send(JSON.stringify(message));
        hangUp = () => stream.close();
      },
      { onLine: (line) => lines.push(line), onClosed: () => undefined },
    );
    return { lines, hangUp: () => hangUp() };
  }

  meterFault(change: Partial<MeterFaults>): void {
    this.#line.sync();
    this.#site.meter.fault(this.#line.siteNow, change);
  }

  unplugMeter(): void {
    this.#line.sync();
    this.#site.meter.fault(this.#line.siteNow, { silent: true });
  }

  /** Dark for so long, then back with its factory settings. */
  restartInverter(darkSeconds: number): void {
    this.#line.sync();
    this.#site.inverter.restart(this.#line.siteNow, darkSeconds);
  }

  fault(change: Partial<InverterFaults>): void {
    this.#line.sync();
    this.#site.inverter.fault(this.#line.siteNow, change);
  }

  exportAt(seconds: number): number {
    return this.truth.findLast((point) => point.t <= seconds * 1000)?.netExport ?? Number.NaN;
  }

  generationAt(seconds: number): number {
    return this.truth.findLast((point) => point.t <= seconds * 1000)?.generation ?? Number.NaN;
  }

  connectAt(seconds: number): number | null {
    return this.snapshots.findLast(({ at }) => at <= seconds)?.genConnectStatus ?? null;
  }

  /** Watts a second of the net export between two instants, by least squares. */
  slope(from: number, until: number): number {
    const points = this.truth.filter(({ t }) => t >= from * 1000 && t <= until * 1000);
    const mean = (of: (point: Truth) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    const t = mean((point) => point.t / 1000);
    const w = mean((point) => point.netExport);
    const dot = (of: (point: Truth) => number): number =>
      points.reduce((sum, point) => sum + (point.t / 1000 - t) * of(point), 0);
    return dot((point) => point.netExport - w) / dot((point) => point.t / 1000 - t);
  }

  /** Conn is the fifth register of 123. */
  #connAddress(): number {
    return this.#placeOf(123).address + 4;
  }

  /** Walks the models from 40002. */
  #placeOf(model: number): { readonly address: number; readonly length: number } {
    let address = 40_002;
    for (let models = 0; models < 32; models += 1) {
      const [id = 0, length = 0] = this.#read(address, 2);
      if (id === model) return { address, length };
      address += length + 2;
    }
    throw new Error(`the inverter has no model ${model}`);
  }

  #read(address: number, count: number): readonly number[] {
    const bytes = this.#ask(3, address, count).slice(2);
    return Array.from({ length: count }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  }

  #ask(code: number, address: number, value: number): Uint8Array {
    this.#line.sync();
    const pdu = Uint8Array.of(code, address >> 8, address & 0xff, value >> 8, value & 0xff);
    const answer = this.#site.inverter.answer(this.#line.siteNow, pdu);
    if (answer === null) throw new Error('the inverter does not answer');
    return answer.pdu;
  }

  #heard(line: string): void {
    const message = JSON.parse(line) as {
      readonly type: string;
      readonly status?: Omit<Snapshot, 'at'>;
      readonly modes?: readonly string[];
    };
    if (message.type === 'site-snapshot' && message.status !== undefined) {
      const { genConnectStatus, operationalModeStatus } = message.status;
      this.modes = message.modes ?? [];
      this.snapshots.push({ at: this.now, genConnectStatus, operationalModeStatus });
    }
  }
}
