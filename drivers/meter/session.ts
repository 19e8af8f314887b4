import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, monoMs } from '#base/units.ts';
import type { MonoMs } from '#base/units.ts';
import type { DeviceId, DeviceRecord, ModelPlace } from '#site/device.ts';
import type { DeviceStanding, MeterSample } from '#site/sample.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply } from '../line/transaction.ts';
import type { MeterProfile } from '../profile/profile.ts';
import { Contact } from '../sunspec/contact.ts';
import { HEADER_REGISTERS } from '../sunspec/points.ts';
import { measurementPlace } from '../sunspec/record.ts';
import { RefreshPhase } from './refresh.ts';
import { meterRead, NO_SLOW_VALUES, readMeter } from './reading.ts';
import type { MeterFitting, SlowMeterValues } from './reading.ts';

/** However slow the refresh: the connection point counts as seen for two seconds after a read. */
const APART_MOST = durationMs(1200);
const LEAD_MOST_MS = 40;

export interface MeterSessionOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly profile: MeterProfile;
  readonly fitting: MeterFitting;
  readonly known: DeviceRecord | null;
  readonly expectedSerial: string | null;
  readonly onSample: (sample: MeterSample) => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

/** Reactive power is read this often: each second, as polls go. */
const REACTIVE_EVERY_MS = 900;

/**
 * The meter at the connection point (SunSpec models 1 and 201-204 or 211-214): verified by serial number, then read.
 *
 * Polled in phase with the refresh of its registers once that is learned: one read a refresh, soon after it; two, one before, while a
 * change is attended; at the profile's fast pace while the rhythm is not known. Wire time at 9600 baud 8N1, with 24 ms for turnaround
 * and host in brackets: fast read 23 registers 69 (93) ms, with reactive power 33 registers 90 (114) ms once a second, slow read 55 registers 135 (159) ms each 10 s in place of a fast one:
 * 28.2 % (37.8 %) of the line at four reads a second, 7.6 % (10.0 %) in phase with a refresh each second.
 */
export class MeterSession {
  readonly #options: MeterSessionOptions;
  readonly #contact: Contact;
  #slow: SlowMeterValues = NO_SLOW_VALUES;
  #slowDue: MonoMs | null = null;
  #rejected = '';
  #epoch = 0;
  #reactiveAt: MonoMs | null = null;
  #cancelPoll: Cancel | null = null;
  readonly #phase = new RefreshPhase();
  #fingerprint: number | null = null;
  #attendUntil: MonoMs | null = null;
  #asked: MonoMs | null = null;
  /** From asking to the instant the registers are read, while nothing else is on the line. */
  #lead = 0;

  constructor(options: MeterSessionOptions) {
    this.#options = options;
    const { device, unitId, line, clock, known, expectedSerial } = options;
    this.#contact = new Contact({
      device,
      role: 'meter',
      control: null,
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
  }

  start(): void {
    this.#contact.start();
  }

  stop(): void {
    this.#lost();
    this.#contact.stop();
  }

  /** Reads before and after each refresh until then: a change is under way. */
  attend(until: MonoMs): void {
    this.#attendUntil = until;
    if (this.#cancelPoll !== null && this.#asked !== null) this.#arm(this.#asked);
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

  #verified(): void {
    const { clock, profile } = this.#options;
    this.#epoch += 1;
    // The first reads are fast ones: the connection point is seen before anything else.
    this.#slowDue = after(clock.now(), profile.refreshMs);
    this.#reactiveAt = clock.now();
    this.#measure();
  }

  #lost(): void {
    this.#epoch += 1;
    this.#slow = NO_SLOW_VALUES;
    this.#phase.forget();
    this.#cancelPoll?.();
    this.#cancelPoll = null;
  }

  #measure(): void {
    const { clock, profile, line, unitId, device } = this.#options;
    const record = this.#contact.record();
    const place = record === null ? null : measurementPlace(record);
    assert(place !== null, 'a verified meter has a meter model');
    const asked = clock.now();
    this.#cancelPoll = null;
    this.#asked = asked;
    const isSlow = this.#slowDue !== null && asked >= this.#slowDue;
    if (isSlow) this.#slowDue = after(asked, profile.poll.slowSeconds);
    const epoch = this.#epoch;
    const take = (result: Result<Reply, LineFault>): void => {
      if (epoch !== this.#epoch) return;
      if (result.ok) this.#lead = Math.min(result.value.takenAt - asked, LEAD_MOST_MS);
      const answered = this.#took(result, place);
      if (epoch !== this.#epoch) return;
      if (!answered) this.#phase.forget();
      this.#arm(answered ? asked : null);
    };
    const { fast, reactive, slow } = meterRead(place);
    // Reactive power is in each second's read, never told again from an older one: averages are made of it.
    const isReactive = isSlow || this.#reactiveAt === null || asked - this.#reactiveAt >= REACTIVE_EVERY_MS;
    if (isReactive) this.#reactiveAt = asked;
    const count = Math.min(isSlow ? slow : isReactive ? reactive : fast, HEADER_REGISTERS + place.length);
    line.submit({ kind: 'read', unitId, address: place.address, count }, PRIORITY.meter, take, `${device}:read`);
  }

  /** The next read after the one asked for at `asked`; null: at once. */
  #arm(asked: MonoMs | null): void {
    const { clock } = this.#options;
    this.#cancelPoll?.();
    this.#cancelPoll = clock.at(asked === null ? clock.now() : this.#nextRead(asked), () => this.#measure());
  }

  #nextRead(asked: MonoMs): MonoMs {
    const { clock, profile } = this.#options;
    const attends = this.#attendUntil !== null && clock.now() < this.#attendUntil;
    const wanted = this.#phase.next(attends);
    if (wanted === null) return after(asked, profile.poll.fastMs);
    return monoMs(Math.min(wanted - this.#lead, after(asked, APART_MOST)));
  }

  /** False: no answer, to be asked again at once; the third in a row ends the contact. */
  #took(result: Result<Reply, LineFault>, place: ModelPlace): boolean {
    if (result.ok) {
      this.#contact.answered();
      this.#measured(result.value, place);
      return true;
    }
    if (result.fault.kind === 'refused') this.#contact.answered();
    else if (result.fault.kind !== 'dropped') {
      this.#contact.failed(result.fault);
      return false;
    }
    return true;
  }

  #measured(reply: Reply, place: ModelPlace): void {
    const { device, profile, fitting, onSample, onNote } = this.#options;
    const takenAt = monoMs(reply.takenAt - profile.readingAgeMs);
    const reading = readMeter(reply.words, place, { device, takenAt, fitting, slow: this.#slow });
    if (!reading.ok) {
      this.#contact.doubt(`reply is not model ${place.id}: ${reading.fault.kind}`);
      return;
    }
    const { sample, slow, rejected } = reading.value;
    this.#slow = slow;
    this.#phase.polled(reply.takenAt, sample.fingerprint !== this.#fingerprint);
    this.#fingerprint = sample.fingerprint;
    // Told once, not at every read.
    const names = rejected.join(', ');
    if (names !== this.#rejected && names !== '')
      onNote({ event: 'reading-rejected', level: 'warn', text: `not believed: ${names}`, detail: { device } });
    this.#rejected = names;
    onSample(sample);
  }
}
