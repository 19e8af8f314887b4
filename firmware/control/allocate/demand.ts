import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { isMoving, type GenerationTrack } from '#control/limiter/generation.ts';
import type { DeviceId } from '#site/device.ts';
import type { DeviceStanding, InverterState } from '#site/sample.ts';

/** What is known of the sun of one inverter. */
interface Demand {
  /** Null: it uses what it is given, as far as can be seen. */
  readonly usable: Watts | null;
  /** Since when `usable` is what it is: whether there is a value at all. */
  readonly since: MonoMs;
  /** How long its share stays its own after it wanted it back; longer each time that this was soon. */
  readonly restMs: number;
}

/** What the inverters can use, and when that last moved shares from one to another. */
export interface Demands {
  readonly of: ReadonlyMap<DeviceId, Demand>;
  readonly splitAt: MonoMs | null;
}

export const NO_DEMANDS: Demands = { of: new Map(), splitAt: null };

/** Shares move this rarely, all together: wandering shadows cost each inverter no more than the writes of design section 5. */
const SPLIT_EVERY_MS = 30_000;
/** Above what a shaded inverter makes it keeps this much of WMax, so that sun which returns shows. */
const HEADROOM_FRACTION = 0.02;
/** Within this of its cap an inverter may be held by it. */
const BOUND_FRACTION = 0.01;
/** What it can use is known anew when it falls by this much. */
const LOWER_FRACTION = 0.03;
const REST_MS = 20_000;
const REST_MS_MAX = 640_000;
/** Sun that returned within this time was a cloud. */
const SOON_MS = 120_000;

/** States in which no sun is turned into power, whatever the cap. */
const DARK: readonly InverterState[] = ['sleeping', 'shutting-down', 'fault'];

interface Seen {
  readonly track: GenerationTrack;
  readonly standing: DeviceStanding | undefined;
  /** Minimum stable output, watts. */
  readonly least: Watts;
  readonly settleMs: number;
  readonly gain: number;
}

/** What it can use, watts; null: all it is given; undefined: not to be seen now. */
const usableOf = ({ track, standing, least, settleMs, gain }: Seen, now: MonoMs): Watts | null | undefined => {
  if (standing === 'asleep') return watts(0);
  const { readings, heldCap, maxPower, state } = track;
  if (standing !== 'answering' || heldCap === null || readings.length < 3) return undefined;
  if (DARK.includes(state)) return watts(0);
  // Told less than it can run on, it says nothing of its sun.
  if (heldCap < least) return null;
  const most = readings.reduce((peak, { generation }) => Math.max(peak, generation), 0);
  const bound = Math.min(maxPower, heldCap * Math.min(1, gain)) - BOUND_FRACTION * maxPower;
  if (most >= bound) return null;
  if (state === 'starting' || isMoving(track, now, settleMs)) return undefined;
  // On a crowded line its newest reading may be older than its cap: that says nothing of what it can make under it.
  const readAt = readings.at(-1)?.at ?? now;
  if (track.disturbedAt !== null && readAt - track.disturbedAt < settleMs) return undefined;
  return watts(Math.min(maxPower, Math.max(least, most + HEADROOM_FRACTION * maxPower)));
};

/** It wants its share back. */
const released = (before: Demand | undefined, now: MonoMs): Demand | undefined => {
  if (before === undefined || before.usable === null) return before;
  const soon = now - before.since < SOON_MS;
  const restMs = soon ? Math.min(REST_MS_MAX, 2 * Math.max(REST_MS, before.restMs)) : Math.max(REST_MS, before.restMs / 2);
  return { usable: null, since: now, restMs };
};

/** What is believed of one inverter after this look; the same object: nothing changes. */
const looked = (
  before: Demand | undefined,
  usable: Watts | null | undefined,
  maxPower: Watts,
  now: MonoMs,
): Demand | undefined => {
  if (usable === undefined) return before;
  if (usable === null) return released(before, now);
  if (before === undefined) return { usable, since: now, restMs: 0 };
  const known = before.usable;
  if (known === null) {
    const rests = usable > 0 && now - before.since < before.restMs;
    return rests ? before : { ...before, usable, since: now };
  }
  // Into the dark, or out of it, or by more than its output wanders.
  const moved = (usable === 0) !== (known === 0) || usable < known - LOWER_FRACTION * maxPower;
  return moved ? { ...before, usable } : before;
};

/**
 * Looks at every inverter, when shares may move: what a shaded or sleeping one cannot use is the others' to have, and what one wants
 * back is its own again. Of fewer than two inverters there is nothing to move.
 */
export const observeDemands = (before: Demands, all: readonly Seen[], now: MonoMs): Demands => {
  if (all.length < 2 || (before.splitAt !== null && now - before.splitAt < SPLIT_EVERY_MS)) return before;
  const next = new Map(before.of);
  for (const seen of all) {
    const { device, maxPower } = seen.track;
    const demand = looked(before.of.get(device), usableOf(seen, now), maxPower, now);
    if (demand !== undefined) next.set(device, demand);
  }
  const moved = all.some(({ track: { device } }) => next.get(device) !== before.of.get(device));
  return moved ? { of: next, splitAt: now } : before;
};

/** What this inverter can use; null: all it is given. */
export const usableBy = (demands: Demands, device: DeviceId): Watts | null => demands.of.get(device)?.usable ?? null;
