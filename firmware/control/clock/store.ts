import * as v from 'valibot';
import { fail, ok, type Result } from '#base/result.ts';
import { monoMs, utilitySeconds, wallSeconds } from '#base/units.ts';
import type { ClockState } from './clock.ts';

/** Format of the stored clock (design D17). */
export const CLOCK_FORMAT = 1;

export interface ClockFault {
  readonly kind: 'malformed';
  readonly problem: string;
}

const number = v.pipe(v.number(), v.finite());
const instant = v.pipe(number, v.transform(utilitySeconds));
const mono = v.pipe(number, v.transform(monoMs));

const stored = v.object({
  format: v.literal(CLOCK_FORMAT),
  line: v.nullable(
    v.object({
      bootId: v.string(),
      mono,
      utility: instant,
      excess: v.pipe(number, v.minValue(0)),
      source: v.picklist(['anchor', 'rtc']),
    }),
  ),
  relation: v.nullable(v.object({ wall: v.pipe(number, v.transform(wallSeconds)), utility: instant })),
});

/** The clock as a JSON value. A doubtful anchor is not kept: a restart asks for two again. */
export const encodeClock = ({ line, relation }: ClockState): unknown => ({ format: CLOCK_FORMAT, line, relation });

/** Reads a stored clock; never throws. On a fault utility time is unknown until the first anchor. */
export const decodeClock = (value: unknown): Result<ClockState, ClockFault> => {
  const parsed = v.safeParse(stored, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return fail({ kind: 'malformed', problem: `${v.getDotPath(issue) ?? 'clock'}: ${issue.message}` });
  }
  const { line, relation } = parsed.output;
  return ok({ line, doubtful: null, relation });
};
