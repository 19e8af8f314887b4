import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import type { DurationMs, MonoMs } from '#base/units.ts';
import type { DeviceId, DeviceRecord, DeviceRole } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Priority, Reply } from '../line/transaction.ts';
import { controlHeaderRegisters, limitScaleOf, modelOf } from './control-model.ts';
import type { Control } from './control-model.ts';
import { Discovery } from './discovery.ts';
import type { DiscoveryAction, DiscoveryInput, Found } from './discovery.ts';
import { IDENTITY_REGISTERS, decodeCommon, isSameDevice } from './identity.ts';
import { placeOf, recordFrom, suits } from './record.ts';

/** Failures in a row after which a device counts as silent (sunspec.md 7.5). */
const FAILURES_UNTIL_SILENT = 3;
/** The first probe comes soon: most silences are a short disturbance. */
const FIRST_PROBE: DurationMs = seconds(1);
/** Design section 4: probed about every 10 s. */
const PROBE_PERIOD: DurationMs = seconds(10);
/** With the port itself down a probe costs no wire time. */
const DOWN_PROBE_PERIOD: DurationMs = seconds(1);
/** How soon a request the line had no room for is asked again. */
const DROPPED_RETRY: DurationMs = durationMs(100);
/** A unit that answers but is not the device expected, or no device we can use: looked at again this often. */
const REJECTED_RETRY: DurationMs = seconds(30);

interface ContactOptions {
  readonly device: DeviceId;
  readonly role: DeviceRole;
  /** What an inverter is limited, or storage commanded through; null: a meter. */
  readonly control: Control | null;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly known: DeviceRecord | null;
  /** From the configuration; null: the first device found at this unit id is taken, unless one is known. */
  readonly expectedSerial: string | null;
  /** Would a silence now be a device gone to sleep? */
  readonly wouldSleep: () => boolean;
  /** Serial number and, for an inverter, control header agree: it may be written. */
  readonly onVerified: (record: DeviceRecord) => void;
  /** Verified no more: nothing may be written. */
  readonly onLost: () => void;
  /** A record worth keeping: found by a complete walk and the device expected. */
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

type Phase = 'stopped' | 'identifying' | 'waiting' | 'verified';

/**
 * Keeps contact with one unit: verifies who answers before anything may be written, finds the map of an unknown device,
 * notices silence and probes. A known device costs one read of the common model and one of the control header.
 */
export class Contact {
  readonly #options: ContactOptions;
  #phase: Phase = 'stopped';
  #standing: DeviceStanding = 'unverified';
  #record: DeviceRecord | null = null;
  #discovery: Discovery | null = null;
  #failures = 0;
  #portDown = false;
  /** When a reply last was not the model asked for. */
  #doubtedAt: MonoMs | null = null;
  /** Replies that belong to an earlier attempt are ignored. */
  #attempt = 0;
  #cancelTimer: Cancel | null = null;

  constructor(options: ContactOptions) {
    this.#options = options;
  }

  start(): void {
    const { known, role, control, expectedSerial } = this.#options;
    // The configuration's serial number outranks the recorded one: a record of another device is not used.
    const usable = known !== null && known.role === role && suits(known, control);
    this.#record = usable && (expectedSerial === null || expectedSerial === known.serialNumber) ? known : null;
    this.#identify(PRIORITY.verify);
  }

  stop(): void {
    this.#phase = 'stopped';
    this.#attempt += 1;
    this.#clearTimer();
  }

  verified(): boolean {
    return this.#phase === 'verified';
  }

  standing(): DeviceStanding {
    return this.#standing;
  }

  record(): DeviceRecord | null {
    return this.#record;
  }

