import type { MonoMs } from '#base/units.ts';
import { type GenerationTrack, latestGeneration } from '#control/limiter/generation.ts';
import type { Plant } from '#control/limiter/plant.ts';
import type { SightState } from '#control/limiter/sight.ts';
import type { DeviceId } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';

/** Less of the rating is the difference between two readings. */
const UNEXPLAINED_FRACTION = 0.03;
/** A flow and an output that are read one after the other differ for no longer than that while the output moves. */
const COUNTED_AFTER_MS = 3000;
const GAP_MS = 2000;
/** It may have stopped, or be held down by its own sun: it counts for so long after the last sign of it. */
const FORGOTTEN_MS = 30_000;

/**
 * More is exported than the inverters that are heard deliver, while others are taken to sleep or say nothing of their output; or the sun
 * is up and nobody sees what is exported.
 */
export interface Unexplained {
  readonly since: MonoMs;
  /** When it last showed. */
  readonly lastAt: MonoMs;
  /** It showed for long enough: who is not heard counts as awake, with all it could give. */
  readonly isCounted: boolean;
}

interface Seen {
  readonly sight: SightState;
  readonly tracks: Iterable<GenerationTrack>;
  readonly standings: ReadonlyMap<DeviceId, DeviceStanding>;
  readonly plant: Plant;
}

/** It is taken to sleep, or answers so late that it is heard now and then and never says what it delivers. */
export const isUnheard = (track: GenerationTrack, standing: DeviceStanding | undefined, now: MonoMs): boolean =>
  standing === 'asleep' || (standing === 'answering' && latestGeneration(track, now) === null);

/** Watts of export that nobody accounts for; null: the flow is not known, or storage is not. */
const unexplainedOf = ({ sight, tracks, plant }: Seen, now: MonoMs): number | null => {
  const { storage, unmeteredGeneration } = plant;
  if (!sight.seen || sight.netImport === null || storage?.power === null) return null;
  let known = unmeteredGeneration + Math.max(0, storage?.power ?? 0);
  for (const track of tracks) known += latestGeneration(track, now) ?? 0;
  return 0 - sight.netImport - known;
};

/** One that is heard delivers, so the sun is up, and others are still taken to sleep. */
const isSunUp = ({ tracks, standings }: Seen, now: MonoMs): boolean => {
  const all = [...tracks];
  return (
    all.some(({ device }) => standings.get(device) === 'asleep') &&
    all.some((track) => (latestGeneration(track, now) ?? 0) > UNEXPLAINED_FRACTION * track.maxPower)
  );
};

/**
 * An inverter that sleeps delivers nothing; one that woke and is not heard, because it answers late or somebody pulled its cable in
 * the night, delivers all that its sun allows, and under no cap. The flow tells the two apart; where nobody sees the flow, another that
 * delivers. Of one inverter alone there is nobody to make room.
 */
export const observeUnexplained = (before: Unexplained | null, seen: Seen, now: MonoMs): Unexplained | null => {
  if (![...seen.tracks].some((track) => isUnheard(track, seen.standings.get(track.device), now))) return null;
  const watts = unexplainedOf(seen, now);
  if (watts === null ? isSunUp(seen, now) : watts > UNEXPLAINED_FRACTION * seen.plant.maxPower) {
    const since = before?.since ?? now;
    return { since, lastAt: now, isCounted: before?.isCounted === true || now - since >= COUNTED_AFTER_MS };
  }
  if (before === null) return null;
  return now - before.lastAt > (before.isCounted ? FORGOTTEN_MS : GAP_MS) ? null : before;
};
