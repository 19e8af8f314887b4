import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds, watts } from '#base/units.ts';
import type { DurationMs } from '#base/units.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Priority, Reply, Request } from '../line/transaction.ts';
import { mapSerial } from '../meter/map-reading.ts';
import type { InverterMap } from '../profile/inverter-map.ts';
import { sizeOf } from '../profile/register-map.ts';
import { isExpected, ratingOf, registersOf } from './map-reading.ts';

/** As in drivers/sunspec/contact.ts: failures in a row until silent, probes after that, and how long a stranger is left alone. */
const FAILURES_UNTIL_SILENT = 3;
const FIRST_PROBE: DurationMs = seconds(1);
const PROBE_PERIOD: DurationMs = seconds(10);
const DOWN_PROBE_PERIOD: DurationMs = seconds(1);
const REJECTED_RETRY: DurationMs = seconds(30);
const DROPPED_RETRY: DurationMs = durationMs(100);

interface MapContactOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  /** Of the profile: stands for the model, which many such inverters do not say. */
  readonly profile: { readonly name: string; readonly map: InverterMap };
  readonly known: DeviceRecord | null;
  /** From the configuration; null: the first device found at this unit id is taken, unless one is known. */
  readonly expectedSerial: string | null;
  /** Would a silence now be a device gone to sleep? */
  readonly wouldSleep: () => boolean;
  /** Serial number, rating and what the map expects agree: it may be written. */
  readonly onVerified: (record: DeviceRecord) => void;
  /** Verified no more: nothing may be written. */
  readonly onLost: () => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

type Phase = 'stopped' | 'identifying' | 'waiting' | 'verified';
interface Place {
  readonly function: 3 | 4;
  readonly address: number;
  readonly count: number;
}

/** A read of so many registers of the holding (3) or input (4) table. */
export const readRequest = (unitId: number, { function: code, address, count }: Place): Request => ({
  kind: 'read',
  unitId,
  address,
  count,
  table: code === 4 ? 'input' : 'holding',
});

/** Keeps contact with an inverter of a register map: serial number, rating and expected registers before anything may be written; notices silence and probes. */
export class MapContact {
  readonly #options: MapContactOptions;
  #phase: Phase = 'stopped';
  #standing: DeviceStanding = 'unverified';
  #record: DeviceRecord | null = null;
  #failures = 0;
  /** Replies that belong to an earlier attempt are ignored. */
  #attempt = 0;
  #cancel: Cancel | null = null;

  constructor(options: MapContactOptions) {
    this.#options = options;
  }

  start(): void {
    this.#identify(PRIORITY.verify);
  }