  /** A setting that the record keeps was changed on the verified device. */
  amend(record: DeviceRecord): void {
    assert(this.#phase === 'verified', 'only what was verified is recorded');
    this.#record = record;
    this.#options.onRecord(record);
  }

  /** A transaction of the session was answered, if only by an exception. */
  answered(): void {
    this.#failures = 0;
  }

  /** A transaction of the session was not answered. */
  failed(fault: LineFault): void {
    if (this.#phase === 'verified') this.#countFailure(fault);
  }

  /** A reply was not the model that was asked for: the map is found anew before anything else; twice in a row, the unit is left alone for a while. */
  doubt(why: string): void {
    if (this.#phase !== 'verified') return;
    const now = this.#options.clock.now();
    const again = this.#doubtedAt !== null && now - this.#doubtedAt < REJECTED_RETRY;
    this.#doubtedAt = now;
    this.#options.onLost();
    if (again) {
      this.#reject('identity-in-doubt', why);
      return;
    }
    this.#note('identity-in-doubt', 'warn', why);
    this.#setStanding('unverified');
    this.#begin();
    this.#discover(PRIORITY.verify);
  }

  /** Probes a silent device now instead of at its next turn. */
  probeNow(): void {
    if (this.#phase === 'waiting') this.#identify(PRIORITY.probe);
  }

  #identify(priority: Priority): void {
    this.#begin();
    const record = this.#record;
    const place = record === null ? null : placeOf(record, [1]);
    if (record === null || place === null) {
      this.#discover(priority);
      return;
    }
    this.#read(place.address, IDENTITY_REGISTERS, priority, (result) => {
      if (!result.ok) {
        this.#identityUnread(result.fault);
        return;
      }
      const found = decodeCommon(result.value.words, place);
      if (found !== null && isSameDevice(record, found)) {
        this.#verifyControl(record);
        return;
      }
      this.#setStanding('unverified');
      this.#note(
        'identity-changed',
        'error',
        `unit answers as ${found?.serialNumber ?? 'no common model'}, not ${record.serialNumber}`,
      );
      this.#discover(PRIORITY.verify);
    });
  }

  #identityUnread(fault: LineFault): void {
    if (fault.kind !== 'refused') {
      this.#countFailure(fault);
      return;
    }
    this.#note('identity-refused', 'warn', `exception ${fault.exceptionCode} at the recorded common model`);
    this.#discover(PRIORITY.verify);
  }

