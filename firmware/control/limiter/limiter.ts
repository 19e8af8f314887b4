import { assert } from '#base/assert.ts';
import { type DurationMs, durationMs, type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { heldAgainst } from './doubt.ts';
import { type GainState, isSteady, UNTRIMMED, withCapChange, withSettledReading } from './gain.ts';
import { type GenerationTrack, isMoving, latestGeneration, predicted } from './generation.ts';
import { type LoadState, NO_LOAD_KNOWN, type ProvenLoad, provenLoad, withOutput, withoutMeter, withPoll } from './load.ts';
import { observePhases, type PhaseLoads, type PhaseRoom, roomOnPhases, roomTogether } from './phases.ts';
import { type Probe, probed } from './probe.ts';
import { type Plant, ratedOf, total } from './plant.ts';
import { armWitness, NOT_YET_SEEN, type SightState, withMeterSample, withTime } from './sight.ts';

/** Distance kept below the limit, so that noise stays inside it: 0.3 % of the limit, 5-30 W. */
const MARGIN_FRACTION = 0.003;
/** And a watt for each inverter beyond two: every reading and every cap is rounded, and a watt too much would be a cut for all. */
const FEW_INVERTERS = 2;
/** A cut deeper than this fraction of WMax is made by over-cutting (design D6). */
const OVERCUT_FRACTION = 0.025;
/** Time from a decision until the inverter acts on it: the write's wire time and turnaround. */
const ACTUATION: DurationMs = durationMs(180);
/** After a raise the output may follow, or the sun may not let it: looked at closely for this long only. */
const WATCH_MS = 2000;
/** An over-cut ends at the latest then; an inverter that has not moved by then is a matter for `follow`. */
const OVERCUT_MS_MAX = 40_000;

/** What binds the generation of the site, already reduced to watts. Null: no such limit. */
export interface PowerLimits {
  readonly exportLimit: Watts | null;
  readonly generationLimit: Watts | null;
}

export interface LimiterState {
  readonly sight: SightState;
  readonly load: LoadState;
  readonly gains: ReadonlyMap<DeviceId, GainState>;
  /** Since when the site is being over-cut; null when it is not. */
  readonly overcutSince: MonoMs | null;
  /** What the output had to fall by, at most, while it lasts; watts. Absent: it does not, or in a tape of an earlier release. */
  readonly overcutBy?: number;
  /** While the meter is on trial; null: it is not. Absent: in a tape of an earlier release. */
  readonly probe?: Probe | null;
  /** Where each phase has a limit. */
  readonly phases?: PhaseLoads;
  /** Since when more is exported than is allowed, as far as the meter is seen; null: it is not. Absent: in a tape of an earlier release. */
  readonly overSince?: MonoMs | null;
}

export const newLimiter = (): LimiterState => ({
  sight: NOT_YET_SEEN,
  load: NO_LOAD_KNOWN,
  gains: new Map(),
  overcutSince: null,
  probe: null,
});

export interface Decision {
  /** What the inverters together may deliver, with the margin kept; the full rating when nothing limits. */
  readonly target: Watts;
  /** The same without the margin, and with the slack of the load's noise: a cap above it must come down at once. */
  readonly ceiling: Watts;
  /** What of the ceiling is slack: a raise by less is not worth a write. Absent: in a tape of an earlier release. */
  readonly slack?: number;
  /** What they may deliver whatever the load is. */
  readonly assured: Watts;
  /** What to command now: the target, or less while over-cutting. */
  readonly command: Watts;
  readonly seen: boolean;
  readonly overcutting: boolean;
  /** The output is lowered to see whether the meter follows. */
  readonly probing: boolean;
  /** An inverter is on its way to a new cap: poll it fast. */
  readonly moving: boolean;
  /** Proven load; null while blind. */
  readonly load: Watts | null;
  /** What they may deliver on each phase; absent: no phase has a limit. */
  readonly rooms?: readonly PhaseRoom[];
}

export const gainOf = (state: LimiterState, device: DeviceId): GainState => state.gains.get(device) ?? UNTRIMMED;

const withGain = (state: LimiterState, device: DeviceId, gain: GainState): LimiterState =>
  state.gains.get(device) === gain ? state : { ...state, gains: new Map(state.gains).set(device, gain) };

/** Takes one poll of the meter at the connection point. */
export const observeMeter = (state: LimiterState, sample: MeterSample, plant: Plant): LimiterState => {
  const sight = withMeterSample(state.sight, sample, ratedOf(plant));
  if (!sight.seen && state.sight.seen) {
    // What it said until now is not to be what the first word is held against once it is believed again.
    const { gains, overcutSince, probe = null } = state;
    return { gains, overcutSince, probe, sight, load: withoutMeter(state.load) };
  }
  if (!sight.seen && state.sight.reason === 'implausible') return { ...state, sight };
  const polled = { ...state, sight, load: withPoll(state.load, sample) };
  return plant.phases === undefined ? polled : { ...polled, phases: observePhases(state.phases, sample) };
};

/** A confirmed change of one inverter's cap, watts. `output`: of all inverters together at rest, else null. */
interface CapChange {
  readonly from: Watts;
  readonly to: Watts;
  readonly output: Watts | null;
}

/** Takes the effect of a confirmed cap: the plant's response is timed, and the meter is going to be held against it. */
export const observeCapChange = (state: LimiterState, track: GenerationTrack, change: CapChange, now: MonoMs): LimiterState => {
  const { from, to, output } = change;
  const moves = Math.abs(to - from) >= 0.05 * track.maxPower;
  const sight = moves && output !== null ? armWitness(state.sight, output, now) : state.sight;
  return withGain({ ...state, sight }, track.device, withCapChange(gainOf(state, track.device), track, from, to, now));
};

/** Takes a new reading of an inverter, already in its track. */
export const observeGeneration = (state: LimiterState, track: GenerationTrack, now: MonoMs): LimiterState =>
  withGain(state, track.device, withSettledReading(gainOf(state, track.device), track, now));

const margin = (limit: Watts): number => Math.min(30, Math.max(5, MARGIN_FRACTION * limit));

/** Generation allowed by the limits given the load that may be relied on; never below zero, never above the rating. */
const allowed = (limits: PowerLimits, load: Watts, plant: Plant, keep: (limit: Watts) => number): Watts => {
  let most: number = plant.maxPower;
  if (limits.exportLimit !== null) {
    most = Math.min(most, load + limits.exportLimit - keep(limits.exportLimit) - plant.unmeteredGeneration);
  }
  if (limits.generationLimit !== null) most = Math.min(most, limits.generationLimit - keep(limits.generationLimit));
  return watts(Math.max(0, most));
};

/** Within so much of WMax an output is of one age with a flow that was read up to a refresh before it. */
const RESTING_FRACTION = 0.02;

/** What the inverters deliver together as last read; null while one of them is on the move or not known. */
export const restingOutput = (tracks: Iterable<GenerationTrack>, now: MonoMs): Watts | null => {
  const output = total(tracks, (track) => (isSteady(track, RESTING_FRACTION) ? latestGeneration(track, now) : null));
  return output === null ? null : watts(output);
};

/** Over-cut or not: begins when the caps of those that can be told have far to fall, ends when their output is about to arrive (design D6). */
const overcut = (
  state: LimiterState,
  target: number,
  plant: Plant,
  tracks: readonly GenerationTrack[],
  now: MonoMs,
): MonoMs | null => {
  if (target >= plant.maxPower) return null;
  const expected = total(tracks, (track) => predicted(track, now, ACTUATION, gainOf(state, track.device)));
  if (expected === null) return null;
  if (state.overcutSince !== null) {
    const arrived = expected <= target + 0.003 * plant.maxPower;
    return arrived || now - state.overcutSince > OVERCUT_MS_MAX ? null : state.overcutSince;
  }
  const held = total(tracks, (track) => (track.heldCap ?? track.maxPower) * gainOf(state, track.device).gain) ?? plant.maxPower;
  const output = total(tracks, (track) => latestGeneration(track, now)) ?? 0;
  const far = OVERCUT_FRACTION * plant.maxPower;
  return output > target + far && held > target + far ? now : null;
};

/** Worth fast polling: an output that has yet to come down, or the first seconds after any change of cap. */
const isWorthWatching = (track: GenerationTrack, now: MonoMs, settleMs: number): boolean => {
  if (!isMoving(track, now, settleMs)) return false;
  const output = latestGeneration(track, now);
  const fresh = track.disturbedAt !== null && now - track.disturbedAt <= WATCH_MS;
  return fresh || output === null || output > (track.heldCap ?? track.maxPower);
};

/** Storage that answers the flow by itself falls as the inverters are cut: to run ahead of it would cut them further. */
const runsAhead = ({ storage }: Plant): boolean => storage === undefined || storage.isCharged === true;

/** Longer above the limit than any cut takes: storage that takes less and less as it fills is followed behind, and never caught up with. */
const BEHIND_MS = 4000;
/** What the limiter's margin and the meter's own noise make is not behind, fraction of the rating. */
const BEHIND_FRACTION = 0.003;

/** Since when the site is above its export limit. */
const overSince = (
  { sight, overSince: before = null }: LimiterState,
  { exportLimit }: PowerLimits,
  { maxPower }: Plant,
  now: MonoMs,
): MonoMs | null => {
  if (exportLimit === null || !sight.seen || sight.netImport === null) return null;
  return 0 - sight.netImport > exportLimit + BEHIND_FRACTION * maxPower ? (before ?? now) : null;
};

/**
 * How far the output is sent down while over-cutting: to the least that is stable. Storage that charges lives on the surplus: cut deeper
 * than that, fast inverters are below it before anyone has read them, the storage lets its charge go, and that has to be cut as well. So
 * beside it no deeper than what is exported at the target, or as much again as there is to cut: a lag of five seconds loses two by it.
 */
const overcutTo = (
  target: number,
  least: number,
  { plant, relied, by }: { plant: Plant; relied: number | null; by: number },
): number => {
  if (relied === null || (plant.storage?.power ?? 0) >= 0) return Math.min(target, least);
  const surplus = Math.max(0, target + plant.unmeteredGeneration - relied);
  return Math.min(target, Math.max(least, target - Math.max(surplus, by)));
};

/** What an over-cut goes by. */
interface Sinking {
  readonly plant: Plant;
  /** Those that can be told, and what the others count as, watts. */
  readonly told: readonly GenerationTrack[];
  readonly others: number;
  /** Load that is relied on, and what all inverters give; null: not known. */
  readonly relied: number | null;
  readonly output: number | null;
}

/** Over-cut or not after this tick, and what is wanted of the inverters for it. */
const overcutAfter = (state: LimiterState, target: Watts, sinking: Sinking, now: MonoMs) => {
  const { plant, told, others, relied, output } = sinking;
  const own = target >= plant.maxPower ? target : Math.max(0, target - others);
  const overcutSince = overcut(state, own, plant, told, now);
  if (overcutSince === null) return { overcutSince, overcutBy: 0, wanted: target };
  const overcutBy = Math.max(state.overcutBy ?? 0, (output ?? 0) - target);
  const wanted = watts(overcutTo(target, others + plant.minOutput, { plant, relied, by: overcutBy }));
  return { overcutSince, overcutBy, wanted };
};

/** What limits of phases add to a decision. */
interface Phased {
  readonly state: Pick<LimiterState, 'phases'>;
  readonly decision: Pick<Decision, 'rooms'>;
  /** Bounds of all inverters together. */
  readonly target: number;
  readonly ceiling: number;
}

const NOT_PHASED: Phased = { state: {}, decision: {}, target: Infinity, ceiling: Infinity };

/** Each phase by itself, and what follows of them for all inverters together. */
const onEachPhase = (
  { phases }: LimiterState,
  plant: Plant,
  tracks: readonly GenerationTrack[],
  {
    rounding,
    ...sighted
  }: Omit<Parameters<typeof roomOnPhases>[3], 'ahead' | 'possibleDischarge' | 'unmeteredGeneration' | 'margin'> & {
    readonly rounding: number;
  },
): Phased => {
  if (plant.phases === undefined) return NOT_PHASED;
  const { loads, rooms } = roomOnPhases(phases, plant.phases, tracks, {
    ...sighted,
    ahead: runsAhead(plant),
    possibleDischarge: plant.storage?.possibleOnPhases,
    unmeteredGeneration: plant.unmeteredGeneration,
    margin: margin(plant.phases.exportLimit) + rounding,
  });
  return { state: { phases: loads }, decision: { rooms }, ...roomTogether(plant.phases, tracks, rooms) };
};

/** What may be relied on while nothing is known of the load. */
const withoutLoad = ({ storage }: Plant): ProvenLoad => ({ load: watts(0 - (storage?.possibleDischarge ?? 0)), slack: 0 });

/** What each inverter that cannot be told counts as. */
type Uncontrolled = ReadonlyMap<DeviceId, Watts>;

/**
 * What the inverters may deliver now. Pure: state, limits, tracks and time in; state and decision out.
 * `tracks`: the inverters that can deliver; those asleep are left out and count as 0 W. One that is `uncontrolled` delivers what it
 * counts as at most: the caller takes that off the command, so that nothing rests on where below it the output is.
 */
export const decide = (
  state: LimiterState,
  limits: PowerLimits,
  tracks: readonly GenerationTrack[],
  { plant, now, uncontrolled }: { readonly plant: Plant; readonly now: MonoMs; readonly uncontrolled: Uncontrolled },
): { readonly state: LimiterState; readonly decision: Decision } => {
  assert(plant.maxPower >= 0 && plant.minOutput <= plant.maxPower, 'a plant has a rating and a lesser minimum');
  const timed = { ...state, sight: withTime(state.sight, now, plant.meterStale) };
  const settleMs = (device: DeviceId): number => gainOf(state, device).settleMs;
  const checked = { ...timed, sight: heldAgainst(timed.sight, { plant, tracks, now, settleMs }) };
  const seen = checked.sight.seen;
  // While blind the load is forgotten; it is learned afresh before the sight returns, from the samples that count towards it.
  const timing = {
    readingAge: plant.readingAge,
    response: (track: GenerationTrack) => gainOf(state, track.device),
    unread: (track: GenerationTrack) => (latestGeneration(track, now) === null ? (uncontrolled.get(track.device) ?? null) : null),
  };
  const known = !seen && state.sight.seen ? withoutMeter(checked.load) : checked.load;
  // Storage is part of the load: what feeds the site makes it negative.
  const load = withOutput(known, tracks, timing);
  const since = overSince(checked, limits, plant, now);
  const ahead = runsAhead(plant) || (since !== null && now - since >= BEHIND_MS);
  const proven = seen ? provenLoad(load, now, { ratedPower: plant.maxPower, ahead }) : null;
  const { load: relied, slack } = proven ?? withoutLoad(plant);
  const rounding = Math.max(0, tracks.length - FEW_INVERTERS);
  const isLost = known !== checked.load;
  const phased = onEachPhase(checked, plant, tracks, { now, seen, isLost, timing, rounding });
  const target = watts(
    Math.min(
      phased.target,
      allowed(limits, relied, plant, (limit) => margin(limit) + rounding),
    ),
  );
  const most = (more: number): number => allowed(limits, watts(relied + more), plant, () => 0);
  const ceiling = watts(Math.min(phased.ceiling, most(slack)));
  const assured = watts(Math.min(ceiling, allowed(limits, watts(0), plant, margin)));
  const told = tracks.filter(({ device }) => !uncontrolled.has(device));
  const others = tracks.reduce((sum, { device }) => sum + (uncontrolled.get(device) ?? 0), 0);
  const output = total(tracks, (track) => latestGeneration(track, now));
  const sinking = { plant, told, others, relied: proven?.load ?? null, output };
  const { overcutSince, overcutBy, wanted } = overcutAfter(checked, target, sinking, now);
  const slowest = tracks.reduce((most, { device }) => Math.max(most, settleMs(device)), 0);
  const site = { command: wanted, output: output === null ? null : watts(output), maxPower: plant.maxPower, settleMs: slowest };
  const probe = plant.isChecked === true ? null : probed(state.probe ?? null, checked.sight, site, now);
  const command = probe === null ? wanted : watts(Math.min(wanted, probe.cap));
  const moving = tracks.some((track) => isWorthWatching(track, now, gainOf(state, track.device).settleMs));
  assert(command <= ceiling, 'a command never exceeds what the limits allow');
  return {
    state: { ...checked, load, overcutSince, overcutBy, probe, overSince: since, ...phased.state },
    decision: {
      target,
      ceiling,
      assured,
      command,
      seen,
      overcutting: overcutSince !== null,
      probing: probe !== null,
      moving,
      load: proven?.load ?? null,
      slack: Math.max(0, ceiling - most(0)),
      ...phased.decision,
    },
  };
};
