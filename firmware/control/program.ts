import type { UtilitySeconds, Watts } from '#base/units.ts';

/**
 * The control modes as the utility states them, wire names. Powers are already in watts.
 * Absent: the event or default says nothing about the mode.
 */
export interface ControlModes {
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
}

export interface DefaultControl {
  readonly mRID: string | null;
  readonly modes: ControlModes;
  /** Hundredths of a per cent of setMaxW a second; null: absent. */
  readonly setGradW: number | null;
}

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
  /** No default in any program: the commissioned fallback alone, or also the commissioned cap. */
  readonly noDefault: 'fallback' | 'siteCap';
}

/** What one utility server says now (design D2). Bounds: <= 32 programs, <= 1 000 events in all. */
export interface ProgramSet {
  /** Name of the server in the configuration; the plan belongs to site and server. */
  readonly server: string;
  readonly programs: readonly Program[];
  readonly policy: PlanPolicy;
  /** True: a list of programs was never readable, so programs that are not here may exist; those known stay as unread ones do. */
  readonly partial?: boolean;
}

export const PROGRAMS_MAX = 32;
export const EVENTS_MAX = 1000;
