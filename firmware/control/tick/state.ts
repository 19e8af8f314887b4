import type { MonoMs, UtilitySeconds, WallSeconds, Watts } from '#base/units.ts';
import type { Note } from '#base/ports.ts';
import type { Asked } from '#control/allocate/allocate.ts';
import { type Demands, NO_DEMANDS } from '#control/allocate/demand.ts';
import type { ClockAnchor, ClockState } from '#control/clock/clock.ts';
import type { FollowState } from '#control/follow/follow.ts';
import type { GenerationTrack } from '#control/limiter/generation.ts';
import { type Decision, type LimiterState, newLimiter, type PowerLimits } from '#control/limiter/limiter.ts';
import type { Phase } from '#control/limiter/phases.ts';
import type { ActiveLimits } from '#control/limits.ts';
import type { Heard } from '#control/local/inputs.ts';
import type { LocalRules } from '#control/local/local.ts';
import { type LockoutState, NOT_LOCKED } from '#control/local/lockout.ts';
import type { CommissionedLimits, FallbackLimits } from '#control/plan/active.ts';
import type { Plan } from '#control/plan/plan.ts';
import type { ControlMode, ProgramSet } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { LoadFacts, StorageFacts } from '#control/storage/facts.ts';
import { NO_STORAGE, type StorageState } from '#control/storage/storage.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { Band, Connection, DeviceId, OnSilence, Reactive, Setpoint } from '#site/device.ts';
import type { DeviceStanding, Sample } from '#site/sample.ts';
import type { Unproven } from './claims.ts';
import type { Conditions } from './conditions.ts';
import type { Followed } from './curves.ts';
import type { Unexplained } from './unexplained.ts';

/** What the tick must know of an inverter beyond what it measures. */
export interface InverterFacts {
  readonly device: DeviceId;
  /** WMax from the device record; null until the device was met once. */
  readonly maxPower: Watts | null;
  /** Minimum stable output as a fraction of WMax (device profile). */
  readonly minOutputFraction: number;
  readonly onSilence: OnSilence;
  /** Nothing of it may be written (device profile): it is counted as what it delivers, and the others make room. Absent: it is told. */
  readonly neverTold?: true;
  /** Of a single-phase inverter: the phase it feeds; absent: all three alike. */
  readonly phase?: Phase;
  /** Between two readings of it while nothing happens, milliseconds; absent (a tape of an older release): a second. */
  readonly pollMs?: number;
}

/** The commissioned site; changes only when a device is met for the first time. */
export interface SiteFacts {
  readonly meter: DeviceId;
  readonly inverters: readonly InverterFacts[];
  readonly commissioned: CommissionedLimits;
  readonly fallback: FallbackLimits;
  readonly local: LocalRules;
  readonly unmeteredGeneration: Watts;
  /** Most that each phase may export; absent: no such limit. */
  readonly exportPerPhase?: Watts;
  /** Absent in tapes of releases that knew no storage: none. */
  readonly storages?: readonly StorageFacts[];
  readonly loads?: readonly LoadFacts[];
  /** The owner's policy: storage takes sun that the export limit would curtail. */
  readonly storageBeforeCurtailment?: boolean;
  /** Every inverter waits and ramps by itself after it was disconnected (device profiles); else the gateway does it for them. */
  readonly returnsByItself: boolean;
  /** What the site's devices can carry out; of everything else the utility is told that it is not done here. */
  readonly executable: readonly ControlMode[];
  /** How old inverter registers may be when read, milliseconds (device profile). */
  readonly readingAgeMs: number;
  /** Older than this the meter's flow is unknown, milliseconds: more than usual on a slow line. Absent: as usual. */
  readonly meterStaleMs?: number;
  /** The installation's seed of randomisation draws (design D2). */
  readonly seed: string;
}

