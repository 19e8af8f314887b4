import { fail, ok, type Result } from '#base/result.ts';
import { type Watts, watts } from '#base/units.ts';
import type { SourceLimits } from '#control/local/inputs.ts';

const BYTES_MAX = 1024;
/** 1 GW: beyond it a number is a mistake. */
const POWER_MAX = 1_000_000_000;
const SECONDS_MAX = 86_400;

/** What a topic said. */
export interface SaidLimits extends SourceLimits {
  /** It counts so long, seconds; null: as long as is configured. */
  readonly seconds: number | null;
}

const MODES = ['exportW', 'generationW', 'importW'] as const;

/**
 * A message on a topic of limits: a JSON object with `exportW`, `generationW`, `importW` in watts, one at least, null for no limit of
 * that kind, and optionally `validSeconds`. A kind that is not named keeps its `fallback`. Other members are not looked at.
 */
export const decodeLimits = (payload: Uint8Array, fallback: SourceLimits): Result<SaidLimits, string> => {
  if (payload.length > BYTES_MAX) return fail(`more than ${BYTES_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return fail('no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('no JSON object');
  const members = value as Readonly<Record<string, unknown>>;
  if (MODES.every((mode) => members[mode] === undefined)) return fail('neither exportW nor generationW nor importW');
  const wrong = MODES.find((mode) => !isLimit(members[mode]));
  if (wrong !== undefined) return fail(`${wrong} is neither null nor a number of watts from 0 to ${POWER_MAX}`);
  const { validSeconds = null } = members;
  if (validSeconds !== null && !isWithin(validSeconds, SECONDS_MAX))
    return fail(`validSeconds is no number from 0 to ${SECONDS_MAX}`);
  const said = (mode: (typeof MODES)[number]): Watts | null => {
    const limit = members[mode];
    if (limit === undefined) return fallback[mode];
    return typeof limit === 'number' ? watts(limit) : null;
  };
  return ok({ exportW: said('exportW'), generationW: said('generationW'), importW: said('importW'), seconds: validSeconds });
};

const isWithin = (value: unknown, most: number): value is number => typeof value === 'number' && value >= 0 && value <= most;
const isLimit = (value: unknown): boolean => value === undefined || value === null || isWithin(value, POWER_MAX);
