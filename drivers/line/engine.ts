import type { Cancel, Clock } from '#base/ports.ts';
import { fail, ok } from '#base/result.ts';
import type { MonoMs } from '#base/units.ts';
import { Codec, isValidRequest } from './codec.ts';
import { LineCounters } from './counters.ts';
import { Flight } from './flight.ts';
import { Occupancy } from './occupancy.ts';
import type { LinePort } from './port.ts';
import { PRIORITY, type Deliver, type Garble, type Line, type LineFault, type Priority, type Request } from './transaction.ts';
import { JobQueue, type Job } from './queue.ts';
import { Reopening } from './reopening.ts';
import { Refusals } from './refusals.ts';
import type { LineSettings, LineStatus } from './settings.ts';
import { FrameTrace, type Verdict } from './trace.ts';
import { STRANGER_QUARANTINE_MS, STRANGER_TIMEOUT_MS, UnitMemory } from './unit.ts';
import { EXCEPTION_BYTES, characterTime, frameSilence, replyBytes, transactionTime } from './wire-time.ts';

/** Silence on the line that ends a quarantine. */
export const QUARANTINE_MS = 150;
/** The same for stray bytes while no reply is owed: noise, not a late reply. */
export const STRAY_QUARANTINE_MS = 50;
/** A probe costs the others at most half a second (design, section 4): time-out here, quarantine after it. */
const PROBE_TIMEOUT_MS = 350;
/** How often a job that was not really answered keeps its turn; afterwards a unit that refuses again and again is believed. */
const MOST_RETRIES = 2;
const OPEN_TIMEOUT_MS = 5000;

type Phase = 'stopped' | 'opening' | 'waiting-to-open' | 'idle' | 'armed' | 'awaiting' | 'quarantine';

/**
 * One RS-485 line (design D9): one transaction in flight, silence before each frame, the most urgent request next, and after any
 * time-out, CRC, length, foreign unit or foreign function error a quarantine that a late reply cannot outlive. A machine without I/O:
 * bytes and deadlines come in, bytes go to the port. `deliver` is called exactly once per submitted request, never inside `submit`.
 */
export class LineEngine implements Line {
  readonly name: string;
  readonly trace = new FrameTrace();
  readonly #settings: LineSettings;
  readonly #clock: Clock;
  readonly #port: LinePort;
  readonly #codec = new Codec();
  readonly #queue = new JobQueue();
  readonly #units = new Map<number, UnitMemory>();
  readonly #occupancy = new Occupancy();
  readonly #counters = new LineCounters();
  readonly #flight = new Flight();
  readonly #reopening = new Reopening();
  readonly #refusals: Refusals;
  readonly #character: number;
  readonly #silence: number;
  #phase: Phase = 'stopped';
  #down: string | null = 'not opened';
  #cancel: Cancel | null = null;
  #quietUntil = 0 as MonoMs;
  #quarantinedSince = 0 as MonoMs;
  /** Silence that ends the present quarantine, counted from its last byte. */
  #quietSpan = 0;
  #retries = 0;

  constructor(settings: LineSettings, clock: Clock, port: LinePort) {
    this.name = settings.name;
    this.#settings = settings;
    this.#clock = clock;
    this.#port = port;
    this.#refusals = new Refusals(clock);
    this.#character = characterTime(settings);
    this.#silence = frameSilence(settings);
  }

