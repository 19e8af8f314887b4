import type { Cancel, Note } from '#base/ports.ts';
import { type MonoMs, type UtilitySeconds, type Watts } from '#base/units.ts';
import { utilityExact, type ClockAnchor } from '#control/clock/clock.ts';
import { type LockoutState, resetLockout, restoreLockout, type SideState } from '#control/local/lockout.ts';
import type { ProgramSet } from '#control/program.ts';
import type { RecordBody, Transition } from '#control/record.ts';
import { type ControlState, type SiteFacts, startState, type TickInputs, type TickResult } from '#control/tick/state.ts';
import { controlTick } from '#control/tick/tick.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { Connection, DeviceId } from '#site/device.ts';
import type { DeviceStanding, Sample } from '#site/sample.ts';
import { addSamples, type IntervalState, newInterval } from '#telemetry/interval.ts';
import type { ControldPorts } from './ports.ts';
import { Lateness } from './lateness.ts';
import type { Memory } from './stores.ts';
import type { TickSeen } from './tape-link.ts';

const READING_SECONDS = 60;
/** Inputs that may gather between two ticks; more is a line gone mad, and the newest are dropped. */
const INPUTS_MAX = 256;

/** What must survive a restart changed; an excursion that has only begun need not. */
const lockedOtherwise = (a: LockoutState, b: LockoutState): boolean =>
  sideOtherwise(a, b) || (b.importing !== undefined && sideOtherwise(a.importing, b.importing));

const sideOtherwise = (a: SideState | undefined, b: SideState): boolean =>
  a === undefined || a.lockedAt !== b.lockedAt || a.excursions !== b.excursions || a.lockouts !== b.lockouts;

export interface LoopOptions {
  readonly ports: Pick<ControldPorts, 'clock' | 'bootId' | 'onGoodTick'>;
  readonly facts: () => SiteFacts;
  readonly standings: () => ReadonlyMap<DeviceId, DeviceStanding>;
  /** What each inverter provably holds now. */
  readonly held: () => ReadonlyMap<DeviceId, Watts | null>;
  /** What each inverter's connection provably is now. */
  readonly connections: () => ReadonlyMap<DeviceId, Connection | null>;
  /** Whether each inverter provably holds the reactive power it was asked for. */
  readonly reactiveHeld: () => ReadonlyMap<DeviceId, boolean>;
  /** The curve functions that each inverter provably follows as it was asked to. */
  readonly followed: () => ReadonlyMap<DeviceId, readonly CurveFunction[]>;
  /** The band that each storage device, and what each load provably holds. */
  readonly stored: () => Pick<TickInputs, 'heldBands' | 'heldLoads'>;
  /** What the sources of limits beside the utility said. */
  readonly heard: () => TickInputs['heard'];
  /** Caps of a check of the meter; empty: none runs. */
  readonly trial: () => ReadonlyMap<DeviceId, Watts>;
  /** Called within the tick, before anything is written: the site acts first. */
  readonly act: (result: TickResult, now: MonoMs) => void;
  /** What the tick started from, saw and decided; for a recorder. */
  readonly onTick: (seen: TickSeen) => void;
  /** A program set is part of the plan now. */
  readonly onFolded: (set: ProgramSet) => void;
  /** The plan or the clock changed, or transitions happened. */
  readonly keep: (state: ControlState, transitions: readonly Transition[]) => void;
  readonly record: (bodies: readonly RecordBody[]) => void;
  readonly note: (note: Note) => void;
}

/** Gathers what arrives, runs the tick, hands on what it decided. The only state of control that lives in time. */
export class Loop {
  readonly #options: LoopOptions;
  #state: ControlState;
  #intervals: IntervalState;
  #samples: Sample[] = [];
  #sets: ProgramSet[] = [];
  #anchors: ClockAnchor[] = [];
  #lockoutReset: TickInputs['lockoutReset'] = false;
  #alarm: Cancel = () => undefined;
  #dueAt: MonoMs | null = null;
  #utility: UtilitySeconds | null = null;
  #stopped = false;
  readonly #lateness = new Lateness();

  constructor(options: LoopOptions, memory: Pick<Memory, 'plan' | 'clock' | 'lockout'>) {
    this.#options = options;
    const lockout = restoreLockout(memory.lockout, options.ports.clock.now());
    this.#state = startState({ ...memory, lockout });
    const { inverters: all, storages = [] } = options.facts();
    const inverters = all.map(({ device }) => device);
    const beside = storages.filter(({ behind }) => behind === null).map(({ device }) => device);
    const config = { seconds: READING_SECONDS, inverters, storages: storages.map(({ device }) => device), beside } as const;
    this.#intervals = newInterval(config);
  }

  get state(): ControlState {
    return this.#state;
  }

