/** What the drivers hand to control, made of the simulated devices: samples and outcomes, at the drivers' own pace. */
import type { Cancel, Clock, Note } from '#base/ports.ts';
import { fail, ok } from '#base/result.ts';
import type { SeededRandom } from '#base/random.ts';
import { hertz, monoMs, type MonoMs, volts, type Watts, watts } from '#base/units.ts';
import { ConnectionWriter } from '#drivers/inverter/connection-writer.ts';
import { capScale } from '#drivers/inverter/control-block.ts';
import { LimitWriter, type Urgency } from '#drivers/inverter/limit-writer.ts';
import type { Deliver, Line, Request } from '#drivers/line/transaction.ts';
import type { InverterProfile } from '#drivers/profile/profile.ts';
import type { Connection, DeviceId, Setpoint } from '#site/device.ts';
import type { InverterState, Sample } from '#site/sample.ts';
import { CONTROLS, type InverterDevice } from './device.ts';
import type { MeterSettings } from './draw.ts';
import { type Bus, Reach } from './reach.ts';

const VOLTAGE = { a: volts(230), b: volts(231), c: volts(229) };
const FREQUENCY = hertz(50);
const NO_PHASES = { a: null, b: null, c: null };
/** A rhythm is learned in so many refreshes, polled fast. */
const LEARNING_REFRESHES = 6;
const FAST_MS = 250;
const APART_MOST_MS = 1000;
/** After a refresh, and before the next while a change is watched, milliseconds. */
const BEHIND_MS = 15;
const AHEAD_MS = 20;

/** The next instant after `at` at which the meter's registers are new. */
const refreshAfter = ({ refreshMs, phaseMs }: MeterSettings, at: number): number =>
  (Math.floor((at - phaseMs - BEHIND_MS) / refreshMs) + 1) * refreshMs + phaseMs + BEHIND_MS;

export interface Surroundings {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly random: SeededRandom;
  /** Of the site's time on the clock, milliseconds. */
  readonly origin: number;
  readonly meter: MeterSettings;
  readonly isLineDown: () => boolean;
  readonly onSample: (sample: Sample) => void;
  readonly onChange: () => void;
  readonly onNote: (note: Note) => void;
  /** A cap reached the device. */
  readonly onWritten: (device: InverterDevice) => void;
}

/** The registers of one inverter, for the product's own writers: no bytes, but every outcome that a line can give. */
class Direct implements Line {
  readonly name = 'direct';
  readonly #device: InverterDevice;
  readonly #around: Surroundings;

  constructor(device: InverterDevice, around: Surroundings) {
    this.#device = device;
    this.#around = around;
  }

  submit(request: Request, _priority: number, deliver: Deliver): void {
    const { bus, isLineDown } = this.#around;
    const { wire } = bus;
    const { faults } = this.#device;
    const took = request.kind === 'write' ? wire.writeMs : wire.proofMs;
    const lost =
      isLineDown() ||
      !this.#device.isHeard(this.#around.clock.now() - this.#around.origin) ||
      took + faults.late > wire.timeoutMs;
    bus.take(lost ? wire.timeoutMs : took + faults.late, (at) => this.#done(request, at, deliver));
  }

  #done(request: Request, at: number, deliver: Deliver): void {
    const device = this.#device;
    const { isLineDown, random, onWritten, bus, origin } = this.#around;
    const { faults } = device;
    const unitId = 1;
    if (isLineDown() || !device.isHeard(at - origin)) {
      deliver(fail({ kind: 'timeout', unitId }));
      return;
    }
    const unsure = faults.unsure > 0 && random.chance(faults.unsure);
    const late = faults.late + bus.wire.proofMs > bus.wire.timeoutMs;
    if (request.kind === 'read') {
      if (unsure || late) deliver(fail({ kind: 'timeout', unitId }));
      else deliver(ok({ words: device.read(request.address, request.count), takenAt: monoMs(at) }));
      return;
    }
    if (faults.refuses > 0) {
      deliver(fail({ kind: 'refused', unitId, exceptionCode: faults.refuses }));
      return;
    }
    if (!unsure || random.chance(0.5)) {
      if (device.write(at - origin, request.address, request.words)) onWritten(device);
    }
    if (unsure || late) deliver(fail({ kind: 'timeout', unitId }));
    else deliver(ok({ words: new Uint16Array(0), takenAt: monoMs(at) }));
  }