/** What one tick sees: everything that arrived since the last. */
export interface TickInputs {
  readonly now: MonoMs;
  readonly bootId: string;
  readonly wall: WallSeconds;
  /** In order of arrival. */
  readonly samples: readonly Sample[];
  /** The highest cap each inverter can be holding, proven by read-back; absent or null: unproven. */
  readonly held: ReadonlyMap<DeviceId, Watts | null>;
  /** What each inverter's connection is, proven by read-back; absent or null: unproven. */
  readonly connections: ReadonlyMap<DeviceId, Connection | null>;
  /** Whether each inverter provably holds the reactive power it was asked for; absent: nothing was asked. */
  readonly reactiveHeld?: ReadonlyMap<DeviceId, boolean>;
  /** The curve functions that each inverter provably follows as it was asked to; absent: nothing was asked. */
  readonly followed?: ReadonlyMap<DeviceId, readonly CurveFunction[]>;
  /** The band that each storage device provably holds; absent or null: unproven. */
  readonly heldBands?: ReadonlyMap<DeviceId, Band | null>;
  /** The most that each controllable load provably takes; absent or null: unproven. */
  readonly heldLoads?: ReadonlyMap<DeviceId, Watts | null>;
  readonly standings: ReadonlyMap<DeviceId, DeviceStanding>;
  readonly programSets: readonly ProgramSet[];
  readonly anchors: readonly ClockAnchor[];
  /** The installer lifts a lock-out, or the user, who may do so seldom. */
  readonly lockoutReset: boolean | 'user';
  /** What the sources of limits beside the utility said last; absent: nothing. */
  readonly heard?: Heard;
  /** While the meter is checked: none of these is asked for more than this; what the limiter allows binds beside it. Absent: no check. */
  readonly trial?: ReadonlyMap<DeviceId, Watts>;
}

/** An alarm that stands. */
export interface StandingAlarm {
  readonly alarm: string;
  readonly device: string | null;
}

export interface ControlState {
  readonly plan: Plan;
  readonly clock: ClockState;
  /** The plan as it would be by a real-time clock that nobody vouches for; null: somebody does, or the time is unknown. */
  readonly foreseen: Plan | null;
  /** What the utility said while only a real-time clock vouched for the time: folded when somebody else does. */
  readonly waiting: readonly ProgramSet[];
  readonly limiter: LimiterState;
  readonly tracks: ReadonlyMap<DeviceId, GenerationTrack>;
  readonly follows: ReadonlyMap<DeviceId, FollowState>;
  readonly asked: ReadonlyMap<DeviceId, Asked>;
  /** Highest cap each inverter may hold under the limits in force; a limit has started when none holds more. */
  readonly ceilings: ReadonlyMap<DeviceId, Watts>;
  /** Since when each inverter does not provably hold what it was asked for. */
  readonly unproven: Unproven;
  /** What each inverter can use of its share. */
  readonly demands: Demands;
  /** Absent: nothing of the kind, or in a tape of an earlier release. */
  readonly unexplained?: Unexplained | null;
  /** Kept at 0, so that the others run above their minimum output. */
  readonly idle: ReadonlySet<DeviceId>;
  readonly alarms: readonly StandingAlarm[];
  /** Standard alarms that the devices report or show. */
  readonly conditions: Conditions;
  readonly limits: ActiveLimits;
  readonly lockout: LockoutState;
  /** The limits as the limiter was given them. */
  readonly power: PowerLimits;
  /** What each inverter was last asked to do with reactive power; absent: nothing. */
  readonly reactive: ReadonlyMap<DeviceId, Reactive>;
  /** What each inverter was last asked to follow; absent: nothing. */
  readonly curves: Followed;
  /** What this process last told each inverter about its connection. */
  readonly told: ReadonlyMap<DeviceId, Connection>;
  /** Absent in tapes of releases that knew no storage. */
  readonly storage?: StorageState;
  readonly decision: Decision | null;
}

/** The state before the first tick: what was remembered, and nothing known of the site. */
export const startState = (memory: Pick<ControlState, 'plan' | 'clock'> & { readonly lockout?: LockoutState }): ControlState => ({
  plan: memory.plan,
  clock: memory.clock,
  foreseen: null,
  waiting: [],
  lockout: memory.lockout ?? NOT_LOCKED,
  limiter: newLimiter(),
  tracks: new Map(),
  follows: new Map(),
  asked: new Map(),
  ceilings: new Map(),
  unproven: new Map(),
  demands: NO_DEMANDS,
  idle: new Set(),
  alarms: [],
  conditions: new Map(),
  limits: {},
  power: { exportLimit: null, generationLimit: null },
  reactive: new Map(),
  curves: new Map(),
  told: new Map(),
  storage: NO_STORAGE,
  decision: null,
});

export type Urgency = 'cut' | 'raise' | 'refresh' | 'gone';

export interface Command {
  readonly setpoint: Setpoint;
  readonly urgency: Urgency;
}

export interface TickResult {
  readonly state: ControlState;
  readonly commands: readonly Command[];
  /** For the log, in order. */
  readonly records: readonly RecordBody[];
  readonly notes: readonly Note[];
  /** Inverters are on their way to a new cap: poll them fast. */
  readonly attend: boolean;
  /** The next tick is due then, though nothing arrives. */
  readonly again: MonoMs;
  /** Program sets that are part of the plan now. */
  readonly folded: readonly ProgramSet[];
  /** Utility time of this tick; null while unknown. */
  readonly utility: UtilitySeconds | null;
}
