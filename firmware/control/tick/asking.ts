import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { allocate, ask, type Asked, type Claim, NOISE_FRACTION, roomFor } from '#control/allocate/allocate.ts';
import { onPhases, roomOnPhasesFor } from '#control/allocate/on-phases.ts';
import { follow, FOLLOWING, type FollowState } from '#control/follow/follow.ts';
import { type GenerationTrack, latestGeneration, withAskedCap, withLoss } from '#control/limiter/generation.ts';
import { type Decision, gainOf, type LimiterState } from '#control/limiter/limiter.ts';
import { onStep } from '#control/limiter/quantum.ts';
import type { DeviceId } from '#site/device.ts';
import { phasesOf } from './phases.ts';
import type { Command, ControlState, SiteFacts, Urgency } from './state.ts';

interface Asking {
  readonly asked: ReadonlyMap<DeviceId, Asked>;
  readonly ceilings: ReadonlyMap<DeviceId, Watts>;
  readonly follows: ReadonlyMap<DeviceId, FollowState>;
  readonly commands: readonly Command[];
  readonly tracks: ReadonlyMap<DeviceId, GenerationTrack>;
}

interface View {
  readonly tracks: ReadonlyMap<DeviceId, GenerationTrack>;
  readonly limiter: LimiterState;
  readonly decision: Decision;
  readonly completes: boolean;
  readonly arrives: boolean;
  /** They hold nothing that counts: their cap is written before they produce again. */
  readonly asleep: ReadonlySet<DeviceId>;
  /** Caps of a check of the meter, which only lower; absent: none runs. */
  readonly trial: ReadonlyMap<DeviceId, Watts> | undefined;
  readonly now: MonoMs;
}

/** The load stands higher than is relied on, by more than noise. */
const loadSwings = ({ limiter, decision }: View, claims: readonly Claim[]): boolean => {
  const rating = claims.reduce((sum, claim) => sum + claim.maxPower, 0);
  return (limiter.load.estimate ?? 0) - (decision.load ?? 0) > NOISE_FRACTION * rating;
};

/** An output so far above the cap has not come down to it yet, fraction of WMax; less is the reading's own error. */
const FALLING_FRACTION = 0.01;

/** What one may deliver under the highest of what it holds, was asked for and is to get, or delivers still on its way down; watts. */
const mayDeliver = (claim: Claim, cap: Watts, state: ControlState, view: View): number => {
  const { device, maxPower, gain, uncontrolled } = claim;
  if (uncontrolled !== null) return uncontrolled;
  const track = view.tracks.get(device);
  const held = view.asleep.has(device) ? 0 : (track?.heldCap ?? maxPower);
  const allowed = gain * Math.max(held, cap, state.asked.get(device)?.cap ?? 0);
  const delivers = track === undefined ? 0 : (latestGeneration(track, view.now) ?? 0);
  return Math.min(maxPower, delivers > allowed + FALLING_FRACTION * maxPower ? delivers : allowed);
};

/** What each phase takes; null: none has a limit. */
const onEachPhase = (of: 'command' | 'ceiling', { rooms }: Decision, facts: SiteFacts) => {
  const { phases: limit } = phasesOf(facts);
  if (limit === undefined || rooms === undefined) return null;
  return {
    limit,
    rooms: rooms.map(({ phase, target, ceiling }) => ({ phase, most: of === 'command' ? target : ceiling })),
  };
};

