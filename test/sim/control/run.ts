import { createHash, type Hash } from 'node:crypto';
import { assert } from '#base/assert.ts';
import type { Note } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import { monoMs, utilitySeconds } from '#base/units.ts';
import { encodeTapeLine } from '#control/tick/tape.ts';
import type { RecordBody, Transition } from '#control/record.ts';
import type { NoteTaken } from '../../support/virtual-gateway.ts';
import type { Violation } from '../check.ts';
import { Agenda } from './agenda.ts';
import { befall } from './befall.ts';
import { InverterDevice } from './device.ts';
import {
  type Chapter,
  drawChapter,
  drawSite,
  type Fault,
  type FaultSpan,
  loadOf,
  type Site,
  type SourceSettings,
} from './draw.ts';
import { CELL_SECONDS, Judge } from './judge.ts';
import { factsOf, Life } from './life.ts';
import { Memory } from './memory.ts';
import type { MeterDevice } from './points.ts';
import { Rules } from './rules.ts';
import { Utility, UTILITY_EPOCH } from './utility.ts';
import { levelAt } from './weather.ts';

const BOOT_ID = 'boot-1';
const NOTES_KEPT = 400;
const NOTES_TOLD = 40;
const ANCHOR_SECONDS = 60;
/** From a start until northd is there again, milliseconds. */
const NORTH_MS = 300;
const HASHED = 512;
const CHAPTERS_A_DAY = 24;
/** Until as much is forgotten as comes. */
const DAYS_GROWING = 3;

/** What a run leaves. */
export interface ControlOutcome {
  readonly violations: readonly Violation[];
  readonly notes: readonly NoteTaken[];
  readonly hash: string;
  readonly origin: number;
  readonly ticks: number;
  readonly faults: readonly FaultSpan[];
  readonly events: number;
  /** Characters of the state as a tape has it, after each day of chapters. */
  readonly sizes: readonly number[];
}

export interface ControlRunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Leaves off then, in the middle of a chapter; absent: at the end of the last. */
  readonly stopAt?: number;
  /** These faults alone; absent: all. */
  readonly among?: readonly Fault[];
  /** Called at the end of each chapter; for a look at memory. */
  readonly onChapter?: (chapter: number) => void;
}

/** Numbers into a digest, many at once. */
class Trace {
  readonly #hash: Hash = createHash('sha256');
  readonly #numbers = new Float64Array(HASHED);
  #count = 0;

  add(number: number): void {
    this.#numbers[this.#count] = number;
    this.#count += 1;
    if (this.#count < HASHED) return;
    this.#hash.update(this.#numbers);
    this.#count = 0;
  }

  text(text: string): void {
    this.#hash.update(text);
  }

  digest(): string {
    this.#hash.update(this.#numbers.subarray(0, this.#count));
    return this.#hash.digest('hex').slice(0, 16);
  }
}

/** One site and the gateway's control on it, chapter by chapter; nothing that is over is kept. */
class ControlRun {
  readonly #agenda = new Agenda();
  readonly #site: Site;
  readonly #options: ControlRunOptions;
  readonly #facts: ReturnType<typeof factsOf>;
  readonly #rules: Rules;
  readonly #judge: Judge;
  readonly #utility: Utility;
  readonly #memory: Memory;
  readonly #trace = new Trace();
  readonly #random: SeededRandom;
  readonly #load: (t: number) => number;
  readonly #inverters: readonly InverterDevice[];
  readonly #parts: readonly { generation: number; available: number }[];
  readonly #meter: MeterDevice;
  readonly #notes: NoteTaken[] = [];
  readonly #standing = new Map<string, number>();
  readonly #origin: number;
  readonly #samples = { lost: 0, late: 0 };
  #life: Life | null = null;
  #faults: readonly FaultSpan[] = [];
  #events = 0;
  #ticks = 0;
  /** Notes before the first violation. */
  #told: readonly NoteTaken[] | null = null;
  readonly #sizes: number[] = [];
  #anchorOff = 0;

  constructor(options: ControlRunOptions) {
    this.#options = options;
    this.#origin = this.#agenda.now;
    this.#site = drawSite(options.seed, Math.min(3600, options.seconds));
    this.#random = new SeededRandom(options.seed, 'world');
    this.#facts = factsOf(this.#site);
    this.#rules = new Rules(this.#site.defaults[0], this.#site.utilityPhase, this.#site.source?.fallbackW ?? null);
    this.#judge = new Judge(this.#site, this.#rules);
    this.#utility = new Utility(this.#site);
    this.#memory = new Memory(this.#agenda.process(), BOOT_ID, (transition) => this.#transition(transition));
    this.#load = loadOf(this.#site);
    this.#inverters = this.#site.inverters.map((settings) => new InverterDevice(settings));
    this.#parts = this.#inverters.map(() => ({ generation: 0, available: 0 }));
    this.#meter = {
      settings: this.#site.meter,
      faults: { silent: false, frozen: false, turned: false },
      shows: { refresh: -1, netImport: 0 },
      netImportAt: (at) => this.#netImportAt(at),
    };
  }

