import { unreachable } from '#base/assert.ts';
import { oncePer } from '#base/memo.ts';
import { percent, type Percent, type UtilitySeconds, utilitySeconds, watts, type Watts } from '#base/units.ts';
import { CURVE_MODES } from '../curve.ts';
import type { ActiveLimits, Limit, Targets } from '../limits.ts';
import { isCap, TARGET_MODES, WATT_MODES } from '../modes.ts';
import type { ControlMode } from '../program.ts';
import { advancePlan } from './advance.ts';
import { inForce } from './arbitrate.ts';
import { courseAt } from './course.ts';
import type { Plan, StoredServer } from './plan.ts';
import { defaultFor, type Found, heldBy, tighter, type Value } from './standing.ts';

/** The commissioned limit that always binds; null: none. */
export interface CommissionedLimits {
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  /** Absent (a tape of an older release): none. */
  readonly importW?: Watts | null;
}

/** What binds in place of a default while no program has one; null: nothing. */
export interface FallbackLimits {
  readonly exportW: Watts | null;
  readonly importW: Watts | null;
}

type WattMode = (typeof WATT_MODES)[number];

/** The server was heard in full and its utility means by no default that the site is free (policy `siteCap`). */
const frees = ({ programs }: Plan, { server, policy }: StoredServer): boolean => {
  const theirs = programs.filter((program) => program.server === server);
  return policy.noDefault === 'siteCap' && theirs.length > 0 && theirs.every(({ heard }) => heard);
};

const fallbackFor = (plan: Plan, mode: ControlMode, fallback: FallbackLimits): Found => {
  if (plan.programs.some((program) => program.defaultControl !== null)) return null;
  if (plan.servers.length > 0 && plan.servers.every((server) => frees(plan, server))) return null;
  const value = mode === 'opModExpLimW' ? fallback.exportW : mode === 'opModImpLimW' ? fallback.importW : null;
  return value === null ? null : { value, source: { kind: 'fallback' } };
};

const commissionedFor = (mode: ControlMode, commissioned: CommissionedLimits): Found => {
  const { exportW, generationW, importW = null } = commissioned;
  const value =
    mode === 'opModExpLimW' ? exportW : mode === 'opModGenLimW' ? generationW : mode === 'opModImpLimW' ? importW : null;
  return value === null ? null : { value, source: { kind: 'commissioned' } };
};

/** A limit that is still on its way: where it is now, and where it goes (design D6). */
const underWay = (plan: Plan, mode: ControlMode, found: Found, now: number): Found => {
  const course = plan.courses.find((one) => one.mode === mode);
  const value = found === null ? null : Number(found.value);
  if (course?.value !== value) return found;
  const moved = courseAt(course, now);
  if (moved === null || moved === value) return found;
  // On the way to no limit at all there is no source left: the programs whose event ended.
  return { value: moved, source: found?.source ?? { kind: 'release' }, towards: value };
};

const convert = <T>(found: Found, unit: (value: Value) => T): Limit<T> | null => {
  if (found === null) return null;
  const { value, source, towards } = found;
  if (towards === undefined) return { value: unit(value), source };
  return { value: unit(value), source, towards: towards === null ? null : unit(towards) };
};
const toWatts = (value: Value): Watts => watts(Number(value));
const toPercent = (value: Value): Percent => percent(Number(value));

/** The name of a watt mode in ActiveLimits. */
const limitName = (mode: WattMode): 'exportLimit' | 'importLimit' | 'generationLimit' | 'loadLimit' => {
  switch (mode) {
    case 'opModExpLimW':
      return 'exportLimit';
    case 'opModImpLimW':
      return 'importLimit';
    case 'opModGenLimW':
      return 'generationLimit';
    case 'opModLoadLimW':
      return 'loadLimit';
    default:
      return unreachable(mode);
  }
};

/** The modes that are no limits and that the site can carry out; null: none is asked for. */
const targetsOf = (limitFor: Finder, executable: readonly ControlMode[]): Targets | null => {
  const asked = [...TARGET_MODES, ...CURVE_MODES].flatMap((mode) => {
    const found = executable.includes(mode) ? limitFor(mode) : null;
    return found === null ? [] : [[mode, found] as const];
  });
  return asked.length === 0 ? null : Object.fromEntries(asked);
};

