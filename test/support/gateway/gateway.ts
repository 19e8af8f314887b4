import { assert } from '#base/assert.ts';
import type { SeededRandom } from '#base/random.ts';
import type { Configuration } from '#app/config/configuration.ts';
import { isTopic } from '#app/config/inputs.ts';
import { siteOf } from '#app/config/utility.ts';
import { RigSite } from '../../rig/site/site.ts';
import type { Control } from '../../rig/utility/controls.ts';
import { createControl, createUtility, dcapPath, type NewControl, type UtilityState } from '../../rig/utility/state.ts';
import { virtualUtility, type VirtualUtility } from '../../rig/utility/virtual.ts';
import { MemoryFiles } from '../memory-files.ts';
import { VirtualTime } from '../virtual-clock.ts';
import { runVirtualControld, RUNTIME_DIRECTORY, type NoteTaken } from '../virtual-gateway.ts';
import { VirtualLine } from '../virtual-line-port.ts';
import { VirtualBroker } from './broker.ts';
import { processFiles } from './disk.ts';
import { DEVICE, type DeviceCertificate } from './identity.ts';
import { virtualClient, type Network } from './network.ts';
import { startVirtualNorthd, type VirtualNorthd } from './north.ts';
import {
  configurationFor,
  lineName,
  ORIGIN,
  PIN,
  profileFor,
  siteSettings,
  STARTED_AT,
  utilityOptions,
  type GatewayOptions,
} from './settings.ts';
import { VirtualSockets } from './sockets.ts';
import { TruthLog } from './truth.ts';

const MS = 1000;
const LATENCY_MS = 60;
const VIEWED_AFTER_MS = 300;
const RESTARTS_AFTER_SECONDS = 1;
/** Notes kept for a report. */
const NOTES_KEPT = 5000;

/** An event to publish now; its start counts from now. */
export type Published = Omit<NewControl, 'start'> & { readonly startsIn: number };

/**
 * The whole gateway in virtual time: controld and northd of the product, the rig's site on a line and the rig's utility server, in one
 * process. Whoever drives it acts on the server through the rig's own commands (`state`) and judges by `state.journal` and `truth`.
 */
export class VirtualGateway {
  readonly truth = new TruthLog();
  readonly notes: NoteTaken[] = [];
  readonly network: Network = { latencyMs: LATENCY_MS, state: 'up' };
  readonly site: RigSite;
  /** The meter's line, and all of them. */
  readonly line: VirtualLine;
  readonly lines: readonly VirtualLine[];
  readonly server: VirtualUtility;
  readonly broker: VirtualBroker;
  /** Asked at each call of a process that it waits for: of the disk, and of the network before a request. Who drives may kill it there. */
  readonly onCall = { control: (): void => undefined, north: (): void => undefined };
  /** Presented by northd from its next start on. */
  certificate: DeviceCertificate = DEVICE;
  readonly #options: GatewayOptions;
  readonly #configuration: Configuration;
  readonly #time: VirtualTime;
  readonly #origin: number;
  readonly #sockets: VirtualSockets;
  #disk = new MemoryFiles();
  #boots = 1;
  #lives = 0;
  /** Of either process. */
  #kills = 0;
  #control: readonly { kill(): void }[] = [];
  #north: VirtualNorthd | null = null;

