import { assert } from '#base/assert.ts';
import type { Clock, Note } from '#base/ports.ts';
import { type MonoMs, seconds, after, type Watts, watts } from '#base/units.ts';
import type { Command } from '#control/tick/state.ts';
import { MapInverterSession } from '#drivers/inverter/map-session.ts';
import { InverterSession } from '#drivers/inverter/session.ts';
import { LoadSession } from '#drivers/load/session.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import type { LinePort } from '#drivers/line/port.ts';
import type { LineStatus } from '#drivers/line/settings.ts';
import type { Line } from '#drivers/line/transaction.ts';
import type { FrameTrace } from '#drivers/line/trace.ts';
import { MapMeterSession } from '#drivers/meter/map-session.ts';
import { MeterSession } from '#drivers/meter/session.ts';
import { anyInverterProfileNamed, loadProfileNamed, meterProfileNamed, storageProfileNamed } from '#drivers/profile/catalogue.ts';
import { StorageSession } from '#drivers/storage/session.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { Band, Connection, DeviceId, DeviceRecord } from '#site/device.ts';
import type { DeviceStanding, Sample } from '#site/sample.ts';
import type { Configuration, DeviceConfiguration, LineConfiguration } from '../config/configuration.ts';
import type { CurveStore } from './curve-store.ts';
import type { FoundStore } from './found-store.ts';
import { paceIn } from './site-facts.ts';
import type { DeviceSight } from './status.ts';

/** More than this through a connection point is no measurement of a site of this class. */
const PLAUSIBLE_POWER = watts(1_000_000);
/** While a whole line is down its devices are tried this often (design section 4). */
const PROBE_EVERY = seconds(1);
/** How long a change of cap is watched with fast polling, renewed while it lasts. */
const ATTEND_FOR = seconds(1.5);

export interface FieldOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly linePort: (line: LineConfiguration) => LinePort;
  readonly known: (device: DeviceId) => DeviceRecord | null;
  /** What was found in a device before we wrote to it, and where that is kept. */
  readonly found: Pick<FoundStore, 'of' | 'keep'>;
  readonly curves: Pick<CurveStore, 'of' | 'keep'>;
  readonly onSample: (sample: Sample) => void;
  /** A write ended: what the inverter holds may have changed. */
  readonly onOutcome: () => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: () => void;
  readonly note: (module: string) => (note: Note) => void;
}

type Session = InverterSession | MapInverterSession | MeterSession | MapMeterSession | StorageSession | LoadSession;

/** On a line that answers, verification and what limits go ahead of the meter. */
const START_ORDER = ['inverter', 'storage', 'load', 'meter'] as const;

const isInverter = (session: Session | undefined): session is InverterSession | MapInverterSession =>
  session instanceof InverterSession || session instanceof MapInverterSession;

/** The lines and the devices on them: samples and outcomes come in, setpoints go out. */
export class Field {
  readonly #options: FieldOptions;
  readonly #lines = new Map<string, LineEngine>();
  readonly #sessions = new Map<DeviceId, Session>();
  readonly #silentSince = new Map<DeviceId, MonoMs>();
  #probedAt: MonoMs | null = null;

  constructor(options: FieldOptions) {
    this.#options = options;
  }

  /** Builds lines and sessions; nothing is opened, but setpoints may be given from here on. */
  prepare(): void {
    const { configuration, clock, linePort } = this.#options;
    for (const line of configuration.lines) {
      const settings = { ...line, localEcho: false, paced: line.tcp === null };
      this.#lines.set(line.name, new LineEngine(settings, clock, linePort(line)));
    }
    for (const device of configuration.devices) this.#sessions.set(device.device, this.#session(device));
  }

