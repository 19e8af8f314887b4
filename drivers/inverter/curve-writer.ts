import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import type { DurationMs, MonoMs } from '#base/units.ts';
import type { CurveFunction, CurveSetting } from '#site/curve.ts';
import type { DeviceId, FoundCurve } from '#site/device.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply, Request } from '../line/transaction.ts';
import { checkHeader } from '../sunspec/codec.ts';
import type { CurvePlace } from '../sunspec/curve-tables.ts';
import type { CurveBase } from './curve-encode.ts';
import { curveLayout, type CurveRun } from './curve-layout.ts';
import { curveStep, findCurve, isLookedAt, type CurveView } from './curve-step.ts';

/** Steps at the pace of the read-back before something is wrong with the device: the longest way takes nine. */
const STEPS_AT_ONCE = 20;
const RETRY: DurationMs = seconds(300);
/** After a refusal, a loss, or a store that could not keep what was found. */
const SOON: DurationMs = seconds(5);
/** From the write's reply to the next look. */
const READ_BACK: DurationMs = durationMs(200);
/** How often a curve in force is looked at to see that it still stands. */
const CHECK: DurationMs = seconds(120);
/** How soon a request that found no room in the line's queue is asked again. */
const DROPPED_RETRY: DurationMs = durationMs(100);
/** Registers of one read, so that a limit never waits long for the wire. */
const CHUNK = 60;
/** Writes to one model in an hour; a change of curve takes about five. Flash in inverters lasts 10^5 cycles (design section 5). */
const WRITES_AN_HOUR = 60;
const HOUR: DurationMs = seconds(3600);
const NOT_IMPLEMENTED = 0xffff;

export interface CurveWriterOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  /** What an earlier process found in this model and has not given back. */
  readonly found: FoundCurve | null;
  /** Keeps what was found, or forgets it (null); `done` says whether that is durable. */
  readonly keep: (model: number, found: FoundCurve | null, done: (kept: boolean) => void) => void;
  /** Whether the inverter provably follows what is wanted has changed. */
  readonly onChange: () => void;
  readonly onAnswered: () => void;
  readonly onUnanswered: (fault: LineFault) => void;
  readonly onForeign: (why: string) => void;
  readonly onNote: (note: Note) => void;
}

/**
 * One curve model of one inverter, a grid-code setting of somebody else: what stands there is kept durably before the first write and
 * given back when nothing is wanted any more, also by a later process. Reads the model, whole at first, compares, writes, reads again.
 * Nothing is sent while nothing is wanted and nothing is to be given back; nothing is written that was not read before.
 */
export class CurveWriter {
  readonly #options: CurveWriterOptions;
  readonly #wanted = new Map<CurveFunction, CurveSetting>();
  #found: FoundCurve | null;
  #place: CurvePlace | null = null;
  #serial = '';
  #base: CurveBase = { maxPower: 0, sign: 1 };
  #settled = true;
  /** Of the newest turn; replies of older ones are ignored. */
  #sequence = 0;
  #steps = 0;
  #written: readonly MonoMs[] = [];
  #told = '';
  #cancelTimer: Cancel | null = null;

  constructor(options: CurveWriterOptions) {
    this.#options = options;
    this.#found = options.found;
  }

  /** The device is verified: it may have forgotten what was asked of it. */
  open(place: CurvePlace, serialNumber: string, base: CurveBase): void {
    this.#place = place;
    this.#serial = serialNumber;
    this.#base = base;
    this.#turn();
  }

  /** Contact is lost: nothing is sent any more. */
  close(): void {
    this.#place = null;
    this.#sequence += 1;
    this.#rest();
  }

