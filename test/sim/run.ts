import { createHash, type Hash } from 'node:crypto';
import type { FileFault } from '#base/ports.ts';
import { utilitySeconds, watts } from '#base/units.ts';
import type { EventBody, ProgramSet } from '#control/program.ts';
import type { Transition } from '#control/record.ts';
import { LogReader } from '#log/reader.ts';
import type { Truth } from '../rig/site/plant.ts';
import { RigSite, type SiteSettings } from '../rig/site/site.ts';
import { besideOf } from '../support/beside.ts';
import { type LinkUtility, linkUtility } from '../support/link-utility.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { VirtualTime } from '../support/virtual-clock.ts';
import {
  configurationOf,
  type NoteTaken,
  RUNTIME_DIRECTORY,
  startVirtualControld,
  type VirtualControld,
} from '../support/virtual-gateway.ts';
import { VirtualLine, type WireBytes } from '../support/virtual-line-port.ts';
import { befallSite } from './befall.ts';
import type { DrawnEvent, FaultSpan, Simulation } from './draw.ts';

export const UTILITY_EPOCH = 1_760_000_000;
const BOOT_ID = 'boot-1';
const FALLBACK_W = 1000;
/** Notes kept for a report. */
const NOTES_KEPT = 400;
const RESTART_SECONDS = 1;
const FULL_BYTES = 1;
/** A kill in a save comes within this many elementary steps. */
const KILL_STEPS = 12;
const WALL_STEP_SECONDS = 100_000;
const ANCHOR_SECONDS = 60;
/** A kill that waits for a disk step comes at the latest after, seconds. */
const KILL_PATIENCE_SECONDS = 40;
/** An event stays listed after its end, seconds. */
const LISTED_AFTER_END = 120;
const WRITE_BLOCK = 0x10;

/** What the gateway says of itself each second, for comparison with what it should do. */
export interface Told {
  readonly at: number;
  readonly exportLimit: number | null;
}

export interface CapWrite {
  readonly at: number;
  readonly watts: number;
  /** Of the inverter that was told. */
  readonly ratedW: number;
}

/** The cap that bytes on the wire ask of an inverter; null: they are something else. */
export const capWriteOf = ({ at, direction, bytes }: WireBytes, site: SiteSettings): CapWrite | null => {
  const told = [site, ...(site.others ?? [])].find(({ inverter }) => inverter.unitId === bytes[0]);
  if (direction !== 'request' || told === undefined || bytes[1] !== WRITE_BLOCK) return null;
  const raw = ((bytes[7] ?? 0) << 8) | (bytes[8] ?? 0);
  const percent = told.inverter.limitScale === 0 ? raw : raw / 100;
  return { at: at / 1000, watts: (percent / 100) * told.plant.ratedW, ratedW: told.plant.ratedW };
};

/** Function codes that write, and the first unit id of what is beside the inverters. */
const WRITES: readonly number[] = [5, 6, 15, WRITE_BLOCK];
const BESIDE_UNIT = 21;

/** True of bytes that tell a battery or a switched load something. */
export const isBesideWrite = ({ direction, bytes }: WireBytes): boolean =>
  direction === 'request' && (bytes[0] ?? 0) >= BESIDE_UNIT && WRITES.includes(bytes[1] ?? 0);

const modesOf = (exportW: number, importW?: number, targetW?: number): EventBody['modes'] => ({
  opModExpLimW: watts(exportW),
  ...(importW === undefined ? {} : { opModImpLimW: watts(importW) }),
  ...(targetW === undefined ? {} : { opModStorageTargetW: watts(targetW) }),
});

