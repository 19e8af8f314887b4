import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import type { DurationMs } from '#base/units.ts';
import type { DeviceId, FoundReactive, ModelPlace, Reactive } from '#site/device.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply } from '../line/transaction.ts';
import { checkHeader } from '../sunspec/codec.ts';
import { encodeReactive, foundIn, holdsBlock, REACTIVE_READ, REACTIVE_START } from './reactive-block.ts';

/** Rewrites at once while the read-back differs; then every RETRY, which is also the pace after a write that was refused or lost. */
const WRITES_AT_ONCE = 3;
const RETRY: DurationMs = seconds(5);
/** From the write's reply to the read-back. */
const READ_BACK: DurationMs = durationMs(200);
/** How often a control in force is looked at to see that it still stands. */
const CHECK: DurationMs = seconds(30);
/** How soon a request that found no room in the line's queue is asked again. */
const DROPPED_RETRY: DurationMs = durationMs(100);

export interface ReactiveWriterOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly sign: 1 | -1;
  /** What an earlier process found and has not given back. */
  readonly found: FoundReactive | null;
  /** Keeps what was found, or forgets it (null); `done` says whether that is durable. */
  readonly keep: (found: FoundReactive | null, done: (kept: boolean) => void) => void;
  /** Whether the inverter provably holds what is wanted has changed. */
  readonly onChange: () => void;
  readonly onAnswered: () => void;
  readonly onUnanswered: (fault: LineFault) => void;
  /** A reply that is not model 123. */
  readonly onForeign: (why: string) => void;
  readonly onNote: (note: Note) => void;
}

/**
 * Power factor and reactive power of one inverter (SunSpec 123), a grid-code setting of somebody else: what stands there is kept
 * durably before the first write, and given back when nothing is wanted any more, also by a later process. Looks, compares, writes
 * what differs, looks again. Nothing is sent while nothing is wanted and nothing is to be given back.
 */
export class ReactiveWriter {
  readonly #options: ReactiveWriterOptions;
  #wanted: Reactive | null = null;
  #found: FoundReactive | null;
  #place: ModelPlace | null = null;
  #serial = '';
  #settled = true;
  /** Of the newest turn; replies of older ones are ignored. */
  #sequence = 0;
  #writes = 0;
  #told = '';
  #cancelTimer: Cancel | null = null;

  constructor(options: ReactiveWriterOptions) {
    this.#options = options;
    this.#found = options.found;
  }

  /** The device is verified: it may have forgotten what was asked of it. */
  open(place: ModelPlace, serialNumber: string): void {
    this.#place = place;
    this.#serial = serialNumber;
    this.#turn();
  }

  /** Contact is lost: nothing is sent any more. */
  close(): void {
    this.#place = null;
    this.#sequence += 1;
    this.#rest();
  }

  /** Null: as it was found. */
  want(reactive: Reactive | null): void {
    if (JSON.stringify(reactive) === JSON.stringify(this.#wanted)) return;
    this.#wanted = reactive;
    this.#turn();
  }

  /** True when the inverter provably holds what is wanted, or nothing is. */
  settled(): boolean {
    return this.#settled;
  }

  #turn(): void {
    this.#rest();
    this.#sequence += 1;
    this.#writes = 0;
    this.#settle(this.#wanted === null && this.#found === null);
    if (this.#place !== null && !this.#settled) this.#look(this.#place);
  }

  #look(place: ModelPlace): void {
    const { line, unitId, device, onAnswered, onUnanswered, onForeign } = this.#options;
    const sequence = this.#sequence;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (!result.ok) {
        if (result.fault.kind === 'refused') onAnswered();
        else if (result.fault.kind !== 'dropped') onUnanswered(result.fault);
        if (this.#place !== null) this.#later(result.fault.kind === 'dropped' ? DROPPED_RETRY : RETRY, () => this.#look(place));
        return;
      }
      onAnswered();
      const header = checkHeader(result.value.words, place);
      if (header.ok) this.#compare(place, result.value.words);
      else onForeign(`read-back is not model 123: ${header.fault.kind}`);
    };
    const count = Math.min(REACTIVE_READ, place.length + 2);
    line.submit({ kind: 'read', unitId, address: place.address, count }, PRIORITY.verify, take, `${device}:reactive-read`);
  }

  #compare(place: ModelPlace, words: Uint16Array): void {
    const { onNote, device, keep, sign } = this.#options;
    if (this.#found !== null && this.#found.serialNumber !== this.#serial) {
      onNote({ event: 'reactive-of-another', level: 'warn', text: `${device} is another inverter: nothing is given back` });
      this.#forget();
      return;
    }
    if (this.#found === null && this.#wanted !== null) {
      const found: FoundReactive = { device, serialNumber: this.#serial, words: foundIn(words) };
      const sequence = this.#sequence;
      // The first write waits until a process after a power cut could still give it back.
      keep(found, (kept) => {
        if (kept) this.#found = found;
        if (sequence !== this.#sequence) {
          // The wish is another by now: nothing was written, and what is kept for nothing must not be given back one day.
          if (kept) this.#turn();
        } else if (kept) this.#compare(place, words);
        else this.#later(RETRY, () => this.#look(place));
      });
      return;
    }
    const block = this.#wanted === null ? (this.#found?.words ?? null) : encodeReactive(this.#wanted, words, sign);
    if (block === null) {
      this.#say('reactive-not-possible', 'this inverter has no such control of reactive power');
      return;
    }
    if (!holdsBlock(words, block)) {
      this.#settle(false);
      this.#write(place, block);
      return;
    }
    this.#writes = 0;
    this.#told = '';
    if (this.#wanted === null) {
      this.#forget();
      return;
    }
    this.#settle(true);
    this.#later(CHECK, () => this.#look(place));
  }

  #write(place: ModelPlace, block: readonly number[]): void {
    const { line, unitId, device, onAnswered, onUnanswered } = this.#options;
    const sequence = this.#sequence;
    this.#writes += 1;
    const again = this.#writes < WRITES_AT_ONCE ? READ_BACK : RETRY;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (result.ok || result.fault.kind === 'refused') onAnswered();
      else if (result.fault.kind !== 'dropped') onUnanswered(result.fault);
      if (!result.ok && result.fault.kind === 'refused')
        this.#say('reactive-refused', `reactive power was refused with exception ${result.fault.exceptionCode}`);
      if (this.#place !== null) this.#later(result.ok ? again : RETRY, () => this.#look(place));
    };
    const address = place.address + REACTIVE_START;
    line.submit({ kind: 'write', unitId, address, words: [...block] }, PRIORITY.control, take, `${device}:reactive`);
  }

  /** All is given back: the next control finds anew. */
  #forget(): void {
    const sequence = this.#sequence;
    const given = this.#found;
    // At once: a control that comes before this is durable finds what stands there now.
    this.#found = null;
    this.#options.keep(null, (kept) => {
      if (!kept) this.#found ??= given;
      if (sequence !== this.#sequence) return;
      if (kept) this.#turn();
      else if (this.#place !== null) this.#later(RETRY, () => this.#turn());
    });
  }

  /** Told once, not at every try. */
  #say(event: string, text: string): void {
    if (this.#told !== event) this.#options.onNote({ event, level: 'error', text, detail: { device: this.#options.device } });
    this.#told = event;
  }

  #settle(settled: boolean): void {
    if (settled === this.#settled) return;
    this.#settled = settled;
    this.#options.onChange();
  }

  #later(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    this.#rest();
    this.#cancelTimer = clock.at(after(clock.now(), span), run);
  }

  /** Nothing is waited for. */
  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
