import { type MonoMs, watts } from '#base/units.ts';
import { type LoadState, PROVING_MS, trend, withEnvelope } from '#control/limiter/load.ts';
import type { Beside } from './bounds.ts';
import { storageOutput, type StorageTrack } from './track.ts';

/** What the site would import without its storage: the same estimate as of the load, of one age with the storage's readings. */
export const withStorageOutput = (residual: LoadState, tracks: readonly StorageTrack[]): LoadState =>
  withEnvelope(
    residual,
    (from, to) => storageOutput(tracks, from, to),
    tracks.reduce((sum, track) => sum + track.maxCharge + track.maxDischarge, 0),
  );

/**
 * Least and most of the last eight and a half seconds: what has just gone may come back, and what has just come may go again.
 * Null: not known.
 */
export const reliedOn = ({ estimate, history }: LoadState, now: MonoMs): Beside['residual'] => {
  if (estimate === null) return null;
  const rate = Math.max(0, trend(history));
  let least: number = estimate;
  let most: number = estimate;
  for (const { at, load } of history) {
    if (now - at > PROVING_MS + 500) continue;
    least = Math.min(least, load);
    most = Math.max(most, load);
  }
  return { least: watts(least), most: watts(most), now: estimate, rate };
};
