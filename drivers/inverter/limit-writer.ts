import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds, watts } from '#base/units.ts';
import type { DurationMs, MonoMs, Watts } from '#base/units.ts';
import type { DeviceId, ModelPlace, OnSilence, WriteOutcome } from '#site/device.ts';
import { CheckPace } from '../line/check-pace.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Priority, Reply } from '../line/transaction.ts';
import type { InverterProfile } from '../profile/profile.ts';
import { checkHeader } from '../sunspec/codec.ts';
import {
  blockStart,
  blockValues,
  capOf,
  enableAt,
  encodeBlock,
  percentOf,
  readBackLength,
  readBlock,
  sameValues,
} from './control-block.ts';
import type { BlockValues, CapScale } from './control-block.ts';

/** How soon a write is wanted: a cut goes next on the line, a raise behind the meter, a refresh is written even when nothing changed; so is what is gone. */
export type Urgency = 'cut' | 'raise' | 'refresh' | 'gone';

/** Rewrites at once after a read-back that differs; then every MISMATCH_RETRY. */
const MISMATCHES_AT_ONCE = 3;
const MISMATCH_RETRY: DurationMs = seconds(5);
/** Waits after a refused write: doubled each time up to the last. */
const REFUSED_RETRY: DurationMs = seconds(1);
const REFUSED_RETRY_MAX: DurationMs = seconds(32);
/** Modbus exceptions 5 (acknowledge) and 6 (busy): the device asks for a moment. */
const BUSY_CODES: readonly number[] = [5, 6];
const BUSY_RETRY: DurationMs = durationMs(200);
const BUSY_MAX = 3;
/** How soon a write or read-back that found no room in the line's queue is asked again. */
const DROPPED_RETRY: DurationMs = durationMs(100);
/** A write without reply is repeated at once, then at this pace: reads between tell a device that is silent from one that acknowledges nothing. */
const LOST_RETRY: DurationMs = seconds(1);
/** A reversion timer is refreshed at a third of its span (design D8). */
const REFRESH_PART = 3;
/** Caps may follow one another unproven for so long; then all but a tighter one wait for the read-back of the newest. */
const UNPROVEN_SPAN: DurationMs = seconds(2);

/** Where and in which scale the verified device takes its cap. */
export interface ControlTarget {
  readonly place: ModelPlace;
  readonly scale: CapScale;
}

interface LimitWriterOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly control: InverterProfile['control'];
  readonly onOutcome: (outcome: WriteOutcome) => void;
  readonly onAnswered: () => void;
  readonly onUnanswered: (fault: LineFault) => void;
  /** A reply that is not the control model. */
  readonly onForeign: (why: string) => void;
  readonly onNote: (note: Note) => void;
}

export interface WantedCap {
  readonly cap: Watts;
  readonly onSilence: OnSilence;
}

/** The newest write. */
interface Written {
  readonly values: BlockValues;
  readonly onSilence: OnSilence;
  readonly at: MonoMs;
  readonly target: ControlTarget;
}

/** A cap that was read back. */
interface Held {
  readonly cap: Watts;
  /** When the device opens unless it is written again; null: never. */
  readonly until: MonoMs | null;
}

/**
 * Wanted cap against known cap of one inverter: writes, reads back, checks and refreshes. One write block a write (FC16), the newest
 * wanted cap replaces a queued one. However fast caps change, the newest is proven within 2 s, one read-back and the tighter caps that
 * come meanwhile: those never wait. Works only between `open` and `close`, that is while the device is verified.
 */
export class LimitWriter {
  readonly #options: LimitWriterOptions;
  readonly #checks: CheckPace;
  #wanted: WantedCap | null = null;
  #target: ControlTarget | null = null;
  /** Of the newest write; replies to older ones are ignored. */
  #sequence = 0;
  #written: Written | null = null;
  #held: Held | null = null;
  /** Highest cap written since the last confirmation: the device may hold it. */
  #doubt: Watts | null = null;
  #mismatches = 0;
  #refusals = 0;
  #losses = 0;
  #backingOff = false;
  #cancelTimer: Cancel | null = null;
  /** The write that waits for its turn; what was written before it is read back meanwhile. */
  #cancelTurn: Cancel | null = null;
  /** When the first cap was written that nothing has proven yet; null: none. */
  #unprovenSince: MonoMs | null = null;
  /** From a write until its read-back came, differed or failed. */
  #proving = false;

