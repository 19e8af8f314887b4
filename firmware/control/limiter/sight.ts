import type { MonoMs, Watts } from '#base/units.ts';
import type { MeterSample } from '#site/sample.ts';
import type { Pair } from './turned.ts';

/** Older than this the meter's flow is unknown (design section 4). */
export const METER_STALE_MS = 2000;
/** Nothing in the meter's block moved for ten refreshes of one second: frozen. */
export const METER_FROZEN_MS = 10_000;
/** Good samples wanted before a lost meter counts again (design D5). */
const SEEN_AFTER_SAMPLES = 3;
/** An output change below this fraction of the rating proves nothing about the meter. */
const WITNESS_FRACTION = 0.05;
const TURNED_FRACTION = 0.1;
/** A transition that has not settled by then proves nothing: the load had time to change. */
const WITNESS_MS = 15_000;
const STRIKES_OUT = 2;
/** A meter found implausible is believed again after it followed the inverter, or when for so long nothing spoke against it. */
const IMPLAUSIBLE_MS = 600_000;

export type Blindness = 'silent' | 'frozen' | 'implausible' | 'no-value';

/** Whether the connection point can be seen, and why not. */
export interface SightState {
  readonly seen: boolean;
  readonly reason: Blindness;
  readonly goodInRow: number;
  readonly lastGoodAt: MonoMs | null;
  readonly fingerprint: number | null;
  readonly movedAt: MonoMs | null;
  readonly netImport: Watts | null;
  /** Flow and output when the inverter was last told to move; held against the pair after it did. */
  readonly witness: { readonly at: MonoMs; readonly netImport: Watts; readonly generation: Watts } | null;
  readonly lostAt: MonoMs | null;
  /** When it last failed to follow while it was not believed. Absent: in a tape of an earlier release. */
  readonly refutedAt?: MonoMs | null;
  /** The flow jumped to its mirror image, by `flow` watts: doubted until the inverters' output explains it. */
  readonly jump: { readonly at: MonoMs; readonly flow: number; readonly outputBefore: number | null } | null;
  readonly strikes: number;
  /** Not believed for a jump to its mirror image alone: its sign may have turned, and nothing else. Absent: not so. */
  readonly isTurned?: boolean;
  /** Refreshes of the last seconds beside what the site gave, oldest first. Absent: in a tape of an earlier release. */
  readonly pairs?: readonly Pair[];
}

export const NOT_YET_SEEN: SightState = {
  seen: false,
  reason: 'silent',
  goodInRow: 0,
  lastGoodAt: null,
  fingerprint: null,
  movedAt: null,
  netImport: null,
  witness: null,
  lostAt: null,
  refutedAt: null,
  jump: null,
  strikes: 0,
};

const lost = (state: SightState, reason: Blindness, at: MonoMs | null): SightState => ({
  ...state,
  seen: false,
  reason,
  goodInRow: 0,
  witness: null,
  lostAt: state.seen || reason !== state.reason ? at : state.lostAt,
});

/** The flow jumped to its own mirror image: a load step of exactly twice the flow is far less likely than a sign that turned over. */
const mirrored = (before: Watts, netImport: Watts, ratedPower: Watts): boolean =>
  Math.abs(before) > WITNESS_FRACTION * ratedPower && Math.abs(before + netImport) < 0.02 * Math.abs(before) + 10;

/** Counts towards seeing again. A frozen meter that is polled three times proves nothing: there only refreshes count. */
const regain = (state: SightState, moved: boolean, at: MonoMs): SightState => {
  const counts = moved || state.reason === 'silent' || state.reason === 'no-value';
  const goodInRow = state.goodInRow + (counts ? 1 : 0);
  const doubtedAt = Math.max(state.lostAt ?? 0, state.refutedAt ?? 0);
  const trusted = state.reason !== 'implausible' || state.strikes < STRIKES_OUT || at - doubtedAt > IMPLAUSIBLE_MS;
  if (goodInRow < SEEN_AFTER_SAMPLES || !trusted) return { ...state, goodInRow };
  return { ...state, goodInRow, seen: true, strikes: 0, isTurned: false };
};

/** Takes a sample of the meter; a sample without a flow is no sample. */
export const withMeterSample = (state: SightState, sample: MeterSample, ratedPower: Watts): SightState => {
  const { netImport, takenAt } = sample;
  if (netImport === null) return lost(state, 'no-value', takenAt);
  if (state.lastGoodAt !== null && takenAt <= state.lastGoodAt) return state;
  const moved = sample.fingerprint !== state.fingerprint;
  const movedAt = moved || state.movedAt === null ? takenAt : state.movedAt;
  const next = { ...state, lastGoodAt: takenAt, fingerprint: sample.fingerprint, movedAt, netImport };
  if (takenAt - movedAt >= METER_FROZEN_MS) return lost(next, 'frozen', takenAt);
  if (!state.seen) return regain(next, moved, takenAt);
  const turned = state.netImport !== null && mirrored(state.netImport, netImport, ratedPower);
  const jump = { at: takenAt, flow: netImport - (state.netImport ?? netImport), outputBefore: null };
  return turned ? lost({ ...next, jump, strikes: STRIKES_OUT, isTurned: true }, 'implausible', takenAt) : next;
};

