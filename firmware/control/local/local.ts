import { type UtilitySeconds, type Watts, watts } from '#base/units.ts';
import type { ActiveLimits, Limit, LimitSource } from '../limits.ts';
import type { LockoutState, Scheme } from './lockout.ts';
import { type Schedule, scheduledLimits } from './schedule.ts';

/** Rules of the connection agreement beside the commissioned limit; null: none of that kind. */
export interface LocalRules {
  readonly schedule: Schedule | null;
  readonly scheme: Scheme | null;
}

/** A limit that no utility server sent. Null: nothing of that kind. */
export interface LocalLimit {
  /** For people: `schedule`, `connection agreement`, `lock-out`. */
  readonly name: string;
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  readonly importW: Watts | null;
}

/** What the site's own rules allow now. A lock-out stops generation: export by it must be impossible, not merely limited. */
export const localLimits = (
  { schedule, scheme }: LocalRules,
  lockout: LockoutState,
  now: UtilitySeconds | null,
): readonly LocalLimit[] => {
  const limits: LocalLimit[] = [];
  if (schedule !== null) limits.push({ name: 'schedule', ...scheduledLimits(schedule, now) });
  if (scheme !== null) {
    const { maxExport, maxImport = null } = scheme;
    limits.push({ name: 'connection agreement', exportW: maxExport, generationW: null, importW: maxImport });
  }
  if (lockout.lockedAt !== null) limits.push({ name: 'lock-out', exportW: watts(0), generationW: watts(0), importW: null });
  return limits;
};

const tightened = (
  limit: Limit<Watts> | undefined,
  local: readonly LocalLimit[],
  of: (one: LocalLimit) => Watts | null,
): Limit<Watts> | undefined => {
  let best = limit;
  for (const one of local) {
    const value = of(one);
    const source: LimitSource = { kind: 'local', name: one.name };
    if (value !== null && (best === undefined || value < best.value)) best = { value, source };
  }
  return best;
};

/** For each mode the tightest source binds, and is named (design section 3); local limits never ramp and never loosen. */
export const withLocalLimits = (limits: ActiveLimits, local: readonly LocalLimit[]): ActiveLimits => {
  const exportLimit = tightened(limits.exportLimit, local, (one) => one.exportW);
  const generationLimit = tightened(limits.generationLimit, local, (one) => one.generationW);
  const importLimit = tightened(limits.importLimit, local, (one) => one.importW);
  return {
    ...limits,
    ...(exportLimit === undefined ? {} : { exportLimit }),
    ...(generationLimit === undefined ? {} : { generationLimit }),
    ...(importLimit === undefined ? {} : { importLimit }),
  };
};
