import { createHash } from 'node:crypto';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FileFault } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import { responses, type ReceivedResponse } from '../../rig/utility/journal.ts';
import type { Control } from '../../rig/utility/controls.ts';
import { cancelControl } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { exampleScenario, type Modes } from '../../rig/utility/options.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import { befallSite } from '../befall.ts';
import { type CapWrite, capWriteOf, isBesideWrite, type Told } from '../run.ts';
import { NorthBefall } from './befall-north.ts';
import type { Whole, WholeEvent } from './draw.ts';
import { isSiteFault, type WholeFault, type WholeSpan } from './faults.ts';
import { CONTACT_PATH, TOPIC } from './local.ts';

const BOOT_SECONDS = 5;
const RESTART_SECONDS = 1;
const KILL_STEPS = 12;
const KILL_PATIENCE_SECONDS = 60;
const WALL_STEP_SECONDS = 100_000;
const SLOW_SYNC_MOST_MS = 4000;
/** A kill at a call comes at one of so many. */
const KILL_CALLS = 40;

const modesOf = (exportW: number, importW: number | null, targetW: number | null = null): Modes => ({
  opModExpLimW: exportW,
  ...(importW === null ? {} : { opModImpLimW: importW }),
  ...(targetW === null ? {} : { opModStorageTargetW: targetW }),
});

/** The gateway as the checks look at it. */
export type Seen = Pick<VirtualGateway, 'disk' | 'notes' | 'state' | 'now' | 'origin'> & {
  readonly truth: Pick<VirtualGateway['truth'], 'points'>;
};

/** All that a run leaves behind; seconds from its start. */
export interface WholeOutcome {
  readonly gateway: Seen;
  readonly writes: readonly CapWrite[];
  /** Writes to batteries and switched loads. */
  readonly besideWrites: readonly { readonly at: number; readonly unitId: number }[];
  /** The events of the seed, as the server published them. */
  readonly published: readonly Control[];
  readonly responses: readonly ReceivedResponse[];
  /** What controld said of itself. */
  readonly told: readonly Told[];
  /** Spans without a running controld, and without a running northd. */
  readonly dead: readonly Gap[];
  readonly deadNorth: readonly Gap[];
  /** Instants at which the power went. */
  readonly cuts: readonly number[];
  /** A process ended while nothing could be saved. */
  readonly killedUnsaved: boolean;
  /** Lives of controld that began while nothing could be read: what they knew is in no Response. */
  readonly blank: readonly Gap[];
  /** Memory in use, beside how much the simulation itself had kept by then. */
  readonly heaps: readonly Heap[];
  readonly crash: string | null;
  readonly hash: string;
}

interface Heap {
  readonly bytes: number;
  readonly points: number;
  readonly exchanges: number;
}

const heapInUse = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
};

export interface Gap {
  readonly from: number;
  until: number;
}

/** One machine, its site and its utility, and what befalls them. */
class WholeRun {
  readonly #whole: Whole;
  readonly #gateway: VirtualGateway;
  readonly #torn: SeededRandom;
  readonly #writes: CapWrite[] = [];
  readonly #besideWrites: { readonly at: number; readonly unitId: number }[] = [];
  readonly #published: Control[] = [];
  readonly #told: Told[] = [];
  readonly #heaps: Heap[] = [];
  readonly #dead: Gap[] = [];
  readonly #deadNorth: Gap[] = [];
  readonly #cuts: number[] = [];
  readonly #north: NorthBefall;
  readonly #levels = new Map<string, 0 | 1>([[CONTACT_PATH, 1]]);
  readonly #standing = new Map<string, number>();
  #diskFault: WholeFault | null = null;
  #syncMs = 0;
  #killedUnsaved = false;
  readonly #blank: Gap[] = [];

