import { unreachable } from '#base/assert.ts';
import { percent, type Percent, type UtilitySeconds, type Watts } from '#base/units.ts';
import type { ActiveLimits, Limit, LimitSource } from '../limits.ts';
import type { ControlMode } from '../program.ts';
import { advancePlan } from './advance.ts';
import { holderOf, primacies } from './arbitrate.ts';
import { isLive, type Plan, type StoredEvent } from './plan.ts';

/** The commissioned limit that always binds; null: none. */
export interface CommissionedLimits {
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
}

/** What binds in place of a default while no program has one; null: nothing. */
export interface FallbackLimits {
  readonly exportW: Watts | null;
  readonly importW: Watts | null;
}

type WattMode = 'opModExpLimW' | 'opModImpLimW' | 'opModGenLimW' | 'opModLoadLimW';
type Value = number | boolean;
type Found = Limit<Value> | null;

/** The tighter of two: the smaller limit, and `false` for energise and connect. Equal: the first, whose source is the utility's. */
const tighter = (a: Found, b: Found): Found => {
  if (a === null) return b;
  if (b === null) return a;
  return Number(b.value) < Number(a.value) ? b : a;
};

/** The default of the best program that sets the mode, even when looser than another's (ieee2030_5 3.4); equal primacy: the tighter. */
const defaultFor = (plan: Plan, mode: ControlMode): Found => {
  let best: { readonly primacy: number; readonly limit: Limit<Value> } | null = null;
  for (const { server, id, primacy, defaultControl } of plan.programs) {
    const value = defaultControl?.modes[mode];
    if (value === undefined) continue;
    const limit: Limit<Value> = { value, source: { kind: 'default', server, program: id } };
    if (best === null || primacy < best.primacy) best = { primacy, limit };
    else if (primacy === best.primacy) best = { primacy, limit: tighter(best.limit, limit) ?? limit };
  }
  return best?.limit ?? null;
};

const eventSource = (event: StoredEvent): LimitSource => ({
  kind: 'event',
  server: event.server,
  mRID: event.body.mRID,
  until: event.begun?.end ?? event.body.start,
});

const fallbackFor = (plan: Plan, mode: ControlMode, fallback: FallbackLimits): Found => {
  if (plan.programs.some((program) => program.defaultControl !== null)) return null;
  const value = mode === 'opModExpLimW' ? fallback.exportW : mode === 'opModImpLimW' ? fallback.importW : null;
  return value === null ? null : { value, source: { kind: 'fallback' } };
};

const commissionedFor = (mode: ControlMode, commissioned: CommissionedLimits): Found => {
  const value = mode === 'opModExpLimW' ? commissioned.exportW : mode === 'opModGenLimW' ? commissioned.generationW : null;
  return value === null ? null : { value, source: { kind: 'commissioned' } };
};

const asWatts = (found: Found): Limit<Watts> | null =>
  found === null ? null : { ...found, value: Number(found.value) as Watts };
const asSwitch = (found: Found): Limit<boolean> | null => (found === null ? null : { ...found, value: found.value === true });
const asPercent = (found: Found): Limit<Percent> | null =>
  found === null ? null : { ...found, value: percent(Number(found.value)) };

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

const WATT_MODES: readonly WattMode[] = ['opModExpLimW', 'opModImpLimW', 'opModGenLimW', 'opModLoadLimW'];

/**
 * What binds now, per mode with its source (design section 3): the event that holds the mode; else the default of the best program
 * that sets it; else, where no program has any default, the commissioned fallback. The commissioned limit only ever tightens.
 * @param now null: utility time is unknown; then the default (or fallback) binds, tightened by the events that ran when it was last known (design D7)
 */
export const activeLimits = (
  plan: Plan,
  now: UtilitySeconds | null,
  commissioned: CommissionedLimits,
  fallback: FallbackLimits,
): ActiveLimits => {
  const current = now === null ? plan : advancePlan(plan, now).plan;
  const primacyOf = primacies(current.programs);
  const running = current.events.filter((event) => isLive(event) && event.phase === 'running');
  const limitFor = (mode: ControlMode): Found => {
    const holder = holderOf(mode, running, primacyOf);
    const value = holder?.body.modes[mode];
    const fromEvent: Found = holder === null || value === undefined ? null : { value, source: eventSource(holder) };
    const standing = defaultFor(current, mode) ?? fallbackFor(current, mode, fallback);
    const utility = now === null ? tighter(standing, fromEvent) : (fromEvent ?? standing);
    return tighter(utility, commissionedFor(mode, commissioned));
  };
  const limits: { -readonly [Name in keyof ActiveLimits]: ActiveLimits[Name] } = {};
  for (const mode of WATT_MODES) {
    const limit = asWatts(limitFor(mode));
    if (limit !== null) limits[limitName(mode)] = limit;
  }
  const maxPower = asPercent(limitFor('opModMaxLimW'));
  if (maxPower !== null) limits.maxPower = maxPower;
  const energize = asSwitch(limitFor('opModEnergize'));
  if (energize !== null) limits.energize = energize;
  const connect = asSwitch(limitFor('opModConnect'));
  if (connect !== null) limits.connect = connect;
  return limits;
};
