import { type Watts, watts } from '#base/units.ts';
import { type Phase, type PhaseLimit, shareOf } from '#control/limiter/phases.ts';
import type { DeviceId } from '#site/device.ts';
import { type Claim, roomFor } from './allocate.ts';

/** What all inverters together may deliver on one phase, watts. */
interface Room {
  readonly phase: Phase;
  readonly most: number;
}

/** A cap may fall short of a least output by the rounding of the arithmetic. */
const LEAST_TOLERANCE_W = 0.5;

/** One inverter that can be told, on one phase. */
interface Fed {
  readonly claim: Claim;
  /** What it delivers under its cap, on all its phases. */
  readonly output: number;
  /** Of that, on this phase. */
  readonly here: number;
}

/** The part of their outputs that fits into `left`. */
const partOf = (left: number, fed: readonly Fed[]): number => {
  const together = fed.reduce((sum, { here }) => sum + here, 0);
  return together > left ? left / together : 1;
};

/** Would be brought below what it runs on stably; one that is below it already is left there. */
const isShort = ({ claim, output }: Fed, part: number): boolean =>
  part * output < Math.min(claim.least, output) - LEAST_TOLERANCE_W;

/** Those that run on `left`, each at its least or above: the last ones give way first, one always stays. */
const runningOn = (left: number, fed: readonly Fed[]): readonly Fed[] => {
  let running = fed;
  while (running.length > 1 && running.some((one) => isShort(one, partOf(left, running)))) running = running.slice(0, -1);
  return running;
};

/**
 * The caps, lowered where those that feed one phase would together deliver more on it than it has room for: all of them in the same
 * proportion, or some to 0 so that the others run stably. What that leaves on other phases is not given on.
 */
export const onPhases = (
  caps: ReadonlyMap<DeviceId, Watts>,
  claims: readonly Claim[],
  limit: PhaseLimit,
  rooms: readonly Room[],
): ReadonlyMap<DeviceId, Watts> => {
  const lowered = new Map(caps);
  for (const { phase, most } of rooms) {
    let left = most;
    const fed: Fed[] = [];
    for (const claim of claims) {
      const share = shareOf(limit, claim.device, phase);
      const output = claim.gain * (lowered.get(claim.device) ?? 0);
      if (claim.uncontrolled !== null) left -= share * claim.uncontrolled;
      else if (share * output > 0) fed.push({ claim, output, here: share * output });
    }
    if (partOf(Math.max(0, left), fed) === 1) continue;
    const running = runningOn(Math.max(0, left), fed);
    const part = partOf(Math.max(0, left), running);
    for (const one of fed) {
      const { device } = one.claim;
      lowered.set(device, watts(running.includes(one) ? part * (lowered.get(device) ?? 0) : 0));
    }
  }
  return lowered;
};

/**
 * The highest cap this inverter may be raised to on the phases that it feeds, while the others hold what they hold. `holds`: watts that
 * each inverter may deliver under what it holds, was asked for or is to get.
 */
export const roomOnPhasesFor = (
  claim: Claim,
  limit: PhaseLimit,
  ceilings: readonly Room[],
  holds: ReadonlyMap<DeviceId, number>,
): number =>
  Math.min(
    ...ceilings.map(({ phase, most }) => {
      const share = shareOf(limit, claim.device, phase);
      if (share === 0) return Infinity;
      const others = [...holds].filter(([device]) => device !== claim.device);
      return roomFor(
        claim,
        watts(most / share),
        others.map(([device, power]) => (shareOf(limit, device, phase) * power) / share),
      );
    }),
  );
