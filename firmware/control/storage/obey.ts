import { type MonoMs, watts } from '#base/units.ts';
import type { Band } from '#site/device.ts';
import { powerOf, type StorageTrack } from './track.ts';

/** Outside its band by this much of its range is no noise. */
const STRAY_FRACTION = 0.04;
/** Per cents of its registers. */
const STEP_FRACTION = 0.012;
/** Told again after this long outside its band, or unproven; and again as often. */
const ASSERT_AFTER_MS = 4000;
const ASSERT_EVERY_MS = 10_000;
/** An alarm when telling it again did not help for this long. */
const DISOBEYS_AFTER_MS = 12_000;

/** Whether a storage device does what it was told, judged by its measured power (design D8). */
export interface ObeyState {
  /** Since when it is outside the band that it was asked to keep; null: inside. */
  readonly straysSince: MonoMs | null;
  readonly assertedAt: MonoMs | null;
  readonly disobeys: boolean;
}

export const OBEYING: ObeyState = { straysSince: null, assertedAt: null, disobeys: false };

/** An empty one cannot discharge, a full one cannot charge: that is no disobedience. */
const isOutside = ({ maxCharge, maxDischarge, isEmpty, isFull }: StorageTrack, power: number, { least, most }: Band): boolean => {
  const allowance = STRAY_FRACTION * (maxCharge + maxDischarge);
  if (power > most + allowance) return !isFull || power >= allowance;
  return power < least - allowance && (!isEmpty || power <= 0 - allowance);
};

/**
 * A window of model 124 forces it to charge with no more than its discharging rating, and the other way round: that is all that can be
 * held, and all that it can be blamed for.
 */
const holdable = ({ maxCharge, maxDischarge }: StorageTrack, { least, most }: Band): Band => ({
  least: watts(Math.min(least, maxCharge)),
  most: watts(Math.max(most, 0 - maxDischarge)),
});

/** What it provably holds is no wider than what was asked, but for the steps of its registers: not so while it refuses. */
const isHeld = ({ held, maxCharge, maxDischarge }: StorageTrack, { least, most }: Band): boolean => {
  const step = STEP_FRACTION * (maxCharge + maxDischarge);
  return held !== null && held.least >= least - step && held.most <= most + step;
};

/** Gives, or takes, more than it was asked: what falls short of a band does no harm, and is counted as it is. */
const isBeyond = ({ maxCharge, maxDischarge }: StorageTrack, power: number, { least, most }: Band): boolean => {
  const allowance = STRAY_FRACTION * (maxCharge + maxDischarge);
  return power > Math.max(0, most) + allowance || power < Math.min(0, least) - allowance;
};

/** So far back its way towards its band is looked for: several readings of a busy line. */
const COMING_MS = 5000;

/** It comes towards its band: bands that follow one another faster than it is read are always ahead of it. */
const isComing = (
  { readings, maxCharge, maxDischarge }: StorageTrack,
  power: number,
  { least, most }: Band,
  now: MonoMs,
): boolean => {
  const recent = readings.filter(({ at }) => now - at <= COMING_MS).map(({ discharge }) => discharge);
  const way = power > most ? Math.max(...recent) - power : power < least ? power - Math.min(...recent) : 0;
  return way > STRAY_FRACTION * (maxCharge + maxDischarge);
};

/** Does it do as it likes, and has done for a while? Then it counts as load or generation, and the others take its share. */
export const isStray = (state: ObeyState | undefined, track: StorageTrack, now: MonoMs): boolean => {
  const power = powerOf(track, now);
  const { asked } = track;
  if (state === undefined || state.straysSince === null || power === null || asked === null) return false;
  const isLong = now - state.straysSince >= ASSERT_AFTER_MS;
  return isLong && isBeyond(track, power, asked.band) && !isComing(track, power, asked.band, now);
};

/** One look. `assert`: the band has to be written again now. */
export const obey = (
  state: ObeyState,
  track: StorageTrack,
  now: MonoMs,
): { readonly state: ObeyState; readonly assert: boolean } => {
  const power = powerOf(track, now);
  const { asked, held } = track;
  if (power === null || asked === null) return { state: { ...state, straysSince: null }, assert: false };
  const band = holdable(track, asked.band);
  if (isHeld(track, band) && !isOutside(track, power, band)) return { state: OBEYING, assert: false };
  const straysSince = state.straysSince ?? now;
  const long = now - Math.max(straysSince, asked.at);
  const assert = long >= ASSERT_AFTER_MS && (state.assertedAt === null || now - state.assertedAt >= ASSERT_EVERY_MS);
  const disobeys = state.disobeys || (held !== null && now - straysSince >= DISOBEYS_AFTER_MS);
  return { state: { straysSince, assertedAt: assert ? now : state.assertedAt, disobeys }, assert };
};
