import type { UtilitySeconds, Vars, Watts } from '#base/units.ts';
import type { Curve, CurveMode } from './curve.ts';

/** opModFixedPFInjectW and opModFixedPFAbsorbW. */
export interface PowerFactorTarget {
  /** cos phi, 0-1. */
  readonly displacement: number;
  /** Excitation: true takes var from the grid, false gives var to it. */
  readonly absorbsVar: boolean;
}

/** opModFixedVar: a share of one of the ratings. */
export interface VarTarget {
  /** -100 to 100, positive gives var to the grid. */
  readonly percent: number;
  readonly of: 'setMaxW' | 'setMaxVar' | 'statVarAvail';
}

/** opModFreqDroop. */
export interface FrequencyDroop {
  /** Dead bands above and below nominal, hertz. */
  readonly bandOver: number;
  readonly bandUnder: number;
  /** Per-unit frequency for a per-unit change of power. */
  readonly droopOver: number;
  readonly droopUnder: number;
  readonly openLoopSeconds: number;
}

/**
 * The control modes as the utility states them, wire names. Powers are already in watts.
 * Absent: the event or default says nothing about the mode. A mode that follows a curve holds the `id` of the curve.
 */
export interface ControlModes extends Readonly<Partial<Record<CurveMode, string>>> {
  /** Export at the connection point at most this. */
  readonly opModExpLimW?: Watts;
  readonly opModImpLimW?: Watts;
  /** Generation of all DER at most this. */
  readonly opModGenLimW?: Watts;
  readonly opModLoadLimW?: Watts;
  /** Per cent of setMaxW, 0-100. */
  readonly opModMaxLimW?: number;
  readonly opModEnergize?: boolean;
  readonly opModConnect?: boolean;
  /** Of all storage: positive discharges, negative charges (CSIP-AUS v1.3). */
  readonly opModStorageTargetW?: Watts;
  /** Per cent, -100 to 100: of setMaxW or the discharge rate, negative of the charge rate. */
  readonly opModFixedW?: number;
  /** Positive generates. */
  readonly opModTargetW?: Watts;
  readonly opModFixedVar?: VarTarget;
  /** Positive gives var to the grid. */
  readonly opModTargetVar?: Vars;
  readonly opModFixedPFInjectW?: PowerFactorTarget;
  readonly opModFixedPFAbsorbW?: PowerFactorTarget;
  readonly opModFreqDroop?: FrequencyDroop;
}

export type ControlMode = keyof ControlModes;

/** IEEE 2030.5 EventStatus.currentStatus. */
export type ServerStatus = 'scheduled' | 'active' | 'cancelled' | 'cancelled-with-randomization' | 'superseded';

/** A DERControl as the server sent it, units resolved, nothing interpreted. */
export interface EventBody {
  /** As served; the subject of every Response. */
  readonly mRID: string;
  readonly creationTime: UtilitySeconds;
  readonly start: UtilitySeconds;
  /** Seconds, specified. */
  readonly duration: number;
  /** Seconds, -3600 to 3600, signed as served; null: absent. */
  readonly randomizeStart: number | null;
  readonly randomizeDuration: number | null;
  readonly status: ServerStatus;
  readonly statusAt: UtilitySeconds;
  readonly potentiallySuperseded: boolean;
  /** Bit 0: received wanted; bit 1: started/completed/... wanted. 0 when absent. */
  readonly responseRequired: number;
  readonly replyTo: string | null;
  readonly modes: ControlModes;
  /** Hundredths of a second; null: absent. */
  readonly rampTms: number | null;
  /** Why the event as a whole is refused, a value out of its range; its modes are then empty. Absent: it is not. */
  readonly fault?: string;
}

export interface DefaultControl {
  readonly mRID: string | null;
  readonly modes: ControlModes;
  /** Hundredths of a per cent of setMaxW a second; null: absent. */
  readonly setGradW: number | null;
  /** The same of the return to service; null or absent: not stated. */
  readonly setSoftGradW?: number | null;
  /** Of the return to service, hundredths of a second: the wait, what may be added to it by chance, and the ramp to the full. */
  readonly setESDelay?: number | null;
  readonly setESRandomDelay?: number | null;
  readonly setESRampTms?: number | null;
}

/** What a default sets besides its modes: settings that hold until another default states them. */
export const DEFAULT_SETTINGS = ['setGradW', 'setSoftGradW', 'setESDelay', 'setESRandomDelay', 'setESRampTms'] as const;
export type DefaultSetting = (typeof DEFAULT_SETTINGS)[number];

/** One DERProgram as last read. */
export interface Program {
  /** Stable name: the program's mRID where it has one, else its href. */
  readonly id: string;
  /** Lower number = higher priority. */
  readonly primacy: number;
  /** `unread`: the program is known but this walk could not read it; what was known of it stays. */
  readonly read: 'read' | 'unread';
  /** Null: the server says that there is none (204, 404, empty). */
  readonly defaultControl: DefaultControl | null;
  readonly events: readonly EventBody[];
}

/** Utility behaviour the event memory must know (from `config/utility/*.json`, sent along by northd). */
export interface PlanPolicy {
  /** An event that left its list before its end: keep it running, or treat as cancelled after two complete walks. */
  readonly vanished: 'keep' | 'cancel';
  /** No default in any program: the commissioned fallback binds, or nothing besides the commissioned limit, which always does. */
  readonly noDefault: 'fallback' | 'siteCap';
  /** Which changes setGradW paces; absent: those between default and event. */
  readonly rampScope?: RampScope;
  /** Refusals this utility wants to be told of; absent: none. */
  readonly refusals?: readonly Refusal[];
}

/** setGradW paces: changes between default and event; also from one event to the next; also from one default to the next (ieee2030_5 3.15). */
export type RampScope = (typeof RAMP_SCOPES)[number];
export const RAMP_SCOPES = ['default-active', 'active-active', 'all'] as const;

/** Why an event is not carried out at all: none of its modes can be here, a value out of range, over when it was first seen. */
export type Refusal = (typeof REFUSALS)[number];
export const REFUSALS = ['not-applicable', 'invalid', 'expired'] as const;

/** What one utility server says now (design D2). Bounds: <= 32 programs, <= 1 000 events in all, <= 256 curves. */
export interface ProgramSet {
  /** Name of the server in the configuration; the plan belongs to site and server. */
  readonly server: string;
  readonly programs: readonly Program[];
  readonly policy: PlanPolicy;
  /** The curves that modes name, each whole and with its own type; one that is named and not here is not known (yet). */
  readonly curves?: readonly Curve[];
  /** True: a list of programs was never readable, so programs that are not here may exist; those known stay as unread ones do. */
  readonly partial?: boolean;
}

export const PROGRAMS_MAX = 32;
export const EVENTS_MAX = 1000;
