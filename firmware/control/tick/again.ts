import { durationMs, after, type MonoMs, monoMs } from '#base/units.ts';
import { staleAfter } from '#control/limiter/generation.ts';
import { METER_STALE_MS } from '#control/limiter/sight.ts';
import { isReturning } from '#control/limits/service.ts';
import type { ActiveLimits } from '#control/limits.ts';
import type { ControlState } from './state.ts';

/** While an output or a limit is on its way. */
const MOVING_MS = durationMs(200);
/** On the way back from a stop: its slope is followed this closely. */
const RETURNING_MS = durationMs(500);
/** While nothing is and the meter is seen: samples come more often than this, and what must not be late is known beforehand. */
const RESTING_MS = durationMs(1200);
/** While it is not: devices are given up and lowered by the clock alone. */
const BLIND_MS = durationMs(500);
/** Schedules of the site turn on whole minutes. */
const MINUTE = 60;
/** Past a boundary, so that it counts as over. */
const PAST_MS = 1;

/** Some limit is still on its way to where it stays. */
export const isRamping = ({ exportLimit, importLimit, generationLimit, loadLimit, maxPower }: ActiveLimits): boolean =>
  [exportLimit, importLimit, generationLimit, loadLimit, maxPower].some((limit) => limit?.towards !== undefined);

/** The next second of the utility at which something may turn: an event, a schedule. */
const turnsAt = ({ dueAt }: ControlState['plan'], exact: number): number => {
  const minute = (Math.floor(exact / MINUTE) + 1) * MINUTE;
  return dueAt === null || dueAt <= exact ? minute : Math.min(minute, dueAt);
};

/**
 * When the next tick is due though nothing arrives: soon while something moves; else when an event begins or ends, or a minute does; when a
 * meter or an inverter that says no more is no longer believed; and every 1.2 s at the latest, every half second without the meter.
 * @param exact utility seconds of this tick, with their fraction; null: unknown
 */
export const tickAgain = (state: ControlState, now: MonoMs, exact: number | null): MonoMs => {
  const { decision, limiter, limits, plan, tracks } = state;
  let due = after(now, limiter.sight.seen ? RESTING_MS : BLIND_MS);
  const noLaterThan = (at: number): void => {
    if (at > now) due = monoMs(Math.min(due, at));
  };
  if (decision === null || decision.moving || decision.overcutting || isRamping(limits)) noLaterThan(now + MOVING_MS);
  if (exact !== null && isReturning(plan.service, exact)) noLaterThan(now + RETURNING_MS);
  if (exact !== null) noLaterThan(now + 1000 * (turnsAt(plan, exact) - exact) + PAST_MS);
  if (limiter.sight.lastGoodAt !== null) noLaterThan(limiter.sight.lastGoodAt + METER_STALE_MS + PAST_MS);
  for (const track of tracks.values()) {
    const newest = track.readings.at(-1);
    if (newest !== undefined) noLaterThan(newest.at + staleAfter(track) + PAST_MS);
  }
  return due;
};