  /** Opens the port, and keeps opening it for as long as the engine runs. */
  start(): void {
    if (this.#phase === 'stopped') this.#open();
  }

  /** Closes the port for good; everything queued or in flight is delivered `down`. */
  stop(): void {
    if (this.#phase === 'stopped') return;
    this.#disarm();
    this.#port.close();
    this.#phase = 'stopped';
    this.#down = 'stopped';
    this.#failAll('stopped');
  }

  submit(request: Request, priority: Priority, deliver: Deliver, key?: string): void {
    if (this.#down !== null) {
      this.#refusals.add(deliver, { kind: 'down', why: this.#down });
      return;
    }
    // an impossible request can come from a device that lies about its register map: no reason to crash
    if (!isValidRequest(request)) {
      this.#refusals.add(deliver, { kind: 'dropped' });
      return;
    }
    const victim = this.#queue.add({ request, priority, deliver, key });
    if (victim !== null) {
      this.#counters.dropped += 1;
      this.#refusals.add(victim.deliver, { kind: 'dropped' });
    }
    this.#pump();
  }

  wireTime(request: Request): number {
    return transactionTime(request, this.#settings);
  }

  use(): number {
    return this.#occupancy.fraction(this.#clock.now());
  }

  status(): LineStatus {
    const units = new Map([...this.#units].map(([unitId, unit]) => [unitId, unit.counters()] as const));
    return {
      name: this.name,
      down: this.#down,
      use: this.use(),
      queued: this.#queue.size,
      counters: this.#counters.snapshot(),
      units,
    };
  }

  readonly #onDeadline = (): void => {
    this.#cancel = null;
    switch (this.#phase) {
      case 'opening':
        this.#port.close();
        this.#goDown('the port did not open in time');
        return;
      case 'waiting-to-open':
        this.#open();
        return;
      case 'armed':
        this.#sendNext();
        return;
      case 'awaiting':
        this.#onTimeout();
        return;
      case 'quarantine':
        this.#endQuarantine();
        return;
      case 'idle':
      case 'stopped':
    }
  };

  #arm(deadline: number): void {
    this.#disarm();
    this.#cancel = this.#clock.at(deadline as MonoMs, this.#onDeadline);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #open(): void {
    this.#phase = 'opening';
    this.#arm(this.#clock.now() + OPEN_TIMEOUT_MS);
    this.#port.open({ onUp: this.#onUp, onBytes: this.#onBytes, onDown: this.#onDown });
  }

  readonly #onUp = (): void => {
    if (this.#phase !== 'opening') return;
    this.#down = null;
    // a unit may still be answering a request from before: of an earlier opening, or of a process that was killed
    this.#quarantine(QUARANTINE_MS);
  };

  readonly #onDown = (why: string): void => {
    if (this.#phase !== 'stopped' && this.#phase !== 'waiting-to-open') this.#goDown(why);
  };

  #goDown(why: string): void {
    this.#counters.downs += 1;
    this.#phase = 'waiting-to-open';
    this.#down = why;
    this.#arm(this.#clock.now() + this.#reopening.wentDown());
    this.#failAll(why);
  }

  #failAll(why: string): void {
    const fault: LineFault = { kind: 'down', why };
    const inFlight = this.#flight.takeJob();
    if (inFlight !== null) this.#refusals.add(inFlight.deliver, fault);
    for (const job of this.#queue.takeAll()) this.#refusals.add(job.deliver, fault);
  }

  #pump(): void {
    if (this.#phase !== 'idle' || this.#queue.size === 0) return;
    this.#phase = 'armed';
    this.#arm(Math.max(this.#clock.now(), this.#quietUntil));
  }

  #sendNext(): void {
    const job = this.#queue.take();
    this.#phase = 'idle';
    if (job === null) return;
    const now = this.#clock.now();
    const unit = this.#unit(job.request.unitId);
    const settling = unit.settlingRead(job.request, now);
    const request = settling ?? job.request;
    const bytes = this.#codec.encode(request);
    const requestEnd = (now + bytes.length * this.#character) as MonoMs;
    this.#flight.begin(job, request, bytes, { sentAt: now, requestEnd, echo: this.#settings.localEcho, known: unit.isKnown });
    this.#phase = 'awaiting';
    this.#counters.requests += 1;
    unit.requests += 1;
    this.trace.add({ at: now, direction: 'request', bytes, verdict: settling === null ? 'sent' : 'settling' });
    this.#port.write(bytes);
    this.#arm(this.#replyDeadline(job, unit));
  }

  /** Wire time of request and reply, plus what the unit is allowed to think. */
  #replyDeadline(job: Job, unit: UnitMemory): number {
    const { sentAt, requestEnd, request } = this.#flight;
    const least = requestEnd + this.#silence + replyBytes(request) * this.#character;
    const regular = this.#flight.isStranger ? requestEnd + this.#silence + STRANGER_TIMEOUT_MS : least + unit.allowance();
    return job.priority === PRIORITY.probe ? Math.min(regular, Math.max(least, sentAt + PROBE_TIMEOUT_MS)) : regular;
  }

  readonly #onBytes = (bytes: Uint8Array, at: MonoMs): number => {
    this.#counters.bytesReceived += bytes.length;
    if (this.#phase === 'awaiting') this.#gather(bytes, at);
    else if (this.#phase === 'quarantine' || this.#phase === 'idle' || this.#phase === 'armed') this.#onUnexpected(bytes, at);
    return this.#flight.missing();
  };

  #gather(bytes: Uint8Array, at: MonoMs): void {
    const flight = this.#flight;
    if (!flight.append(bytes)) {
      this.#onGarbled('length', at);
      return;
    }
    const state = flight.progress();
    if (this.#settings.paced && flight.isEarly(at, this.#character))
      this.#onGarbled(state === 'echo' || flight.looksLikeEcho() ? 'echo' : 'early', at);
    else if (state === 'whole') this.#onFrame(at);
    else if (state !== 'partial') this.#onGarbled(state, at);
  }

  #onFrame(at: MonoMs): void {
    const flight = this.#flight;
    const frame = flight.frame();
    const result = this.#codec.decode(frame);
    if (!result.ok && result.fault.kind === 'garbled') {
      this.#onGarbled(result.fault.why, at);
      return;
    }
    const unit = this.#unit(flight.request.unitId);
    if (!result.ok && unit.owesSameFunction(flight.request, at)) {
      this.#onDoubtfulRefusal(unit, frame, at);
      return;
    }
    const takenAt = Math.max(flight.requestEnd, at - flight.length * this.#character) as MonoMs;
    unit.answered(takenAt - flight.requestEnd);
    this.#reopening.answered();
    this.#retries = 0;
    this.trace.add({ at, direction: 'reply', bytes: frame, verdict: result.ok ? 'ok' : 'refused' });
    this.#occupancy.add(flight.sentAt, at);
    this.#disarm();
    this.#quietUntil = (at + this.#silence) as MonoMs;
    this.#phase = 'idle';
    const isSettling = flight.isSettling;
    const job = flight.takeJob();
    if (job !== null && isSettling) {
      this.#queue.putBack(job);
    } else if (result.ok) {
      this.#counters.replies += 1;
      unit.replies += 1;
      job?.deliver(ok({ words: result.value, takenAt }));
    } else {
      this.#counters.refused += 1;
      unit.refused += 1;
      job?.deliver(result);
    }
    this.#pump();
  }

  /** An exception while an earlier reply of that function is owed may belong to either. Wait both out, then ask again. */
  #onDoubtfulRefusal(unit: UnitMemory, frame: Uint8Array, at: MonoMs): void {
    this.trace.add({ at, direction: 'reply', bytes: frame, verdict: 'stray' });
    if (this.#retries < MOST_RETRIES) unit.owes(this.#flight.request, at);
    else unit.forgive();
    this.#retries = this.#retries < MOST_RETRIES ? this.#retries + 1 : 0;
    const job = this.#flight.takeJob();
    if (job !== null) this.#queue.putBack(job);
    this.#quarantine(this.#quietAfter(unit, at));
  }

  #onGarbled(why: Garble, at: MonoMs): void {
    const flight = this.#flight;
    const unit = this.#unit(flight.request.unitId);
    this.#counters.garbled(why);
    unit.garbled += 1;
    this.#fault({ kind: 'garbled', unitId: flight.request.unitId, why }, why, at);
  }

  #onTimeout(): void {
    const unit = this.#unit(this.#flight.request.unitId);
    unit.timedOut();
    this.#counters.timeouts += 1;
    const now = this.#clock.now();
    if (!this.#flight.isStranger && this.#reopening.timedOut(now)) this.#reopen(now);
    else this.#fault({ kind: 'timeout', unitId: this.#flight.request.unitId }, 'timeout', now);
  }

  /** The whole line is silent: perhaps the adapter is stuck. The request that timed out is delivered so, the others `down`. */
  #reopen(now: MonoMs): void {
    this.#counters.reopens += 1;
    const job = this.#flight.takeJob();
    this.#occupancy.add(this.#flight.sentAt, now);
    this.#unit(this.#flight.request.unitId).owes(this.#flight.request, now);
    this.trace.add({ at: now, direction: 'reply', bytes: this.#flight.frame(), verdict: 'timeout' });
    this.#port.close();
    this.#goDown('no unit answered; opening the port again');
    job?.deliver(fail({ kind: 'timeout', unitId: job.request.unitId }));
  }

  #fault(fault: LineFault, verdict: Verdict, at: MonoMs): void {
    const flight = this.#flight;
    const unit = this.#unit(flight.request.unitId);
    this.trace.add({ at, direction: 'reply', bytes: flight.frame(), verdict });
    unit.owes(flight.request, at);
    if (fault.kind === 'timeout') flight.expectLate();
    const isRetried = flight.isSettling && fault.kind === 'garbled' && this.#retries < MOST_RETRIES;
    const job = flight.takeJob();
    this.#occupancy.add(flight.sentAt, at);
    this.#quarantine(this.#quietAfter(unit, at));
    if (job === null) return;
    if (isRetried) {
      // what came was most likely the owed reply itself: the job was not even sent, so its turn is not over
      this.#retries += 1;
      this.#queue.putBack(job);
    } else {
      this.#retries = 0;
      job.deliver(fail(fault));
    }
  }

  /** Silence needed from `at` on so that even the slowest reply this unit ever gave, begun after this request, has ended. */
  #quietAfter(unit: UnitMemory, at: MonoMs): number {
    const flight = this.#flight;
    const slowest =
      flight.requestEnd + unit.longestTurnaround + (replyBytes(flight.request) + 1) * this.#character + this.#silence;
    return Math.max(flight.isUnanswered && !this.#queue.hasUrgent ? STRANGER_QUARANTINE_MS : QUARANTINE_MS, slowest - at);
  }

  #quarantine(span: number): void {
    const now = this.#clock.now();
    this.#counters.quarantines += 1;
    this.#phase = 'quarantine';
    this.#quarantinedSince = now;
    this.#quietSpan = Math.min(span, QUARANTINE_MS);
    this.#quietUntil = (now + span) as MonoMs;
    this.#arm(this.#quietUntil);
  }

