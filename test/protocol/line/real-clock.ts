import type { Clock } from '#base/ports.ts';
import { monoMs, wallSeconds } from '#base/units.ts';

/** CLOCK_MONOTONIC, for the engine under test. */
export const realClock: Clock = {
  now: () => monoMs(Number(process.hrtime.bigint()) / 1e6),
  wall: () => wallSeconds(0),
  at: (deadline, run) => {
    const timer = setTimeout(run, Math.max(0, deadline - realClock.now()));
    return () => clearTimeout(timer);
  },
};

const DEADLINE_MS = 20_000;
const LOOK_EVERY_MS = 5;

/** Waits until `condition` holds; after the deadline it fails with what was waited for. */
export const waitUntil = async (what: string, condition: () => boolean): Promise<void> => {
  const until = realClock.now() + DEADLINE_MS;
  while (!condition()) {
    if (realClock.now() > until) throw new Error(`waited in vain until ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
};