  wireTime(): number {
    return 0;
  }

  use(): number {
    return 0;
  }
}

const RESTING: readonly InverterState[] = ['off', 'sleeping'];

/** One inverter: contact, the product's writers of cap and connection, readings. */
export class InverterPoint {
  readonly id: DeviceId;
  readonly reach: Reach;
  readonly #device: InverterDevice;
  readonly #profile: InverterProfile;
  readonly #around: Surroundings;
  readonly #limit: LimitWriter;
  readonly #switch: ConnectionWriter;
  #state: InverterState = 'unknown';
  #attendUntil = -Infinity;
  #asked = -Infinity;
  #reading = false;
  #cancel: Cancel = () => undefined;

  constructor(id: DeviceId, device: InverterDevice, profile: InverterProfile, around: Surroundings) {
    this.id = id;
    this.#device = device;
    this.#profile = profile;
    this.#around = around;
    const { clock, bus, isLineDown, onChange, onNote, origin } = around;
    this.reach = new Reach({
      ...{ clock, bus },
      isHeard: () => !isLineDown() && device.isHeard(clock.now() - origin),
      wouldSleep: () => RESTING.includes(this.#state),
      onVerified: () => this.#verified(),
      onLost: () => this.#lost(),
      onStanding: onChange,
    });
    const shared = {
      ...{ device: id, unitId: 1, line: new Direct(device, around), clock, onNote },
      onAnswered: () => this.reach.answered(),
      onUnanswered: () => this.reach.failed(),
      onForeign: () => undefined,
    };
    this.#limit = new LimitWriter({ ...shared, control: profile.control, onOutcome: onChange });
    this.#switch = new ConnectionWriter({ ...shared, connection: profile.connection, onChange });
  }

  want({ command, onSilence }: Setpoint, urgency: Urgency): void {
    if (command.kind === 'cap') this.#limit.want({ cap: command.cap, onSilence }, urgency);
    else if (command.kind === 'connect' || command.kind === 'disconnect')
      this.#switch.want(command.kind === 'connect' ? 'connected' : 'disconnected');
  }

  attend(until: number): void {
    this.#attendUntil = until;
    if (this.reach.isVerified && !this.#reading) this.#arm();
  }

  heldCap(): Watts | null {
    return this.#limit.heldCap();
  }

  connection(): Connection | null {
    return this.#switch.proven();
  }

  #verified(): void {
    const { plant, limitScale } = this.#device.settings;
    const { control } = this.#profile;
    this.#limit.open({ place: CONTROLS, scale: capScale(watts(plant.ratedW), limitScale, control) });
    this.#switch.open(CONTROLS);
    this.#measure();
  }

  #lost(): void {
    this.#cancel();
    this.#reading = false;
    this.#limit.close();
    this.#switch.close();
  }

  #arm(): void {
    const { clock, bus, meter } = this.#around;
    const { normalMs, attendingMs } = this.#profile.poll;
    const now = clock.now();
    this.#cancel();
    const attends = now < this.#attendUntil;
    const due = Math.max(now, this.#asked + (attends ? attendingMs : normalMs));
    // Half a poll early, then always with the meter.
    const at = bus.wire.together && !attends ? refreshAfter(meter, due - normalMs / 2) : due;
    this.#cancel = clock.at(monoMs(Math.max(now, at)), () => this.#measure());
  }

  #measure(): void {
    const { clock, bus, isLineDown, origin } = this.#around;
    const now = clock.now();
    this.#asked = now;
    this.#reading = true;
    const { late } = this.#device.faults;
    const heard = !isLineDown() && this.#device.isHeard(now - origin) && bus.wire.readMs + late <= bus.wire.timeoutMs;
    this.#cancel = bus.take(heard ? bus.wire.readMs + late : bus.wire.timeoutMs, (at) => this.#measured(heard, at));
  }

  #measured(heard: boolean, at: number): void {
    this.#reading = false;
    if (!heard || this.#around.isLineDown() || !this.#device.isHeard(at - this.#around.origin)) {
      this.#asked = -Infinity;
      this.reach.failed();
      if (this.reach.isVerified) this.#arm();
      return;
    }
    this.reach.answered();
    this.#arm();
    this.#state = this.#device.isDozing ? 'sleeping' : this.#device.state;
    const generation = Math.round(this.#device.reading(at - this.#around.origin));
    this.#around.onSample({
      kind: 'inverter',
      device: this.id,
      takenAt: monoMs(at),
      generation: watts(generation),
      reactive: null,
      apparent: null,
      current: null,
      voltage: VOLTAGE,
      frequency: FREQUENCY,
      lifetimeEnergy: null,
      state: this.#state,
    });
  }
}