  run(): ControlOutcome {
    const { seconds, onChapter, among, stopAt = Infinity } = this.#options;
    this.#cell();
    this.#start();
    this.#every(this.#site.pollSeconds, 0.2, () => this.#poll());
    this.#every(ANCHOR_SECONDS, 0.1, () => this.#anchor());
    const { source } = this.#site;
    if (source !== null) this.#every(source.everySeconds, 0.4, () => this.#hear(source));
    for (let index = 0; index * this.#site.chapters.seconds < Math.min(seconds, stopAt); index += 1) {
      this.#chapter(drawChapter(this.#site, index, among));
      onChapter?.(index);
      if ((index + 1) % CHAPTERS_A_DAY === 0) this.#measure();
    }
    return {
      violations: this.#judge.violations,
      notes: this.#told ?? this.#notes,
      hash: this.#trace.digest(),
      origin: this.#origin,
      ticks: this.#ticks,
      faults: this.#faults,
      events: this.#events,
      sizes: this.#sizes,
    };
  }

  #chapter(chapter: Chapter): void {
    this.#faults = [...this.#faults.slice(-100), ...chapter.faults];
    this.#events += chapter.events.length;
    this.#utility.publish(chapter.events);
    for (const span of chapter.faults) {
      this.#agenda.atSecond(span.from, () => this.#turn(span, true));
      this.#agenda.atSecond(span.until, () => this.#turn(span, false));
    }
    try {
      this.#agenda.runUntil(Math.min(chapter.until, this.#options.stopAt ?? Infinity));
    } catch (error) {
      this.#judge.say('crash', this.#agenda.seconds, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    this.#memory.flush();
    if (this.#agenda.seconds >= chapter.until) this.#judge.close(chapter);
  }

  /** Whatever is kept must not grow: events are remembered for a day. */
  #measure(): void {
    if (this.#life === null) return;
    const line = { kind: 'start', release: '', state: this.#life.state, facts: this.#facts } as const;
    this.#sizes.push(encodeTapeLine(line).length + this.#judge.size);
    const first = Math.max(...this.#sizes.slice(0, DAYS_GROWING));
    const size = this.#sizes.at(-1) ?? 0;
    if (size > 2 * first) this.#judge.say('memory', this.#agenda.seconds, `a state of ${size} characters, once ${first}`);
  }

  #every(seconds: number, from: number, run: () => void): void {
    const next = (at: number): void => {
      this.#agenda.atSecond(at, () => {
        run();
        next(at + seconds);
      });
    };
    next(from);
  }

