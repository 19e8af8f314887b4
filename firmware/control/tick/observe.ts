import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { newTrack, withHeldCap, withReading, type GenerationTrack } from '#control/limiter/generation.ts';
import { type LimiterState, observeCapChange, observeGeneration, observeMeter, restingOutput } from '#control/limiter/limiter.ts';
import { type Plant, withStorage } from '#control/limiter/plant.ts';
import type { DeviceId } from '#site/device.ts';
import type { Sample } from '#site/sample.ts';
import type { InverterFacts, SiteFacts, TickInputs } from './state.ts';

export interface Observed {
  readonly limiter: LimiterState;
  readonly tracks: ReadonlyMap<DeviceId, GenerationTrack>;
}

/**
 * One track per inverter; one that was never met has a rating of 0 W and no readings, so that nobody takes its output for nothing.
 * A rating that changed starts its track afresh.
 */
export const tracksFor = (
  tracks: ReadonlyMap<DeviceId, GenerationTrack>,
  facts: SiteFacts,
): ReadonlyMap<DeviceId, GenerationTrack> => {
  const rating = (one: InverterFacts): Watts => one.maxPower ?? watts(0);
  if (facts.inverters.every((one) => tracks.get(one.device)?.maxPower === rating(one))) return tracks;
  const next = new Map<DeviceId, GenerationTrack>();
  for (const one of facts.inverters) {
    const known = tracks.get(one.device);
    next.set(one.device, known?.maxPower === rating(one) ? known : newTrack(one.device, rating(one), one.pollMs));
  }
  return next;
};

interface Seen {
  readonly plant: Plant;
  readonly now: MonoMs;
}

const withHeld = (observed: Observed, track: GenerationTrack, held: Watts | null, { plant, now }: Seen): Observed => {
  if (held === track.heldCap) return observed;
  const from = track.heldCap ?? track.maxPower;
  const next = withHeldCap(track, held, now);
  // Beside storage on the move the flow says nothing of the inverter.
  const sum = plant.storage?.isSteady === false ? null : withStorage(restingOutput(observed.tracks.values(), now), plant);
  const output = sum === null ? null : watts(sum);
  const change = { from, to: held ?? track.maxPower, output };
  const limiter = observeCapChange(observed.limiter, next, change, now);
  return { limiter, tracks: new Map(observed.tracks).set(track.device, next) };
};

const withSample = (observed: Observed, sample: Sample, facts: SiteFacts, plant: Plant, now: MonoMs): Observed => {
  if (sample.kind === 'meter') {
    if (sample.device !== facts.meter) return observed;
    return { ...observed, limiter: observeMeter(observed.limiter, sample, plant) };
  }
  if (sample.kind !== 'inverter') return observed;
  const track = observed.tracks.get(sample.device);
  if (track === undefined) return observed;
  const next = withReading(track, sample);
  if (next === track) return observed;
  return {
    limiter: observeGeneration(observed.limiter, next, now),
    tracks: new Map(observed.tracks).set(sample.device, next),
  };
};

/** Takes what each inverter provably holds, then the samples in order of arrival. */
export const observe = (
  before: Observed,
  inputs: Pick<TickInputs, 'now' | 'samples' | 'held'>,
  facts: SiteFacts,
  plant: Plant,
): Observed => {
  const { now, samples, held } = inputs;
  let observed = before;
  for (const [device, track] of before.tracks) observed = withHeld(observed, track, held.get(device) ?? null, { plant, now });
  for (const sample of samples) observed = withSample(observed, sample, facts, plant, now);
  return observed;
};
