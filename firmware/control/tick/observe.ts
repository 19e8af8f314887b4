import type { MonoMs, Watts } from '#base/units.ts';
import { newTrack, withHeldCap, withReading, type GenerationTrack } from '#control/limiter/generation.ts';
import { type LimiterState, observeCapChange, observeGeneration, observeMeter, type Plant } from '#control/limiter/limiter.ts';
import type { DeviceId, WriteOutcome } from '#site/device.ts';
import type { Sample } from '#site/sample.ts';
import type { SiteFacts, TickInputs } from './state.ts';

export interface Observed {
  readonly limiter: LimiterState;
  readonly tracks: ReadonlyMap<DeviceId, GenerationTrack>;
}

/** One track per inverter whose rating is known; a rating that changed starts its track afresh. */
export const tracksFor = (
  tracks: ReadonlyMap<DeviceId, GenerationTrack>,
  facts: SiteFacts,
): ReadonlyMap<DeviceId, GenerationTrack> => {
  const complete = facts.inverters.every((one) => (tracks.get(one.device)?.maxPower ?? null) === one.maxPower);
  if (complete) return tracks;
  const next = new Map<DeviceId, GenerationTrack>();
  for (const { device, maxPower } of facts.inverters) {
    if (maxPower === null) continue;
    const known = tracks.get(device);
    next.set(device, known?.maxPower === maxPower ? known : newTrack(device, maxPower));
  }
  return next;
};

const heldAfter = (outcome: WriteOutcome, held: Watts | null): Watts | null => {
  switch (outcome.kind) {
    case 'confirmed':
      return outcome.cap;
    case 'mismatch':
      return null;
    // A lost or refused write leaves what was there; the session reads it back before it is believed again.
    case 'lost':
    case 'refused':
      return held;
  }
};

const withOutcome = (observed: Observed, device: DeviceId, outcome: WriteOutcome, now: MonoMs): Observed => {
  const track = observed.tracks.get(device);
  if (track === undefined) return observed;
  const held = heldAfter(outcome, track.heldCap);
  if (held === track.heldCap) return observed;
  const from = track.heldCap ?? track.maxPower;
  const next = withHeldCap(track, held, now);
  const limiter = observeCapChange(observed.limiter, next, from, held ?? track.maxPower, now);
  return { limiter, tracks: new Map(observed.tracks).set(device, next) };
};

const withSample = (observed: Observed, sample: Sample, facts: SiteFacts, plant: Plant, now: MonoMs): Observed => {
  if (sample.kind === 'meter') {
    if (sample.device !== facts.meter) return observed;
    return { ...observed, limiter: observeMeter(observed.limiter, sample, plant) };
  }
  const track = observed.tracks.get(sample.device);
  if (track === undefined) return observed;
  const next = withReading(track, sample);
  if (next === track) return observed;
  return {
    limiter: observeGeneration(observed.limiter, next, now),
    tracks: new Map(observed.tracks).set(sample.device, next),
  };
};

/** Takes write outcomes, then samples, in order of arrival. */
export const observe = (
  before: Observed,
  inputs: Pick<TickInputs, 'now' | 'samples' | 'outcomes'>,
  facts: SiteFacts,
  plant: Plant,
): Observed => {
  const { now, samples, outcomes } = inputs;
  let observed = before;
  for (const { device, outcome } of outcomes) observed = withOutcome(observed, device, outcome, now);
  for (const sample of samples) observed = withSample(observed, sample, facts, plant, now);
  return observed;
};
