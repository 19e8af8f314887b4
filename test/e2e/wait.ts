import { monotonicMs } from '../rig/site/real.ts';

const LOOK_EVERY_MS = 20;

/** Resolves as soon as `met` is true; rejects after `withinSeconds`, naming what was waited for. */
export const waitUntil = async (what: string, withinSeconds: number, met: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = monotonicMs() + withinSeconds * 1000;
  while (!(await met())) {
    if (monotonicMs() > deadline) throw new Error(`not within ${withinSeconds} s: ${what}`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
};

/** Resolves at an instant of CLOCK_MONOTONIC, milliseconds, as exactly as timers are. */
export const at = async (instant: number): Promise<void> => {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, Math.max(0, instant - monotonicMs()));
  });
};
