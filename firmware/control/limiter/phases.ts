import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import type { GenerationTrack } from './generation.ts';
import { type LoadState, NO_LOAD_KNOWN, provenLoad, type Timing, withOutput, withoutMeter, withPoll } from './load.ts';

const PHASES = ['a', 'b', 'c'] as const;
export type Phase = (typeof PHASES)[number];

/** Most that each phase may export, and how the inverters feed the phases. */
export interface PhaseLimit {
  readonly exportLimit: Watts;
  /** The phase of each single-phase inverter; one that is not named feeds all three alike. */
  readonly feeds: ReadonlyMap<DeviceId, Phase>;
}

/** The load of each phase, estimated as that of the site is. */
export type PhaseLoads = Readonly<Record<Phase, LoadState>>;

/** Watts of each phase. */
export type PhasePowers = Readonly<Record<Phase, number>>;

/** The sum of powers on each phase: of each its own, or a third of it where it feeds all alike. */
export const powersOnPhases = (all: readonly { readonly power: number; readonly phase: Phase | undefined }[]): PhasePowers => {
  const on = (phase: Phase): number =>
    all.reduce(
      (sum, one) => sum + (one.phase === undefined ? one.power / PHASES.length : one.phase === phase ? one.power : 0),
      0,
    );
  return { a: on('a'), b: on('b'), c: on('c') };
};

/** What the inverters together may deliver on one phase, with the margin kept and without it. */
export interface PhaseRoom {
  readonly phase: Phase;
  readonly target: Watts;
  readonly ceiling: Watts;
}

const NONE_KNOWN: PhaseLoads = { a: NO_LOAD_KNOWN, b: NO_LOAD_KNOWN, c: NO_LOAD_KNOWN };

/** Part of an inverter's output that goes to a phase. */
export const shareOf = ({ feeds }: PhaseLimit, device: DeviceId, phase: Phase): number => {
  const fed = feeds.get(device);
  return fed === undefined ? 1 / PHASES.length : fed === phase ? 1 : 0;
};

const eachPhase = (of: (phase: Phase) => LoadState): PhaseLoads => ({ a: of('a'), b: of('b'), c: of('c') });

/** Takes a poll of the meter; a phase of which it says nothing has no load that may be relied on. */
export const observePhases = (loads: PhaseLoads = NONE_KNOWN, sample: MeterSample): PhaseLoads =>
  eachPhase((phase) => {
    const netImport = sample.netImportPerPhase[phase];
    return netImport === null ? NO_LOAD_KNOWN : withPoll(loads[phase], { ...sample, netImport });
  });

/** True when the meter says nothing of some phase. */
export const isPhaseUntold = (loads: PhaseLoads = NONE_KNOWN): boolean => PHASES.some((phase) => loads[phase].polledAt === null);

interface Sighted {
  readonly now: MonoMs;
  readonly seen: boolean;
  /** The meter was lost just now. */
  readonly isLost: boolean;
  readonly timing: Timing;
  readonly ahead: boolean;
  /** What storage may give on each phase whatever it gives now; absent: there is none. */
  readonly possibleDischarge: PhasePowers | undefined;
  /** Generation nobody can curtail, at full: on which phase it feeds is not known, so it counts on each. */
  readonly unmeteredGeneration: number;
  /** Distance kept below the limit. */
  readonly margin: number;
}

/** What the inverters may deliver on each phase; while the flow of a phase is not known, what holds without any load on it. */
export const roomOnPhases = (
  before: PhaseLoads = NONE_KNOWN,
  limit: PhaseLimit,
  tracks: readonly GenerationTrack[],
  { now, seen, isLost, timing, ahead, possibleDischarge, unmeteredGeneration, margin }: Sighted,
): { readonly loads: PhaseLoads; readonly rooms: readonly PhaseRoom[] } => {
  const loads = eachPhase((phase) => {
    const share = ({ device }: GenerationTrack): number => shareOf(limit, device, phase);
    return withOutput(isLost ? withoutMeter(before[phase]) : before[phase], tracks, { ...timing, share });
  });
  const rooms = PHASES.map((phase) => {
    const rating = tracks.reduce((sum, { device, maxPower }) => sum + shareOf(limit, device, phase) * maxPower, 0);
    const proven = seen ? provenLoad(loads[phase], now, { ratedPower: watts(rating), ahead }) : null;
    const relied = proven?.load ?? 0 - (possibleDischarge?.[phase] ?? 0);
    const most = (kept: number): Watts => watts(Math.max(0, relied + limit.exportLimit - kept - unmeteredGeneration));
    return { phase, target: most(margin), ceiling: most(0 - (proven?.slack ?? 0)) };
  });
  return { loads, rooms };
};

/** The same for all inverters together, where each feeds all phases alike; else nothing can be said of them together. */
export const roomTogether = (
  limit: PhaseLimit,
  tracks: readonly GenerationTrack[],
  rooms: readonly PhaseRoom[],
): { readonly target: number; readonly ceiling: number } => {
  if (tracks.some(({ device }) => limit.feeds.has(device))) return { target: Infinity, ceiling: Infinity };
  return {
    target: PHASES.length * Math.min(...rooms.map(({ target }) => target)),
    ceiling: PHASES.length * Math.min(...rooms.map(({ ceiling }) => ceiling)),
  };
};
