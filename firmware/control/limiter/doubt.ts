import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import { isSteady } from './gain.ts';
import { type GenerationTrack, latestGeneration } from './generation.ts';
import { type Plant, ratedOf, total, withStorage } from './plant.ts';
import { acquitted, explainJump, isDoubtedSign, isEvidence, settleWitness, type SightState, turnedOver } from './sight.ts';
import { isShownTurned, withPair } from './turned.ts';

/** As old as a meter's refresh and its inverters' registers may be together: what they gave since then may be what it shows. */
const SHOWN_MS = 5000;
const WITNESS_LEAST_MS = 1500;
const SETTLED_MS = 2500;
/** A load that was told has come or gone by then, and the meter has shown it. */
const LOAD_MOVES_MS = 4000;

/** What the flow is held against: what inverters and storage give now. */
export interface Outputs {
  readonly plant: Plant;
  readonly tracks: readonly GenerationTrack[];
  readonly now: MonoMs;
  /** How long a cap of this inverter may take to show. */
  readonly settleMs: (device: DeviceId) => number;
}

const together = ({ plant, tracks }: Outputs, of: (track: GenerationTrack) => number | null): number | null =>
  withStorage(total(tracks, of), plant);

const latest = (outputs: Outputs): number | null => together(outputs, (track) => latestGeneration(track, outputs.now));

/** After a doubtful jump of the flow: holds it against what the output did meanwhile, as soon as every inverter was read again. */
const explained = (sight: SightState, outputs: Outputs): SightState => {
  const { jump } = sight;
  if (jump === null) return sight;
  if (jump.outputBefore === null) {
    const outputBefore = together(outputs, (track) => latestGeneration(track, jump.at));
    // An inverter that did not answer before the jump may have made it.
    return outputBefore === null ? { ...sight, jump: null, strikes: 0 } : { ...sight, jump: { ...jump, outputBefore } };
  }
  const after = together(outputs, (track) => track.readings.find((reading) => reading.at > jump.at)?.generation ?? null);
  return after === null ? sight : explainJump(sight, after - jump.outputBefore);
};

const witnessed = (sight: SightState, outputs: Outputs): SightState => {
  const { plant, tracks, now, settleMs } = outputs;
  const { witness } = sight;
  if (witness === null || now - witness.at < WITNESS_LEAST_MS || !tracks.every((track) => isSteady(track))) return sight;
  if (plant.storage?.isSteady === false) return sight;
  const settledFor = tracks.every((track) => track.disturbedAt === null || now - track.disturbedAt > SETTLED_MS);
  const output = latest(outputs);
  if (!settledFor || output === null) return sight;
  // Through a dead time an output is steady too: as long as it may take to move, that it has not proves nothing.
  const isDue = tracks.some(({ device, disturbedAt }) => disturbedAt !== null && now - disturbedAt <= settleMs(device));
  if (isDue && !isEvidence(witness, watts(output), ratedOf(plant))) return sight;
  return settleWitness(sight, watts(output), ratedOf(plant), now);
};

/** A sign that is doubted is acquitted where the site does not give what it would have to export. */
const withinReach = (sight: SightState, outputs: Outputs): SightState => {
  const { plant, now } = outputs;
  if (!isDoubtedSign(sight) || plant.storage?.isSteady === false) return sight;
  const recent = ({ readings }: GenerationTrack): Watts =>
    watts(readings.reduce((most, { at, generation }) => (now - at <= SHOWN_MS ? Math.max(most, generation) : most), 0));
  const most = together(outputs, (track) => (latestGeneration(track, now) === null ? null : recent(track)));
  return most === null ? sight : acquitted(sight, most + plant.unmeteredGeneration, ratedOf(plant), now);
};

/** Each refresh beside what the site gave: a sign that turned shows in any movement. */
const paired = (sight: SightState, outputs: Outputs): SightState => {
  const { pairs = [], seen, movedAt, netImport } = sight;
  if (!seen) return pairs.length === 0 ? sight : { ...sight, pairs: [] };
  if (movedAt === null || netImport === null || movedAt === pairs.at(-1)?.at) return sight;
  const output = latest(outputs);
  // What is not known meanwhile may have moved the flow.
  if (output === null) return pairs.length === 0 ? sight : { ...sight, pairs: [] };
  const next = withPair(pairs, { at: movedAt, flow: netImport, output });
  if (next === pairs) return sight;
  return isShownTurned(next, ratedOf(outputs.plant)) ? turnedOver(sight, outputs.now) : { ...sight, pairs: next };
};

/** A load of our own that comes or goes moves the flow beside the output: until it has, nothing is held against the meter. */
const withoutEvidence = (sight: SightState): SightState =>
  sight.witness === null && (sight.pairs ?? []).length === 0 ? sight : { ...sight, witness: null, pairs: [] };

/** Holds what the meter says against what the site gives: a sign that turned, a meter frozen in substance. */
export const heldAgainst = (sight: SightState, outputs: Outputs): SightState => {
  const { plant, now } = outputs;
  const told = plant.loadsToldAt;
  const fair = told !== undefined && now - told < LOAD_MOVES_MS ? withoutEvidence(sight) : sight;
  return paired(withinReach(witnessed(explained(fair, outputs), outputs), outputs), outputs);
};
