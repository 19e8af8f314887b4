import { createHash } from 'node:crypto';
import type { FileFault } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import { wipe } from '../../rig/utility/commands.ts';
import { responses, type ReceivedResponse } from '../../rig/utility/journal.ts';
import type { Control } from '../../rig/utility/controls.ts';
import { stage, unstage, type Misdeed, type Stage } from '../../rig/utility/stage.ts';
import { cancelControl } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { exampleScenario } from '../../rig/utility/options.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import { befallSite } from '../befall.ts';
import { type CapWrite, capWriteOf } from '../run.ts';
import { damageOf, isSiteFault, statusOf, type Whole, type WholeFault, type WholeSpan } from './draw.ts';

const BOOT_SECONDS = 5;
const RESTART_SECONDS = 1;
const KILL_STEPS = 12;
const KILL_PATIENCE_SECONDS = 60;
const WALL_STEP_SECONDS = 100_000;
const DRIP_BYTES_PER_SECOND = 20;

/** All that a run leaves behind; seconds from its start. */
export interface WholeOutcome {
  readonly gateway: VirtualGateway;
  readonly writes: readonly CapWrite[];
  /** The events of the seed, as the server published them. */
  readonly published: readonly Control[];
  readonly responses: readonly ReceivedResponse[];
  /** Spans without a running controld, and without a running northd. */
  readonly dead: readonly Gap[];
  readonly deadNorth: readonly Gap[];
  /** Instants at which the power went. */
  readonly cuts: readonly number[];
  /** A process ended while nothing could be saved. */
  readonly killedUnsaved: boolean;
  readonly crash: string | null;
  readonly hash: string;
}

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
  readonly #published: Control[] = [];
  readonly #dead: Gap[] = [];
  readonly #deadNorth: Gap[] = [];
  readonly #cuts: number[] = [];
  readonly #stages = new Map<WholeFault, Stage>();
  readonly #standing = new Map<WholeFault, number>();
  #diskFault: WholeFault | null = null;
  #killedUnsaved = false;

  constructor(whole: Whole) {
    this.#whole = whole;
    this.#torn = new SeededRandom(whole.seed, 'torn');
    const scenario = exampleScenario();
    const programs = scenario.programs.map((program) =>
      program.name === 'site' ? { ...program, default: { opModExpLimW: whole.defaultW } } : program,
    );
    this.#gateway = new VirtualGateway({
      ...{ seed: whole.seed, site: whole.site, fallbackExportW: 0 },
      scenario: { programs, pollRate: whole.pollSeconds, postRate: 60 },
      onBytes: (bytes) => {
        const write = capWriteOf(bytes, whole.site);
        if (write !== null) this.#writes.push({ ...write, at: this.#gateway.now });
      },
    });
  }

  async run(): Promise<WholeOutcome> {
    const gateway = this.#gateway.start();
    const { faults, events, seconds } = this.#whole;
    for (const span of faults) {
      gateway.at(span.from, () => this.#turn(span, true));
      gateway.at(span.until, () => this.#turn(span, false));
    }
    for (const { createdAt, start, cancelAt, program, durationSeconds, limitW } of events) {
      gateway.at(createdAt, () => {
        const modes = { opModExpLimW: limitW };
        const control = gateway.publish({ program, startsIn: start - createdAt, durationSeconds, modes });
        this.#published.push(control);
        if (cancelAt !== null) gateway.at(cancelAt, () => cancelControl(gateway.state, control.mRID, gateway.serverNow));
      });
    }
    let crash: string | null = null;
    try {
      await gateway.until(seconds);
    } catch (error) {
      crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    return {
      ...{ gateway, crash, writes: this.#writes, published: this.#published, cuts: this.#cuts },
      ...{ dead: this.#dead, deadNorth: this.#deadNorth, killedUnsaved: this.#killedUnsaved },
      responses: responses(gateway.state.journal).map((each) => ({ ...each, at: each.at - STARTED_AT })),
      hash: this.#hash(),
    };
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
    const standing = (this.#standing.get(span.fault) ?? 0) + (on ? 1 : -1);
    this.#standing.set(span.fault, standing);
    if (on ? standing !== 1 : standing !== 0) return;
    const { fault } = span;
    if (isSiteFault(fault)) befallSite(this.#gateway.site, this.#gateway.line, { ...span, fault }, on);
    this.#befallNorth(span, on);
    this.#befallMachine(span, on);
  }

  #befallNorth({ fault, strength }: WholeSpan, on: boolean): void {
    const { network, state } = this.#gateway;
    const misdeeds: Readonly<Partial<Record<WholeFault, Misdeed>>> = {
      'server-refuses': { kind: 'status', status: statusOf(strength) },
      'server-damages': { kind: 'damage', damage: damageOf(strength) },
      'server-drips': { kind: 'send', sending: { kind: 'drip', bytesPerSecond: DRIP_BYTES_PER_SECOND } },
      'server-hangs': { kind: 'send', sending: strength < 0.5 ? { kind: 'silence' } : { kind: 'stall', after: 20 } },
      'server-resets': { kind: 'send', sending: strength < 0.5 ? { kind: 'reset' } : { kind: 'cut', after: 40 } },
    };
    const misdeed = misdeeds[fault];
    if (misdeed !== undefined && on) this.#stages.set(fault, stage(state, {}, misdeed));
    const staged = this.#stages.get(fault);
    if (staged !== undefined && !on) unstage(state, staged);
    if (fault === 'network-cut') network.state = on ? 'cut' : 'up';
    if (fault === 'name-server-away') network.state = on ? 'unresolved' : 'up';
    if (fault === 'server-forgets' && on) wipe(state, { devices: false });
  }

  #befallMachine({ fault, from, until, strength }: WholeSpan, on: boolean): void {
    const gateway = this.#gateway;
    const later = strength < 0.5 ? RESTART_SECONDS : until - from;
    if (fault === 'controld-killed' && on) this.#killControl(later);
    if (fault === 'northd-killed' && on) this.#killNorth(later);
    if (fault === 'power-cut' && on) this.#cutPower(BOOT_SECONDS + strength * (until - from));
    if (fault === 'power-cut-on-disk' && on) this.#cutOnDisk(1 + Math.floor(strength * KILL_STEPS));
    if (fault === 'wall-steps' && on) gateway.stepWall((strength - 0.5) * WALL_STEP_SECONDS);
    if (fault !== 'disk-full' && fault !== 'disk-fails') return;
    if (on) this.#diskFault = fault;
    else if (this.#diskFault === fault) this.#diskFault = null;
    this.#setDisk();
  }

  /** A fault of the flash outlives the processes. */
  #setDisk(): void {
    const failing = (_: unknown, path: string): FileFault => ({ kind: 'failed', path, why: 'input/output error' });
    const { disk } = this.#gateway;
    if (this.#diskFault === null) disk.options = {};
    else disk.options = this.#diskFault === 'disk-full' ? { capacity: 1 } : { faultOf: failing };
  }

  #killControl(restartAfter: number): void {
    if (isOpen(this.#dead)) return;
    const gateway = this.#gateway;
    this.#killedUnsaved ||= this.#diskFault !== null;
    gateway.killControl();
    const gap = { from: gateway.now, until: Infinity };
    this.#dead.push(gap);
    gateway.at(gateway.now + restartAfter, () => {
      // The power may have gone, and come back, in the meantime.
      if (gap.until < Infinity) return;
      gap.until = gateway.now;
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
    this.#killedUnsaved ||= this.#diskFault !== null;
    gateway.cutPower(this.#torn);
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

const isOpen = (gaps: readonly Gap[]): boolean => gaps.at(-1)?.until === Infinity;

/** Runs the whole gateway through what a seed decides; the same seed gives the same outcome to the last bit. */
export const runWhole = async (whole: Whole): Promise<WholeOutcome> => await new WholeRun(whole).run();