  get #siteMs(): number {
    return this.#agenda.now - this.#origin;
  }

  #netImportAt(at: number): number {
    let net = this.#load(at - this.#origin);
    for (const inverter of this.#inverters) net -= inverter.reading(at - this.#origin, 0);
    return net;
  }

  #cell(): void {
    const at = this.#siteMs;
    for (let index = 0; index < this.#inverters.length; index += 1) {
      const inverter = this.#inverters[index] as InverterDevice;
      inverter.advance(at);
      const part = this.#parts[index] as { generation: number; available: number };
      part.generation = inverter.generation;
      part.available = inverter.available;
      this.#trace.add(part.generation);
    }
    const load = this.#load(at);
    this.#trace.add(load);
    if (this.#told === null && this.#judge.violations.length > 0) this.#told = this.#notes.slice(-NOTES_TOLD);
    const told = this.#life === null ? null : (this.#life.state.limits.exportLimit?.value ?? null);
    this.#judge.see(at / 1000, load, this.#parts, told);
    this.#agenda.in(CELL_SECONDS * 1000, () => this.#cell());
  }

  #start(): void {
    const at = this.#agenda.seconds;
    const clock = this.#agenda.process();
    const life = new Life({
      ...{ site: this.#site, facts: this.#facts, clock, bootId: BOOT_ID, memory: this.#memory, origin: this.#origin },
      ...{ random: this.#random, inverters: this.#inverters, meter: this.#meter },
      isLineDown: () => (this.#standing.get('line-down 0') ?? 0) > 0,
      samples: this.#samples,
      onRecords: (records) => this.#records(records),
      onNote: (note) => this.#note(note),
      onTick: () => {
        this.#ticks += 1;
        this.#judge.ticked(this.#agenda.seconds);
      },
      onWritten: (device) => this.#written(device),
    });
    if (this.#memory.differs !== null) this.#judge.say('restart', at, `another plan after the restart: ${this.#memory.differs}`);
    this.#life = life;
    this.#judge.started(at);
    life.start();
    this.#agenda.in(NORTH_MS, () => {
      if (this.#life !== life) return;
      this.#anchor();
      this.#poll();
    });
  }

  #kill(restartAfter: number): void {
    if (this.#life === null) return;
    this.#life.kill();
    this.#life = null;
    this.#memory.kill();
    // What a source said is in no file.
    if (this.#site.source !== null) this.#rules.hear(this.#agenda.seconds, null);
    this.#judge.killed(this.#agenda.seconds);
    this.#agenda.in(restartAfter * 1000, () => this.#start());
  }

  #written(device: InverterDevice): void {
    const { told } = device;
    this.#trace.add(this.#siteMs);
    this.#trace.add(told);
    this.#judge.wrote(this.#agenda.seconds, told, this.#load(this.#siteMs));
  }

  #records(records: readonly RecordBody[]): void {
    for (const record of records) if (record.kind !== 'transition') this.#trace.add(record.kind.length);
  }

  #transition(transition: Transition): void {
    this.#trace.text(`${transition.mRID} ${transition.status} ${transition.at}\n`);
    this.#judge.transition(transition);
  }

  #note(note: Note): void {
    this.#trace.text(`${this.#siteMs} ${note.event}\n`);
    this.#notes.push({ at: this.#agenda.now, module: 'control', note });
    // Shortened now and then rather than each time.
    if (this.#notes.length > 2 * NOTES_KEPT) this.#notes.splice(0, NOTES_KEPT);
  }

  #isStanding(fault: string): boolean {
    return (this.#standing.get(`${fault} 0`) ?? 0) > 0;
  }

  #anchor(off = this.#anchorOff): void {
    if (this.#isStanding('server-silent')) return;
    const { utilityPhase } = this.#site;
    const utility = utilitySeconds(UTILITY_EPOCH + utilityPhase + this.#agenda.seconds + off);
    this.#life?.anchor({ bootId: BOOT_ID, mono: monoMs(this.#agenda.now), utility, error: 0.05 });
  }

  #hear({ seed, levelSeconds, countsSeconds }: SourceSettings): void {
    if (this.#life === null || this.#isStanding('source-silent')) return;
    const now = this.#agenda.seconds;
    const limitW = levelAt(seed, levelSeconds, this.#site.chapters, now);
    this.#life.hear(limitW, this.#agenda.now + 1000 * countsSeconds);
    this.#rules.hear(now, { limitW, until: now + countsSeconds });
  }

  #poll(): void {
    if (this.#isStanding('server-silent') || this.#life === null) return;
    const now = this.#agenda.seconds;
    const listed = this.#utility.listed(now);
    this.#rules.serve(listed, now);
    this.#judge.served(listed, now);
    this.#life.say(this.#utility.setOf(listed, now));
  }

  #keyOf({ fault, inverter }: FaultSpan): string {
    const isOfDevice = fault.startsWith('inverter') || fault === 'second-master';
    return `${fault} ${isOfDevice ? inverter : 0}`;
  }

  /** Two spans of one fault that overlap are one: it ends with the last. */
  #turn(span: FaultSpan, on: boolean): void {
    const which = this.#keyOf(span);
    const standing = (this.#standing.get(which) ?? 0) + (on ? 1 : -1);
    this.#standing.set(which, standing);
    this.#judge.turn(span.fault, span.inverter, on, this.#agenda.seconds);
    if (on ? standing === 1 : standing === 0) this.#befall(span, on);
  }

  #befall(span: FaultSpan, on: boolean): void {
    const device = this.#inverters[span.inverter] ?? this.#inverters[0];
    assert(device !== undefined, 'a site has an inverter');
    befall({
      ...{ device, at: this.#siteMs, span, on, meter: this.#meter.faults, samples: this.#samples },
      isStanding: () => (this.#standing.get(this.#keyOf(span)) ?? 0) > 0,
      later: (milliseconds, run) => this.#agenda.in(milliseconds, () => run(this.#siteMs)),
      kill: (seconds) => this.#kill(seconds),
      stepWall: (seconds) => this.#agenda.stepWall(seconds),
      anchor: (off, stays) => {
        if (stays) this.#anchorOff = off;
        this.#anchor(off);
      },
    });
  }
}

/** Runs control on the site of a seed; the same options give the same outcome to the last bit. */
export const runControl = (options: ControlRunOptions): ControlOutcome => new ControlRun(options).run();
