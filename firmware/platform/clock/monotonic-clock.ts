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
    let timer: NodeJS.Timeout | null = null;
    const wait = (): void => {
      const left = deadline - now();
      timer = setTimeout(left > TIMER_MAX_MS ? wait : fire, Math.min(Math.max(left, 0), TIMER_MAX_MS));
    };
    // Node's timers count in whole milliseconds of another clock and may be a fraction early.
    const fire = (): void => {
      if (now() >= deadline) run();
      else wait();
    };
    wait();
    return () => {
      if (timer !== null) clearTimeout(timer);
    };
  },
};

const now = (): MonoMs => monoMs(Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS);