  constructor(options: GatewayOptions = {}) {
    this.#options = options;
    this.#time = new VirtualTime({ mono: 100_000, wall: options.wallSeconds ?? STARTED_AT - 3 });
    this.#origin = this.#time.now;
    this.broker = new VirtualBroker(this.#time);
    const state = createUtility(utilityOptions(options));
    this.server = virtualUtility(state, () => STARTED_AT + this.now);
    this.#configuration = configurationFor(options, options.url ?? `${ORIGIN}${dcapPath(state)}`);
    this.site = new RigSite(siteSettings(options), (point) => this.truth.points.push(point));
    this.lines = this.site.lines.map(
      (_, line) => new VirtualLine({ time: this.#time, site: this.site, line, onBytes: (bytes) => options.onBytes?.(bytes) }),
    );
    this.line = this.#lineNamed(lineName(0));
    this.#sockets = new VirtualSockets(() => this.#time.touch());
    this.#time.afterEach(() => this.#sockets.deliver());
  }

  /** Seconds since the start of the run. */
  get now(): number {
    return (this.#time.now - this.#origin) / MS;
  }

  /** Virtual time of the start of the run. */
  get origin(): number {
    return this.#origin;
  }

  /** Server time, UTC seconds. */
  get serverNow(): number {
    return STARTED_AT + this.now;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get state(): UtilityState {
    return this.server.state;
  }

  /** Starts what is not running: both processes. */
  start(): this {
    if (this.#control.length === 0) this.startControl();
    if (this.#north === null) this.startNorth();
    return this;
  }

  /** controld wants to be started anew: as systemd does it, unless a run counts its lives itself. */
  onRestart = (): void => {
    this.killControl();
    this.at(this.now + RESTARTS_AFTER_SECONDS, () => this.startControl());
  };

  /** `configuration`: another than that of the run. */
  startControl(configuration = this.#configuration): void {
    assert(this.#control.length === 0, 'one controld at a time');
    this.#lives += 1;
    const kills = this.#kills;
    const files = processFiles(
      () => this.#disk,
      () => this.#time.touch(),
      () => this.onCall.control(),
    );
    const sockets = this.#sockets.process();
    const process = runVirtualControld({
      time: this.#time,
      configuration,
      linePort: ({ name }) => this.#lineNamed(name).port(),
      files,
      link: sockets,
      bootId: `boot-${this.#boots}`,
      seed: this.#seed(),
      onNote: (note) => this.#note(note),
      onRestart: () => this.at(this.now, () => this.onRestart()),
      ...(this.#options.levels === undefined ? {} : { levels: this.#options.levels }),
    });
    this.#control = [process, files, sockets];
    // Killed at a call that it made while it was made.
    if (kills !== this.#kills) this.killControl();
    else if (this.#options.onView !== undefined) this.#watch(this.#options.onView);
  }

  /** Looks at the controld that just began, as soon as its socket is there. */
  #watch(onView: NonNullable<GatewayOptions['onView']>): void {
    const watched = this.#control;
    this.#time.at(this.#time.now + VIEWED_AFTER_MS, () => {
      if (this.#control !== watched) return;
      this.#dial('view.sock', [], (line) => {
        const view = JSON.parse(line) as { readonly type: string; readonly exportLimit: number | null };
        if (view.type === 'view') onView(view);
      });
    });
  }

  #dial(socket: string, messages: readonly unknown[], onLine: (line: string) => void): void {
    this.#time.touch();
    this.#sockets.process().dial(
      `${RUNTIME_DIRECTORY}/${socket}`,
      (stream) => {
        for (const each of [{ type: 'hello', protocol: 1, release: 'rig', planId: null }, ...messages])
          stream.send(JSON.stringify(each));
      },
      { onLine, onClosed: () => undefined },
    );
  }

  startNorth(): void {
    assert(this.#north === null, 'one northd at a time');
    this.#lives += 1;
    const kills = this.#kills;
    const [utility] = this.#configuration.utilities;
    assert(utility !== undefined, 'a utility is configured');
    const { certificate, network, server } = this;
    const pin = this.#options.pin === undefined ? PIN : this.#options.pin;
    const found = { profile: profileFor(this.#options), pin, certificate: certificate.der };
    const touch = (): void => this.#time.touch();
    const onCall = (): void => this.onCall.north();
    this.#north = startVirtualNorthd({
      time: this.#time,
      config: { ...siteOf(utility, found), bootId: `boot-${this.#boots}` },
      files: processFiles(() => this.#disk, touch, onCall),
      sockets: this.#sockets.process(),
      http: (clock) => virtualClient({ clock, network, server, origin: ORIGIN, lfdi: () => certificate.lfdi, touch, onCall }),
      broker: this.broker.process(),
      topics: this.#configuration.inputs.filter(isTopic),
      seed: this.#seed(),
      onNote: (note) => this.#note(note),
    });
    if (kills !== this.#kills) this.killNorth();
  }

  /** Says something on the installer's socket. */
  install(message: unknown): void {
    this.#dial('install.sock', [message], () => undefined);
  }

  killControl(): void {
    this.#kills += 1;
    for (const part of this.#control) part.kill();
    this.#control = [];
    for (const line of this.lines) line.release();
  }

  killNorth(): void {
    this.#kills += 1;
    this.#north?.kill();
    this.#north = null;
  }

  /** SIGTERM to northd. */
  async stopNorth(): Promise<void> {
    const stopped = this.#north?.stop();
    this.#north = null;
    await this.#time.settle();
    await stopped;
  }

  /** The machine's flash, as it is now. */
  get disk(): MemoryFiles {
    return this.#disk;
  }

  /**
   * The power goes: both processes end, what was not yet on the flash is lost; with `torn`, any part of it may have come there.
   * `start` is the next boot.
   */
  cutPower(torn: SeededRandom | null = null): void {
    this.killNorth();
    this.killControl();
    this.#disk = this.#disk.afterPowerCut(torn);
    this.#boots += 1;
  }

  /** What the machine's real-time clock shows, seconds since 1970. */
  get wall(): number {
    return this.#time.wall;
  }

  /** Somebody sets the machine's real-time clock, seconds. */
  stepWall(seconds: number): void {
    this.#time.stepWall(seconds);
  }

  /** So many milliseconds of virtual time. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#time.at(this.#time.now + ms, () => {
        this.#time.touch();
        resolve();
      });
    });
  }

  /** At so many seconds from the start of the run. */
  at(seconds: number, act: () => void): this {
    this.#time.at(this.#origin + seconds * MS, act);
    return this;
  }

  /** Runs until so many seconds after the start. */
  async until(seconds: number): Promise<this> {
    await this.#time.runUntil(this.#origin + seconds * MS);
    this.line.sync();
    return this;
  }

  async run(seconds: number): Promise<this> {
    return await this.until(this.now + seconds);
  }

  /** Runs until the condition holds, looked at each second; throws after `limit` seconds. Its time in seconds. */
  async when(what: string, holds: () => boolean, limit = 600): Promise<number> {
    const end = this.now + limit;
    while (!holds()) {
      if (this.now >= end) throw new Error(`not within ${limit} s: ${what}\n${this.told(60)}`);
      await this.run(1);
    }
    return this.now;
  }

  /** Publishes an event now. */
  publish(given: Published): Control {
    return createControl(this.state, { ...given, start: this.serverNow + given.startsIn }, this.serverNow);
  }

  /** The last notes of both processes, for a person who asks why. */
  told(count: number): string {
    const line = ({ at, module, note }: NoteTaken): string =>
      `${((at - this.#origin) / MS).toFixed(2)} ${module} ${note.event}: ${note.text}`;
    return this.notes.slice(-count).map(line).join('\n');
  }

  #lineNamed(name: string): VirtualLine {
    const line = this.lines.find((_, index) => lineName(index) === name);
    assert(line !== undefined, `the site has a line ${name}`);
    return line;
  }

  #seed(): number {
    return (this.#options.seed ?? 1) * MS + this.#lives;
  }

  #note(note: NoteTaken): void {
    if (note.note.event === 'crashed') throw new Error(`a process crashed: ${note.note.text}`);
    this.notes.push(note);
    if (this.notes.length > NOTES_KEPT) this.notes.shift();
  }
}
