import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, watts } from '#base/units.ts';
import type { DurationMs, MonoMs, Watts } from '#base/units.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { Connection, DeviceId, DeviceRecord, FoundCurve, ModelPlace, Setpoint, WriteOutcome } from '#site/device.ts';
import type { DeviceStanding, InverterSample, InverterState } from '#site/sample.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Pace } from '../line/cycle.ts';
import type { Line, LineFault, Reply } from '../line/transaction.ts';
import type { InverterProfile } from '../profile/profile.ts';
import { decodeModel } from '../sunspec/codec.ts';
import { Contact } from '../sunspec/contact.ts';
import { controlsModel } from '../sunspec/models/controls.ts';
import { statusModel } from '../sunspec/models/status.ts';
import { spanTo } from '../sunspec/points.ts';
import { maxPowerOf, settingsRead } from '../sunspec/ratings.ts';
import { measurementPlace, placeOf } from '../sunspec/record.ts';
import { capScale } from './control-block.ts';
import { ConnectionWriter } from './connection-writer.ts';
import { LimitWriter } from './limit-writer.ts';
import { InverterCurves, type InverterCurvesOptions } from './curves.ts';
import { ReactiveWriter } from './reactive-writer.ts';
import type { ReactiveWriterOptions } from './reactive-writer.ts';
import type { ControlTarget, Urgency } from './limit-writer.ts';
import { POWER_REGISTERS, powerPlace, powerSample } from './power.ts';
import { inverterRead, readInverter } from './reading.ts';

/** Registers of model 122 up to the connection bits. */
const STATUS_READ = spanTo(statusModel, 'ECPConn');
/** States after which silence is sleep, not a fault. */
const RESTING: readonly InverterState[] = ['off', 'sleeping', 'shutting-down'];

/** Model 122 PVConn as bits: 0 connected, 1 available, 2 operating, 3 test. */
export interface InverterStatus {
  readonly takenAt: MonoMs;
  readonly pvConnected: number | null;
}

export interface InverterSessionOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly profile: InverterProfile;
  readonly known: DeviceRecord | null;
  readonly expectedSerial: string | null;
  /** The device was asleep when the gateway last saw it: silence from the start is sleep. Default false. */
  readonly wasAsleep?: boolean;
  /** Grid-code settings: what an earlier process found, and where what is found is kept. */
  readonly found: ReactiveWriterOptions['found'];
  readonly keepFound: ReactiveWriterOptions['keep'];
  /** The same of curves, by model. */
  readonly foundCurves: readonly FoundCurve[];
  readonly keepCurve: InverterCurvesOptions['keep'];
  /** On a line shared with many; absent or null: as the profile says. */
  readonly pace?: Pace | null;
  readonly onSample: (sample: InverterSample) => void;
  /** What the connection provably is has changed. */
  readonly onConnection: () => void;
  readonly onOutcome: (outcome: WriteOutcome) => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

type SlowRead = 'status' | 'settings';

/**
 * One SunSpec inverter (models 1; 101-103, 111-113 or 701; 120-123 or 702-704): verified, then the wanted cap, then measured.
 *
 * Wire time at 9600 baud 8N1 (1.04 ms a byte, 2 x 3.65 ms gaps), with 24 ms for turnaround and host in brackets:
 * measurements 42 registers 108 (132) ms each second, control check 10 registers 42 (66) ms each 10 s, settings 69 (93) ms each
 * 60 s, status 29 (53) ms each 30 s: 10.8 % (13.6 %) of the line. With one meter (drivers/meter) 39.8 % (52.6 %); while a change is attended 29.1 % (36.0 %)
 * instead of 10.2 % (12.6 %) for the measurements.
 */
