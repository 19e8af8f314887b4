import type { MonoMs } from '#base/units.ts';

/** Refreshes remembered, one a second; so long may a movement take to count. */
const SPAN_MS = 15_000;
const EVERY_MS = 900;
const KEPT = 18;
/** A movement of less, a fraction of the rating, proves nothing. */
const MOVED_FRACTION = 0.05;
/** Parts of the movement: by how much the flow may differ from it, and what counts as a step back. */
const DIFFERS = 0.3;
const BACK = 0.15;
/** One step that makes more of it may be met by chance, by a load that came at the same instant. */
const ONE_STEP = 0.85;

/** A refresh of the meter and what the site gave by then, watts. */
export interface Pair {
  readonly at: MonoMs;
  /** Positive: import. */
  readonly flow: number;
  /** Of inverters and storage together, positive = generating. */
  readonly output: number;
}

/** Takes a pair; those longer ago than any movement go. */
export const withPair = (pairs: readonly Pair[], pair: Pair): readonly Pair[] => {
  const newest = pairs.at(-1);
  if (newest !== undefined && pair.at - newest.at < EVERY_MS) return pairs;
  return [...pairs.filter(({ at }) => pair.at - at <= SPAN_MS), pair].slice(-KEPT);
};

/** How far the output moved beside a pair: by so much a flow may be of another instant. */
const movedBeside = (pairs: readonly Pair[], index: number): number => {
  const here = pairs[index]?.output ?? 0;
  const [before, after] = [pairs[index - 1]?.output ?? here, pairs[index + 1]?.output ?? here];
  return Math.max(Math.abs(here - before), Math.abs(after - here));
};

/** From one pair to another the flow rose with the output, step by step, and did not turn back. */
const isTurnedOver = (pairs: readonly Pair[], from: number, leastMove: number): boolean => {
  const [first, last] = [pairs[from], pairs.at(-1)];
  if (first === undefined || last === undefined) return false;
  const move = last.output - first.output;
  const size = Math.abs(move);
  if (size < leastMove || Math.abs(last.flow - first.flow - move) > DIFFERS * size) return false;
  for (let index = from + 1; index < pairs.length; index += 1) {
    const [one, other] = [pairs[index - 1] ?? first, pairs[index] ?? first];
    const direction = Math.sign(move);
    const [output, flow] = [direction * (other.output - one.output), direction * (other.flow - one.flow)];
    if (flow < -BACK * size || output > ONE_STEP * size) return false;
    const residual = other.flow - first.flow - (other.output - first.output);
    if (Math.abs(residual) > DIFFERS * size + movedBeside(pairs, index)) return false;
  }
  return true;
};

/**
 * What the meter says rises as the output rises and falls as it falls, watt for watt: its sign is turned. Were it not, the load would have
 * to do twice what the output does, at the same time and the same way. It holds whatever moved the output: a cap, the sun, a battery.
 */
export const isShownTurned = (pairs: readonly Pair[], ratedPower: number): boolean =>
  pairs.some((_, from) => isTurnedOver(pairs, from, MOVED_FRACTION * ratedPower));