  start(): void {
    for (const line of this.#lines.values()) line.start();
    for (const kind of START_ORDER) {
      for (const device of this.#options.configuration.devices)
        if (device.role === kind) this.#sessions.get(device.device)?.start();
    }
  }

  stop(): void {
    for (const session of this.#sessions.values()) session.stop();
    for (const line of this.#lines.values()) line.stop();
  }

  command({ setpoint, urgency }: Command): void {
    const session = this.#sessions.get(setpoint.device);
    const takes = isInverter(session) || session instanceof StorageSession || session instanceof LoadSession;
    assert(takes, 'a setpoint goes to an inverter, to storage or to a load');
    session.want(setpoint, urgency);
  }

  /** Polls every device closely for the next moment. */
  attend(now: MonoMs): void {
    for (const session of this.#sessions.values()) session.attend(after(now, ATTEND_FOR));
  }

  /** Once a tick: tries the devices of a line on which none answers, each second; `suspect`: power appeared that nobody explains. */
  probe(now: MonoMs, suspect: boolean): void {
    if (this.#probedAt !== null && now - this.#probedAt < PROBE_EVERY) return;
    this.#probedAt = now;
    for (const line of this.#lines.keys()) {
      const devices = this.#options.configuration.devices.filter((device) => device.line === line);
      const none = devices.every((device) => this.#standing(device.device) !== 'answering');
      for (const { device } of devices) {
        const standing = this.#standing(device);
        const away = standing === 'silent' || (standing === 'asleep' && suspect);
        if (away && (none || suspect)) this.#sessions.get(device)?.probeNow();
      }
    }
  }

  sights(): ReadonlyMap<DeviceId, DeviceSight> {
    return new Map(
      [...this.#sessions.keys()].map((device) => [
        device,
        { standing: this.#standing(device), silentSince: this.#silentSince.get(device) ?? null },
      ]),
    );
  }

  /** The highest cap each inverter can be holding, proven by read-back; null: unproven. */
  held(): ReadonlyMap<DeviceId, Watts | null> {
    const held = new Map<DeviceId, Watts | null>();
    for (const [device, session] of this.#sessions) if (isInverter(session)) held.set(device, session.heldCap());
    return held;
  }

  /** What storage and loads can be doing at most, proven by read-back; null: unproven. */
  stored(): { readonly heldBands: ReadonlyMap<DeviceId, Band | null>; readonly heldLoads: ReadonlyMap<DeviceId, Watts | null> } {
    const heldBands = new Map<DeviceId, Band | null>();
    const heldLoads = new Map<DeviceId, Watts | null>();
    for (const [device, session] of this.#sessions) {
      if (session instanceof StorageSession) heldBands.set(device, session.heldBand());
      if (session instanceof LoadSession) heldLoads.set(device, session.heldPower());
    }
    return { heldBands, heldLoads };
  }

  /** What each inverter's connection is, proven by read-back; null: unproven. */
  connections(): ReadonlyMap<DeviceId, Connection | null> {
    const connections = new Map<DeviceId, Connection | null>();
    for (const [device, session] of this.#sessions) {
      if (isInverter(session)) connections.set(device, session.connection());
    }
    return connections;
  }

  /** Whether each inverter provably holds the reactive power it was asked for. */
  reactiveHeld(): ReadonlyMap<DeviceId, boolean> {
    const held = new Map<DeviceId, boolean>();
    for (const [device, session] of this.#sessions) if (isInverter(session)) held.set(device, session.holdsReactive());
    return held;
  }

  /** The curve functions that each inverter provably follows as it was asked to. */
  followed(): ReadonlyMap<DeviceId, readonly CurveFunction[]> {
    const followed = new Map<DeviceId, readonly CurveFunction[]>();
    for (const [device, session] of this.#sessions) if (isInverter(session)) followed.set(device, session.followed());
    return followed;
  }

  lines(): readonly LineStatus[] {
    return [...this.#lines.values()].map((line) => line.status());
  }

  /** The line of this name, for a scan; null: there is none. */
  line(name: string): Line | null {
    return this.#lines.get(name) ?? null;
  }

  trace(line: string): FrameTrace | null {
    return this.#lines.get(line)?.trace ?? null;
  }

  record(device: DeviceId): DeviceRecord | null {
    return this.#sessions.get(device)?.record() ?? this.#options.known(device);
  }

  #standing(device: DeviceId): DeviceStanding {
    return this.#sessions.get(device)?.standing() ?? 'unverified';
  }

  #session(configuration: DeviceConfiguration): Session {
    const { device, unitId } = configuration;
    const { clock, known, found, curves, note, onSample, onRecord } = this.#options;
    const line = this.#lines.get(configuration.line);
    assert(line !== undefined, 'an accepted configuration names its lines');
    const shared = {
      device,
      unitId,
      line,
      clock,
      known: known(device),
      expectedSerial: configuration.serialNumber,
      onRecord,
      onNote: note(configuration.role),
      onStanding: (standing: DeviceStanding) => this.#stands(device, standing),
    };
    if (configuration.role === 'meter') {
      const profile = meterProfileNamed(configuration.profile);
      assert(profile !== null, 'an accepted configuration names profiles of this release');
      const fitting = { sign: configuration.sign, plausiblePower: PLAUSIBLE_POWER };
      const options = { ...shared, profile, fitting, onSample };
      return profile.map === null ? new MeterSession(options) : new MapMeterSession({ ...options, map: profile.map });
    }
    if (configuration.role === 'storage') {
      const profile = storageProfileNamed(configuration.profile);
      assert(profile !== null, 'an accepted configuration names profiles of this release');
      const gridCharge = configuration.storage?.gridCharge ?? false;
      return new StorageSession({ ...shared, profile, gridCharge, onSample, onOutcome: this.#options.onOutcome });
    }
    if (configuration.role === 'load') {
      const profile = loadProfileNamed(configuration.profile);
      assert(profile !== null && configuration.load !== null, 'an accepted configuration names profiles of this release');
      const { maxPower } = configuration.load;
      return new LoadSession({ ...shared, profile, maxPower, onSample, onOutcome: this.#options.onOutcome });
    }
    const profile = anyInverterProfileNamed(configuration.profile);
    assert(profile !== null, 'an accepted configuration names profiles of this release');
    const pace = paceIn(this.#options.configuration, configuration.line);
    const { onOutcome } = this.#options;
    if (profile.kind === 'map-inverter') return new MapInverterSession({ ...shared, profile, pace, onSample, onOutcome });
    return new InverterSession({
      ...shared,
      profile,
      pace,
      found: found.of(device),
      keepFound: (value, done) => {
        found.keep(device, value).then(done, () => done(false));
      },
      foundCurves: curves.of(device),
      keepCurve: (model, value, done) => {
        curves.keep(device, model, value).then(done, () => done(false));
      },
      onSample,
      onOutcome: this.#options.onOutcome,
      onConnection: this.#options.onOutcome,
    });
  }

  #stands(device: DeviceId, standing: DeviceStanding): void {
    if (standing === 'answering') this.#silentSince.delete(device);
    else if (!this.#silentSince.has(device)) this.#silentSince.set(device, this.#options.clock.now());
    this.#options.onStanding();
  }
}
