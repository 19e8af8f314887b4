import type { Cancel, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, monoMs, seconds } from '#base/units.ts';
import type { DurationMs, MonoMs } from '#base/units.ts';
import type { DeviceRecord } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { LineFault, Priority, Reply, Request } from '../line/transaction.ts';
import type { MeterMap } from '../profile/register-map.ts';
import { mapSerial, readMap } from './map-reading.ts';
import type { MeterSessionOptions } from './session.ts';

/** As in drivers/sunspec/contact.ts: failures in a row until silent, probes after that, and how long a stranger is left alone. */
const FAILURES_UNTIL_SILENT = 3;
const FIRST_PROBE: DurationMs = seconds(1);
const PROBE_PERIOD: DurationMs = seconds(10);
const DOWN_PROBE_PERIOD: DurationMs = seconds(1);
const REJECTED_RETRY: DurationMs = seconds(30);
const DROPPED_RETRY: DurationMs = durationMs(100);

interface MapMeterSessionOptions extends MeterSessionOptions {
  readonly map: MeterMap;
}

type Phase = 'stopped' | 'identifying' | 'waiting' | 'verified';
type Block = MeterMap['fast'];

/** A meter at the connection point that does not speak SunSpec: its registers are where the profile says. Verified by its serial number where it has one. */
export class MapMeterSession {
  readonly #options: MapMeterSessionOptions;
  readonly #registers = new Map<number, number>();
  #phase: Phase = 'stopped';
  #standing: DeviceStanding = 'unverified';
  #record: DeviceRecord | null = null;
  #failures = 0;
  /** Replies that belong to an earlier attempt are ignored. */
  #attempt = 0;
  #slowDue: MonoMs | null = null;
  #slowNext = 0;
  #refusal = false;
  #cancel: Cancel | null = null;

  constructor(options: MapMeterSessionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#identify(PRIORITY.verify);
  }

  stop(): void {
    this.#begin('stopped');
  }

  /** Probes now when silent: the whole line was down. */
  probeNow(): void {
    if (this.#phase === 'waiting') this.#identify(PRIORITY.probe);
  }

  /** Read at one pace, whether a change is under way or not. */
  attend(): void {
    // the pace of the profile is fast already
  }

  standing(): DeviceStanding {
    return this.#standing;
  }

  record(): DeviceRecord | null {
    return this.#record;
  }

  #begin(phase: Phase): void {
    this.#phase = phase;
    this.#attempt += 1;
    this.#cancel?.();
    this.#cancel = null;
  }