  constructor(whole: Whole) {
    this.#whole = whole;
    this.#torn = new SeededRandom(whole.seed, 'torn');
    const scenario = exampleScenario();
    const programs = scenario.programs.map((program) =>
      program.name === 'site' ? { ...program, default: modesOf(whole.defaultW, whole.importDefaultW) } : program,
    );
    this.#gateway = new VirtualGateway({
      ...{ seed: whole.seed, settings: whole.site, fallbackExportW: 0, wallSeconds: whole.wallSeconds },
      ...{ limits: whole.local.limits, levels: this.#levels },
      ...(whole.importDefaultW === null ? {} : { profile: 'csip-aus-v1.3', utility: { extension: '1.3' } }),
      scenario: { programs, pollRate: whole.pollSeconds, postRate: 60 },
      onView: ({ exportLimit }) => this.#told.push({ at: this.#gateway.now, exportLimit }),
      onBytes: (wire) => {
        const write = capWriteOf(wire, whole.site);
        const at = this.#gateway.now;
        if (write !== null) this.#writes.push({ ...write, at });
        else if (isBesideWrite(wire)) this.#besideWrites.push({ at, unitId: wire.bytes[0] ?? 0 });
      },
    });
    this.#gateway.onRestart = () => this.#killControl(RESTART_SECONDS);
    this.#north = new NorthBefall(this.#gateway);
  }

  async run(): Promise<WholeOutcome> {
    const gateway = this.#gateway.start();
    const { faults, events, seconds } = this.#whole;
    for (const span of faults) {
      gateway.at(span.from, () => this.#turn(span, true));
      gateway.at(span.until, () => this.#turn(span, false));
    }
    for (const event of events) gateway.at(event.createdAt, () => this.#publish(event));
    this.#speakLocal();
    gateway.at(seconds / 2, () => this.#weigh());
    let crash: string | null = null;
    try {
      await gateway.until(seconds);
      this.#weigh();
    } catch (error) {
      crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    return {
      ...{ gateway, crash, writes: this.#writes, published: this.#published, cuts: this.#cuts },
      ...{ besideWrites: this.#besideWrites, told: this.#told, heaps: this.#heaps },
      ...{ dead: this.#dead, deadNorth: this.#deadNorth, killedUnsaved: this.#killedUnsaved, blank: this.#blank },
      responses: responses(gateway.state.journal).map((each) => ({ ...each, at: each.at - STARTED_AT })),
      hash: this.#hash(),
    };
  }

  /** What the site's own sources do; the installer lifts what locked the site out once all is well. */
  #speakLocal(): void {
    const { local, healedAt } = this.#whole;
    const gateway = this.#gateway;
    for (const { at, exportW } of local.topic?.says ?? [])
      gateway.at(at, () => gateway.broker.publish(TOPIC, JSON.stringify({ exportW })));
    for (const { at, open } of local.contact?.flips ?? [])
      gateway.at(at, () => void this.#levels.set(CONTACT_PATH, open ? 0 : 1));
    if (local.agreementW !== null) gateway.at(healedAt, () => gateway.install({ type: 'lockout-reset' }));
  }

  #publish({ createdAt, start, cancelAt, program, durationSeconds, limitW, importW, targetW }: WholeEvent): void {
    const gateway = this.#gateway;
    const modes = modesOf(limitW, importW ?? null, targetW ?? null);
    const control = gateway.publish({ program, startsIn: start - createdAt, durationSeconds, modes });
    this.#published.push(control);
    if (cancelAt !== null) gateway.at(cancelAt, () => cancelControl(gateway.state, control.mRID, gateway.serverNow));
  }

  #weigh(): void {
    const { truth, state } = this.#gateway;
    this.#heaps.push({ bytes: heapInUse(), points: truth.points.length, exchanges: state.journal.exchanges.length });
  }

  #hash(): string {
    const { truth, state, notes } = this.#gateway;
    const hash = createHash('sha256');
    for (const { t, generation, load, cap } of truth.points) hash.update(`${t} ${generation} ${load} ${cap}\n`);
    for (const { at, method, path, status } of state.journal.exchanges) hash.update(`${at} ${method} ${path} ${status}\n`);
    for (const { at, module, note } of notes) hash.update(`${at} ${module} ${note.event}\n`);
    return hash.digest('hex').slice(0, 16);
  }

  /** Two spans of one fault that overlap are one: it ends with the last. */
  #turn(span: WholeSpan, on: boolean): void {
    const { fault, line } = span;
    const which = standingOf(span);
    const standing = (this.#standing.get(which) ?? 0) + (on ? 1 : -1);
    this.#standing.set(which, standing);
    if (on ? standing !== 1 : standing !== 0) return;
    const { site, lines } = this.#gateway;
    const wire = lines[line];
    if (isSiteFault(fault) && wire !== undefined) befallSite(site, wire, { ...span, fault }, on);
    this.#north.turn(span, on);
    this.#befallMachine(span, on);
  }

  #befallMachine(span: WholeSpan, on: boolean): void {
    if (on) this.#strikes()[span.fault]?.(span);
    const { fault, strength } = span;
    if (fault !== 'disk-full' && fault !== 'disk-fails' && fault !== 'disk-slow') return;
    this.#syncMs = SLOW_SYNC_MOST_MS * strength;
    if (on) this.#diskFault = fault;
    else if (this.#diskFault === fault) this.#diskFault = null;
    this.#setDisk();
  }

  /** What happens at one instant. */
  #strikes(): Readonly<Partial<Record<WholeFault, (span: WholeSpan) => void>>> {
    const later = ({ from, until, strength }: WholeSpan): number => (strength < 0.5 ? RESTART_SECONDS : until - from);
    return {
      'controld-killed': (span) => this.#killControl(later(span)),
      'northd-killed': (span) => this.#killNorth(later(span)),
      'controld-killed-at-call': ({ strength }) => this.#killAtCall('control', strength),
      'northd-killed-at-call': ({ strength }) => this.#killAtCall('north', strength),
      'power-cut': ({ from, until, strength }) => this.#cutPower(BOOT_SECONDS + strength * (until - from)),
      'power-cut-on-disk': ({ strength }) => this.#cutOnDisk(1 + Math.floor(strength * KILL_STEPS)),
      'wall-steps': ({ strength }) => this.#gateway.stepWall((strength - 0.5) * WALL_STEP_SECONDS),
    };
  }

  /** A fault of the flash outlives the processes. */
  #setDisk(): void {
    const failing = (_: unknown, path: string): FileFault => ({ kind: 'failed', path, why: 'input/output error' });
    const { disk } = this.#gateway;
    const syncGate = (): Promise<void> => this.#gateway.pause(this.#syncMs);
    if (this.#diskFault === null) disk.options = {};
    else if (this.#diskFault === 'disk-slow') disk.options = { syncGate };
    else disk.options = this.#diskFault === 'disk-full' ? { capacity: 1 } : { faultOf: failing };
  }

  /** The process ends at one of its next calls of disk or network, or with none for long. */
  #killAtCall(process: 'control' | 'north', strength: number): void {
    const { onCall } = this.#gateway;
    let left = 1 + Math.floor(strength * KILL_CALLS);
    const kill = (): void => {
      if (left < 0) return;
      left = -1;
      onCall[process] = () => undefined;
      if (process === 'control') this.#killControl(RESTART_SECONDS);
      else this.#killNorth(RESTART_SECONDS);
    };
    onCall[process] = () => {
      left -= 1;
      if (left === 0) kill();
    };
    this.#gateway.at(this.#gateway.now + KILL_PATIENCE_SECONDS, kill);
  }

  #begin(): void {
    if (this.#diskFault === 'disk-fails') this.#blank.push({ from: this.#gateway.now, until: Infinity });
  }

  #endLife(): void {
    const open = this.#blank.at(-1);
    if (open?.until === Infinity) open.until = this.#gateway.now;
  }

  #killControl(restartAfter: number): void {
    if (isOpen(this.#dead)) return;
    const gateway = this.#gateway;
    this.#endLife();
    this.#killedUnsaved ||= this.#diskFault !== null;
    gateway.killControl();
    const gap = { from: gateway.now, until: Infinity };
    this.#dead.push(gap);
    gateway.at(gateway.now + restartAfter, () => {
      // The power may have gone, and come back, in the meantime.
      if (gap.until < Infinity) return;
      gap.until = gateway.now;
      this.#begin();
      gateway.startControl();
    });
  }

  #killNorth(restartAfter: number): void {
    if (isOpen(this.#deadNorth)) return;
    const gateway = this.#gateway;
    this.#killedUnsaved ||= this.#diskFault !== null;
    gateway.killNorth();
    const gap = { from: gateway.now, until: Infinity };
    this.#deadNorth.push(gap);
    gateway.at(gateway.now + restartAfter, () => {
      if (gap.until < Infinity) return;
      gap.until = gateway.now;
      gateway.startNorth();
    });
  }

  #cutPower(bootAfter: number): void {
    const gateway = this.#gateway;
    this.#endLife();
    this.#killedUnsaved ||= this.#diskFault !== null;
    gateway.cutPower(this.#torn);
    if (this.#torn.chance(0.3)) gateway.stepWall(0 - gateway.wall);
    this.#setDisk();
    this.#cuts.push(gateway.now);
    for (const gaps of [this.#dead, this.#deadNorth]) {
      const open = gaps.at(-1);
      if (open?.until === Infinity) open.until = gateway.now;
      gaps.push({ from: gateway.now, until: Infinity });
    }
    const ended = [this.#dead, this.#deadNorth].map((gaps) => gaps.at(-1));
    gateway.at(gateway.now + bootAfter, () => {
      if (ended.some((gap) => gap?.until !== Infinity)) return;
      for (const gap of ended) if (gap !== undefined) gap.until = gateway.now;
      this.#begin();
      gateway.start();
    });
  }

  /** The power goes at one of the next elementary steps of the flash, or with none for long. */
  #cutOnDisk(steps: number): void {
    const { disk } = this.#gateway;
    if (this.#diskFault !== null || isOpen(this.#dead) || isOpen(this.#deadNorth)) return;
    disk.options = { ...disk.options, cutAt: disk.steps + steps };
    const cut = (): void => {
      if (this.#gateway.disk === disk) this.#cutPower(BOOT_SECONDS);
    };
    disk.cut().then(cut, cut);
    this.#gateway.at(this.#gateway.now + KILL_PATIENCE_SECONDS, cut);
  }
}

/** Faults that are one another's: of one inverter, of one battery or load, of one line, of the meter. */
const standingOf = ({ fault, inverter, beside, line }: WholeSpan): string => {
  if (!isSiteFault(fault) || fault.startsWith('meter-')) return fault;
  if (fault.startsWith('inverter-')) return `${fault} ${inverter}`;
  return fault.startsWith('battery-') || fault.startsWith('load-') ? `${fault} ${beside}` : `${fault} ${inverter} ${line}`;
};

const isOpen = (gaps: readonly Gap[]): boolean => gaps.at(-1)?.until === Infinity;

/** Runs the whole gateway through what a seed decides; the same seed gives the same outcome to the last bit. */
export const runWhole = async (whole: Whole): Promise<WholeOutcome> => await new WholeRun(whole).run();
