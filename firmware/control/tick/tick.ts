import type { Note } from '#base/ports.ts';
import { durationMs, type MonoMs, type UtilitySeconds, utilitySeconds, type Watts, watts } from '#base/units.ts';
import { applyAnchor, type ClockState, isUnvouched, noteWall, utilityExact, utilityNow } from '#control/clock/clock.ts';
import { type GenerationTrack, latestGeneration } from '#control/limiter/generation.ts';
import { decide, type Decision, type PowerLimits } from '#control/limiter/limiter.ts';
import type { Plant } from '#control/limiter/plant.ts';
import { beside, isStopped, powerLimits } from '#control/limits/power.ts';
import type { Service } from '#control/limits/service.ts';
import type { ActiveLimits } from '#control/limits.ts';
import { localLimits, withLocalLimits } from '#control/local/local.ts';
import { type LockoutState, NOT_LOCKED, resetLockout, watchFlow } from '#control/local/lockout.ts';
import { isCap } from '#control/modes.ts';
import { activeLimits, unvouchedLimits } from '#control/plan/active.ts';
import { confirmStarted, pendingStarts } from '#control/plan/advance.ts';
import type { Surroundings } from '#control/plan/course.ts';
import type { Plan } from '#control/plan/plan.ts';
import type { ControlMode } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { CurveFunction } from '#site/curve.ts';
import type { DeviceId } from '#site/device.ts';
import { alarmChanges } from './alarms.ts';
import { isRamping, tickAgain } from './again.ts';
import { askAll } from './asking.ts';
import { claimsFor, isNeverTold, leastTogether, observeUnproven, uncontrolledOf } from './claims.ts';
import { observeConditions } from './conditions.ts';
import { askConnections } from './connection.ts';
import { limitChange } from './limit-record.ts';
import { observe, tracksFor } from './observe.ts';
import { askCurves, functionsOf, isFollowed, withOneReactive } from './curves.ts';
import { phasesOf } from './phases.ts';
import { type Planned, replan } from './replan.ts';
import { askReactive, reactiveOf } from './reactive.ts';
import type { ControlState, SiteFacts, TickInputs, TickResult } from './state.ts';
import { observeUnexplained, type Unexplained } from './unexplained.ts';
import { askStored, isStored, observeStored, type Stored, storedWithin } from './storing.ts';

/** A held cap may exceed its ceiling by the resolution of one watt before it counts as not yet enforced. */
const HELD_TOLERANCE_W = 1;

/** Over-cut and probe begin and end at once, whatever the write budget would rather. */
const isForced = (decision: Decision | null): boolean => decision !== null && (decision.overcutting || decision.probing);

const plantOf = (facts: SiteFacts, { beside: storage, loadsToldAt }: Stored): Plant => {
  let maxPower = 0;
  let minOutput = 0;
  for (const one of facts.inverters) {
    maxPower += one.maxPower ?? 0;
    minOutput += (one.maxPower ?? 0) * one.minOutputFraction;
  }
  // Field by field: this is made each tick.
  const plant: { -readonly [K in keyof Plant]: Plant[K] } = {
    maxPower: watts(maxPower),
    minOutput: watts(minOutput),
    unmeteredGeneration: facts.unmeteredGeneration,
    readingAge: durationMs(facts.readingAgeMs),
  };
  if (facts.meterStaleMs !== undefined) plant.meterStale = durationMs(facts.meterStaleMs);
  if (storage !== undefined) plant.storage = storage;
  if (loadsToldAt !== null) plant.loadsToldAt = loadsToldAt;
  const { phases } = phasesOf(facts);
  if (phases !== undefined) plant.phases = phases;
  return plant;
};

/** What per cents are of: the inverters' power; of a site with storage alone what that gives. */
const setMaxWOf = ({ maxPower, storage }: Plant, { inverters }: SiteFacts): Watts =>
  inverters.length > 0 ? maxPower : (storage?.maxDischarge ?? watts(0));