  /** Null: as it was found. */
  want(follows: CurveFunction, curve: CurveSetting | null): void {
    if (JSON.stringify(this.#wanted.get(follows) ?? null) === JSON.stringify(curve)) return;
    if (curve === null) this.#wanted.delete(follows);
    else this.#wanted.set(follows, curve);
    this.#turn();
  }

  /** True when the inverter provably follows what is wanted, or nothing is and all was given back. */
  settled(): boolean {
    return this.#settled;
  }

  #turn(): void {
    this.#rest();
    this.#sequence += 1;
    this.#steps = 0;
    this.#settle(this.#wanted.size === 0 && this.#found === null);
    if (this.#place !== null && !this.#settled) this.#look(this.#place);
  }

  /** Reads what is needed of the model, from its ID, a piece at a time. */
  #look(place: CurvePlace): void {
    const words = new Uint16Array(place.place.length + 2).fill(NOT_IMPLEMENTED);
    this.#readOn(place, words, 0);
  }

  #readOn(place: CurvePlace, words: Uint16Array, from: number): void {
    const found = this.#found;
    const needed = (at: number): boolean => found === null || isLookedAt(place.table, found, at);
    let start = from;
    while (start < words.length && !needed(start)) start += 1;
    if (start >= words.length) {
      this.#seen(place, words);
      return;
    }
    let end = start;
    while (end < words.length && end - start < CHUNK && needed(end)) end += 1;
    const request = {
      kind: 'read',
      unitId: this.#options.unitId,
      address: place.place.address + start,
      count: end - start,
    } as const;
    this.#ask(request, (reply) => {
      words.set(reply.words.subarray(0, end - start), start);
      const header = checkHeader(words, place.place);
      if (header.ok) this.#readOn(place, words, end);
      else this.#options.onForeign(`read-back is not model ${place.table.id}: ${header.fault.kind}`);
    });
  }

  #seen(place: CurvePlace, words: Uint16Array): void {
    const layout = curveLayout(place.table, words, place.place.length);
    if (layout === null) this.#cannot();
    else this.#compare(place, { layout, words });
  }

  #compare(place: CurvePlace, view: CurveView): void {
    const { onNote, device } = this.#options;
    const found = this.#found;
    if (found !== null && found.serialNumber !== this.#serial) {
      onNote({ event: 'curve-of-another', level: 'warn', text: `${device} is another inverter: nothing is given back` });
      this.#forget(place);
      return;
    }
    if (found === null) {
      this.#keep(place, view);
      return;
    }
    const step = curveStep(view, found, this.#wanted, this.#base);
    if (step.kind === 'impossible') this.#cannot();
    else if (step.kind === 'stands') this.#stands(place);
    else this.#advance(place, step.kind === 'write' ? step.writes : []);
  }

  /** The first write waits until a process after a power cut could still give back what stands here now. */
  #keep(place: CurvePlace, view: CurveView): void {
    const found = findCurve(view, this.#options.device, this.#serial);
    if (found === null) {
      this.#cannot();
      return;
    }
    const sequence = this.#sequence;
    this.#options.keep(place.table.id, found, (kept) => {
      if (kept) this.#found = found;
      if (sequence !== this.#sequence) {
        // The wish is another by now: nothing was written, and what is kept for nothing must not be given back one day.
        if (kept) this.#turn();
      } else if (kept) this.#compare(place, view);
      else this.#later(SOON, () => this.#turn());
    });
  }

  #stands(place: CurvePlace): void {
    this.#steps = 0;
    this.#told = '';
    if (this.#wanted.size === 0) {
      this.#forget(place);
      return;
    }
    this.#settle(true);
    this.#later(CHECK, () => this.#look(place));
  }

  /** No writes: the device is still at it. */
  #advance(place: CurvePlace, writes: readonly CurveRun[]): void {
    this.#settle(false);
    this.#steps += 1;
    const again = this.#steps < STEPS_AT_ONCE ? READ_BACK : RETRY;
    if (again === RETRY) this.#say('curve-not-taken', `model ${place.table.id} does not become what was written`);
    this.#write(place, writes, again);
  }

  #write(place: CurvePlace, [write, ...rest]: readonly CurveRun[], again: DurationMs): void {
    const { clock, unitId } = this.#options;
    if (write === undefined) {
      this.#later(again, () => this.#look(place));
      return;
    }
    const now = clock.now();
    this.#written = this.#written.filter((at) => now - at < HOUR);
    const [first] = this.#written;
    if (first !== undefined && this.#written.length >= WRITES_AN_HOUR) {
      this.#say('curve-writes-held', `${WRITES_AN_HOUR} writes to model ${place.table.id} in an hour: the next one waits`);
      this.#later(durationMs(after(first, HOUR) - now), () => this.#turn());
      return;
    }
    this.#written = [...this.#written, now];
    const request = { kind: 'write', unitId, address: place.place.address + write.at, words: [...write.words] } as const;
    this.#ask(request, () => this.#write(place, rest, again));
  }

  #ask(request: Request, use: (reply: Reply) => void): void {
    const { line, device, onAnswered, onUnanswered } = this.#options;
    const sequence = this.#sequence;
    const model = this.#place?.table.id ?? 0;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence !== this.#sequence) return;
      if (result.ok || result.fault.kind === 'refused') onAnswered();
      else if (result.fault.kind !== 'dropped') onUnanswered(result.fault);
      // The last two may have ended this contact.
      if (sequence !== this.#sequence) return;
      if (result.ok) use(result.value);
      else {
        if (result.fault.kind === 'refused')
          this.#say('curve-refused', `model ${model} was refused with exception ${result.fault.exceptionCode}`);
        const spans = { dropped: DROPPED_RETRY, refused: RETRY } as const;
        this.#later(result.fault.kind === 'dropped' || result.fault.kind === 'refused' ? spans[result.fault.kind] : SOON, () =>
          this.#turn(),
        );
      }
    };
    line.submit(request, PRIORITY.telemetry, take, `${device}:curve-${model}`);
  }

  #cannot(): void {
    this.#say('curve-not-possible', 'this inverter cannot hold such a curve');
    this.#settle(false);
  }

  /** All is given back: the next control finds anew. */
  #forget(place: CurvePlace): void {
    const sequence = this.#sequence;
    const given = this.#found;
    // At once: a control that comes before this is durable finds what stands there now.
    this.#found = null;
    this.#options.keep(place.table.id, null, (kept) => {
      if (!kept) this.#found ??= given;
      if (sequence !== this.#sequence) return;
      if (kept) this.#turn();
      else this.#later(SOON, () => this.#turn());
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