/**
 * What binds now, per mode with its source (design section 3): the event that holds the mode; else the default of the best program
 * that sets it; else, where no program has any default, the commissioned fallback. The commissioned limit only ever tightens.
 * A limit in a ramp is where it is at `now`, fractions of a second allowed.
 * @param now null: utility time is unknown; then the default (or fallback) binds, tightened by the events that ran when it was last known
 *   (design D7); a mode that has no tighter and looser stays where such an event holds it
 */
export const activeLimits = (
  plan: Plan,
  now: UtilitySeconds | null,
  commissioned: CommissionedLimits,
  fallback: FallbackLimits,
): ActiveLimits => {
  const current = now === null ? plan : advancePlan(plan, now).plan;
  const moves = now === null || current.courses.some(({ ramp }) => ramp !== null && now < ramp.end);
  return moves ? limitsOf(current, now, commissioned, fallback) : standingLimits(current)(commissioned)(fallback);
};

/**
 * What binds while nobody vouches for `now` but a real-time clock (clock.ts, isUnvouched): of a limit the tighter of what the plan says as
 * it stands and of what it would say at `now`, so that what has come by that clock begins and what is over by it goes on; of what is no
 * limit what the running event asks for.
 * @param foreseen the plan as it would be at `now`
 */
export const unvouchedLimits = (
  plan: Plan,
  foreseen: Plan,
  now: UtilitySeconds,
  commissioned: CommissionedLimits,
  fallback: FallbackLimits,
): ActiveLimits => {
  const stands = finderOf(plan, now, commissioned, fallback);
  const comes = finderOf(foreseen, now, commissioned, fallback);
  return collected((mode) => {
    const standing = stands(mode);
    if (isCap(mode)) return tighter(standing, comes(mode));
    return standing?.source.kind === 'event' ? standing : comes(mode);
  }, plan.executable);
};

/** Later than the end of every ramp. */
const AT_LAST = utilitySeconds(Number.MAX_SAFE_INTEGER);

/** Between its changes a plan says the same at every instant, when no limit is on its way. */
const standingLimits = oncePer((plan: Plan) =>
  oncePer((commissioned: CommissionedLimits) =>
    oncePer((fallback: FallbackLimits) => limitsOf(plan, AT_LAST, commissioned, fallback)),
  ),
);

const limitsOf = (
  current: Plan,
  now: UtilitySeconds | null,
  commissioned: CommissionedLimits,
  fallback: FallbackLimits,
): ActiveLimits => collected(finderOf(current, now, commissioned, fallback), current.executable);

/** What binds one mode. */
type Finder = (mode: ControlMode) => Found;

const finderOf = (
  current: Plan,
  now: UtilitySeconds | null,
  commissioned: CommissionedLimits,
  fallback: FallbackLimits,
): Finder => {
  const { running, primacyOf } = inForce(current);
  return (mode) => {
    const fromEvent = heldBy(mode, running, primacyOf)?.limit ?? null;
    const standing = defaultFor(current.programs, mode) ?? fallbackFor(current, mode, fallback);
    const known = isCap(mode) ? tighter(standing, fromEvent) : (fromEvent ?? standing);
    const utility = now === null ? known : underWay(current, mode, fromEvent ?? standing, now);
    return tighter(utility, commissionedFor(mode, commissioned));
  };
};

const collected = (limitFor: Finder, executable: readonly ControlMode[]): ActiveLimits => {
  const limits: { -readonly [Name in keyof ActiveLimits]: ActiveLimits[Name] } = {};
  for (const mode of WATT_MODES) {
    const limit = convert(limitFor(mode), toWatts);
    if (limit !== null) limits[limitName(mode)] = limit;
  }
  const maxPower = convert(limitFor('opModMaxLimW'), toPercent);
  if (maxPower !== null) limits.maxPower = maxPower;
  const energize = convert(limitFor('opModEnergize'), (value) => value === true);
  if (energize !== null) limits.energize = energize;
  const connect = convert(limitFor('opModConnect'), (value) => value === true);
  if (connect !== null) limits.connect = connect;
  const targets = targetsOf(limitFor, executable);
  return targets === null ? limits : { ...limits, targets };
};
