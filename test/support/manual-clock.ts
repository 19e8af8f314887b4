import type { Cancel, Clock } from '#base/ports.ts';
import { monoMs, wallSeconds, type MonoMs } from '#base/units.ts';

interface Alarm {
  readonly at: MonoMs;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that stands until the test moves it. */
export interface ManualClock extends Clock {
  /** Runs what falls due on the way, in order, letting promises settle between. */
  advance(span: number): Promise<void>;
  /** Lets promises that depend on nothing but each other settle. */
  settle(): Promise<void>;
  readonly waiting: number;
}

const SETTLE_ROUNDS = 200;

export const manualClock = (start = 1_000): ManualClock => {
  let now = start;
  let order = 0;
  const alarms = new Set<Alarm>();
  const settle = async (): Promise<void> => {
    for (let round = 0; round < SETTLE_ROUNDS; round += 1) await Promise.resolve();
  };
  return {
    now: () => monoMs(now),
    wall: () => wallSeconds(1_700_000_000 + now / 1000),
    at(deadline, run): Cancel {
      const alarm = { at: deadline, order: (order += 1), run };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    async advance(span) {
      const end = now + span;
      await settle();
      for (;;) {
        const next = [...alarms]
          .filter((each) => each.at <= end)
          .sort((a, b) => (a.at === b.at ? a.order - b.order : a.at - b.at))[0];
        if (next === undefined) break;
        alarms.delete(next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
    settle,
    get waiting() {
      return alarms.size;
    },
  };
};