  #identify(priority: Priority): void {
    const { serial, fast, function: code } = this.#options.map;
    this.#begin('identifying');
    // A meter without a serial number proves by its fast block that it is there.
    const read = serial ?? { ...fast, function: code, type: null };
    this.#read(read, priority, (result) => {
      if (!result.ok && result.fault.kind !== 'refused') {
        this.#countFailure(result.fault);
        return;
      }
      const isSerial = result.ok && read.type !== null;
      this.#judge(isSerial ? mapSerial(result.value.words, read.type) : '');
    });
  }

  #judge(serialNumber: string): void {
    const { device, unitId, profile, known, expectedSerial, onRecord } = this.#options;
    const wanted = expectedSerial ?? known?.serialNumber ?? '';
    if (wanted !== '' && serialNumber !== wanted) {
      this.#note('wrong-device', 'error', `unit ${unitId} is ${serialNumber}, expected ${wanted}`);
      this.#stand('unverified');
      this.#wait(REJECTED_RETRY, PRIORITY.scan);
      return;
    }
    const { name } = profile;
    const plate = { manufacturer: '', model: name, serialNumber, firmwareVersion: '' };
    this.#record = { device, role: 'meter', ...plate, base: 0, models: [], nameplate: null, limitScale: null };
    if (known?.serialNumber !== serialNumber || known.model !== name) onRecord(this.#record);
    this.#begin('verified');
    this.#failures = 0;
    this.#registers.clear();
    this.#slowDue = this.#now();
    this.#slowNext = 0;
    this.#stand('answering');
    this.#measure(this.#options.map.fast);
  }

  #measure(block: Block): void {
    const { map, profile } = this.#options;
    const asked = this.#now();
    this.#read({ ...block, function: map.function }, PRIORITY.meter, (result) => {
      if (result.ok) {
        this.#failures = 0;
        this.#refusal = false;
        this.#took(result.value, block);
      } else if (result.fault.kind === 'refused') this.#refused(result.fault.exceptionCode, block);
      else {
        this.#countFailure(result.fault);
        return;
      }
      this.#later(after(asked, profile.poll.fastMs), () => this.#measure(this.#nextBlock()));
    });
  }

  #took(reply: Reply, block: Block): void {
    const { map, device, fitting, profile, onSample } = this.#options;
    for (const [index, word] of reply.words.entries()) this.#registers.set(block.address + index, word);
    // A slow block says nothing new of the power: no sample, which would look fresher than it is.
    if (block !== map.fast) return;
    onSample(readMap(this.#registers, map, { device, takenAt: monoMs(reply.takenAt - profile.readingAgeMs), fitting }));
  }

  #refused(exceptionCode: number, block: Block): void {
    this.#failures = 0;
    const text = `registers from ${block.address} were refused with exception ${exceptionCode}`;
    // Told once, not at every read.
    if (!this.#refusal) this.#note('reading-refused', 'warn', text);
    this.#refusal = true;
  }

  /** The fast block, or one slow block in place of it when those are due. */
  #nextBlock(): Block {
    const { map, profile } = this.#options;
    const now = this.#now();
    if (this.#slowDue === null || now < this.#slowDue) return map.fast;
    const block = map.slow[this.#slowNext];
    this.#slowNext += 1;
    if (block !== undefined) {
      // The fast block goes between two slow ones.
      this.#slowDue = after(now, durationMs(2 * profile.poll.fastMs));
      return block;
    }
    this.#slowNext = 0;
    this.#slowDue = after(now, profile.poll.slowSeconds);
    return map.fast;
  }

  #countFailure(fault: LineFault): void {
    const isDown = fault.kind === 'down';
    if (this.#standing === 'silent') {
      this.#wait(isDown ? DOWN_PROBE_PERIOD : PROBE_PERIOD, PRIORITY.probe);
      return;
    }
    this.#failures += 1;
    if (this.#failures < FAILURES_UNTIL_SILENT) {
      if (this.#phase === 'verified') this.#measure(this.#options.map.fast);
      else this.#identify(PRIORITY.verify);
      return;
    }
    this.#stand('silent');
    this.#note('device-silent', 'warn', 'no answer three times');
    this.#wait(isDown ? DOWN_PROBE_PERIOD : FIRST_PROBE, PRIORITY.probe);
  }

  #wait(span: DurationMs, priority: Priority): void {
    this.#begin('waiting');
    this.#later(after(this.#now(), span), () => this.#identify(priority));
  }

  #read(
    { address, count, function: code }: Block & { readonly function: 3 | 4 },
    priority: Priority,
    deliver: (result: Result<Reply, LineFault>) => void,
  ): void {
    const { line, unitId, device } = this.#options;
    const attempt = this.#attempt;
    const take = (result: Result<Reply, LineFault>): void => {
      if (attempt !== this.#attempt) return;
      if (result.ok || result.fault.kind !== 'dropped') {
        deliver(result);
        return;
      }
      this.#later(after(this.#now(), DROPPED_RETRY), () => this.#read({ address, count, function: code }, priority, deliver));
    };
    const request: Request = { kind: 'read', unitId, address, count, table: code === 4 ? 'input' : 'holding' };
    line.submit(request, priority, take, `${device}:read`);
  }

  #later(at: MonoMs, run: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.at(at, run);
  }

  #now(): MonoMs {
    return this.#options.clock.now();
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
