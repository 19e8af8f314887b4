import { assert } from '#base/assert.ts';
import { type Cancel, type Files } from '#base/ports.ts';
import type { CheckReport } from '#commission/meter-check.ts';
import { after, type MonoMs, seconds } from '#base/units.ts';
import { startClock } from '#control/clock/clock.ts';
import { storeLockout } from '#control/local/lockout.ts';
import type { ProgramSet } from '#control/program.ts';
import type { ControlState, SiteFacts, TickResult } from '#control/tick/state.ts';
import type { FrameTrace } from '#drivers/line/trace.ts';
import { retainServers } from '#control/plan/fold.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';
import type { Configuration } from '../config/configuration.ts';
import { isContacts } from '../config/inputs.ts';
import { CheckLink } from './check-link.ts';
import { CheckedStore } from './checked-store.ts';
import { Contacts } from './contacts.ts';
import { CurveStore } from './curve-store.ts';
import { Field } from './field.ts';
import { FoundStore } from './found-store.ts';
import { InstallLink } from './install-link.ts';
import { Journal } from './journal.ts';
import { LimitInputs } from './limit-inputs.ts';
import { Loop } from './loop.ts';
import { ALARM_CHARACTERS_MAX, NorthLink } from './north-link.ts';
import type { ControldPorts } from './ports.ts';
import { ScanLink } from './scan-link.ts';
import { siteFacts } from './site-facts.ts';
import { generationNow, siteNameplate, siteStatus, snapshotOf } from './status.ts';
import { DeviceStore, type Memory, MemoryStore } from './stores.ts';
import { TapeLink, type TickSeen } from './tape-link.ts';
import { ViewLink } from './view-link.ts';
import { viewOf } from './view.ts';

const SHOW_EVERY = seconds(1);
/** Export that the inverters known to produce do not explain: one that is silent or asleep may have opened. */
const UNEXPLAINED_FRACTION = 0.03;

/** What an earlier process left. */
interface Remembered {
  readonly memory: Memory;
  readonly devices: DeviceStore;
  readonly found: FoundStore;
  readonly curves: CurveStore;
  readonly checked: CheckedStore;
  readonly store: MemoryStore;
}

/** A running controld. */
export interface Controld {
  /** Ends it in order: sessions, lines, links, then the log is flushed. */
  stop(): Promise<void>;
}

class Process {
  readonly #ports: ControldPorts;
  readonly #configuration: Configuration;
  readonly #devices: DeviceStore;
  readonly #journal: Journal;
  readonly #field: Field;
  readonly #loop: Loop;
  readonly #north: NorthLink;
  readonly #view: ViewLink;
  readonly #install: InstallLink;
  readonly #tape: TapeLink;
  readonly #check: CheckLink;
  readonly #checked: CheckedStore;
  readonly #limitInputs: LimitInputs;
  readonly #contacts: Contacts;
  readonly #seed: string;
  /** Of the configuration. */
  readonly #alarms: readonly string[];
  #planId: string | null;
  readonly #planIds = new WeakMap<ProgramSet, string>();
  #facts: SiteFacts;
  #cancelShow: Cancel = () => undefined;

