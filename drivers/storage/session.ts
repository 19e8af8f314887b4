import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, type DurationMs, type MonoMs, watts } from '#base/units.ts';
import type { Band, DeviceId, DeviceRecord, ModelPlace, Setpoint } from '#site/device.ts';
import type { DeviceStanding, StorageSample } from '#site/sample.ts';
import { type Order, OrderWriter, type Urgency } from '../line/order-writer.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Priority, Reply } from '../line/transaction.ts';
import type { StorageProfile } from '../profile/storage-profile.ts';
import { checkHeader } from '../sunspec/codec.ts';
import { Contact } from '../sunspec/contact.ts';
import { modelOf, type StorageControl } from '../sunspec/control-model.ts';
import { mpptModel } from '../sunspec/models/mppt.ts';
import { storageModel } from '../sunspec/models/storage.ts';
import { HEADER_REGISTERS } from '../sunspec/points.ts';
import { measurementPlace, placeOf } from '../sunspec/record.ts';
import { inverterRead } from '../inverter/reading.ts';
import {
  type Charge,
  chargePlace,
  type Condition,
  conditionPlaces,
  conditionRegisters,
  NO_CHARGE,
  readCharge,
  readCondition,
  withConditions,
} from './charge.ts';
import { powerOrder } from './power.ts';
import { DC_INPUTS_READ, readStorage } from './reading.ts';
import { type StorageTarget, windowOrder } from './window.ts';

export interface StorageSessionOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly profile: StorageProfile;
  readonly known: DeviceRecord | null;
  readonly expectedSerial: string | null;
  /** Its owner lets it charge from the grid: said when the device itself does not (124 ChaGriSet, which is never written). */
  readonly gridCharge: boolean;
  readonly onSample: (sample: StorageSample) => void;
  /** What it provably holds may have changed. */
  readonly onOutcome: () => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

type Command = Pick<Setpoint, 'onSilence'> & { readonly band: Band };

/** Outside its band by more than this part of its range is not following it. */
const OUTSIDE_FRACTION = 0.05;

/** Storage: verified, its band kept written and read back, measured. Disobedience is noted; control sees it by the measured power. */
export class StorageSession {
  readonly #options: StorageSessionOptions;
  readonly #contact: Contact;
  readonly #writer: OrderWriter<Band>;
  #command: Command | null = null;
  #charge: Charge = NO_CHARGE;
  /** What other models than that one say of the battery, by where the model stands. */
  readonly #conditions = new Map<number, Condition>();
  /** The last read of the control model: per cents of 704 that stay as they are. */
  #controls: Uint16Array | null = null;
  #whole: Uint16Array | null = null;
  #chargeDue: MonoMs | null = null;
  #attendUntil: MonoMs | null = null;
  #asked: MonoMs | null = null;
  #outsideSince: MonoMs | null = null;
  #disobeys = false;
  #toldGrid = false;
  /** Replies of an earlier contact are ignored. */
  #epoch = 0;
  #cancelPoll: Cancel | null = null;