/** What binds all generation, and what of it is left to the inverters. */
const powersOf = (
  limits: ActiveLimits,
  service: Service | null,
  moment: UtilitySeconds | null,
  plant: Plant,
  facts: SiteFacts,
) => {
  const { maxPower, storage } = plant;
  const setMaxW = setMaxWOf(plant, facts);
  const more = watts(maxPower + (storage?.maxDischarge ?? 0) - setMaxW);
  const whole = powerLimits(limits, facts.returnsByItself ? null : service, moment, setMaxW, more);
  return { whole, power: beside(whole, storage?.possibleDischarge ?? watts(0), maxPower) };
};

/** The time of a tick. */
interface Dated {
  readonly clock: ClockState;
  /** Whole seconds, for schedules; null: unknown. */
  readonly utility: UtilitySeconds | null;
  /** The same with its fraction: a ramp moves between them. */
  readonly moment: UtilitySeconds | null;
  /** Somebody beside a real-time clock says so. */
  readonly vouched: boolean;
  readonly notes: readonly Note[];
}

const date = (before: ClockState, inputs: TickInputs): Dated => {
  const instant = { bootId: inputs.bootId, mono: inputs.now, wall: inputs.wall };
  let clock = before;
  const notes: Note[] = [];
  for (const anchor of inputs.anchors) {
    const step = applyAnchor(clock, anchor, instant);
    clock = step.state;
    notes.push(...step.notes);
  }
  clock = noteWall(clock, instant);
  const utility = utilityNow(clock, inputs.now, inputs.bootId, inputs.wall);
  const exact = utilityExact(clock, instant);
  const moment = exact === null ? null : utilitySeconds(exact);
  return { clock, utility, moment, vouched: utility !== null && !isUnvouched(clock, instant), notes };
};

/** What a ramp that begins now starts from: the flows as last seen. */
const surroundingsOf = (state: ControlState, setMaxW: Watts, now: MonoMs): Surroundings => {
  const { sight } = state.limiter;
  let generation: number | null = state.tracks.size === 0 ? null : 0;
  for (const track of state.tracks.values()) {
    const one = latestGeneration(track, now);
    generation = generation === null || one === null ? null : generation + one;
  }
  return {
    setMaxW: setMaxW > 0 ? setMaxW : null,
    netExport: sight.seen && sight.netImport !== null ? watts(0 - sight.netImport) : null,
    generation: generation === null ? null : watts(generation),
  };
};

/** What one delivers that nothing can lower is inside the limits. */
const fits = ({ decision }: ControlState, track: GenerationTrack, now: MonoMs): boolean =>
  (latestGeneration(track, now) ?? Infinity) <= (decision?.ceiling ?? 0);

/** The flow is inside what the utility itself asks for, whatever tighter limit beside it the site cannot reach. */
const isMet = (own: ActiveLimits, { limiter: { sight } }: ControlState): boolean => {
  const { exportLimit, importLimit, generationLimit, loadLimit, maxPower } = own;
  const isOfFlow = generationLimit === undefined && loadLimit === undefined && maxPower === undefined;
  if (!isOfFlow || !sight.seen || sight.netImport === null) return false;
  return 0 - sight.netImport <= (exportLimit?.value ?? Infinity) && sight.netImport <= (importLimit?.value ?? Infinity);
};

/** True when every device that answers provably holds no more than the limits allow, and does what it holds (Response 2, design section 3). */
const enforced = (state: ControlState, facts: SiteFacts, inputs: TickInputs, own: ActiveLimits): boolean => {
  const met = isMet(own, state);
  if (!storedWithin(state, facts, inputs, met)) return false;
  const opens = isStopped(state.limits);
  for (const [device, track] of state.tracks) {
    const standing = inputs.standings.get(device);
    if (standing !== 'answering') continue;
    if (isNeverTold(facts, device)) {
      if (opens || !fits(state, track, inputs.now)) return false;
      continue;
    }
    const ceiling = state.ceilings.get(device) ?? 0;
    if (track.heldCap === null || track.heldCap > ceiling + HELD_TOLERANCE_W) return false;
    if (state.follows.get(device)?.obedience === 'disobeys' && !met) return false;
    if (opens && inputs.connections.get(device) !== 'disconnected') return false;
  }
  return true;
};