  get utility(): UtilitySeconds | null {
    return this.#utility;
  }

  /** The first tick: caps from the stored plan are asked for before anything is known of the site. */
  start(): void {
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#alarm();
  }

  onSample(sample: Sample): void {
    if (this.#samples.length < INPUTS_MAX) this.#samples.push(sample);
    this.#soon();
  }

  onProgramSet(set: ProgramSet): void {
    // A newer set of the same server replaces one that no tick has seen yet.
    this.#sets = [...this.#sets.filter((one) => one.server !== set.server), set];
    this.#soon();
  }

  onAnchor(anchor: ClockAnchor): void {
    if (this.#anchors.length < INPUTS_MAX) this.#anchors.push(anchor);
    this.#soon();
  }

  /** Somebody lifts a lock-out: the next tick does. False: this one may not. */
  onLockoutReset(by: 'installer' | 'user'): boolean {
    const { scheme } = this.#options.facts().local;
    const may = scheme === null || resetLockout(this.#state.lockout, scheme, by, this.#options.ports.clock.now()) !== null;
    if (!may) return false;
    this.#lockoutReset = by === 'installer' ? true : 'user';
    this.#soon();
    return true;
  }

  /** The latest that a tick of the last seconds ran after it was due, milliseconds. */
  lateMs(now: MonoMs): number {
    return this.#lateness.most(now);
  }

  /** A standing, a record or a held cap changed. */
  onChange(): void {
    this.#soon();
  }

  #soon(): void {
    this.#arm(this.#options.ports.clock.now());
  }

  #arm(at: MonoMs): void {
    if (this.#stopped || (this.#dueAt !== null && this.#dueAt <= at)) return;
    this.#alarm();
    this.#dueAt = at;
    this.#alarm = this.#options.ports.clock.at(at, () => this.#tick());
  }

  #tick(): void {
    const dueAt = this.#dueAt;
    this.#dueAt = null;
    if (this.#stopped) return;
    const { ports, facts, act, onTick, onFolded, keep, record, note } = this.#options;
    const now = ports.clock.now();
    if (dueAt !== null) this.#lateness.ran(dueAt, now);
    const inputs = this.#inputs(now);
    const before = this.#state;
    const site = facts();
    const result = controlTick(before, site, inputs);
    this.#state = result.state;
    this.#utility = result.utility;
    act(result, now);
    onTick({ before, facts: site, inputs, result });
    for (const one of result.notes) note(one);
    for (const set of result.folded) onFolded(set);
    const transitions = result.records.length === 0 ? [] : result.records.filter((body) => body.kind === 'transition');
    if (
      transitions.length > 0 ||
      result.state.plan !== before.plan ||
      result.state.clock !== before.clock ||
      lockedOtherwise(before.lockout, result.state.lockout) ||
      result.folded.length > 0
    ) {
      keep(result.state, transitions);
    }
    const others = result.records
      .filter((body) => body.kind !== 'transition')
      .map((body) => (body.kind === 'alarm' ? { ...body, at: result.utility } : body));
    const readings = this.#readings(inputs);
    if (others.length > 0 || readings.length > 0) record([...others, ...readings]);
    ports.onGoodTick();
    this.#arm(result.again);
  }

  /** What arrived since the last tick, and how things stand. */
  #inputs(now: MonoMs): TickInputs {
    const { ports, standings, held, connections, reactiveHeld, followed, stored } = this.#options;
    const trial = this.#options.trial();
    const heard = this.#options.heard();
    const { heldBands, heldLoads } = stored();
    // Field by field: this is made each tick.
    const inputs: { -readonly [K in keyof TickInputs]: TickInputs[K] } = {
      now,
      bootId: ports.bootId,
      wall: ports.clock.wall(),
      samples: this.#samples,
      held: held(),
      connections: connections(),
      reactiveHeld: reactiveHeld(),
      followed: followed(),
      standings: standings(),
      programSets: this.#sets,
      anchors: this.#anchors,
      lockoutReset: this.#lockoutReset,
    };
    if (heldBands !== undefined) inputs.heldBands = heldBands;
    if (heldLoads !== undefined) inputs.heldLoads = heldLoads;
    if (heard !== undefined && heard.size > 0) inputs.heard = heard;
    if (trial.size > 0) inputs.trial = trial;
    this.#samples = [];
    this.#sets = [];
    this.#anchors = [];
    this.#lockoutReset = false;
    return inputs;
  }

  #readings(inputs: TickInputs): readonly RecordBody[] {
    const utility = utilityExact(this.#state.clock, { bootId: inputs.bootId, mono: inputs.now, wall: inputs.wall });
    const step = addSamples(this.#intervals, inputs.samples, inputs.now, utility);
    this.#intervals = step.state;
    return step.records;
  }
}