  constructor(options: StorageSessionOptions) {
    this.#options = options;
    const { device, unitId, line, clock, profile, known, expectedSerial } = options;
    const { readBackDelayMs, checkSeconds, spacingMs } = profile.control;
    this.#contact = new Contact({
      device,
      role: 'storage',
      control: this.#control(),
      unitId,
      line,
      clock,
      known,
      expectedSerial,
      wouldSleep: () => false,
      onVerified: () => this.#verified(),
      onLost: () => this.#lost(),
      onRecord: options.onRecord,
      onStanding: options.onStanding,
      onNote: options.onNote,
    });
    this.#writer = new OrderWriter<Band>({
      ...{ device, line, clock, readBackDelayMs, spacingMs, checkEvery: checkSeconds },
      onConfirmed: options.onOutcome,
      onFault: options.onOutcome,
      onAnswered: () => this.#contact.answered(),
      onUnanswered: (fault) => this.#contact.failed(fault),
      onRead: (reply) => this.#controlsRead(reply),
      onNote: options.onNote,
    });
  }

  start(): void {
    this.#contact.start();
  }

  stop(): void {
    this.#lost();
    this.#contact.stop();
  }

  /** Wants a band of power; kept until another is wanted. */
  want(setpoint: Setpoint, urgency: Urgency): void {
    assert(setpoint.command.kind === 'band', 'storage is told a band');
    const { least, most } = setpoint.command;
    this.#command = { band: { least, most }, onSilence: setpoint.onSilence };
    const order = this.#order();
    if (order !== null) this.#writer.want(order, urgency);
  }

  /** The band inside which its power provably stays; null: nothing is proven. */
  heldBand(): Band | null {
    const held = this.#writer.held();
    const record = this.record();
    if (held === null || record?.storage === undefined) return null;
    const { proven, until, since } = held;
    const lapsed = until !== null && this.#options.clock.now() >= until;
    const rests = this.#command?.onSilence.kind === 'reverts-to';
    if (lapsed && !rests) return null;
    // Out of contact it may have gone to rest already: its own clock is not ours.
    const resting = rests && (lapsed || !this.#contact.verified()) ? [{ least: watts(0), most: watts(0) }] : [];
    const all = [...(lapsed ? [] : [proven]), ...since, ...resting];
    return {
      least: watts(Math.min(...all.map(({ least }) => least))),
      most: watts(Math.max(...all.map(({ most }) => most))),
    };
  }

  /** Reads closely until then: a change is under way. */
  attend(until: MonoMs): void {
    this.#attendUntil = until;
    if (this.#cancelPoll !== null && this.#asked !== null) this.#arm();
  }

  /** Probes now when silent: the whole line was down. */
  probeNow(): void {
    this.#contact.probeNow();
  }

  standing(): DeviceStanding {
    return this.#contact.standing();
  }

  record(): DeviceRecord | null {
    return this.#contact.record();
  }

  #control(): StorageControl {
    return this.#options.profile.control.model === 124 ? 124 : '704-power';
  }

  #controlPlace(): ModelPlace | null {
    const record = this.record();
    return record === null ? null : placeOf(record, [modelOf(this.#control())]);
  }

  #order(): Order<Band> | null {
    const record = this.record();
    const place = this.#controlPlace();
    if (this.#command === null || place === null || record?.storage === undefined || record.limitScale === null) return null;
    const { control } = this.#options.profile;
    const { band, onSilence } = this.#command;
    const { unitId } = this.#options;
    const target: StorageTarget = { unitId, place, rating: record.storage, scale: record.limitScale };
    return control.model === 124
      ? windowOrder(band, onSilence, target, control)
      : powerOrder(band, onSilence, target, this.#controls);
  }

  #verified(): void {
    this.#epoch += 1;
    this.#chargeDue = this.#options.clock.now();
    this.#asked = null;
    const order = this.#order();
    this.#writer.open();
    if (order !== null) this.#writer.want(order, 'cut');
    this.#measure();
  }

  #lost(): void {
    this.#epoch += 1;
    this.#whole = null;
    this.#conditions.clear();
    this.#controls = null;
    this.#outsideSince = null;
    this.#cancelPoll?.();
    this.#cancelPoll = null;
    this.#writer.close();
  }

  /** The model that commands it, read back: model 124 says in the same read how full it is. */
  #controlsRead({ words }: Reply): boolean {
    const place = this.#controlPlace();
    assert(place !== null, 'verified storage has its control model');
    const header = checkHeader(words, place);
    if (!header.ok) {
      this.#contact.doubt(`read-back is not model ${place.id}: ${header.fault.kind}`);
      return false;
    }
    this.#controls = words;
    if (place.id === 124 && words[storageModel.points.ChaGriSet.at] === 0) this.#sunOnly();
    return true;
  }

  #sunOnly(): void {
    const { gridCharge, device, onNote } = this.#options;
    if (!gridCharge || this.#toldGrid) return;
    this.#toldGrid = true;
    const text = 'may charge from the grid by the configuration, not by its own setting (ChaGriSet)';
    onNote({ event: 'grid-charge-off', level: 'warn', text, detail: { device } });
  }

  #measure(): void {
    const { clock, profile } = this.#options;
    const record = this.record();
    assert(record !== null, 'verified storage has a record');
    this.#cancelPoll = null;
    const now = clock.now();
    this.#asked = now;
    const place = profile.measure === 'dc-inputs' ? placeOf(record, mpptModel.ids) : measurementPlace(record);
    const full = this.#chargeDue !== null && now >= this.#chargeDue;
    const level = full ? chargePlace(record) : null;
    if (full) this.#chargeDue = after(now, profile.poll.chargeSeconds);
    if (place === null) {
      this.#readCharge(level, record);
      return;
    }
    const { fast, whole } = inverterRead(place, false);
    const isWhole = whole !== null && (this.#whole === null || full);
    const count = profile.measure === 'dc-inputs' ? DC_INPUTS_READ : isWhole ? whole : fast;
    this.#read(place, count, PRIORITY.inverter, (reply) => {
      if (isWhole) this.#whole = reply.words;
      this.#measured(reply, place, record);
      if (level !== null) this.#readCharge(level, record);
    });
  }

  #readCharge(place: ModelPlace | null, record: DeviceRecord): void {
    if (place === null) {
      this.#arm();
      return;
    }
    this.#read(place, HEADER_REGISTERS + place.length, PRIORITY.telemetry, ({ words }) => {
      this.#charge = readCharge(words, place, record.storage?.capacity ?? null) ?? NO_CHARGE;
      this.#readConditions(conditionPlaces(record));
    });
  }

  /** One after another. */
  #readConditions([place, ...others]: readonly ModelPlace[]): void {
    if (place === undefined) return;
    this.#read(place, conditionRegisters(place), PRIORITY.telemetry, ({ words }) => {
      const condition = readCondition(words, place);
      if (condition === null) this.#conditions.delete(place.address);
      else this.#conditions.set(place.address, condition);
      this.#readConditions(others);
    });
  }

  #measured(reply: Reply, place: ModelPlace, record: DeviceRecord): void {
    const { device, onSample } = this.#options;
    const about = {
      device,
      takenAt: reply.takenAt,
      record,
      charge: withConditions(this.#charge, this.#conditions.values()),
      whole: this.#whole,
    };
    const reading = readStorage(reply.words, place, about);
    if (!reading.ok) {
      if (reading.fault !== 'null-frame') this.#contact.doubt(`reply is not model ${place.id}: ${reading.fault}`);
      return;
    }
    this.#watch(reading.value, record);
    onSample(reading.value);
  }

  /** Acknowledged, read back, and not done: told once. */
  #watch({ discharge, takenAt }: StorageSample, record: DeviceRecord): void {
    const { settleMs } = this.#options.profile;
    const held = this.heldBand();
    const { maxCharge = 0, maxDischarge = 0 } = record.storage ?? {};
    const slack = OUTSIDE_FRACTION * (maxCharge + maxDischarge);
    const inside = held === null || discharge === null || (discharge <= held.most + slack && discharge >= held.least - slack);
    if (inside) {
      this.#outsideSince = null;
      this.#disobeys &&= discharge === null;
      return;
    }
    this.#outsideSince ??= takenAt;
    if (this.#disobeys || takenAt - this.#outsideSince < settleMs) return;
    this.#disobeys = true;
    const text = `gives ${Math.round(discharge)} W, holds ${Math.round(held.least)} to ${Math.round(held.most)} W: base of its per cents, or another master?`;
    this.#options.onNote({ event: 'band-not-followed', level: 'error', text, detail: { device: this.#options.device } });
  }

  #read(place: ModelPlace, registers: number, priority: Priority, use: (reply: Reply) => void): void {
    const { line, unitId, device } = this.#options;
    const epoch = this.#epoch;
    const take = (result: Result<Reply, LineFault>): void => {
      if (epoch !== this.#epoch) return;
      if (result.ok || result.fault.kind === 'refused') this.#contact.answered();
      else if (result.fault.kind !== 'dropped') {
        // Asked again at once: silence is known after three time-outs, not three periods.
        this.#asked = null;
        this.#contact.failed(result.fault);
      }
      if (epoch !== this.#epoch) return;
      if (result.ok) use(result.value);
      if (epoch === this.#epoch) this.#arm();
    };
    const count = Math.min(registers, HEADER_REGISTERS + place.length);
    const key = `${device}:${priority === PRIORITY.telemetry ? 'charge' : 'read'}`;
    line.submit({ kind: 'read', unitId, address: place.address, count }, priority, take, key);
  }

  #arm(): void {
    const { clock, profile } = this.#options;
    const now = clock.now();
    const attends = this.#attendUntil !== null && now < this.#attendUntil;
    const period: DurationMs = attends ? profile.poll.attendingMs : profile.poll.normalMs;
    this.#cancelPoll?.();
    this.#cancelPoll = clock.at(this.#asked === null ? now : after(this.#asked, period), () => this.#measure());
  }
}