/** True when every inverter that answers provably holds the reactive power it was asked for. */
const reactiveHolds = (state: ControlState, inputs: TickInputs): boolean =>
  [...state.reactive.keys()].every(
    (device) => inputs.standings.get(device) !== 'answering' || inputs.reactiveHeld?.get(device) === true,
  );

/** True when what a mode that is no limit asks for provably is so. */
const targetHolds = (state: ControlState, inputs: TickInputs) => {
  const reactive = reactiveHolds(state, inputs);
  const targets = state.limits.targets ?? {};
  const follows = (device: DeviceId, one: CurveFunction): boolean =>
    inputs.standings.get(device) !== 'answering' || inputs.followed?.get(device)?.includes(one) === true;
  return (mode: ControlMode): boolean =>
    isStored(mode, state, inputs.now) ?? isFollowed(mode, targets, follows, state.curves) ?? reactive;
};

const started = (
  state: ControlState,
  facts: SiteFacts,
  inputs: TickInputs,
  utility: UtilitySeconds | null,
): { readonly plan: Plan; readonly records: readonly RecordBody[] } => {
  if (utility === null) return { plan: state.plan, records: [] };
  const pending = pendingStarts(state.plan, utility);
  if (pending.length === 0) return { plan: state.plan, records: [] };
  const limits = enforced(state, facts, inputs, activeLimits(state.plan, utility, facts.commissioned, facts.fallback));
  const holds = targetHolds(state, inputs);
  const { targets = {} } = state.limits;
  const isBegun = (modes: readonly ControlMode[]): boolean => {
    if (modes.some(isCap)) return limits;
    const mine = modes.filter((mode) => Object.hasOwn(targets, mode));
    return mine.length > 0 && mine.every(holds);
  };
  // An event is answered for what of it can be done: its limits, or its targets where it sets no limit.
  const begun = pending.filter(({ modes }) => isBegun(modes));
  const confirmed = confirmStarted(state.plan, begun, utility);
  return { plan: confirmed.plan, records: confirmed.transitions };
};

/** What binds the site: the utility's plan, tightened by the limits beside it. */
const bindingOf = (
  { plan, foreseen }: Planned,
  { moment }: Dated,
  { commissioned, fallback }: SiteFacts,
  local: Parameters<typeof withLocalLimits>[1],
): ActiveLimits => {
  const theirs =
    moment === null || foreseen === null
      ? activeLimits(plan, moment, commissioned, fallback)
      : unvouchedLimits(plan, foreseen, moment, commissioned, fallback);
  const bound = withLocalLimits(theirs, local);
  const targets = withOneReactive(bound.targets);
  return targets === undefined ? bound : { ...bound, targets };
};

/** The export limitation scheme's own memory; the flow is the one the last tick saw. */
const lockoutOf = ({ lockout, limiter }: ControlState, { local }: SiteFacts, { now, lockoutReset }: TickInputs): LockoutState => {
  if (local.scheme === null) return NOT_LOCKED;
  const by = lockoutReset === 'user' ? 'user' : 'installer';
  const asked = lockoutReset === false ? null : resetLockout(lockout, local.scheme, by, now);
  const { seen, netImport } = limiter.sight;
  return watchFlow(asked ?? lockout, local.scheme, seen ? netImport : null, now);
};

const unexplainedBy = (
  { unexplained = null, limiter }: ControlState,
  tracks: readonly GenerationTrack[],
  { standings, now }: TickInputs,
  plant: Plant,
): Unexplained | null =>
  tracks.length < 2 ? null : observeUnexplained(unexplained, { sight: limiter.sight, tracks, standings, plant }, now);

const samePower = (a: PowerLimits, b: PowerLimits): boolean =>
  a.exportLimit === b.exportLimit && a.generationLimit === b.generationLimit;

/** What time it is, what is planned, and what of all that limits the site binds now. */
const schedule = (before: ControlState, facts: SiteFacts, inputs: TickInputs, plant: Plant) => {
  const { now, heard, programSets } = inputs;
  const dated = date(before.clock, inputs);
  const { utility, vouched } = dated;
  const surroundings = surroundingsOf(before, setMaxWOf(plant, facts), now);
  const planned = replan(before, facts, programSets, { utility, vouched, surroundings });
  const lockout = lockoutOf(before, facts, inputs);
  const limits = bindingOf(planned, dated, facts, localLimits(facts.local, { lockout, utility, now, heard }));
  return { dated, planned, lockout, limits };
};

