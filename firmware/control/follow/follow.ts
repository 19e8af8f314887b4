import type { MonoMs, Watts } from '#base/units.ts';
import { type GenerationTrack, latestGeneration, slope } from '#control/limiter/generation.ts';

/**
 * Whether an inverter does what it was told, judged by its measured power (design D8). `lags`: above its cap, within the time it takes;
 * `resists`: it should have come down by now, so that the others give way; `disobeys`: nor did it help to write the cap again.
 */
export type Obedience = 'obeys' | 'lags' | 'resists' | 'disobeys';

export interface FollowState {
  readonly obedience: Obedience;
  /** Since when the output has been above the held cap without coming down. */
  readonly aboveSince: MonoMs | null;
  readonly assertedAt: MonoMs | null;
  readonly belowCount: number;
}

export const FOLLOWING: FollowState = { obedience: 'obeys', aboveSince: null, assertedAt: null, belowCount: 0 };

/** Above the cap by this much is not noise and not a gain error that the trim may remove: 12 % of the cap and 2 % of WMax. */
const above = (track: GenerationTrack, cap: Watts, output: Watts): boolean => output > 1.12 * cap + 0.02 * track.maxPower;

/** Written again after this long above the cap. */
const ASSERT_AFTER_MS = 3000;
/** One that disobeys is written again seldom, for the sake of its flash. */
const DISOBEYING_PAUSE_MS = 60_000;
/** An output that rises by this fraction of WMax a second, above a cap that stood for long, does not lag: the cap is gone. */
const ESCAPE_SLOPE = 0.01;
/** Alarm when it did not help for this long, or three settling times where the plant is slow. */
const DISOBEYS_AFTER_MS = 10_000;
const RECOVERED_READINGS = 3;

/** Of one that stands above its cap for `long`, milliseconds. A new cap begins the time anew, but not the trust. */
const judged = (before: Obedience, long: number, settleMs: number): Obedience => {
  if (before === 'disobeys' || long >= Math.max(DISOBEYS_AFTER_MS, settleMs)) return 'disobeys';
  return before === 'resists' || long >= Math.max(ASSERT_AFTER_MS, settleMs) ? 'resists' : 'lags';
};

/** It goes up above a cap that stood for long. */
const escapes = (track: GenerationTrack, settleMs: number, now: MonoMs): boolean => {
  const stood = now - (track.disturbedAt ?? 0) > Math.max(ASSERT_AFTER_MS, settleMs);
  return stood && slope(track) > ESCAPE_SLOPE * track.maxPower;
};

/**
 * One look at the inverter. `assert`: the cap has to be written again now; `isGone`: for it evidently stands there no more.
 * `settleMs`: what this plant was seen to take for a cap change.
 */
export const follow = (
  state: FollowState,
  track: GenerationTrack,
  settleMs: number,
  now: MonoMs,
): { readonly state: FollowState; readonly assert: boolean; readonly isGone: boolean } => {
  const output = latestGeneration(track, now);
  const cap = track.heldCap;
  if (output === null || cap === null) return { state: { ...state, aboveSince: null }, assert: false, isGone: false };
  if (!above(track, cap, output)) {
    const belowCount = state.belowCount + 1;
    const recovered = state.obedience === 'obeys' || belowCount >= RECOVERED_READINGS;
    return {
      state: { ...state, aboveSince: null, belowCount, obedience: recovered ? 'obeys' : state.obedience },
      assert: false,
      isGone: false,
    };
  }
  const falling = slope(track) < -0.01 * track.maxPower;
  const aboveSince = falling && state.obedience !== 'disobeys' ? now : (state.aboveSince ?? now);
  const since = Math.max(aboveSince, track.disturbedAt ?? 0);
  const long = now - since;
  const obedience = judged(state.obedience, long, settleMs);
  const disobeys = obedience === 'disobeys';
  const pause = disobeys ? DISOBEYING_PAUSE_MS : ASSERT_AFTER_MS;
  const isGone = escapes(track, settleMs, now);
  const assert = (isGone || long >= ASSERT_AFTER_MS) && (state.assertedAt === null || now - state.assertedAt >= pause);
  return {
    state: { obedience, aboveSince, assertedAt: assert ? now : state.assertedAt, belowCount: 0 },
    assert,
    isGone,
  };
};

/** What it delivers counts, not what it was told: the others are given what it leaves. */
export const isCountedAsIs = ({ obedience }: FollowState): boolean => obedience === 'resists' || obedience === 'disobeys';
