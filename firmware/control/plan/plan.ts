import type { UtilitySeconds } from '#base/units.ts';
import type { Service } from '../limits/service.ts';
import type { Curve } from '../curve.ts';
import { INVERTER_MODES } from '../modes.ts';
import type { ControlMode, DefaultControl, EventBody, PlanPolicy, Refusal } from '../program.ts';
import type { Course } from './course.ts';

/** Bytes of flash and milliseconds of start-up depend on these (design D10). Programs of all servers together. */
export const PLAN_PROGRAMS_MAX = 64;
/** Closed events are remembered this long after their end, so that neither a repeated list nor a clock that steps back runs one twice (ieee2030_5 3.8). */
export const REMEMBER_SECONDS = 24 * 3600;

/** One instance of an event. A server that re-uses an mRID with another creation time means another event. */
export interface EventKey {
  readonly server: string;
  readonly mRID: string;
  readonly creationTime: UtilitySeconds;
}

/** Effective times: after randomisation, half open. */
export interface Span {
  readonly start: UtilitySeconds;
  readonly end: UtilitySeconds;
}

/** The random numbers of one event, each in [0, 1); drawn once, stored, never redrawn (ieee2030_5 3.7). */
export interface Draw {
  readonly start: number;
  readonly duration: number;
  readonly cancel: number;
}

/**
 * waiting: before its effective start. running: between effective start and end, holding whatever modes it has not lost.
 * The rest are final: completed, cancelled, superseded; `lapsed` = its time passed without it ever having been confirmed as started.
 */
export type Phase = 'waiting' | 'running' | 'completed' | 'cancelled' | 'superseded' | 'lapsed';

/** A refused event is over from its first sight (IEEE 2030.5 responses 252-254). */
export type FinalStatus = 'completed' | 'cancelled' | 'superseded' | Refusal;

export interface StoredEvent {
  readonly server: string;
  /** The first body; only status, statusAt, potentiallySuperseded, replyTo and responseRequired follow the server. */
  readonly body: EventBody;
  /** Ids of the programs that list it; the best primacy among them counts (ieee2030_5 3.4: one instance, answered once). */
  readonly programs: readonly string[];
  readonly firstSeen: UtilitySeconds;
  readonly draw: Draw;
  readonly phase: Phase;
  /** Frozen when it begins, so that nothing that arrives later moves a running event. */
  readonly begun: Span | null;
  /** Modes another event took; never given back (CSIP 7.10). */
  readonly lost: readonly ControlMode[];
  /** Recorded as started: the limit bound the limiter and was read back. */
  readonly started: UtilitySeconds | null;
  /** The final status already recorded; at most one. May precede the phase: a superseded event is answered at the winner's start. */
  readonly answered: FinalStatus | null;
  /** Cancelled by the server with randomisation: when it ends. */
  readonly cancelAt: UtilitySeconds | null;
  /** First complete walk that did not list it although its time is not over. */
  readonly vanishedSince: UtilitySeconds | null;
  /** Its programs were withdrawn from us: neither runs nor answers, unless they come back. */
  readonly withdrawn: boolean;
  /** The server changed what may not change; noted once. */
  readonly altered: boolean;
}

export interface StoredProgram {
  readonly server: string;
  readonly id: string;
  readonly primacy: number;
  readonly defaultControl: DefaultControl | null;
  /** First read that said there is no default, while one is stored. */
  readonly defaultMissingSince: UtilitySeconds | null;
  /** Read at least once: what it does not have the server does not say, rather than that we do not know. */
  readonly heard: boolean;
}

/** What one server says of itself besides its programs. */
export interface StoredServer {
  readonly server: string;
  readonly policy: PlanPolicy;
  /** Those that its events and defaults name; the newest read of each. */
  readonly curves: readonly Curve[];
}

/** The event memory: all that is known of the utility's programs and events. Immutable; the same object while nothing changed. */
export interface Plan {
  readonly programs: readonly StoredProgram[];
  readonly events: readonly StoredEvent[];
  readonly servers: readonly StoredServer[];
  /** Where the limit of each mode is on its way to; one a mode, none before the first word of a utility. */
  readonly courses: readonly Course[];
  /** Null: no utility ever stopped the site. */
  readonly service: Service | null;
  /** The next instant at which time alone changes the plan; null: never. Derived, not stored. */
  readonly dueAt: UtilitySeconds | null;
  /** What the site's devices can carry out; from the commissioned site, not stored. */
  readonly executable: readonly ControlMode[];
}

/** @param executable what the site's devices can carry out */
export const emptyPlan = (executable: readonly ControlMode[] = INVERTER_MODES): Plan => ({
  programs: [],
  events: [],
  servers: [],
  courses: [],
  service: null,
  dueAt: null,
  executable,
});

/** The plan at a site whose devices can carry out these modes; the same object when nothing differs. */
export const withExecutable = (plan: Plan, executable: readonly ControlMode[]): Plan => {
  const same = executable.length === plan.executable.length && executable.every((mode) => plan.executable.includes(mode));
  return same ? plan : { ...plan, executable };
};

export const keyOf = (event: StoredEvent): EventKey => ({
  server: event.server,
  mRID: event.body.mRID,
  creationTime: event.body.creationTime,
});

/** The key as a string, for maps. */
export const keyText = (key: EventKey): string => `${key.server}\n${key.mRID}\n${key.creationTime}`;

/** Can still bind the site. */
export const isLive = (event: StoredEvent): boolean =>
  (event.phase === 'waiting' || event.phase === 'running') && !event.withdrawn;

/** Specified end: the interval as served, before randomisation. */
export const specifiedEnd = (event: StoredEvent): UtilitySeconds => (event.body.start + event.body.duration) as UtilitySeconds;