/**
 * One tick: inputs in, setpoints, records and notes out (design section 3). Pure; the same inputs always give the same result.
 * A limit acts in the tick that decides it; `started` is recorded in the tick that sees it enforced.
 */
export const controlTick = (before: ControlState, facts: SiteFacts, inputs: TickInputs): TickResult => {
  const { now, trial } = inputs;
  const stored = observeStored(before, facts, inputs);
  const plant = plantOf(facts, stored);
  const { dated, planned, lockout, limits } = schedule(before, facts, inputs, plant);
  const { utility, moment, vouched } = dated;
  const { targets } = limits;
  const stopped = isStopped(limits);

  const tracks = tracksFor(before.tracks, facts);
  const observed = observe({ limiter: before.limiter, tracks }, inputs, facts, plant);
  const all = [...observed.tracks.values()];
  const unexplained = unexplainedBy(before, all, inputs, plant);
  // Asleep counts 0 W and is no fault: every night.
  const awake = unexplained?.isCounted === true ? all : all.filter(({ device }) => inputs.standings.get(device) !== 'asleep');
  const { whole, power } = powersOf(limits, planned.plan.service, moment, plant, facts);
  const uncontrolled = uncontrolledOf(all, facts, inputs, { ...before, unexplained });
  // A check of the meter moves the inverters itself.
  const running = { ...plant, minOutput: leastTogether(awake, uncontrolled, facts, before.idle), isChecked: trial !== undefined };
  const { state: limiter, decision } = decide(observed.limiter, power, awake, { plant: running, now, uncontrolled });

  const changed = !samePower(before.power, power);
  const completes = isForced(decision) || isForced(before.decision) || changed;
  const { claims, demands, idle } = claimsFor(all, uncontrolled, { facts, inputs, state: before, limiter }, decision);
  const asleep = new Set(all.filter((track) => !awake.includes(track)).map(({ device }) => device));
  const view = { ...observed, limiter, decision, completes, arrives: changed && !isRamping(limits), asleep, trial, now };
  const asking = askAll(before, facts, claims, view);
  const connecting = askConnections({ told: before.told, service: planned.plan.service }, stopped, facts, inputs.connections);

  const site = { storage: stored.storage, limits, power: whole, stopped, limiter, decision, awake, setMaxW: plant.maxPower };
  const storing = askStored(site, facts, inputs);
  const reacting = askReactive(before.reactive, reactiveOf(targets, plant.maxPower), facts);
  const curving = askCurves(before.curves, functionsOf(targets, planned.plan), facts);

  const decided: ControlState = {
    plan: connecting.service === planned.plan.service ? planned.plan : { ...planned.plan, service: connecting.service },
    clock: dated.clock,
    foreseen: planned.foreseen,
    waiting: planned.waiting,
    limiter,
    tracks: asking.tracks,
    follows: asking.follows,
    asked: asking.asked,
    ceilings: asking.ceilings,
    unproven: observeUnproven(before.unproven, before, observed.tracks.values(), now),
    demands,
    unexplained,
    idle,
    alarms: before.alarms,
    conditions: observeConditions(before.conditions, inputs.samples, inputs.standings),
    limits,
    lockout,
    power,
    told: connecting.told,
    reactive: reacting.told,
    curves: curving.told,
    storage: storing.storage,
    decision,
  };
  const start = started(decided, facts, inputs, vouched ? utility : null);
  const alarms = alarmChanges(decided, facts, inputs);
  return {
    state: { ...decided, plan: start.plan, alarms: alarms.alarms },
    commands: [...asking.commands, ...storing.commands, ...connecting.commands, ...reacting.commands, ...curving.commands],
    records: [...planned.records, ...start.records, ...limitChange(before.limits, limits), ...alarms.records],
    notes: [...dated.notes, ...planned.notes],
    attend: decision.moving || decision.overcutting || storing.moving || stopped !== isStopped(before.limits),
    again: tickAgain(decided, now, moment),
    folded: planned.folded,
    utility,
  };
};
