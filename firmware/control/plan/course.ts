import type { UtilitySeconds, Watts } from '#base/units.ts';
import { type Pace, type Ramp, rampedTo, rampFor } from '../limits/ramp.ts';
import { type ReturnWish, type Service, serviceAfter } from '../limits/service.ts';
import { SWITCH_MODES } from '../modes.ts';
import { type ControlMode, RAMP_SCOPES, type RampScope } from '../program.ts';
import type { PrimacyOf } from './arbitrate.ts';
import { keyOf, keyText, type StoredEvent, type StoredProgram, type StoredServer } from './plan.ts';
import { defaultFor, type Found, heldBy, settingInForce } from './standing.ts';

/** Limits of what the site takes, that move in a ramp: kept apart in the stored plan, since earlier releases know the others alone. */
export const INTAKE_MODES = ['opModImpLimW', 'opModLoadLimW'] as const satisfies readonly ControlMode[];
/** Limits of what it gives. */
export const OUTPUT_MODES = ['opModExpLimW', 'opModGenLimW', 'opModMaxLimW'] as const satisfies readonly ControlMode[];
/** The modes whose limit moves in a ramp: those that devices can follow at a pace. */
export const RAMPED_MODES = [...OUTPUT_MODES, ...INTAKE_MODES] as const;
export type RampedMode = (typeof RAMPED_MODES)[number];

/** What the utility last asked of one mode, and how the limit moves there. Kept, so that a restart resumes the ramp (design D6). */
export interface Course {
  readonly mode: RampedMode;
  /** The event that holds the mode, as text; null: its default, or nothing. */
  readonly holder: string | null;
  /** Null: nothing limits the mode. */
  readonly value: number | null;
  /** Null: the value holds since it was asked for. */
  readonly ramp: Ramp | null;
}

/** What of the site a ramp starts from. Null: not known. */
export interface Surroundings {
  readonly setMaxW: Watts | null;
  /** Present flow out of the site, negative when it imports. */
  readonly netExport: Watts | null;
  readonly generation: Watts | null;
}

export const NOTHING_KNOWN: Surroundings = { setMaxW: null, netExport: null, generation: null };

const FULL_PERCENT = 100;
/** setGradW is in hundredths of a per cent. */
const GRADIENT_UNIT = 10_000;

/** Of one mode, in its unit: the present flow, what limits nothing, and a gradient of setGradW. */
const measuresOf = (
  mode: RampedMode,
  { setMaxW, netExport, generation }: Surroundings,
): { readonly flow: number | null; readonly unlimited: number | null } => {
  if (mode === 'opModExpLimW') return { flow: netExport, unlimited: setMaxW };
  if (mode === 'opModImpLimW') return { flow: netExport === null ? null : 0 - netExport, unlimited: setMaxW };
  // What storage and loads take is not known here: such a limit falls from the one before, or at once.
  if (mode === 'opModLoadLimW') return { flow: null, unlimited: setMaxW };
  if (mode === 'opModGenLimW') return { flow: generation, unlimited: setMaxW };
  const share = generation === null || setMaxW === null ? null : (generation / setMaxW) * FULL_PERCENT;
  return { flow: share, unlimited: FULL_PERCENT };
};

/** Does setGradW pace the change from what held the mode (null: a default, or nothing) to what holds it now? */
const paced = (scope: RampScope, from: string | null, to: StoredEvent | null): boolean => {
  if ((from === null) !== (to === null)) return true;
  return from === null ? scope === 'all' : scope !== 'default-active';
};

/** rampTms of the event that takes over; else setGradW where the utility's profile lets it pace the change; else at once (ieee2030_5 3.15). */
const paceOf = (before: Course, to: StoredEvent | null, moment: Moment, unlimited: number | null): Pace | null => {
  const rampTms = to?.body.rampTms ?? null;
  if (rampTms !== null) return { kind: 'span', seconds: rampTms / 100 };
  const gradient = settingInForce(moment.programs, 'setGradW');
  if (gradient === null || unlimited === null || !paced(moment.scope, before.holder, to)) return null;
  return { kind: 'rate', perSecond: (gradient / GRADIENT_UNIT) * unlimited };
};

/** The widest scope any server asks for: where two differ, the limit moves rather than jumps. */
export const rampScopeOf = (servers: readonly StoredServer[]): RampScope => {
  const widest = Math.max(0, ...servers.map(({ policy }) => RAMP_SCOPES.indexOf(policy.rampScope ?? 'default-active')));
  return RAMP_SCOPES[widest] ?? 'default-active';
};

/** The limit of a course at `now`; null: none. */
export const courseAt = ({ ramp, value }: Course, now: number): number | null =>
  ramp === null || now >= ramp.end ? value : rampedTo(ramp, now);

export interface Bearings {
  readonly courses: readonly Course[];
  readonly service: Service | null;
}

interface Moment {
  readonly programs: readonly StoredProgram[];
  readonly running: readonly StoredEvent[];
  readonly primacyOf: PrimacyOf;
  readonly at: UtilitySeconds;
  readonly surroundings: Surroundings;
  readonly scope: RampScope;
}

const nextCourse = (before: Course | undefined, mode: RampedMode, moment: Moment): Course => {
  const { programs, running, primacyOf, at, surroundings } = moment;
  const held = heldBy(mode, running, primacyOf);
  const found: Found = held?.limit ?? defaultFor(programs, mode);
  const holder = held === null ? null : keyText(keyOf(held.event));
  const value = found === null ? null : Number(found.value);
  // The first word of the utility binds at once: start-up never ramps.
  if (before === undefined) return { mode, holder, value, ramp: null };
  if (before.holder === holder && before.value === value) return before;
  const { flow, unlimited } = measuresOf(mode, surroundings);
  const pace = paceOf(before, held?.event ?? null, moment, unlimited);
  return { mode, holder, value, ramp: rampFor({ from: courseAt(before, at), to: value, flow, unlimited }, pace, at) };
};

const says = (mode: ControlMode, { programs, running, primacyOf }: Moment): boolean =>
  (heldBy(mode, running, primacyOf)?.limit ?? defaultFor(programs, mode))?.value !== false;

/** How the utility wants the site to return, and the draw of the event that stops it. */
const wishOf = ({ programs, running, primacyOf }: Moment): ReturnWish => {
  const stop = SWITCH_MODES.map((mode) => heldBy(mode, running, primacyOf)).find((held) => held?.limit.value === false);
  return {
    softGradW: settingInForce(programs, 'setSoftGradW'),
    delay: settingInForce(programs, 'setESDelay'),
    randomDelay: settingInForce(programs, 'setESRandomDelay'),
    rampTms: settingInForce(programs, 'setESRampTms'),
    draw: stop?.event.draw.duration ?? null,
  };
};

/** What the utility asks for at `at`, and where each limit is on its way there. The same objects while nothing changed. */
export const steer = (before: Bearings, moment: Moment): Bearings => {
  const known = new Map(before.courses.map((course) => [course.mode, course]));
  const courses = RAMPED_MODES.map((mode) => nextCourse(known.get(mode), mode, moment));
  const changed = courses.some((course) => course !== known.get(course.mode));
  const serves = says('opModEnergize', moment) && says('opModConnect', moment);
  return {
    courses: changed ? courses : before.courses,
    service: serviceAfter(before.service, !serves, moment.at, wishOf(moment)),
  };
};