  #verifyControl(record: DeviceRecord): void {
    const { control } = this.#options;
    if (control === null) {
      this.#becomeVerified(record);
      return;
    }
    const place = placeOf(record, [modelOf(control)]);
    assert(place !== null, 'a record names its control model');
    this.#read(place.address, controlHeaderRegisters(control), PRIORITY.verify, (result) => {
      if (!result.ok && result.fault.kind !== 'refused') {
        this.#countFailure(result.fault);
        return;
      }
      if (result.ok && limitScaleOf(control, result.value.words, place) === record.limitScale) {
        this.#becomeVerified(record);
        return;
      }
      this.#setStanding('unverified');
      this.#note(
        'control-header-changed',
        'error',
        `model ${modelOf(control)} is not where the record says, or its scale changed`,
      );
      this.#discover(PRIORITY.verify);
    });
  }

  #becomeVerified(record: DeviceRecord): void {
    this.#phase = 'verified';
    this.#failures = 0;
    this.#setStanding('answering');
    this.#options.onVerified(record);
  }

  #discover(priority: Priority): void {
    this.#discovery = new Discovery(this.#outOfTouch() ? 1 : FAILURES_UNTIL_SILENT, this.#options.control ?? undefined);
    this.#follow(this.#discovery.start(), priority);
  }

  #follow(action: DiscoveryAction, priority: Priority): void {
    switch (action.kind) {
      case 'read':
        this.#read(action.address, action.count, priority, (result) => {
          assert(this.#discovery !== null, 'a walk is under way');
          this.#follow(this.#discovery.next(inputFrom(result)), PRIORITY.verify);
        });
        return;
      case 'found':
        this.#judge(action.found);
        return;
      case 'failed':
        if (action.why === 'silent') this.#becomeSilent(PROBE_PERIOD);
        else this.#reject(action.why, `no usable SunSpec map: ${action.why}`);
    }
  }

  #judge(found: Found): void {
    const { device, role, control, known, expectedSerial, unitId } = this.#options;
    const wanted = expectedSerial ?? known?.serialNumber ?? null;
    const { serialNumber } = found.common;
    if (wanted !== null && serialNumber !== wanted) {
      this.#reject('wrong-device', `unit ${unitId} is ${serialNumber}, expected ${wanted}: not written`);
      return;
    }
    const record = recordFrom(device, role, found);
    if (!suits(record, control)) {
      this.#reject('not-usable', `unit ${unitId} lacks a model this ${role} needs`);
      return;
    }
    this.#record = record;
    if (found.complete) this.#options.onRecord(record);
    else this.#note('chain-partial', 'warn', 'the model chain broke off; used, not recorded');
    this.#verifyControl(record);
  }

  #reject(event: string, text: string): void {
    this.#note(event, 'error', text);
    // What is recorded is not here; the next look starts from nothing.
    this.#record = null;
    this.#setStanding('unverified');
    this.#wait(REJECTED_RETRY, PRIORITY.scan);
  }

  #countFailure(fault: LineFault): void {
    const wasVerified = this.#phase === 'verified';
    this.#portDown = fault.kind === 'down';
    if (this.#outOfTouch()) {
      this.#becomeSilent(PROBE_PERIOD);
      return;
    }
    this.#failures += 1;
    if (this.#failures >= FAILURES_UNTIL_SILENT) {
      if (wasVerified) this.#options.onLost();
      this.#becomeSilent(FIRST_PROBE);
    } else if (!wasVerified) this.#identify(PRIORITY.verify);
  }

  #becomeSilent(nextProbe: DurationMs): void {
    if (!this.#outOfTouch()) {
      const asleep = this.#options.wouldSleep();
      this.#setStanding(asleep ? 'asleep' : 'silent');
      if (!asleep) this.#note('device-silent', 'warn', 'no answer three times');
    }
    this.#wait(this.#portDown ? DOWN_PROBE_PERIOD : nextProbe, PRIORITY.probe);
  }

  #wait(span: DurationMs, priority: Priority): void {
    this.#begin();
    this.#phase = 'waiting';
    const { clock } = this.#options;
    this.#cancelTimer = clock.at(after(clock.now(), span), () => this.#identify(priority));
  }

  #outOfTouch(): boolean {
    return this.#standing === 'silent' || this.#standing === 'asleep';
  }

  #begin(): void {
    this.#phase = 'identifying';
    this.#attempt += 1;
    this.#clearTimer();
  }

  #read(address: number, count: number, priority: Priority, deliver: (result: Result<Reply, LineFault>) => void): void {
    const { line, clock, unitId, device } = this.#options;
    const attempt = this.#attempt;
    const take = (result: Result<Reply, LineFault>): void => {
      if (attempt !== this.#attempt) return;
      if (result.ok || result.fault.kind !== 'dropped') {
        this.#portDown = !result.ok && result.fault.kind === 'down';
        deliver(result);
        return;
      }
      this.#clearTimer();
      this.#cancelTimer = clock.at(after(clock.now(), DROPPED_RETRY), () => this.#read(address, count, priority, deliver));
    };
    line.submit({ kind: 'read', unitId, address, count }, priority, take, `${device}:contact`);
  }

  #clearTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #setStanding(standing: DeviceStanding): void {
    if (standing === this.#standing) return;
    this.#standing = standing;
    this.#options.onStanding(standing);
  }

  #note(event: string, level: Note['level'], text: string): void {
    this.#options.onNote({ event, level, text, detail: { device: this.#options.device } });
  }
}

const inputFrom = (result: Result<Reply, LineFault>): DiscoveryInput => {
  if (result.ok) return { kind: 'words', words: result.value.words };
  return { kind: result.fault.kind === 'refused' ? 'refused' : 'no-reply' };
};