/** Time passes: a meter that was not heard for two seconds is lost; a line that takes longer for its reads has `staleMs`. */
export const withTime = (state: SightState, now: MonoMs, staleMs: number = METER_STALE_MS): SightState => {
  const silent = state.lastGoodAt === null || now - state.lastGoodAt > staleMs;
  if (silent && (state.seen || state.goodInRow > 0))
    return lost(state, state.reason === 'implausible' ? 'implausible' : 'silent', now);
  return state.witness !== null && now - state.witness.at > WITNESS_MS ? { ...state, witness: null } : state;
};

/** True where the flow is of now: the last word of a meter that fell silent says nothing of an output that moved since. */
const isHeard = ({ seen, lastGoodAt }: SightState, now: MonoMs): boolean =>
  seen || (lastGoodAt !== null && now - lastGoodAt <= METER_STALE_MS);

/** The inverter was told to move: remembers flow and output before it did. */
export const armWitness = (state: SightState, generation: Watts, at: MonoMs): SightState =>
  state.witness !== null || state.netImport === null || !isHeard(state, at)
    ? state
    : { ...state, witness: { at, netImport: state.netImport, generation } };

/** One that is not believed has to follow as often as it did not, and once more after each time that it fails again. */
const strikesAfter = ({ seen, strikes }: SightState, follows: boolean): number => {
  if (follows) return seen ? 0 : strikes - 1;
  return Math.min(strikes + 1, STRIKES_OUT + 1);
};

/** The output moved far enough from where it was for the meter to have to show it. */
export const isEvidence = (before: { readonly generation: Watts }, generation: Watts, ratedPower: Watts): boolean =>
  Math.abs(generation - before.generation) >= WITNESS_FRACTION * ratedPower;

/**
 * The inverter has settled again. When its output moved by more than five per cent of the rating, the flow must have followed;
 * twice not: the meter is frozen in substance or its sign is wrong (design section 4).
 */
export const settleWitness = (state: SightState, generation: Watts, ratedPower: Watts, now: MonoMs): SightState => {
  if (state.witness === null || state.netImport === null) return state;
  const output = generation - state.witness.generation;
  if (!isHeard(state, now) || !isEvidence(state.witness, generation, ratedPower)) return { ...state, witness: null };
  const flow = state.netImport - state.witness.netImport;
  // The very opposite of what it should have shown, after much: no load does that by chance.
  if (Math.abs(output) >= TURNED_FRACTION * ratedPower && Math.abs(flow - output) < 0.1 * Math.abs(output))
    return turnedOver(state, now);
  const follows = flow * -output > 0 && Math.abs(flow) > 0.4 * Math.abs(output);
  const refutedAt = follows || state.seen ? (state.refutedAt ?? null) : now;
  const isTurned = follows && state.isTurned === true;
  const next = { ...state, witness: null, strikes: strikesAfter(state, follows), refutedAt, isTurned };
  return next.strikes >= STRIKES_OUT ? lost(next, 'implausible', now) : next;
};

/** The flow was seen to follow the output the wrong way round. One that was not believed anyway is refuted by it. */
export const turnedOver = (state: SightState, at: MonoMs): SightState => {
  const strikes = state.seen ? STRIKES_OUT : strikesAfter(state, false);
  const refutedAt = state.seen ? (state.refutedAt ?? null) : at;
  return lost({ ...state, witness: null, pairs: [], strikes, refutedAt, isTurned: state.seen }, 'implausible', at);
};

/** The output changed by `change` watts over the jump: when that is what the flow did, it was the inverters, not the sign. */
export const explainJump = (state: SightState, change: number): SightState => {
  if (state.jump === null) return state;
  const explained = Math.abs(change + state.jump.flow) < 0.25 * Math.abs(state.jump.flow);
  return explained ? { ...state, jump: null, strikes: 0 } : { ...state, jump: null };
};

/** The turned sign is what it is doubted for: with another sign it would have to be another flow. */
export const isDoubtedSign = ({ seen, reason, isTurned }: SightState): boolean =>
  !seen && reason === 'implausible' && isTurned === true;

/**
 * An import that, with its sign turned, would be more export than the site gives at most (`output`, watts): the sign is right. Where a
 * load came while nothing is generated, no output can be lowered to try the meter. What it said long ago counts for nothing.
 */
export const acquitted = (state: SightState, output: number, ratedPower: Watts, now: MonoMs): SightState => {
  const { netImport, movedAt } = state;
  const isFresh = movedAt !== null && now - movedAt <= METER_STALE_MS;
  if (!isDoubtedSign(state) || !isFresh || netImport === null) return state;
  return netImport <= output + WITNESS_FRACTION * ratedPower ? state : { ...state, strikes: 0, isTurned: false };
};