export class InverterSession {
  readonly #options: InverterSessionOptions;
  readonly #contact: Contact;
  readonly #writer: LimitWriter;
  readonly #switch: ConnectionWriter;
  readonly #reactive: ReactiveWriter;
  readonly #curves: InverterCurves;
  #state: InverterState;
  #status: InverterStatus | null = null;
  #attendUntil: MonoMs | null = null;
  /** When the last measurement was asked for; null: none under this contact. */
  #lastFast: MonoMs | null = null;
  #slowDue: Record<SlowRead, MonoMs> | null = null;
  /** WMax as last seen; the device's settings outrank the record. */
  #maxPower: Watts | null = null;
  /** The last whole read of a measurement model whose scale factors the fast read leaves out. */
  #whole: Uint16Array | null = null;
  #wholeDue: MonoMs | null = null;
  #rejected = '';
  #reading = false;
  /** The newest whole reading, and when the next one is due: between them a crowded line carries the power alone. */
  #last: { readonly sample: InverterSample; readonly until: MonoMs } | null = null;
  /** Replies to reads of an earlier contact are ignored. */
  #epoch = 0;
  #cancelPoll: Cancel | null = null;

  constructor(options: InverterSessionOptions) {
    this.#options = options;
    this.#state = options.wasAsleep === true ? 'sleeping' : 'unknown';
    const { device, unitId, line, clock, known, expectedSerial, profile } = options;
    this.#contact = new Contact({
      device,
      role: 'inverter',
      control: profile.control.model,
      unitId,
      line,
      clock,
      known,
      expectedSerial,
      wouldSleep: () => RESTING.includes(this.#state),
      onVerified: (record) => this.#verified(record),
      onLost: () => this.#lost(),
      onRecord: options.onRecord,
      onStanding: options.onStanding,
      onNote: options.onNote,
    });
    const shared = {
      onAnswered: () => this.#contact.answered(),
      onUnanswered: (fault: LineFault) => this.#contact.failed(fault),
      onForeign: (why: string) => this.#contact.doubt(why),
      onNote: options.onNote,
    };
    this.#writer = new LimitWriter({
      device,
      unitId,
      line,
      clock,
      control: profile.control,
      onOutcome: options.onOutcome,
      ...shared,
    });
    this.#switch = new ConnectionWriter({
      device,
      unitId,
      line,
      clock,
      connection: profile.connection,
      onChange: options.onConnection,
      ...shared,
    });
    this.#reactive = new ReactiveWriter({
      device,
      unitId,
      line,
      clock,
      sign: profile.varSign,
      found: options.found,
      keep: options.keepFound,
      onChange: options.onConnection,
      ...shared,
    });
    this.#curves = new InverterCurves({
      device,
      unitId,
      line,
      clock,
      sign: profile.varSign,
      found: options.foundCurves,
      keep: options.keepCurve,
      onChange: options.onConnection,
      ...shared,
    });
  }

  start(): void {
    this.#contact.start();
  }

  /** Nothing is sent any more; the inverter does what its last setpoint says of silence. */
  stop(): void {
    this.#lost();
    this.#contact.stop();
  }

  /** The newest setpoint; written at once when it changes a register, and whenever the device comes back. */
  want(setpoint: Setpoint, urgency: Urgency): void {
    assert(setpoint.device === this.#options.device, 'a setpoint reaches its own device');
    const { command, onSilence } = setpoint;
    if (command.kind === 'cap') this.#writer.want({ cap: command.cap, onSilence }, urgency);
    else if (command.kind === 'reactive') this.#reactive.want(command.reactive);
    else if (command.kind === 'curve') this.#curves.want(command.follows, command.curve);
    else this.#switch.want(command.kind === 'connect' ? 'connected' : 'disconnected');
  }

  /** Measures at the faster pace until then: a change is under way. */
  attend(until: MonoMs): void {
    this.#attendUntil = until;
    if (this.#contact.verified() && this.#lastFast !== null && !this.#reading) this.#arm();
  }

  /** Probes now when silent or asleep: unexplained power appeared, or the whole line was down. */
  probeNow(): void {
    this.#contact.probeNow();
  }

  standing(): DeviceStanding {
    return this.#contact.standing();
  }

  record(): DeviceRecord | null {
    return this.#contact.record();
  }

  /** The highest cap the inverter can be holding, proven by read-back; null: unproven. While silent: what it held, until its timer opens it. */
  heldCap(): Watts | null {
    return this.#writer.heldCap();
  }

  /** What the inverter's connection is, by read-back; null: not known, or never asked for. */
  connection(): Connection | null {
    return this.#switch.proven();
  }

  /** True when the reactive power provably is as it was asked for, or nothing was. */
  holdsReactive(): boolean {
    return this.#reactive.settled();
  }

  /** The curve functions that the inverter provably follows as it was asked to. */
  followed(): readonly CurveFunction[] {
    return this.#curves.followed();
  }

  /** Connection bits of model 122; null: not implemented or not read yet. */
  status(): InverterStatus | null {
    return this.#status;
  }

  #verified(record: DeviceRecord): void {
    const { profile, clock } = this.#options;
    this.#epoch += 1;
    this.#maxPower = record.nameplate?.maxPower ?? null;
    const target = this.#target(record);
    this.#writer.open(target);
    const connection = placeOf(record, [profile.connection.model]);
    if (connection !== null) this.#switch.open(connection);
    const controls = placeOf(record, controlsModel.ids);
    if (controls !== null) this.#reactive.open(controls, record.serialNumber);
    this.#curves.open(record, target.scale.maxPower);
    const now = clock.now();
    this.#slowDue = { status: after(now, profile.poll.normalMs), settings: now };
    this.#lastFast = null;
    this.#whole = null;
    this.#measure();
  }

  #lost(): void {
    this.#epoch += 1;
    this.#reading = false;
    this.#last = null;
    this.#cancelPoll?.();
    this.#cancelPoll = null;
    this.#writer.close();
    this.#switch.close();
    this.#reactive.close();
    this.#curves.close();
  }

  #target(record: DeviceRecord): ControlTarget {
    const { control } = this.#options.profile;
    const place = placeOf(record, [control.model]);
    assert(
      place !== null && this.#maxPower !== null && record.limitScale !== null,
      'a verified inverter has ratings and a limit',
    );
    return { place, scale: capScale(this.#maxPower, record.limitScale, control) };
  }

  #arm(): void {
    const { clock, profile } = this.#options;
    const now = clock.now();
    const normal = this.#options.pace?.everyMs ?? profile.poll.normalMs;
    const period: DurationMs = this.#attends(now) ? profile.poll.attendingMs : normal;
    this.#cancelPoll?.();
    this.#cancelPoll = clock.at(this.#lastFast === null ? now : after(this.#lastFast, period), () => this.#measure());
  }

  #attends(now: MonoMs): boolean {
    return this.#attendUntil !== null && now < this.#attendUntil;
  }

  #measure(): void {
    const record = this.#contact.record();
    const place = record === null ? null : measurementPlace(record);
    assert(record !== null && place !== null, 'a verified inverter has a measurement model');
    const { clock, profile } = this.#options;
    const now = clock.now();
    this.#lastFast = now;
    const power = powerPlace(place);
    if (this.#last !== null && power !== null && now < this.#last.until) {
      const about = { record, last: this.#last.sample };
      const use = (reply: Reply): void => this.#options.onSample(powerSample(reply, place.id, about));
      this.#read(power, POWER_REGISTERS, PRIORITY.inverter, use);
      return;
    }
    const { fast, whole } = inverterRead(place, profile.vendorEvents.length > 0);
    const isWhole = whole !== null && (this.#whole === null || (this.#wholeDue !== null && now >= this.#wholeDue));
    if (isWhole) this.#wholeDue = after(now, profile.poll.statusSeconds);
    this.#read(place, isWhole ? whole : fast, PRIORITY.inverter, (reply) => {
      if (isWhole) this.#whole = reply.words;
      this.#measured(reply, place, record);
    });
  }

  #measured(reply: Reply, place: ModelPlace, record: DeviceRecord): void {
    const { device, onSample, profile, pace, clock } = this.#options;
    const { nameplate } = record;
    assert(nameplate !== null, 'an inverter record has a nameplate');
    const { vendorEvents } = profile;
    const known = { rating: nameplate.ratedPower, nameplate, vendorEvents, whole: this.#whole };
    const reading = readInverter(reply.words, place, { device, takenAt: reply.takenAt, ...known });
    if (reading.ok) {
      const { sample, rejected } = reading.value;
      this.#state = sample.state;
      // Told once, not at every read.
      const names = rejected.join(', ');
      if (names !== this.#rejected && names !== '') this.#note('reading-rejected', `not believed: ${names}`);
      this.#rejected = names;
      if (pace !== null && pace !== undefined) this.#last = { sample, until: after(clock.now(), pace.wholeEveryMs) };
      onSample(sample);
    } else if (reading.fault.kind === 'null-frame') this.#note('null-frame', 'all zeros with no state: no sample');
    else this.#contact.doubt(`reply is not model ${place.id}: ${reading.fault.kind}`);
  }

  /** One slow read in the gap behind a measurement, when one is due and no change is under way. True: the next measurement waits for it. */
  #slow(): boolean {
    const record = this.#contact.record();
    const now = this.#options.clock.now();
    if (record === null || this.#slowDue === null || this.#attends(now)) return false;
    const { poll, control } = this.#options.profile;
    if (now >= this.#slowDue.settings) {
      this.#slowDue.settings = after(now, poll.settingsSeconds);
      const settings = settingsRead(record, control.model);
      if (settings === null) return false;
      const { place, registers } = settings;
      this.#read(place, registers, PRIORITY.telemetry, (reply) => this.#settings(reply, place, record));
      return this.#last === null;
    }
    if (now < this.#slowDue.status) return false;
    this.#slowDue.status = after(now, poll.statusSeconds);
    const place = placeOf(record, statusModel.ids);
    if (place === null) return false;
    this.#read(place, STATUS_READ, PRIORITY.telemetry, ({ words, takenAt }) => {
      const decoded = decodeModel(statusModel, words, place);
      if (decoded.ok) this.#status = { takenAt, pvConnected: decoded.value.values.PVConn };
    });
    return this.#last === null;
  }

  /** WMax is a setting: when it moves, the cap in force stands for another power. */
  #settings(reply: Reply, place: ModelPlace, record: DeviceRecord): void {
    const maxPower = maxPowerOf(reply.words, place);
    if (maxPower === null || maxPower === this.#maxPower || record.nameplate === null) return;
    this.#note('maximum-power-changed', `WMax is ${maxPower} W, was ${this.#maxPower} W`);
    this.#maxPower = watts(maxPower);
    this.#contact.amend({ ...record, nameplate: { ...record.nameplate, maxPower: watts(maxPower) } });
    this.#writer.rescale(this.#target(record));
  }

  #read(
    place: ModelPlace,
    registers: number,
    priority: typeof PRIORITY.inverter | typeof PRIORITY.telemetry,
    use: (reply: Reply) => void,
  ): void {
    const { line, unitId, device } = this.#options;
    const epoch = this.#epoch;
    // On a crowded line a slow read may wait for long: it holds up no measurement.
    const aside = priority === PRIORITY.telemetry && this.#last !== null;
    if (!aside) this.#reading = true;
    const take = (result: Result<Reply, LineFault>): void => {
      if (epoch !== this.#epoch) return;
      if (!aside) this.#reading = false;
      if (result.ok || result.fault.kind === 'refused') this.#contact.answered();
      else if (result.fault.kind !== 'dropped') {
        // Asked again at once: silence is known after three time-outs, not three periods.
        this.#lastFast = null;
        this.#contact.failed(result.fault);
      }
      if (result.ok) use(result.value);
      // Either may have ended this contact.
      if (epoch !== this.#epoch || aside) return;
      const waits = priority === PRIORITY.inverter && this.#slow();
      if (!waits) this.#arm();
    };
    const count = Math.min(registers, place.length + 2);
    line.submit({ kind: 'read', unitId, address: place.address, count }, priority, take, `${device}:${aside ? 'slow' : 'read'}`);
  }

  #note(event: string, text: string): void {
    this.#options.onNote({ event, level: 'warn', text, detail: { device: this.#options.device } });
  }
}