  stop(): void {
    this.#begin('stopped');
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

  /** A transaction of the session was answered, if only by an exception. */
  answered(): void {
    this.#failures = 0;
  }

  /** A transaction of the session was not answered. */
  failed(fault: LineFault): void {
    if (this.#phase === 'verified') this.#countFailure(fault);
  }

  /** A reply was not the map: nothing is written until the device was identified anew. */
  doubt(why: string): void {
    if (this.#phase !== 'verified') return;
    this.#options.onLost();
    this.#reject('identity-in-doubt', why);
  }

  /** Probes a silent device now instead of at its next turn. */
  probeNow(): void {
    if (this.#phase === 'waiting') this.#identify(PRIORITY.probe);
  }

  #identify(priority: Priority): void {
    this.#begin('identifying');
    const { serial } = this.#options.profile.map;
    this.#read(serial, priority, ({ words }) => {
      const serialNumber = mapSerial(words, serial.type);
      const { unitId, known, expectedSerial } = this.#options;
      const wanted = expectedSerial ?? known?.serialNumber ?? serialNumber;
      if (serialNumber === '') this.#reject('not-usable', `unit ${unitId} has no serial number: not written`);
      else if (serialNumber !== wanted)
        this.#reject('wrong-device', `unit ${unitId} is ${serialNumber}, expected ${wanted}: not written`);
      else this.#readRating(serialNumber);
    });
  }

  #readRating(serialNumber: string): void {
    const { rating, fast, expects, function: code } = this.#options.profile.map;
    const { unitId } = this.#options;
    this.#read({ function: rating.function, address: rating.at, count: sizeOf(rating) }, PRIORITY.verify, (ratingReply) => {
      const power = ratingOf(registersOf(rating.at, ratingReply.words), rating);
      if (power === null) {
        this.#reject('not-usable', `unit ${unitId} does not say its rated power: not written`);
        return;
      }
      this.#read({ ...fast, function: code }, PRIORITY.verify, ({ words }) => {
        if (isExpected(registersOf(fast.address, words), expects)) this.#becomeVerified(serialNumber, power);
        else this.#reject('not-usable', `unit ${unitId} has another register map: not written`);
      });
    });
  }

  #becomeVerified(serialNumber: string, power: number): void {
    const { device, profile, known, onRecord, onVerified } = this.#options;
    const { name } = profile;
    const nameplate = {
      ratedPower: watts(power),
      maxPower: watts(power),
      ...{ ratedApparent: null, referenceVoltage: null, nominalFrequency: null, ratedVarInjected: null, ratedVarAbsorbed: null },
    };
    const plate = { manufacturer: '', model: name, serialNumber, firmwareVersion: '' };
    const record: DeviceRecord = { device, role: 'inverter', ...plate, base: 0, models: [], nameplate, limitScale: null };
    const last = this.#record ?? known;
    const isNew = last?.serialNumber !== serialNumber || last.model !== name || last.nameplate?.maxPower !== power;
    this.#record = record;
    this.#begin('verified');
    this.#failures = 0;
    if (isNew) onRecord(record);
    this.#stand('answering');
    onVerified(record);
  }

  #reject(event: string, text: string): void {
    this.#note(event, 'error', text);
    this.#record = null;
    this.#stand('unverified');
    this.#wait(REJECTED_RETRY, PRIORITY.scan);
  }

  #countFailure(fault: LineFault): void {
    const wasVerified = this.#phase === 'verified';
    const isDown = fault.kind === 'down';
    const isAway = this.#standing === 'silent' || this.#standing === 'asleep';
    this.#failures += 1;
    if (!isAway && this.#failures < FAILURES_UNTIL_SILENT) {
      if (!wasVerified) this.#identify(PRIORITY.verify);
      return;
    }
    if (wasVerified) this.#options.onLost();
    if (!isAway) {
      const asleep = this.#options.wouldSleep();
      this.#stand(asleep ? 'asleep' : 'silent');
      if (!asleep) this.#note('device-silent', 'warn', 'no answer three times');
    }
    this.#wait(isDown ? DOWN_PROBE_PERIOD : isAway ? PROBE_PERIOD : FIRST_PROBE, PRIORITY.probe);
  }

  #wait(span: DurationMs, priority: Priority): void {
    this.#begin('waiting');
    this.#later(span, () => this.#identify(priority));
  }

  #begin(phase: Phase): void {
    this.#phase = phase;
    this.#attempt += 1;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** A read of the identification; one that is refused means that this is not the map. */
  #read(place: Place, priority: Priority, use: (reply: Reply) => void): void {
    const { line, unitId, device } = this.#options;
    const attempt = this.#attempt;
    const take = (result: Result<Reply, LineFault>): void => {
      if (attempt !== this.#attempt) return;
      if (result.ok) use(result.value);
      else if (result.fault.kind === 'dropped') this.#later(DROPPED_RETRY, () => this.#read(place, priority, use));
      else if (result.fault.kind === 'refused') {
        const text = `registers from ${place.address} were refused with exception ${result.fault.exceptionCode}: not written`;
        this.#reject('not-usable', text);
      } else this.#countFailure(result.fault);
    };
    line.submit(readRequest(unitId, place), priority, take, `${device}:contact`);
  }

  #later(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.at(after(clock.now(), span), run);
  }

  #stand(standing: DeviceStanding): void {
    if (standing === this.#standing) return;
    this.#standing = standing;
    this.#options.onStanding(standing);
  }

  #note(event: string, level: Note['level'], text: string): void {
    this.#options.onNote({ event, level, text, detail: { device: this.#options.device } });
  }
}