/** The caps to ask for: a raise waits until the others provably hold what leaves room for it. */
const withRoom = (
  caps: ReadonlyMap<DeviceId, Watts>,
  claims: readonly Claim[],
  { state, facts, view }: { readonly state: ControlState; readonly facts: SiteFacts; readonly view: View },
) => {
  if (claims.length === 1) return caps;
  const phased = onEachPhase('ceiling', view.decision, facts);
  const holds = new Map<DeviceId, number>();
  let together = 0;
  for (const claim of claims) {
    const one = mayDeliver(claim, caps.get(claim.device) ?? watts(0), state, view);
    holds.set(claim.device, one);
    together += one;
  }
  const asked = new Map<DeviceId, Watts>();
  for (const claim of claims) {
    const { device } = claim;
    const cap = caps.get(device) ?? watts(0);
    const before = state.asked.get(device)?.cap;
    if (before === undefined || cap <= before) {
      asked.set(device, cap);
      continue;
    }
    const room = roomFor(claim, view.decision.ceiling, [together - (holds.get(device) ?? 0)]);
    const onPhase = phased === null ? Infinity : roomOnPhasesFor(claim, phased.limit, phased.rooms, holds);
    asked.set(device, watts(Math.max(before, Math.min(cap, room, onPhase))));
  }
  return asked;
};

/** The split over the inverters, inside what each phase takes. */
const splitOf = (of: 'command' | 'ceiling', claims: readonly Claim[], decision: Decision, facts: SiteFacts) => {
  const caps = allocate(decision[of], claims);
  const phased = onEachPhase(of, decision, facts);
  return phased === null ? caps : onPhases(caps, claims, phased.limit, phased.rooms);
};

/** What the limiter gives, less where a check of the meter wants less. */
const onTrial = (given: Watts = watts(0), most: Watts = given): Watts => watts(Math.min(given, most));

/** The same cap once more is written although nothing changed: it does not hold, or is gone. */
const urgencyOf = (before: Asked | null, next: Asked | null, isGone: boolean): Urgency => {
  if (next === null) return isGone ? 'gone' : 'refresh';
  return before !== null && next.cap > before.cap ? 'raise' : 'cut';
};

/** What is asked of each inverter now, and whether it does what it was asked before. */
export const askAll = (state: ControlState, facts: SiteFacts, claims: readonly Claim[], view: View): Asking => {
  const { completes, arrives } = view;
  const caps = withRoom(splitOf('command', claims, view.decision, facts), claims, { state, facts, view });
  const ceilings = splitOf('ceiling', claims, view.decision, facts);
  const swings = loadSwings(view, claims);
  const share = 1 / claims.reduce((sum, claim) => sum + claim.maxPower, 0);
  const commands: Command[] = [];
  // Most ticks ask nothing: a map is copied by the first that differs.
  let { asked, follows } = state;
  let { tracks } = view;
  for (const { device, maxPower } of claims) {
    const track = view.tracks.get(device);
    const known = facts.inverters.find((one) => one.device === device && one.neverTold !== true);
    if (track === undefined || known === undefined || maxPower <= 0) continue;
    const before = state.asked.get(device) ?? null;
    const most = view.trial?.get(device);
    const cap = onTrial(caps.get(device), most);
    const ceiling = onTrial(ceilings.get(device), most);
    const gain = gainOf(view.limiter, device);
    const slack = (view.decision.slack ?? 0) * share * maxPower;
    const wish = { cap: watts(onStep(cap, gain.quantum, maxPower)), ceiling, completes, arrives, swings, slack };
    const next = ask(before, wish, maxPower, view.now);
    const followed = state.follows.get(device);
    const obeys = follow(followed ?? FOLLOWING, track, gain, view.now);
    if (obeys.state !== followed) follows = new Map(follows).set(device, obeys.state);
    const wanted = next ?? before;
    if (wanted === null || (next === null && !obeys.assert)) continue;
    asked = new Map(asked).set(device, wanted);
    const found = obeys.isGone ? withLoss(track, view.now) : track;
    tracks = new Map(tracks).set(device, withAskedCap(found, wanted.cap, view.now));
    commands.push({
      setpoint: { device, command: { kind: 'cap', cap: wanted.cap }, onSilence: known.onSilence },
      urgency: urgencyOf(before, next, obeys.isGone),
    });
  }
  return { asked, ceilings, follows, commands, tracks };
};