  #endQuarantine(): void {
    const now = this.#clock.now();
    if (now < this.#quietUntil) {
      this.#arm(this.#quietUntil);
      return;
    }
    this.#occupancy.add(this.#quarantinedSince, now);
    this.#port.flush();
    this.#phase = 'idle';
    this.#pump();
  }

  /** Bytes nobody waits for: perhaps the rest of a garbled frame, a late reply, or noise. They start the silence anew. */
  #onUnexpected(bytes: Uint8Array, at: MonoMs): void {
    const flight = this.#flight;
    const late = flight.appendLate(bytes);
    if (late !== null) {
      const unit = this.#unit(flight.request.unitId);
      const began = Math.max(flight.requestEnd, at - late.length * this.#character);
      // an exception does not show whose it is; data of this length is no other request's
      unit.answeredLate(began - flight.requestEnd, late.length !== EXCEPTION_BYTES);
      this.#counters.late += 1;
      this.trace.add({ at, direction: 'reply', bytes: late, verdict: 'late' });
    } else if (!flight.isLatePossible) {
      this.#counters.strays += 1;
      this.trace.add({ at, direction: 'reply', bytes: bytes.slice(), verdict: 'stray' });
    }
    const quiet = late !== null || flight.isLatePossible ? QUARANTINE_MS : STRAY_QUARANTINE_MS;
    if (this.#phase === 'quarantine')
      this.#quietUntil = Math.max(this.#quietUntil, at + Math.max(quiet, this.#quietSpan)) as MonoMs;
    else this.#quarantine(quiet);
  }

  #unit(unitId: number): UnitMemory {
    let unit = this.#units.get(unitId);
    if (unit === undefined) {
      unit = new UnitMemory();
      this.#units.set(unitId, unit);
    }
    return unit;
  }
}
