import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, percent, watts } from '#base/units.ts';
import type { MonoMs, Watts } from '#base/units.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { Connection, DeviceId, DeviceRecord, Setpoint, WriteOutcome } from '#site/device.ts';
import type { DeviceStanding, InverterSample, InverterState } from '#site/sample.ts';
import type { Pace } from '../line/cycle.ts';
import { type Order, OrderWriter, type Urgency } from '../line/order-writer.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply } from '../line/transaction.ts';
import type { Registers } from '../meter/map-reading.ts';
import type { InverterControl, MapInverterProfile } from '../profile/inverter-map.ts';
import { MapContact, readRequest } from './map-contact.ts';
import { capOrder } from './map-order.ts';
import { isExpected, readInverterMap, registersOf } from './map-reading.ts';

/** States after which silence is sleep, not a fault. */
const RESTING: readonly InverterState[] = ['off', 'sleeping', 'shutting-down'];
const FULL_PERCENT = 100;

export interface MapInverterSessionOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly profile: MapInverterProfile;
  readonly known: DeviceRecord | null;
  readonly expectedSerial: string | null;
  /** On a line shared with many; absent or null: as the profile says. */
  readonly pace?: Pace | null;
  readonly onSample: (sample: InverterSample) => void;
  readonly onOutcome: (outcome: WriteOutcome) => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

type Block = MapInverterProfile['map']['fast'];

/**
 * One inverter that takes its limit in registers of its own: verified by serial number, rating and expected registers, then the wanted
 * cap, then measured. It has no connection switch, reactive power or curves here: asked to disconnect it is held at no output, and
 * nothing is proven of its connection. One whose profile has no control is read, and never written.
 */
export class MapInverterSession {
  readonly #options: MapInverterSessionOptions;
  readonly #contact: MapContact;
  /** Null: nothing of it may be written. */
  readonly #writer: OrderWriter<Watts> | null;
  readonly #registers = new Map<number, number>();
  /** Control registers as last read under this contact. */
  #controls: Registers | null = null;
  #cap: Watts | null = null;
  #disconnected = false;
  #unfit = false;
  #state: InverterState = 'unknown';
  #attendUntil: MonoMs | null = null;
  #asked: MonoMs | null = null;
  #slowDue: MonoMs | null = null;
  #slowNext = 0;
  #implausible = false;
  #reading = false;
  /** Replies to reads of an earlier contact are ignored. */
  #epoch = 0;
  #cancelPoll: Cancel | null = null;

