import type { MonoMs, Watts } from '#base/units.ts';
import { type GenerationTrack, latestGeneration, longestDead, type Response, slope } from '#control/limiter/generation.ts';

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
/** Alarm when it did not help for this long, or for what a slow plant takes. */
const DISOBEYS_AFTER_MS = 10_000;
const RECOVERED_READINGS = 3;

/** Of one that is above its cap for `long`, milliseconds, and may be for `patient`. A new cap begins the time anew, but not the trust. */
const judged = (before: Obedience, long: number, patient: number): Obedience => {
  if (before === 'disobeys' || long >= Math.max(DISOBEYS_AFTER_MS, patient)) return 'disobeys';
  return before === 'resists' || long >= Math.max(ASSERT_AFTER_MS, patient) ? 'resists' : 'lags';
};

/** Over so much time an output is looked at for whether it comes down at all, and so much of WMax a second is coming down. */
const STANDS_OVER_MS = 2000;
const STANDS_SLOPE = 0.002;

/** It does not come down at all, not even as the end of a slow lag does. */
const stands = ({ readings, maxPower }: GenerationTrack): boolean => {
  const newest = readings.at(-1);
  const earlier = readings.findLast(({ at }) => newest !== undefined && newest.at - at >= STANDS_OVER_MS);
  if (newest === undefined || earlier === undefined) return false;
  return earlier.generation - newest.generation < (STANDS_SLOPE * maxPower * (newest.at - earlier.at)) / 1000;
};

/** A plant may not show a dead time shorter than that, until it has shown one. */
const USUAL_SETTLE_MS = 5000;

/** How long it may stay above its cap: until it has settled, while it comes down; where it stands, until its dead time is over. */
const patience = (track: GenerationTrack, response: Response): number => {
  const { settleMs } = response;
  return stands(track) ? Math.min(settleMs, Math.max(USUAL_SETTLE_MS, longestDead(response))) : settleMs;
};

/** It goes up above a cap that stood for long. */
const escapes = (track: GenerationTrack, settleMs: number, now: MonoMs): boolean => {
  const stood = now - (track.disturbedAt ?? 0) > Math.max(ASSERT_AFTER_MS, settleMs);
  return stood && slope(track) > ESCAPE_SLOPE * track.maxPower;
};

/** One more reading that is not above; the same object while nothing of it is new. */
const belowAgain = (state: FollowState): FollowState => {
  const belowCount = Math.min(RECOVERED_READINGS, state.belowCount + 1);
  const obedience = belowCount >= RECOVERED_READINGS ? 'obeys' : state.obedience;
  const isSame = belowCount === state.belowCount && obedience === state.obedience && state.aboveSince === null;
  return isSame ? state : { ...state, aboveSince: null, belowCount, obedience };
};

/**
 * One look at the inverter. `assert`: the cap has to be written again now; `isGone`: for it evidently stands there no more.
 * `response`: how this plant was seen to answer a cap change.
 */
export const follow = (
  state: FollowState,
  track: GenerationTrack,
  response: Response,
  now: MonoMs,
): { readonly state: FollowState; readonly assert: boolean; readonly isGone: boolean } => {
  const output = latestGeneration(track, now);
  const cap = track.heldCap;
  if (output === null || cap === null) return { state: { ...state, aboveSince: null }, assert: false, isGone: false };
  if (!above(track, cap, output)) {
    return { state: belowAgain(state), assert: false, isGone: false };
  }
  const falling = slope(track) < -0.01 * track.maxPower;
  const aboveSince = falling && state.obedience !== 'disobeys' ? now : (state.aboveSince ?? now);
  const since = Math.max(aboveSince, track.disturbedAt ?? 0);
  const long = now - since;
  const obedience = judged(state.obedience, long, patience(track, response));
  const disobeys = obedience === 'disobeys';
  const pause = disobeys ? DISOBEYING_PAUSE_MS : ASSERT_AFTER_MS;
  const isGone = escapes(track, response.settleMs, now);
  const assert = (isGone || long >= ASSERT_AFTER_MS) && (state.assertedAt === null || now - state.assertedAt >= pause);
  return {
    state: { obedience, aboveSince, assertedAt: assert ? now : state.assertedAt, belowCount: 0 },
    assert,
    isGone,
  };
};

/** What it delivers counts, not what it was told: the others are given what it leaves. */
export const isCountedAsIs = ({ obedience }: FollowState): boolean => obedience === 'resists' || obedience === 'disobeys';
