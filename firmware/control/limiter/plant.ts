import type { DurationMs, MonoMs, Watts } from '#base/units.ts';
import type { GenerationTrack } from './generation.ts';
import type { PhaseLimit, PhasePowers } from './phases.ts';

export interface Plant {
  /** Sum of WMax over the inverters. */
  readonly maxPower: Watts;
  /** Sum of the minimum stable outputs (device profiles; default 10 % of WMax). */
  readonly minOutput: Watts;
  /** Generation that no meter of ours sees and nobody can curtail, at full; lowers the blind cap (design D5). */
  readonly unmeteredGeneration: Watts;
  /** How old an inverter's registers may be when they are read. */
  readonly readingAge: DurationMs;
  /** Older than this the meter's flow is unknown; absent: two seconds. More on a line of 1200 baud alone. */
  readonly meterStale?: DurationMs;
  /** Storage beside the inverters, which the load that is estimated contains; absent: none. */
  readonly storage?: StorageBeside;
  /** When a controllable load was last given more or less: what the flow did then the output need not explain. Absent: never. */
  readonly loadsToldAt?: MonoMs;
  /** The site has a limit of each phase; absent: none. */
  readonly phases?: PhaseLimit;
  /** An installer has the meter checked: nothing else of ours moves the inverters to try it. Absent: nobody has. */
  readonly isChecked?: boolean;
}

/** What storage that has an output of its own does to the connection point. */
export interface StorageBeside {
  readonly maxDischarge: Watts;
  /** What it may give whatever it gives now: what it provably holds, else its rating. Lowers the blind cap. */
  readonly possibleDischarge: Watts;
  /** The same on each phase. */
  readonly possibleOnPhases: PhasePowers;
  /** What it gives now, positive = discharging; null: not known. */
  readonly power: Watts | null;
  /** It has not moved for the last seconds. */
  readonly isSteady: boolean;
  /** All of it is made to charge: what it takes less than that is of its own. Absent: not. */
  readonly isCharged?: boolean;
}

/** Against which a change of the flow is large or small: of a site with storage alone it is what that gives. */
export const ratedOf = ({ maxPower, storage }: Plant): Watts => (maxPower > 0 ? maxPower : (storage?.maxDischarge ?? maxPower));

/** Sum over the inverters; null while one of them is not known. */
export const total = (tracks: Iterable<GenerationTrack>, of: (track: GenerationTrack) => number | null): number | null => {
  let sum = 0;
  for (const track of tracks) {
    const one = of(track);
    if (one === null) return null;
    sum += one;
  }
  return sum;
};

/** The output of inverters and storage together; null while one is not known. */
export const withStorage = (output: number | null, { storage }: Pick<Plant, 'storage'>): number | null => {
  if (storage === undefined || output === null) return output;
  return storage.power === null ? null : output + storage.power;
};
