import { type Watts, watts } from '#base/units.ts';
import { type Phase, type PhaseLimit, shareOf } from '#control/limiter/phases.ts';
import type { DeviceId } from '#site/device.ts';
import type { Claim } from './allocate.ts';

/** What an inverter's phases have room for, and what is told and held on them. */
interface PhaseMost {
  readonly phase: Phase;
  readonly most: number;
}

/**
 * The highest cap that one may be raised to on the phases that it feeds, while the others there hold what they hold. `holds`: watts that
 * each inverter may deliver, of all phases.
 */
export const roomOnPhase = (
  claim: Claim,
  limit: PhaseLimit,
  rooms: readonly PhaseMost[],
  holds: ReadonlyMap<DeviceId, number>,
): Watts => {
  let room: number = claim.maxPower;
  for (const { phase, most } of rooms) {
    const share = shareOf(limit, claim.device, phase);
    if (share === 0) continue;
    let left = most;
    for (const [other, held] of holds) left -= other === claim.device ? 0 : shareOf(limit, other, phase) * held;
    if (left < share * claim.maxPower) room = Math.min(room, Math.max(0, left) / (share * claim.gain));
  }
  return watts(room);
};

/**
 * The caps, lowered where those that feed one phase would together deliver more on it than it has room for: all of them in the same
 * proportion. What that leaves on other phases is not given on.
 */
export const onPhases = (
  caps: ReadonlyMap<DeviceId, Watts>,
  claims: readonly Claim[],
  limit: PhaseLimit,
  rooms: readonly PhaseMost[],
): ReadonlyMap<DeviceId, Watts> => {
  const lowered = new Map(caps);
  for (const { phase, most } of rooms) {
    let [told, left] = [0, most];
    for (const { device, gain, uncontrolled } of claims) {
      const share = shareOf(limit, device, phase);
      if (uncontrolled === null) told += share * gain * (lowered.get(device) ?? 0);
      else left -= share * uncontrolled;
    }
    const part = told > Math.max(0, left) ? Math.max(0, left) / told : 1;
    if (part === 1) continue;
    for (const { device, uncontrolled } of claims) {
      const cap = lowered.get(device);
      if (uncontrolled === null && cap !== undefined && shareOf(limit, device, phase) > 0) lowered.set(device, watts(part * cap));
    }
  }
  return lowered;
};