  constructor(options: MapInverterSessionOptions) {
    this.#options = options;
    const { device, unitId, line, clock, profile, known, expectedSerial } = options;
    this.#contact = new MapContact({
      ...{ device, unitId, line, clock, profile, known, expectedSerial },
      wouldSleep: () => RESTING.includes(this.#state),
      onVerified: () => this.#verified(),
      onLost: () => this.#lost(),
      onRecord: options.onRecord,
      onStanding: options.onStanding,
      onNote: options.onNote,
    });
    const { control } = profile;
    if (control === null) {
      this.#writer = null;
      return;
    }
    const { readBackDelayMs, checkSeconds, spacingMs } = control;
    this.#writer = new OrderWriter<Watts>({
      ...{ device, line, clock, readBackDelayMs, spacingMs, checkEvery: checkSeconds },
      tightens: (from, to) => to < from,
      onConfirmed: (cap) => this.#confirmed(cap),
      onFault: (fault) => options.onOutcome(fault.kind === 'mismatch' ? { ...fault, wrote: 0, readBack: 0 } : fault),
      onAnswered: () => this.#contact.answered(),
      onUnanswered: (fault) => this.#contact.failed(fault),
      onRead: (reply) => this.#controlsRead(reply, control),
      onNote: options.onNote,
    });
  }

  start(): void {
    this.#contact.start();
  }

  /** Nothing is sent any more; the inverter does what its profile says of silence. */
  stop(): void {
    this.#lost();
    this.#contact.stop();
  }

  /** The newest setpoint; written at once when it changes a register, and whenever the device comes back. */
  want({ device, command }: Setpoint, urgency: Urgency): void {
    assert(device === this.#options.device, 'a setpoint reaches its own device');
    if (command.kind === 'cap') this.#cap = command.cap;
    else if (command.kind === 'disconnect') this.#disconnected = true;
    else if (command.kind === 'connect') this.#disconnected = false;
    else {
      if (command.kind === 'reactive') this.#unfit = command.reactive !== null;
      return;
    }
    const order = this.#order();
    if (order !== null) this.#writer?.want(order, urgency);
  }

  /** Measures at the faster pace until then: a change is under way. */
  attend(until: MonoMs): void {
    this.#attendUntil = until;
    if (this.#contact.verified() && this.#asked !== null && !this.#reading) this.#arm();
  }

  /** Probes now when silent or asleep. */
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
    const held = this.#writer?.held() ?? null;
    if (held === null) return null;
    const opens = this.#options.profile.onSilence.kind === 'opens';
    if (opens && held.until !== null && this.#options.clock.now() >= held.until) return null;
    return watts(Math.max(held.proven, ...held.since));
  }

  /** Never known: it has no switch that the gateway uses. */
  connection(): Connection | null {
    return null;
  }

  /** True while nothing was asked of its reactive power, which it does not take. */
  holdsReactive(): boolean {
    return !this.#unfit;
  }

  followed(): readonly CurveFunction[] {
    return [];
  }

  #order(): Order<Watts> | null {
    const rating = this.#contact.record()?.nameplate?.maxPower;
    if (rating === undefined || (this.#cap === null && !this.#disconnected)) return null;
    const { unitId, profile } = this.#options;
    const { control, onSilence } = profile;
    if (control === null) return null;
    const cap = this.#disconnected ? watts(0) : (this.#cap ?? watts(0));
    return capOrder(cap, { unitId, control, onSilence, rating }, this.#controls);
  }

  #verified(): void {
    this.#epoch += 1;
    this.#controls = null;
    this.#registers.clear();
    this.#asked = null;
    this.#slowDue = this.#options.clock.now();
    this.#slowNext = 0;
    const order = this.#order();
    if (order !== null) this.#writer?.want(order, 'cut');
    this.#writer?.open();
    this.#measure(this.#options.profile.map.fast);
  }

  #lost(): void {
    this.#epoch += 1;
    this.#reading = false;
    this.#cancelPoll?.();
    this.#cancelPoll = null;
    this.#writer?.close();
  }

  #confirmed(cap: Watts): void {
    const rating = this.#contact.record()?.nameplate?.maxPower ?? cap;
    const share = rating > 0 ? (cap * FULL_PERCENT) / rating : 0;
    this.#options.onOutcome({ kind: 'confirmed', cap, percent: percent(share) });
  }

  /** Settings that stand are not written again, those that changed are. */
  #controlsRead({ words }: Reply, { readBack }: InverterControl): boolean {
    this.#controls = registersOf(readBack.address, words);
    const order = this.#order();
    if (order !== null) this.#writer?.want(order, 'raise');
    return true;
  }

  #measure(block: Block): void {
    const { profile, line, unitId, device, clock } = this.#options;
    const epoch = this.#epoch;
    this.#asked = clock.now();
    this.#reading = true;
    const take = (result: Result<Reply, LineFault>): void => {
      if (epoch !== this.#epoch) return;
      this.#reading = false;
      if (result.ok || result.fault.kind === 'refused') this.#contact.answered();
      else if (result.fault.kind !== 'dropped') {
        // Asked again at once: silence is known after three time-outs, not three periods.
        this.#asked = null;
        this.#contact.failed(result.fault);
      }
      if (epoch !== this.#epoch) return;
      if (result.ok) this.#took(result.value, block);
      if (epoch === this.#epoch) this.#arm();
    };
    line.submit(readRequest(unitId, { ...block, function: profile.map.function }), PRIORITY.inverter, take, `${device}:read`);
  }

  #took({ words, takenAt }: Reply, block: Block): void {
    const { profile, device, onSample } = this.#options;
    const { map } = profile;
    for (const [address, word] of registersOf(block.address, words)) this.#registers.set(address, word);
    // A slow block says nothing new of the power: no sample, which would look fresher than it is.
    if (block !== map.fast) return;
    if (!isExpected(this.#registers, map.expects)) {
      this.#contact.doubt('its registers are no longer those of its map');
      return;
    }
    const rating = this.#contact.record()?.nameplate?.ratedPower;
    assert(rating !== undefined, 'a verified inverter has a rating');
    const { sample, refused } = readInverterMap(this.#registers, map, { device, takenAt, rating });
    // Told once, not at every read.
    if (refused && !this.#implausible) this.#note('reading-rejected', 'not believed: W');
    this.#implausible = refused;
    this.#state = sample.state;
    onSample(sample);
  }

  #arm(): void {
    const { clock, profile, pace } = this.#options;
    const now = clock.now();
    const period = this.#attends(now) ? profile.poll.attendingMs : (pace?.everyMs ?? profile.poll.normalMs);
    this.#cancelPoll?.();
    const at = this.#asked === null ? now : after(this.#asked, period);
    this.#cancelPoll = clock.at(at, () => this.#measure(this.#nextBlock()));
  }

  #attends(now: MonoMs): boolean {
    return this.#attendUntil !== null && now < this.#attendUntil;
  }

  /** The fast block, or one slow block in place of it when those are due and no change is under way. */
  #nextBlock(): Block {
    const { profile, clock } = this.#options;
    const { fast, slow } = profile.map;
    const now = clock.now();
    if (this.#slowDue === null || now < this.#slowDue || this.#attends(now)) return fast;
    const block = slow[this.#slowNext];
    this.#slowNext = block === undefined ? 0 : this.#slowNext + 1;
    // The fast block goes between two slow ones.
    this.#slowDue = after(now, block === undefined ? profile.poll.statusSeconds : durationMs(2 * profile.poll.normalMs));
    return block ?? fast;
  }

  #note(event: string, text: string): void {
    this.#options.onNote({ event, level: 'warn', text, detail: { device: this.#options.device } });
  }
}
