import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { type Claim, idleOf } from '#control/allocate/allocate.ts';
import { type Demands, observeDemands, usableBy } from '#control/allocate/demand.ts';
import { FOLLOWING, isCountedAsIs } from '#control/follow/follow.ts';
import { standsAbove } from '#control/limiter/gain.ts';
import { type GenerationTrack, isContested, latestGeneration, peakGeneration } from '#control/limiter/generation.ts';
import { type Decision, gainOf, type LimiterState } from '#control/limiter/limiter.ts';
import type { DeviceId } from '#site/device.ts';
import type { ControlState, SiteFacts, TickInputs } from './state.ts';
import { isUnheard } from './unexplained.ts';

/** A cap that is not read back for so long is not going to be: the inverter refuses it, or cannot be reached to be told. */
const UNPROVEN_MS = 10_000;
const HELD_TOLERANCE_W = 1;

/** Since when each inverter holds more than it was last asked for, or nothing provably. */
export type Unproven = ReadonlyMap<DeviceId, MonoMs>;

export const observeUnproven = (
  before: Unproven,
  state: ControlState,
  tracks: Iterable<GenerationTrack>,
  now: MonoMs,
): Unproven => {
  let next = before;
  for (const { device, heldCap } of tracks) {
    const asked = state.asked.get(device);
    const proven = asked === undefined || (heldCap !== null && heldCap <= asked.cap + HELD_TOLERANCE_W);
    if (proven !== next.has(device)) continue;
    const changed = new Map(next);
    if (proven) changed.delete(device);
    else changed.set(device, now);
    next = changed;
  }
  return next;
};

/** Nothing of it may be written. */
export const isNeverTold = ({ inverters }: SiteFacts, device: DeviceId): boolean =>
  inverters.some((one) => one.device === device && one.neverTold === true);

/** What an inverter must be taken to deliver that does not answer: its last cap while it provably holds it, else its rating (design section 3). */
const silentOutput = (track: GenerationTrack, facts: SiteFacts): Watts => {
  const onSilence = facts.inverters.find((one) => one.device === track.device)?.onSilence;
  const holds = onSilence !== undefined && onSilence.kind !== 'opens';
  return holds && track.heldCap !== null ? track.heldCap : track.maxPower;
};

type Around = Pick<TickInputs, 'now' | 'standings'>;

/** What one that cannot be told is counted as; null: it can be told. */
const countedAs = (track: GenerationTrack, facts: SiteFacts, { now, standings }: Around, state: ControlState): Watts | null => {
  const { device, maxPower } = track;
  const standing = standings.get(device);
  if (standing === 'silent') return silentOutput(track, facts);
  if (state.unexplained?.isCounted === true && isUnheard(track, standing, now)) return maxPower;
  if (standing === 'asleep') return null;
  if (isContested(track, now)) return peakGeneration(track, now) ?? maxPower;
  const since = state.unproven.get(device);
  const isAsItIs =
    isNeverTold(facts, device) ||
    isCountedAsIs(state.follows.get(device) ?? FOLLOWING) ||
    standsAbove(gainOf(state.limiter, device), track, now) ||
    (since !== undefined && now - since >= UNPROVEN_MS);
  return isAsItIs ? (latestGeneration(track, now) ?? maxPower) : null;
};

/**
 * What each inverter that cannot be told is counted as; the others are absent. One that answers counts what it delivers, one that is
 * silent what it may deliver. A site of one inverter has nobody to give way.
 */
export const uncontrolledOf = (
  tracks: readonly GenerationTrack[],
  facts: SiteFacts,
  around: Around,
  state: ControlState,
): ReadonlyMap<DeviceId, Watts> => {
  const uncontrolled = new Map<DeviceId, Watts>();
  if (tracks.length === 1) return uncontrolled;
  for (const track of tracks) {
    const watts = countedAs(track, facts, around, state);
    if (watts !== null) uncontrolled.set(track.device, watts);
  }
  return uncontrolled;
};

const leastOf = (track: GenerationTrack, facts: SiteFacts): Watts => {
  const fraction = facts.inverters.find(({ device }) => device === track.device)?.minOutputFraction ?? 0;
  return watts(fraction * track.maxPower);
};

interface Claiming {
  readonly claims: readonly Claim[];
  readonly demands: Demands;
  readonly idle: ReadonlySet<DeviceId>;
}

/** The inverters' claims on what the limiter allows, without the over-cut, which stops nobody. */
export const claimsFor = (
  tracks: readonly GenerationTrack[],
  uncontrolled: ReadonlyMap<DeviceId, Watts>,
  context: {
    readonly facts: SiteFacts;
    readonly inputs: TickInputs;
    readonly state: ControlState;
    readonly limiter: LimiterState;
  },
  { target, assured }: Pick<Decision, 'target' | 'assured'>,
): Claiming => {
  const { facts, inputs, state, limiter } = context;
  const seen = tracks.map((track) => {
    const { settleMs, gain, excess } = gainOf(limiter, track.device);
    return { excess, track, standing: inputs.standings.get(track.device), least: leastOf(track, facts), settleMs, gain };
  });
  const demands = observeDemands(
    state.demands,
    seen.filter(({ track }) => !uncontrolled.has(track.device)),
    inputs.now,
  );
  const rating = tracks.reduce((sum, { maxPower }) => sum + maxPower, 0);
  const isUnread = (track: GenerationTrack): boolean =>
    uncontrolled.has(track.device) && latestGeneration(track, inputs.now) === null;
  const claims = seen.map(({ track, least, gain, excess = 0 }): Claim => {
    const { device, maxPower } = track;
    return {
      device,
      maxPower,
      gain,
      uncontrolled: uncontrolled.get(device) ?? null,
      // The load rests on what it may deliver now: once it is back, only what holds without any load is sure.
      onReturn: isUnread(track) ? watts((assured * maxPower) / rating) : null,
      usable: tracks.length === 1 ? null : usableBy(demands, device),
      least,
      idle: state.idle.has(device),
      excess,
    };
  });
  const idle = idleOf(target, claims);
  const chosen = claims.map((claim) => (claim.idle === idle.has(claim.device) ? claim : { ...claim, idle: !claim.idle }));
  return { claims: chosen, demands, idle };
};

/** The minimum stable output of those that run and can be told: how deep an over-cut goes. */
export const leastTogether = (
  tracks: readonly GenerationTrack[],
  uncontrolled: ReadonlyMap<DeviceId, Watts>,
  facts: SiteFacts,
  idle: ReadonlySet<DeviceId>,
): Watts =>
  watts(
    tracks.reduce(
      (sum, track) => (uncontrolled.has(track.device) || idle.has(track.device) ? sum : sum + leastOf(track, facts)),
      0,
    ),
  );