export interface MeterFaults {
  silent: boolean;
  frozen: boolean;
  turned: boolean;
}

export interface MeterDevice {
  readonly settings: MeterSettings;
  readonly faults: MeterFaults;
  /** Flow into the site at an instant of the last seconds. */
  readonly netImportAt: (at: number) => number;
  /** What its registers show; kept while it is frozen. */
  shows: { readonly refresh: number; readonly netImport: number };
}

/** The meter at the connection point, read once a refresh in its phase; twice while a change is watched. */
export class MeterPoint {
  readonly id: DeviceId;
  readonly reach: Reach;
  readonly #meter: MeterDevice;
  readonly #around: Surroundings;
  #learning = LEARNING_REFRESHES;
  #attendUntil = -Infinity;
  #asked: number = -Infinity;
  #cancel: Cancel = () => undefined;

  constructor(id: DeviceId, meter: MeterDevice, around: Surroundings) {
    this.id = id;
    this.#meter = meter;
    this.#around = around;
    const { clock, bus, onChange } = around;
    this.reach = new Reach({
      ...{ clock, bus },
      isHeard: () => this.#isHeard(),
      wouldSleep: () => false,
      onVerified: () => this.#measure(),
      onLost: () => this.#cancel(),
      onStanding: onChange,
    });
  }

  attend(until: number): void {
    this.#attendUntil = until;
    if (this.reach.isVerified && this.#asked === -Infinity) return;
    if (this.reach.isVerified) this.#arm();
  }

  #isHeard(): boolean {
    return !this.#around.isLineDown() && !this.#meter.faults.silent;
  }

  #arm(): void {
    if (this.#asked === Infinity) return;
    const { clock } = this.#around;
    this.#cancel();
    this.#cancel = clock.at(this.#next(clock.now()), () => this.#measure());
  }

  #next(now: number): MonoMs {
    if (this.#learning > 0) return monoMs(Math.max(now, this.#asked + FAST_MS));
    const from = Math.max(now, this.#asked + 40);
    const next = refreshAfter(this.#meter.settings, from);
    const ahead = next - BEHIND_MS - AHEAD_MS;
    if (now < this.#attendUntil && ahead >= from + 80) return monoMs(ahead);
    return monoMs(Math.min(next, this.#asked + APART_MOST_MS + 20));
  }

  #measure(): void {
    const { bus, clock } = this.#around;
    const heard = this.#isHeard();
    this.#asked = Infinity;
    const asked = clock.now();
    this.#cancel = bus.take(heard ? bus.wire.readMs : bus.wire.timeoutMs, (at) => {
      this.#asked = asked;
      this.#measured(heard, at);
    });
  }

  #measured(heard: boolean, at: number): void {
    if (!heard || !this.#isHeard()) {
      this.#learning = LEARNING_REFRESHES;
      this.#asked = -Infinity;
      this.reach.failed();
      if (this.reach.isVerified) this.#measure();
      return;
    }
    this.reach.answered();
    const { settings, faults } = this.#meter;
    const { refreshMs, phaseMs } = settings;
    const refresh = Math.floor((at - phaseMs) / refreshMs);
    if (refresh !== this.#meter.shows.refresh && !faults.frozen) {
      const netImport = Math.round(this.#meter.netImportAt(refresh * refreshMs + phaseMs));
      this.#meter.shows = { refresh, netImport: faults.turned ? -netImport : netImport };
      this.#learning = Math.max(0, this.#learning - 1);
    }
    this.#arm();
    const { shows } = this.#meter;
    this.#around.onSample({
      kind: 'meter',
      device: this.id,
      takenAt: monoMs(at),
      netImport: watts(shows.netImport),
      netImportPerPhase: NO_PHASES,
      reactiveImport: null,
      voltage: VOLTAGE,
      frequency: FREQUENCY,
      importedEnergy: null,
      exportedEnergy: null,
      fingerprint: shows.refresh,
    });
  }
}
