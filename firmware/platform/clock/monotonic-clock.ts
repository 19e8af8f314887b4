import type { Cancel, Clock } from '#base/ports.ts';
import { type MonoMs, monoMs, type WallSeconds, wallSeconds } from '#base/units.ts';

const NANOSECONDS_PER_MS = 1e6;
/** setTimeout takes at most 2^31 - 1 ms; a later deadline is reached in several waits. */
const TIMER_MAX_MS = 2_000_000_000;

/** The clock of a real process: CLOCK_MONOTONIC (process.hrtime), the same scale in every process of this boot. */
export const monotonicClock: Clock = {
  now: () => now(),
  wall: (): WallSeconds => wallSeconds(Date.now() / 1000),
  at: (deadline, run): Cancel => {
    const at = now();
    if (deadline <= at) {
      const turn = setImmediate(run);
      return () => clearImmediate(turn);
    }
    let timer = setTimeout(() => fire(), wait(deadline, at));
    const fire = (): void => {
      const woken = now();
      if (woken >= deadline) run();
      else timer = setTimeout(fire, wait(deadline, woken));
    };
    return () => clearTimeout(timer);
  },
};

/**
 * Node's timers count whole milliseconds of the same clock, rounded down: the one in which the deadline has passed. Sooner would mean to
 * wake twice for each wait.
 */
const wait = (deadline: MonoMs, at: MonoMs): number => Math.min(Math.ceil(deadline) - Math.floor(at), TIMER_MAX_MS);

const now = (): MonoMs => monoMs(Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS);
