import { SeededRandom } from '#base/random.ts';
import type { Program } from '../../rig/run/gateway.ts';
import type { Scenario, ScenarioControl } from '../../rig/scenario/scenario.ts';

/** One event after the other, each with a limit of its own, published long before it begins. Seconds. */
const SLOT = 11;
const DURATION = 8;
const FIRST_START = 16;
const PUBLISHED_BEFORE = 14;
const LIMITS_W = [1500, 3000, 800, 2500, 2000, 500] as const;
const SECONDS_A_KILL = 6;
const QUIET_END = 40;

/** A day of short events, enough for so many kills. Sun and load stay: only limits change, so that every fault is the gateway's. */
export const killScenario = (instants: number): Scenario => {
  const duration = FIRST_START + instants * SECONDS_A_KILL + QUIET_END;
  const controls = Array.from({ length: Math.floor((duration - FIRST_START) / SLOT) }, (_, index): ScenarioControl => {
    const start = FIRST_START + index * SLOT;
    return {
      name: `event-${index}`,
      at: start - PUBLISHED_BEFORE,
      program: 'feeder',
      startsIn: PUBLISHED_BEFORE,
      durationSeconds: DURATION,
      modes: { opModExpLimW: LIMITS_W[index % LIMITS_W.length] ?? 0 },
      cancelAt: null,
      randomizeStart: null,
      randomizeDuration: null,
    };
  });
  return {
    name: 'kills',
    about: 'Short events one after the other, while the processes of the gateway are killed.',
    durationSeconds: duration,
    loop: false,
    site: {
      ratedW: 10_000,
      sun: [[0, 10_000]],
      load: [[0, 1000]],
      loadShape: 'steps',
      loadNoiseW: 0,
      startAsleep: false,
      lagSeconds: 1,
      deadSeconds: 0,
      slewPercentPerSecond: null,
      gainErrorPercent: 0,
      limitScale: -2,
      reconnectSeconds: 2,
    },
    utility: {
      pollRate: 2,
      postRate: 20,
      layout: 'random',
      programs: [{ name: 'feeder', primacy: 5, default: { opModExpLimW: 5000 } }],
      controls,
    },
    faults: [],
    expect: {
      settleSeconds: 15,
      wishSeconds: 5,
      energyShare: null,
      blind: [],
      dawnSeconds: null,
      responses: [],
    },
  };
};

/** When to kill next: so long after the victim's start, after an event's edge, or from now on. Seconds. */
export interface Instant {
  readonly victim: Program;
  readonly after: 'start' | 'edge' | 'now';
  readonly seconds: number;
}

/** Start-ups in a row that are cut short; more would be a life without any work in it. */
const CUT_SHORT_MOST = 2;

/** The instants of a seed: a third in start-up, a third around the edges of events (where the plan is saved), the rest anywhere. */
export const drawInstants = (seed: number, count: number): readonly Instant[] => {
  const random = new SeededRandom(seed, 'kills');
  let cut = 0;
  return Array.from({ length: count }, (): Instant => {
    const victim = random.chance(0.6) ? 'controld' : 'northd';
    const kind = random.fraction();
    const early = kind < 0.33 && cut < CUT_SHORT_MOST;
    cut = early ? cut + 1 : 0;
    if (early) return { victim, after: 'start', seconds: random.between(0, 1.5) };
    if (kind < 0.7) return { victim, after: 'edge', seconds: random.between(-0.1, 0.5) };
    return { victim, after: 'now', seconds: random.between(0.5, 4) };
  });
};
