import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { LoadFacts } from './facts.ts';

/** What was last asked of one controllable load. */
export interface AskedLoad {
  /** It may take at most this. */
  readonly most: Watts;
  /** When it was last given more or less. */
  readonly at: MonoMs;
  /** How long it rests after it was shed, milliseconds: longer each time that it had to be shed soon after. */
  readonly restMs: number;
  /** What was last taken from it, and when: the meter does not show it yet. */
  readonly cut: { readonly power: Watts; readonly at: MonoMs } | null;
}

/** What loads may take: together by the load limit, and by what the import limit has left beside what they take. */
export interface LoadRoom {
  /** Charging comes after the loads: all of the load limit is theirs. Null: no limit. */
  readonly loadLimit: Watts | null;
  /** To be shed; Infinity: all of it. */
  readonly excess: Watts;
  /** What more they may take before anything has to give way; Infinity: nothing limits. */
  readonly spare: Watts;
}

const REST_MS = 60_000;
const REST_MS_MAX = 960_000;
/** Shed again this soon after it was given back: it is given back later the next time. */
const SOON_MS = 300_000;
/** Beyond what it needs so much must be spare before a load is given back. */
const HYSTERESIS = 1.1;
/** Given back this far apart: what one of them does is seen before the next. */
const APART_MS = 10_000;
/** A load that was told to go off has gone, and the meter has shown it, after this time. */
const GOING_MS = 3500;

export type AskedLoads = ReadonlyMap<LoadFacts['device'], AskedLoad>;

const usual = ({ maxPower, normallyOn }: LoadFacts): Watts => (normallyOn ? maxPower : watts(0));

/** What stays of a load that must lose `cut` watts: a relay all or nothing. */
const leftOf = ({ steps, maxPower }: LoadFacts, most: number, cut: number): number => {
  if (cut <= 0) return most;
  return steps === 'relay' ? 0 : Math.max(0, Math.min(most, maxPower) - cut);
};

const shed = (before: AskedLoad | undefined, left: number, now: MonoMs): AskedLoad => {
  const most = before?.most ?? left;
  const soon = before !== undefined && now - before.at < SOON_MS && before.restMs > 0;
  const restMs = soon ? Math.min(REST_MS_MAX, 2 * before.restMs) : REST_MS;
  return { most: watts(left), at: now, restMs, cut: { power: watts(most - left), at: now } };
};

interface Dealt {
  readonly asked: AskedLoads;
  readonly changed: boolean;
}

/** Off at once, the last in the list first. */
const shedding = (asked: AskedLoads, loads: readonly LoadFacts[], room: LoadRoom, now: MonoMs): Dealt => {
  const next = new Map(asked);
  let excess: number = room.excess;
  for (const { cut } of asked.values()) if (cut !== null && now - cut.at < GOING_MS) excess -= cut.power;
  let over =
    room.loadLimit === null ? 0 : loads.reduce((sum, { device }) => sum + (next.get(device)?.most ?? 0), 0 - room.loadLimit);
  let changed = false;
  for (const load of loads.toReversed()) {
    const before = next.get(load.device);
    const most = before?.most ?? watts(0);
    const left = leftOf(load, most, Math.max(excess, over));
    if (left >= most) continue;
    next.set(load.device, shed(before, left, now));
    excess -= most - left;
    over -= most - left;
    changed = true;
  }
  return { asked: next, changed };
};

/** Back on one at a time, the first in the list first, each after its rest and when there is room for all of it. */
const giving = (asked: AskedLoads, loads: readonly LoadFacts[], room: LoadRoom, now: MonoMs): AskedLoads => {
  const taken = loads.reduce((sum, { device }) => sum + (asked.get(device)?.most ?? 0), 0);
  const last = Math.max(-Infinity, ...[...asked.values()].map(({ at }) => at));
  if (now - last < APART_MS) return asked;
  for (const load of loads) {
    const before = asked.get(load.device);
    const most = before?.most ?? watts(0);
    const more = usual(load) - most;
    if (before === undefined || more <= 0 || now - before.at < before.restMs) continue;
    const free = Math.min(room.spare / HYSTERESIS, room.loadLimit === null ? Infinity : room.loadLimit - taken);
    const step = load.steps === 'relay' ? (more <= free ? more : 0) : Math.max(0, Math.min(more, free));
    if (step < 0.05 * load.maxPower) continue;
    return new Map(asked).set(load.device, { ...before, most: watts(most + step), at: now });
  }
  return asked;
};

/**
 * What each load may take now. Shedding is at once and in order; giving back rests (60 s, doubled up to 16 min each time that it
 * came to nothing), so that no relay chatters. A load starts as it usually is. The same map: nothing changes.
 */
export const loadsAfter = (before: AskedLoads, loads: readonly LoadFacts[], room: LoadRoom, now: MonoMs): AskedLoads => {
  const known = new Map(before);
  for (const one of loads) if (!known.has(one.device)) known.set(one.device, { most: usual(one), at: now, restMs: 0, cut: null });
  const dealt = shedding(known, loads, room, now);
  if (dealt.changed) return dealt.asked;
  return room.excess > 0 ? known : giving(known, loads, room, now);
};
