import type { UtilitySeconds } from '#base/units.ts';

/** A limit on its way from one value to another, in the unit of its mode (watts, or per cent of setMaxW). */
export interface Ramp {
  readonly from: number;
  readonly to: number;
  readonly start: UtilitySeconds;
  /** May lie between two seconds. */
  readonly end: UtilitySeconds;
}

/** How fast: in a span of seconds (rampTms), or at a rate in the unit of the mode a second (setGradW). */
export type Pace = { readonly kind: 'span'; readonly seconds: number } | { readonly kind: 'rate'; readonly perSecond: number };

/** What moves from where to where; a limit of null: unlimited. */
export interface Move {
  readonly from: number | null;
  readonly to: number | null;
  /** What flows now, in the same unit; null: not known. */
  readonly flow: number | null;
  /** The value at which the mode limits nothing: setMaxW, or 100 per cent. Null: not known. */
  readonly unlimited: number | null;
}

const UTILITY_SECONDS = (value: number): UtilitySeconds => value as UtilitySeconds;
/** A ramp goes in steps of a second; a short one in a fortieth of its time, so that no step looks like a jump to be over-cut. */
const STEP_SECONDS = 1;
const STEPS_MIN = 40;

const rampAt = (from: number, to: number, pace: Pace, at: UtilitySeconds): Ramp | null => {
  const seconds = pace.kind === 'span' ? pace.seconds : Math.abs(to - from) / pace.perSecond;
  // A rate of nothing is no limit of the rate (ieee2030_5 2.3), and so is a span of nothing.
  if (!(seconds > 0) || !Number.isFinite(seconds)) return null;
  return { from, to, start: at, end: UTILITY_SECONDS(at + seconds) };
};

/**
 * The ramp that a change of limit begins (design D6): falling from the lower of the old limit and the present flow, rising from the
 * old limit. Null: the new limit holds at once - nothing asks for a ramp, the flow is inside it already, or where to start from is
 * not known.
 */
export const rampFor = ({ from, to, flow, unlimited }: Move, pace: Pace | null, at: UtilitySeconds): Ramp | null => {
  if (pace === null || from === to) return null;
  const falls = to !== null && (from === null || to < from);
  if (falls) {
    const known = [from, flow].filter((value) => value !== null);
    const top = Math.min(...known, unlimited ?? Infinity);
    return known.length === 0 || top <= to ? null : rampAt(top, to, pace, at);
  }
  const top = to ?? unlimited;
  return from === null || top === null || top <= from ? null : rampAt(from, top, pace, at);
};

/**
 * The limit at `now`, fractions of a second allowed. Within a step it is the tighter end of the step: the ramp is never ahead of the
 * line when it rises nor behind it when it falls. Before the start (a clock that stepped back): where it begins.
 */
export const rampedTo = ({ from, to, start, end }: Ramp, now: number): number => {
  const span = end - start;
  if (now >= end) return to;
  const step = Math.min(STEP_SECONDS, span / STEPS_MIN);
  // The offset keeps an instant that is on a step in decimal from falling behind it in binary.
  const steps = Math.floor(Math.max(0, now - start) / step + 1e-9);
  const passed = Math.min(span, (to < from ? steps + 1 : steps) * step);
  return from + ((to - from) * passed) / span;
};