  constructor(options: LimitWriterOptions) {
    this.#options = options;
    this.#checks = new CheckPace(options.control.checkSeconds);
  }

  /** The device is verified: writes the wanted cap, before any other read of this session. What it held before counts no more. */
  open(target: ControlTarget): void {
    this.#target = target;
    this.#held = null;
    this.#doubt = null;
    this.#mismatches = 0;
    this.#refusals = 0;
    this.#losses = 0;
    this.#forget();
    this.#write(PRIORITY.cut);
  }

  /** Contact is lost: nothing is written any more. What was confirmed stays known. */
  close(): void {
    this.#target = null;
    this.#written = null;
    this.#forget();
  }

  want(wanted: WantedCap, urgency: Urgency): void {
    this.#wanted = wanted;
    if (this.#target === null || this.#backingOff) return;
    const values = blockValues(this.#options.control, wanted.cap, wanted.onSilence, this.#target.scale);
    const same = this.#written !== null && sameValues(this.#written.values, values);
    if (same && urgency !== 'refresh' && urgency !== 'gone') return;
    if (urgency === 'gone') {
      // What was proven proves nothing any more, nor does a read-back that is under way.
      this.#held = null;
      this.#checks.gone(this.#options.clock.now());
      this.#forget();
    }
    this.#write(urgency === 'cut' ? PRIORITY.cut : PRIORITY.control);
  }

  /** WMax changed on the device: the same per cent now stands for another power. */
  rescale(target: ControlTarget): void {
    if (this.#target === null) return;
    this.#target = target;
    this.#held = null;
    // A read-back under way was of a cap in the old scale.
    this.#forget();
    this.#write(PRIORITY.cut);
  }

  /** The highest cap the device may be holding, proven by read-back; null when nothing is proven or its timer has opened it. */
  heldCap(): Watts | null {
    const held = this.#held;
    if (held === null || (held.until !== null && this.#options.clock.now() >= held.until)) return null;
    return watts(Math.max(held.cap, this.#doubt ?? held.cap));
  }

  #write(priority: Priority): void {
    const { line, clock, unitId, device, control } = this.#options;
    const target = this.#target;
    if (target === null || this.#wanted === null) return;
    const now = clock.now();
    const { cap, onSilence } = this.#wanted;
    const values = blockValues(control, cap, onSilence, target.scale);
    // What is proven next writes what is then wanted.
    if (this.#awaitsProof(values, now)) return;
    const free = this.#written === null ? now : after(this.#written.at, control.spacingMs);
    if (now < free) {
      this.#awaitTurn(free, priority);
      return;
    }
    this.#rest();
    this.#sequence += 1;
    this.#proving = true;
    this.#unprovenSince ??= now;
    const sequence = this.#sequence;
    this.#written = { values, onSilence, at: now, target };
    this.#doubt = watts(Math.max(capOf(values.raw, target.scale), this.#doubt ?? 0));
    const words = encodeBlock(control, values);
    const address = target.place.address + blockStart(control);
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence === this.#sequence) this.#afterWrite(result, priority);
    };
    line.submit({ kind: 'write', unitId, address, words, ...this.#single() }, priority, take, `${device}:limit`);
  }

  /** Caps have followed one another too long for the read-back of any: the newest is read before one that is no tighter is written. */
  #awaitsProof({ raw }: BlockValues, now: MonoMs): boolean {
    if (!this.#proving || this.#unprovenSince === null || this.#written === null) return false;
    return raw >= this.#written.values.raw && now - this.#unprovenSince >= UNPROVEN_SPAN;
  }

  #awaitTurn(free: MonoMs, priority: Priority): void {
    this.#cancelTurn?.();
    this.#cancelTurn = this.#options.clock.at(free, () => {
      this.#cancelTurn = null;
      this.#write(priority);
    });
  }

  #afterWrite(result: Result<Reply, LineFault>, priority: Priority): void {
    if (result.ok) {
      this.#losses = 0;
      this.#options.onAnswered();
      this.#later(this.#options.control.readBackDelayMs, () => this.#readBack('write'));
      return;
    }
    const { fault } = result;
    this.#proving = false;
    if (fault.kind === 'dropped') this.#later(DROPPED_RETRY, () => this.#write(priority));
    else if (fault.kind === 'refused') this.#refused(fault.exceptionCode);
    else {
      this.#options.onOutcome({ kind: 'lost' });
      this.#options.onUnanswered(fault);
      // Whether it was executed is unknown; writing it again does no harm.
      this.#losses += 1;
      if (this.#target === null) return;
      if (this.#losses === 1) this.#write(priority);
      else this.#later(LOST_RETRY, () => this.#write(priority));
    }
  }

  #refused(exceptionCode: number): void {
    this.#options.onAnswered();
    this.#refusals += 1;
    this.#options.onOutcome({ kind: 'refused', exceptionCode });
    const busy = BUSY_CODES.includes(exceptionCode) && this.#refusals <= BUSY_MAX;
    const doubled = Math.min(REFUSED_RETRY * 2 ** (this.#refusals - 1), REFUSED_RETRY_MAX);
    this.#backingOff = true;
    this.#later(busy ? BUSY_RETRY : durationMs(doubled), () => this.#write(PRIORITY.cut));
  }

  /** `write`: the read that confirms a write. `check`: the periodic look whether the cap still stands. */
  #readBack(reason: 'write' | 'check'): void {
    const { line, unitId, device, control } = this.#options;
    const written = this.#written;
    if (written === null) return;
    const sequence = this.#sequence;
    const { place } = written.target;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence === this.#sequence) this.#afterReadBack(result, written, reason);
    };
    const request = { kind: 'read', unitId, address: place.address, count: readBackLength(control) } as const;
    line.submit(request, PRIORITY.verify, take, `${device}:read-back`);
  }

  #afterReadBack(result: Result<Reply, LineFault>, written: Written, reason: 'write' | 'check'): void {
    const { control, onAnswered, onForeign } = this.#options;
    if (!result.ok) {
      this.#readBackFailed(result.fault, reason);
      return;
    }
    onAnswered();
    const header = checkHeader(result.value.words, written.target.place);
    if (!header.ok) {
      onForeign(`read-back is not model ${written.target.place.id}: ${header.fault.kind}`);
      return;
    }
    const reading = readBlock(control, result.value.words, written.values);
    if (reading.stands && !reading.enabled) this.#enable(written);
    else if (reading.stands) this.#stands(written, reason);
    else this.#differs(written, reading.raw, reason);
  }

  #single(): { readonly single?: true } {
    return this.#options.control.function === 6 ? { single: true } : {};
  }

  /** The limit stands, its switch does not: that one alone is written, as seldom as can be. Nothing is held until both read back. */
  #enable(written: Written): void {
    const { line, unitId, device, control, onAnswered, onUnanswered } = this.#options;
    const at = enableAt(control);
    assert(at !== null && control.enable !== null, 'a profile without a switch has none to write');
    this.#held = null;
    this.#mismatches += 1;
    const sequence = this.#sequence;
    const pace = this.#mismatches <= MISMATCHES_AT_ONCE ? control.readBackDelayMs : MISMATCH_RETRY;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (result.ok || result.fault.kind === 'refused') onAnswered();
      else if (result.fault.kind !== 'dropped') onUnanswered(result.fault);
      if (!result.ok && result.fault.kind === 'refused')
        this.#options.onOutcome({ kind: 'refused', exceptionCode: result.fault.exceptionCode });
      if (this.#target !== null) this.#later(pace, () => this.#readBack('write'));
    };
    const address = written.target.place.address + at;
    const request = { kind: 'write', unitId, address, words: [control.enable.value], ...this.#single() } as const;
    line.submit(request, PRIORITY.control, take, `${device}:enable`);
  }

  #readBackFailed(fault: LineFault, reason: 'write' | 'check'): void {
    if (fault.kind === 'refused') {
      // The device takes writes but does not let itself be read: nothing is proven, try again at the pace of the checks.
      this.#proving = false;
      this.#options.onAnswered();
      this.#options.onOutcome({ kind: 'refused', exceptionCode: fault.exceptionCode });
      this.#later(this.#options.control.checkSeconds, () => this.#readBack(reason));
      this.#writeLatest();
    } else if (fault.kind === 'dropped') this.#later(DROPPED_RETRY, () => this.#readBack(reason));
    else {
      if (reason === 'write') this.#options.onOutcome({ kind: 'lost' });
      this.#options.onUnanswered(fault);
      this.#readBack(reason);
    }
  }

  #stands(written: Written, reason: 'write' | 'check'): void {
    const { scale } = written.target;
    const { onSilence, at } = written;
    const { raw } = written.values;
    const cap = capOf(raw, scale);
    this.#mismatches = 0;
    this.#refusals = 0;
    this.#doubt = null;
    this.#unprovenSince = null;
    this.#proving = false;
    this.#held = { cap, until: onSilence.kind === 'opens' ? after(at, onSilence.after) : null };
    this.#armDuty(written);
    if (reason === 'write') this.#options.onOutcome({ kind: 'confirmed', cap, percent: percentOf(raw, scale) });
    this.#writeLatest();
  }

  /** Writes what was wanted while the proof was waited for. */
  #writeLatest(): void {
    if (this.#target === null || this.#wanted === null || this.#written === null || this.#cancelTurn !== null) return;
    const { cap, onSilence } = this.#wanted;
    const values = blockValues(this.#options.control, cap, onSilence, this.#target.scale);
    if (!sameValues(this.#written.values, values)) this.#write(PRIORITY.control);
  }

  /** Next duty: the periodic check, or the timer's refresh when that is sooner. */
  #armDuty(written: Written): void {
    const { clock } = this.#options;
    const { onSilence, at, values } = written;
    const check = this.#checks.next(clock.now());
    const refresh =
      onSilence.kind !== 'holds' && values.reversion > 0 ? after(at, durationMs(onSilence.after / REFRESH_PART)) : null;
    this.#cancelTimer?.();
    this.#cancelTimer =
      refresh !== null && refresh <= check
        ? clock.at(refresh, () => this.#write(PRIORITY.control))
        : clock.at(check, () => this.#readBack('check'));
  }

  #differs(written: Written, readBack: number, reason: 'write' | 'check'): void {
    this.#held = null;
    this.#proving = false;
    this.#checks.gone(this.#options.clock.now());
    this.#options.onOutcome({ kind: 'mismatch', wrote: written.values.raw, readBack });
    if (reason === 'check') {
      const { device, onNote } = this.#options;
      const text = `the cap is gone: wrote ${written.values.raw}, reads ${readBack}; written again`;
      onNote({ event: 'cap-not-held', level: 'warn', text, detail: { device, wrote: written.values.raw, readBack } });
    }
    this.#mismatches += 1;
    if (this.#mismatches <= MISMATCHES_AT_ONCE) this.#write(PRIORITY.cut);
    else this.#later(MISMATCH_RETRY, () => this.#write(PRIORITY.cut));
  }

  #later(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    assert(this.#sequence > 0, 'something was written before it is waited for');
    this.#cancelTimer?.();
    this.#cancelTimer = clock.at(after(clock.now(), span), run);
  }

  /** Replies that are under way count for nothing. */
  #forget(): void {
    this.#sequence += 1;
    this.#proving = false;
    this.#unprovenSince = null;
    this.#rest();
  }

  /** Nothing is waited for. */
  #rest(): void {
    this.#backingOff = false;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#cancelTurn?.();
    this.#cancelTurn = null;
  }
}
