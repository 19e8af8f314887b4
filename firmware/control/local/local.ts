import { type MonoMs, type UtilitySeconds, type Watts, watts } from '#base/units.ts';
import type { ActiveLimits, Limit, LimitSource } from '../limits.ts';
import { type Heard, inputLimits, type InputRule, type SourceLimits } from './inputs.ts';
import type { LockoutState, Scheme } from './lockout.ts';
import { type Schedule, scheduledLimits } from './schedule.ts';

/** Rules of the connection agreement beside the commissioned limit; null: none of that kind. */
export interface LocalRules {
  readonly schedule: Schedule | null;
  readonly scheme: Scheme | null;
  /** Absent in tapes of releases that knew none. */
  readonly inputs?: readonly InputRule[];
}

/** A limit that no utility server sent. */
export interface LocalLimit extends SourceLimits {
  /** For people: `schedule`, `connection agreement`, `lock-out`, the name of a source. */
  readonly name: string;
  /** Charging and controllable loads together; absent: no such limit. */
  readonly loadW?: Watts;
}

/** What the site's own rules are judged by. */
export interface LocalMoment {
  readonly lockout: LockoutState;
  /** Null: unknown. */
  readonly utility: UtilitySeconds | null;
  readonly now: MonoMs;
  /** Of the sources of limits; absent: nothing. */
  readonly heard?: Heard | undefined;
}

/**
 * What the site's own rules allow now. A lock-out stops generation, one of the import what the gateway can make draw power: more by it
 * must be impossible, not merely limited.
 */
export const localLimits = (
  { schedule, scheme, inputs = [] }: LocalRules,
  { lockout, utility, now, heard }: LocalMoment,
): readonly LocalLimit[] => {
  const limits: LocalLimit[] = [];
  if (schedule !== null) limits.push({ name: 'schedule', ...scheduledLimits(schedule, utility) });
  if (scheme !== null) {
    const { maxExport, maxImport = null } = scheme;
    limits.push({ name: 'connection agreement', exportW: maxExport, generationW: null, importW: maxImport });
  }
  if (lockout.lockedAt !== null) limits.push({ name: 'lock-out', exportW: watts(0), generationW: watts(0), importW: null });
  if (lockout.importing !== undefined && lockout.importing.lockedAt !== null)
    limits.push({ name: 'lock-out of import', exportW: null, generationW: null, importW: null, loadW: watts(0) });
  return [...limits, ...inputLimits(inputs, heard, now)];
};

const tightened = (
  limit: Limit<Watts> | undefined,
  local: readonly LocalLimit[],
  of: (one: LocalLimit) => Watts | null | undefined,
): Limit<Watts> | undefined => {
  let best = limit;
  for (const one of local) {
    const value = of(one);
    const source: LimitSource = { kind: 'local', name: one.name };
    if (value !== null && value !== undefined && (best === undefined || value < best.value)) best = { value, source };
  }
  return best;
};

/** For each mode the tightest source binds, and is named (design section 3); local limits never ramp and never loosen. */
export const withLocalLimits = (limits: ActiveLimits, local: readonly LocalLimit[]): ActiveLimits => {
  const exportLimit = tightened(limits.exportLimit, local, (one) => one.exportW);
  const generationLimit = tightened(limits.generationLimit, local, (one) => one.generationW);
  const importLimit = tightened(limits.importLimit, local, (one) => one.importW);
  const loadLimit = tightened(limits.loadLimit, local, (one) => one.loadW);
  return {
    ...limits,
    ...(exportLimit === undefined ? {} : { exportLimit }),
    ...(generationLimit === undefined ? {} : { generationLimit }),
    ...(importLimit === undefined ? {} : { importLimit }),
    ...(loadLimit === undefined ? {} : { loadLimit }),
  };
};