  constructor(ports: ControldPorts, configuration: Configuration, loaded: Remembered & { readonly alarm: string | null }) {
    const { memory, devices, store, alarm } = loaded;
    this.#alarms = alarm === null ? [] : [alarm.slice(0, ALARM_CHARACTERS_MAX)];
    const { clock, bootId, link: port, runtimeDirectory: directory, release, state: files } = ports;
    this.#ports = ports;
    this.#tape = new TapeLink(release);
    this.#configuration = configuration;
    const change = (): void => this.#loop.onChange();
    this.#checked = loaded.checked;
    this.#check = new CheckLink(clock, configuration, { change, done: (report) => this.#judged(report) }, ports.note('check'));
    this.#limitInputs = new LimitInputs(clock, configuration.inputs, change);
    this.#contacts = new Contacts({
      clock,
      inputs: configuration.inputs.filter(isContacts),
      read: ports.readLevel,
      onLimits: (source, limits, until) => this.#limitInputs.hear(source, limits, until),
    });
    this.#devices = devices;
    ({ seed: this.#seed, planId: this.#planId } = memory);
    this.#facts = siteFacts(configuration, memory.seed, (device) => devices.of(device));
    this.#journal = new Journal({
      ...{ files, clock, bootId, store, inherited: memory },
      onCommitted: (head) => this.#north.ring(head),
      onBehind: () => ports.storing.restart('the stored plan can be read again'),
      note: ports.note('log'),
    });
    this.#field = this.#newField(loaded);
    this.#loop = new Loop(
      {
        ports,
        facts: () => this.#facts,
        standings: () => new Map([...this.#field.sights()].map(([device, sight]) => [device, sight.standing])),
        held: () => this.#field.held(),
        connections: () => this.#field.connections(),
        reactiveHeld: () => this.#field.reactiveHeld(),
        followed: () => this.#field.followed(),
        stored: () => this.#field.stored(),
        heard: () => this.#limitInputs.heard,
        trial: () => this.#check.ceilings,
        act: (result, now) => this.#act(result, now),
        onTick: (seen) => this.#seen(seen),
        onFolded: (set) => this.#folded(set),
        keep: (state, transitions) => this.#journal.keep(this.#memoryOf(state), transitions),
        record: (bodies) => this.#journal.add(bodies),
        note: ports.note('control'),
      },
      memory,
    );
    this.#north = new NorthLink({
      port,
      directory,
      release,
      planId: () => this.#planId,
      snapshot: () => this.#snapshot(),
      head: () => this.#journal.head,
      onProgramSet: (set, planId) => {
        this.#planIds.set(set, planId);
        this.#loop.onProgramSet(set);
      },
      onAnchor: (anchor) => this.#loop.onAnchor(anchor),
      onLocalLimit: (message) => this.#limitInputs.take(message),
      onRecord: (record) => this.#journal.add([record]),
      note: ports.note('link'),
    });
    this.#view = this.#viewLink();
    this.#install = this.#installLink();
  }

  async start(): Promise<void> {
    // The site first: the stored plan binds and the lines open before the log and the sockets do.
    this.#field.prepare();
    this.#loop.start();
    this.#contacts.start();
    this.#field.start();
    this.#show();
    await Promise.all([this.#journal.open(), this.#north.open(), this.#view.open(), this.#install.open()]);
  }

  async stop(): Promise<void> {
    this.#cancelShow();
    this.#loop.stop();
    this.#contacts.stop();
    this.#field.stop();
    this.#north.close();
    this.#view.close();
    this.#install.close();
    await this.#journal.flush();
  }

  /** A device was met, or is another than it was. */
  #met(record: DeviceRecord): void {
    this.#devices.keep(record).catch((error: unknown) => this.#broken(error));
    this.#facts = siteFacts(this.#configuration, this.#seed, (device) => this.#devices.of(device));
    this.#loop.onChange();
  }

  #newField({ devices, found, curves }: Remembered): Field {
    const ports = this.#ports;
    return new Field({
      configuration: this.#configuration,
      clock: ports.clock,
      linePort: ports.linePort,
      known: (device) => devices.of(device),
      found,
      curves,
      onSample: (sample) => this.#loop.onSample(sample),
      onOutcome: () => this.#loop.onChange(),
      onRecord: (record) => this.#met(record),
      onStanding: () => this.#loop.onChange(),
      note: ports.note,
    });
  }

  /** The meter as configured, and what is known of it. */
  #meter(): { readonly device: DeviceId; readonly sign: 1 | -1; readonly serialNumber: string | null } {
    const meter = this.#configuration.devices.find(({ role }) => role === 'meter');
    assert(meter !== undefined, 'a site has a meter');
    const { device, sign } = meter;
    return { device, sign, serialNumber: this.#devices.of(device)?.serialNumber ?? null };
  }

  #judged(report: CheckReport): void {
    const { sign, serialNumber } = this.#meter();
    if (serialNumber !== null) this.#checked.keep(report, serialNumber, sign).catch((error: unknown) => this.#broken(error));
  }

  #seen(seen: TickSeen): void {
    this.#tape.take(seen);
    this.#check.take(seen);
  }

  #installLink(): InstallLink {
    const { clock, link: port, runtimeDirectory: directory, release, storing, note } = this.#ports;
    return new InstallLink({
      port,
      directory,
      release,
      clock,
      control: { onLockoutReset: (by) => this.#loop.onLockoutReset(by), check: this.#check },
      storing,
      note: note('install'),
    });
  }

  #viewLink(): ViewLink {
    const { clock, link: port, runtimeDirectory: directory, release, note } = this.#ports;
    const trace = (line: string): FrameTrace | null => this.#field.trace(line);
    const scan = new ScanLink(clock, ({ line }) => this.#field.line(line));
    return new ViewLink({ port, directory, release, trace, tape: this.#tape, scan, note: note('view') });
  }

  /** The next hello names the plan by what northd called it. */
  #folded(set: ProgramSet): void {
    this.#planId = this.#planIds.get(set) ?? null;
  }

  #act(result: TickResult, now: MonoMs): void {
    for (const command of result.commands) this.#field.command(command);
    if (result.attend) this.#field.attend(now);
    this.#field.probe(now, this.#suspects(result.state, now));
  }

  /** More export than the inverters that answer can explain. */
  #suspects(state: ControlState, now: MonoMs): boolean {
    const { sight } = state.limiter;
    if (!sight.seen || sight.netImport === null) return false;
    const known = generationNow(state, this.#field.sights(), now) ?? 0;
    const rating = this.#facts.inverters.reduce((sum, inverter) => sum + (inverter.maxPower ?? 0), 0);
    const netExport = 0 - sight.netImport;
    return netExport > known + UNEXPLAINED_FRACTION * rating;
  }

  #memoryOf(state: ControlState): Omit<Memory, 'outbox' | 'logHead'> {
    const lockout = storeLockout(state.lockout, this.#ports.clock.now());
    return { seed: this.#seed, plan: state.plan, clock: state.clock, planId: this.#planId, lockout };
  }

  #snapshot(): ReturnType<typeof snapshotOf> {
    const { devices } = this.#configuration;
    const inverters = devices.filter(({ role }) => role === 'inverter').map(({ device }) => this.#devices.of(device));
    const storages = devices.flatMap(({ device, storage }) =>
      storage === null ? [] : [{ ...storage, record: this.#devices.of(device), behind: storage.hybridOf }],
    );
    const nameplate = siteNameplate(inverters, storages);
    const connections = this.#field.connections();
    const at = { now: this.#ports.clock.now(), utility: this.#loop.utility, connections, storages };
    return snapshotOf(nameplate, siteStatus(this.#loop.state, this.#field.sights(), at), this.#facts.executable);
  }

  #show(): void {
    const now = this.#ports.clock.now();
    this.#north.show(this.#snapshot());
    if (this.#view.isWatched) {
      const { device, sign, serialNumber } = this.#meter();
      const meter = { device, text: this.#checked.textOf(serialNumber, sign) };
      const north = [...this.#alarms, ...this.#north.alarms];
      const { state, utility } = this.#loop;
      const [sights, lines, lateMs] = [this.#field.sights(), this.#field.lines(), this.#loop.lateMs(now)];
      this.#view.show(viewOf({ state, sights, lines, now, utility, north, meter, lateMs }));
    }
    this.#cancelShow = this.#ports.clock.at(after(now, SHOW_EVERY), () => this.#show());
  }

  #broken(error: unknown): void {
    this.#ports.note('controld')({ event: 'broken', level: 'error', text: String(error) });
  }
}

const load = async (ports: ControldPorts, configuration: Configuration, files: Files): Promise<Remembered> => {
  const store = new MemoryStore(files);
  const devices = new DeviceStore(files, ports.note('devices'));
  const found = new FoundStore(files, ports.note('devices'));
  const curves = new CurveStore(files, ports.note('devices'));
  const checked = new CheckedStore(files, ports.note('check'));
  const plan = store.load(ports.entropy, ports.note('plan'));
  const [stored] = await Promise.all([plan, devices.load(), found.load(), curves.load(), checked.load()]);
  const instant = { bootId: ports.bootId, mono: ports.clock.now(), wall: ports.clock.wall() };
  const started = startClock(stored.clock, instant);
  for (const note of started.notes) ports.note('clock')(note);
  const names = configuration.utilities.map((utility) => utility.name);
  // Which utility was taken away cannot be told where none can be read: what it said binds on.
  const retained = configuration.isUtilityRefused ? stored.plan : retainServers(stored.plan, names);
  return { memory: { ...stored, plan: retained, clock: started.state }, devices, found, curves, checked, store };
};

/**
 * Runs the control process: resolves once it runs. The limit in the stored plan binds before any network, log or socket is up.
 * `alarm`: why this is not what the configuration file says, shown as long as the process runs; null: it is.
 */
export const controld = async (
  ports: ControldPorts,
  configuration: Configuration,
  alarm: string | null = null,
): Promise<Controld> => {
  const loaded = await load(ports, configuration, ports.state);
  const running = new Process(ports, configuration, { ...loaded, alarm });
  await running.start();
  return { stop: async () => await running.stop() };
};