/** All that a simulation leaves behind. */
export interface Outcome {
  readonly truth: readonly Truth[];
  readonly told: readonly Told[];
  readonly writes: readonly CapWrite[];
  /** Writes to batteries and switched loads. */
  readonly besideWrites: readonly { readonly at: number; readonly unitId: number }[];
  readonly transitions: readonly Transition[];
  /** When an event, and its cancellation, first reached the gateway, seconds. */
  readonly served: ReadonlyMap<string, number>;
  readonly cancelServed: ReadonlyMap<string, number>;
  readonly firstSetAt: number | null;
  /** Spans without a running controld. */
  readonly dead: readonly { readonly from: number; readonly until: number }[];
  /** A process was killed while nothing could be saved. */
  readonly killedUnsaved: boolean;
  readonly longestTickGap: number;
  readonly notes: readonly NoteTaken[];
  readonly crash: string | null;
  readonly hash: string;
  readonly origin: number;
}

/** One run: the machine, the process that lives and dies on it, the site, and what befalls them. */
class Run {
  readonly #simulation: Simulation;
  readonly #time = new VirtualTime();
  readonly #line: VirtualLine;
  readonly #site: RigSite;
  readonly #hash: Hash = createHash('sha256');
  readonly #origin: number;
  readonly #truth: Truth[] = [];
  readonly #told: Told[] = [];
  readonly #writes: CapWrite[] = [];
  readonly #besideWrites: { readonly at: number; readonly unitId: number }[] = [];
  readonly #notes: NoteTaken[] = [];
  readonly #served = new Map<string, number>();
  readonly #cancelServed = new Map<string, number>();
  readonly #dead: { from: number; until: number }[] = [];
  #files = new MemoryFiles();
  #process: VirtualControld | null = null;
  #utility: LinkUtility | null = null;
  #firstSetAt: number | null = null;
  #diskFault = false;
  #killedUnsaved = false;
  readonly #standing = new Map<string, number>();
  #serverSilent = 0;
  #lives = 0;
  #crash: string | null = null;
  #tickAt: number | null = null;
  #longestTickGap = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#origin = this.#time.now;
    this.#site = new RigSite(simulation.site, (point) => {
      this.#truth.push(point);
      this.#hash.update(`${point.t} ${point.generation} ${point.load} ${point.cap}\n`);
    });
    this.#line = new VirtualLine({ time: this.#time, site: this.#site, onBytes: (bytes) => this.#onBytes(bytes) });
  }

  async run(): Promise<Outcome> {
    const { seconds, faults, pollSeconds } = this.#simulation;
    this.#start();
    for (const fault of faults) {
      this.#at(fault.from, () => this.#turn(fault, true));
      this.#at(fault.until, () => this.#turn(fault, false));
    }
    for (let at = 0.2; at < seconds; at += pollSeconds) this.#at(at, () => this.#poll());
    for (let at = 0.1; at < seconds; at += ANCHOR_SECONDS) this.#at(at, () => this.#anchor());
    try {
      await this.#time.runUntil(this.#origin + seconds * 1000);
      this.#line.sync();
      await this.#time.settle();
    } catch (error) {
      this.#crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const transitions = await this.#transitions();
    for (const { mRID, status, at } of transitions) this.#hash.update(`${mRID} ${status} ${at}\n`);
    return {
      truth: this.#truth,
      told: this.#told,
      writes: this.#writes,
      besideWrites: this.#besideWrites,
      transitions,
      served: this.#served,
      cancelServed: this.#cancelServed,
      firstSetAt: this.#firstSetAt,
      dead: this.#dead,
      killedUnsaved: this.#killedUnsaved,
      longestTickGap: this.#longestTickGap,
      notes: this.#notes,
      crash: this.#crash,
      hash: this.#hash.digest('hex').slice(0, 16),
      origin: this.#origin,
    };
  }

  get #now(): number {
    return (this.#time.now - this.#origin) / 1000;
  }

  #at(seconds: number, run: () => void): void {
    this.#time.at(this.#origin + seconds * 1000, run);
  }

  #start(): void {
    this.#lives += 1;
    this.#tickAt = this.#time.now;
    const gone = this.#dead.at(-1);
    if (gone !== undefined) gone.until = this.#now;
    const { seed } = this.#simulation;
    const process = startVirtualControld({
      time: this.#time,
      configuration: configurationOf({
        commissionedExportW: null,
        fallbackExportW: FALLBACK_W,
        unitIds: { inverter: this.#simulation.site.inverter.unitId, meter: 2 },
        others: (this.#simulation.site.others ?? []).map((one) => ({ unitId: one.inverter.unitId, line: one.line })),
        beside: besideOf(this.#simulation.site),
      }),
      linePort: () => this.#line.port(),
      files: this.#files,
      bootId: BOOT_ID,
      seed: seed * 1000 + this.#lives,
      onNote: (note) => this.#note(note),
      onGoodTick: () => this.#ticked(),
    });
    this.#process = process;
    // northd finds the new socket a moment later.
    this.#time.at(this.#time.now + 300, () => {
      if (this.#process !== process) return;
      this.#utility = linkUtility({ link: process.link, socket: `${RUNTIME_DIRECTORY}/control.sock` });
      this.#watch(process);
      this.#anchor();
      this.#poll();
    });
  }

  #watch(process: VirtualControld): void {
    process.link.dial(
      `${RUNTIME_DIRECTORY}/view.sock`,
      (stream) => stream.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null })),
      {
        onLine: (line) => {
          const view = JSON.parse(line) as { readonly type: string; readonly exportLimit?: number | null };
          if (view.type === 'view') this.#told.push({ at: this.#now, exportLimit: view.exportLimit ?? null });
        },
        onClosed: () => undefined,
      },
    );
  }

  #kill(restartAfter: number): void {
    const process = this.#process;
    if (process === null) return;
    process.kill();
    this.#killedUnsaved ||= this.#diskFault;
    this.#process = null;
    this.#utility = null;
    this.#line.release();
    const options = this.#diskFault ? this.#files.options : {};
    this.#files = this.#files.afterKill();
    this.#files.options = options;
    this.#dead.push({ from: this.#now, until: Infinity });
    this.#time.at(this.#time.now + restartAfter * 1000, () => this.#start());
  }

  #killOnDisk(steps: number): void {
    const process = this.#process;
    const files = this.#files;
    if (process === null || this.#diskFault) return;
    files.options = { ...files.options, cutAt: files.steps + steps };
    const kill = (): void => {
      if (this.#process === process) this.#kill(RESTART_SECONDS);
    };
    files.cut().then(kill, kill);
    this.#time.at(this.#time.now + KILL_PATIENCE_SECONDS * 1000, kill);
  }

  #ticked(): void {
    const now = this.#time.now;
    if (this.#tickAt !== null) this.#longestTickGap = Math.max(this.#longestTickGap, now - this.#tickAt);
    this.#tickAt = now;
  }

  #note(note: NoteTaken): void {
    if (note.note.event === 'crashed') this.#crash = note.note.text;
    this.#notes.push(note);
    if (this.#notes.length > NOTES_KEPT) this.#notes.shift();
    this.#hash.update(`${note.at} ${note.module} ${note.note.event}\n`);
  }

  #onBytes(wire: WireBytes): void {
    this.#hash.update(`${wire.at} ${wire.direction}`);
    this.#hash.update(wire.bytes);
    const write = capWriteOf(wire, this.#simulation.site);
    if (write !== null) this.#writes.push(write);
    else if (isBesideWrite(wire)) this.#besideWrites.push({ at: wire.at / 1000, unitId: wire.bytes[0] ?? 0 });
  }

  #anchor(): void {
    const { utilityPhase } = this.#simulation;
    if (this.#serverSilent > 0) return;
    const utility = UTILITY_EPOCH + utilityPhase + this.#now;
    this.#utility?.anchor({ bootId: BOOT_ID, mono: this.#time.now, utility, error: 0.05 });
  }

  /** What the server lists now reaches the gateway. */
  #poll(): void {
    const now = this.#now;
    if (this.#serverSilent > 0 || this.#utility?.isUp !== true) {
      if (this.#utility !== null && !this.#utility.isUp) this.#at(now + 0.05, () => this.#poll());
      return;
    }
    this.#firstSetAt ??= now;
    const { events } = this.#simulation;
    const listed = events.filter(
      (event) => event.createdAt <= now && event.start + event.durationSeconds + LISTED_AFTER_END > now,
    );
    for (const event of listed) {
      if (!this.#served.has(event.mRID)) this.#served.set(event.mRID, now);
      const cancelled = event.cancelAt !== null && event.cancelAt <= now;
      if (cancelled && !this.#cancelServed.has(event.mRID)) this.#cancelServed.set(event.mRID, now);
    }
    this.#utility.say(this.#setOf(listed, now));
  }

  #setOf(listed: readonly DrawnEvent[], now: number): ProgramSet {
    return {
      server: 'utility',
      policy: { vanished: 'keep', noDefault: 'fallback' },
      programs: ([0, 1] as const).map((index) => ({
        id: `program-${index}`,
        primacy: index === 0 ? 1 : 5,
        read: 'read',
        defaultControl: {
          mRID: `default-${index}`,
          modes: modesOf(this.#simulation.defaults[index], this.#simulation.importDefaults?.[index]),
          setGradW: null,
        },
        events: listed.filter(({ program }) => program === index).map((event) => this.#bodyOf(event, now)),
      })),
    };
  }

  #bodyOf(event: DrawnEvent, now: number): EventBody {
    const { cancelAt, start, createdAt } = event;
    const cancelled = cancelAt !== null && cancelAt <= now;
    return {
      mRID: event.mRID,
      creationTime: utilitySeconds(UTILITY_EPOCH + createdAt),
      start: utilitySeconds(UTILITY_EPOCH + start),
      duration: event.durationSeconds,
      randomizeStart: null,
      randomizeDuration: null,
      status: cancelled ? 'cancelled' : start <= now ? 'active' : 'scheduled',
      statusAt: utilitySeconds(UTILITY_EPOCH + Math.floor(cancelled ? cancelAt : createdAt)),
      potentiallySuperseded: false,
      responseRequired: 3,
      replyTo: '/rsp',
      modes: modesOf(event.limitW, event.importW, event.targetW),
      rampTms: null,
    };
  }

  /** Two spans of one fault that overlap are one: it ends with the last. */
  #turn(span: FaultSpan, on: boolean): void {
    const which = `${span.fault} ${span.inverter ?? 0} ${span.beside ?? 0}`;
    const standing = (this.#standing.get(which) ?? 0) + (on ? 1 : -1);
    this.#standing.set(which, standing);
    if (on ? standing === 1 : standing === 0) this.#befall(span, on);
  }

  #befall(span: FaultSpan, on: boolean): void {
    befallSite(this.#site, this.#line, span, on);
    const { fault, from, until, strength } = span;
    if (fault === 'controld-killed' && on) this.#kill(strength < 0.6 ? RESTART_SECONDS : until - from);
    if (fault === 'controld-killed-on-disk' && on) this.#killOnDisk(1 + Math.floor(strength * KILL_STEPS));
    if (fault === 'wall-steps' && on) this.#time.stepWall((strength - 0.5) * WALL_STEP_SECONDS);
    if (fault === 'server-silent') this.#serverSilent += on ? 1 : -1;
    if (fault !== 'disk-full' && fault !== 'disk-fails') return;
    this.#diskFault = on;
    const failing = (_: unknown, path: string): FileFault => ({ kind: 'failed', path, why: 'input/output error' });
    if (!on) this.#files.options = {};
    else this.#files.options = fault === 'disk-full' ? { capacity: FULL_BYTES } : { faultOf: failing };
  }

  async #transitions(): Promise<readonly Transition[]> {
    this.#files.options = {};
    const reader = new LogReader({ files: this.#files, directory: 'log' });
    const all: Transition[] = [];
    let after = 0;
    for (;;) {
      const read = await reader.readAfter(after, 1000);
      if (!read.ok || read.value.length === 0) return all;
      for (const { seq, body } of read.value) {
        after = seq;
        if ((body as { kind?: string }).kind === 'transition') all.push(body as Transition);
      }
    }
  }
}

/** Runs the simulation of a seed; the same seed gives the same outcome to the last bit. */
export const runSimulation = async (simulation: Simulation): Promise<Outcome> => await new Run(simulation).run();
