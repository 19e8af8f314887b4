import { SeededRandom } from '#base/random.ts';
import type { Damage } from '../../rig/utility/stage.ts';
import type { SiteSettings } from '../../rig/site/site.ts';
import { drawSite, FAULTS, type SiteFault } from '../draw.ts';

/** What can go wrong between the gateway and its utility, and with the machine as a whole. */
const WHOLE = [
  'network-cut',
  'name-server-away',
  'server-refuses',
  'server-damages',
  'server-drips',
  'server-hangs',
  'server-resets',
  'server-forgets',
  'northd-killed',
  'power-cut',
  'power-cut-on-disk',
] as const;
/** Those of the control simulation that the whole machine has in another form. */
type Elsewhere = 'server-silent' | 'controld-killed-on-disk';
export type WholeFault = Exclude<SiteFault, Elsewhere> | (typeof WHOLE)[number];

const KINDS: readonly WholeFault[] = [
  ...FAULTS.filter(
    (fault): fault is Exclude<SiteFault, Elsewhere> => fault !== 'server-silent' && fault !== 'controld-killed-on-disk',
  ),
  ...WHOLE,
];

/** True of a fault that the checks of the site know. */
export const isSiteFault = (fault: WholeFault): fault is Exclude<SiteFault, Elsewhere> =>
  (FAULTS as readonly string[]).includes(fault);

/** Seconds from the start of the run. */
export interface WholeSpan {
  readonly fault: WholeFault;
  readonly from: number;
  readonly until: number;
  /** Of 0 to 1. */
  readonly strength: number;
}

/** An event that the server publishes at `createdAt`. */
export interface WholeEvent {
  readonly program: 'site' | 'feeder';
  readonly createdAt: number;
  readonly start: number;
  readonly durationSeconds: number;
  readonly limitW: number;
  /** Null: never. */
  readonly cancelAt: number | null;
}

/** Everything a seed decides. */
export interface Whole {
  readonly seed: number;
  readonly seconds: number;
  /** From here on nothing fails. */
  readonly healedAt: number;
  readonly site: SiteSettings;
  readonly loadSteps: readonly number[];
  readonly faults: readonly WholeSpan[];
  readonly events: readonly WholeEvent[];
  readonly defaultW: number;
  readonly pollSeconds: number;
}

const HEALING_SECONDS = 600;
/** Not 400: that is a verdict on what was sent, and final. */
const STATUSES = [401, 403, 404, 410, 429, 500, 503] as const;
const DAMAGES: readonly Damage[] = ['truncated', 'garbled', 'junk', 'empty', 'not-utf8', 'foreign', 'nested', 'false-coding'];

/** One of several by a strength of 0 to 1. */
const pick = <T>(of: readonly T[], strength: number): T => {
  const chosen = of[Math.min(of.length - 1, Math.floor(strength * of.length))];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
};

export const statusOf = (strength: number): number => pick(STATUSES, strength);
export const damageOf = (strength: number): Damage => pick(DAMAGES, strength);

const drawFaults = (random: SeededRandom, healedAt: number): readonly WholeSpan[] => {
  const faults: WholeSpan[] = [];
  const pause = random.between(40, 400);
  let at = 90 + random.between(0, pause);
  while (at < healedAt - 200) {
    const fault = pick(KINDS, random.fraction());
    const span = random.chance(0.4) ? random.between(1, 20) : random.between(20, 240);
    const until = Math.min(at + span, healedAt - 30);
    faults.push({ fault, from: at, until, strength: random.fraction() });
    at = random.chance(0.3) ? at + span / 2 : until + random.between(20, pause);
  }
  return faults;
};

const drawEvents = (random: SeededRandom, healedAt: number): readonly WholeEvent[] => {
  const events: WholeEvent[] = [];
  const pause = random.between(60, 500);
  let at = random.between(10, 200);
  while (at < healedAt - 100) {
    const createdAt = Math.round(at);
    const start = createdAt + Math.round(random.chance(0.2) ? -random.between(0, 60) : random.between(0, 600));
    const durationSeconds = Math.round(random.between(30, 900));
    const cancelled = random.chance(0.2);
    if (start + durationSeconds < healedAt - 10) {
      events.push({
        ...{ program: random.chance(0.5) ? 'site' : 'feeder', createdAt, start, durationSeconds },
        limitW: random.chance(0.15) ? 0 : Math.round(random.between(100, 9000)),
        cancelAt: cancelled ? Math.round(at + random.between(10, 600)) : null,
      });
    }
    at += random.between(10, pause);
  }
  return events;
};

/** Everything that happens to the whole gateway with this seed. */
export const drawWhole = (seed: number, hours: number): Whole => {
  const random = new SeededRandom(seed, 'whole');
  const seconds = Math.max(1800, hours * 3600);
  const healedAt = seconds - HEALING_SECONDS;
  return {
    ...{ seed, seconds, healedAt },
    ...drawSite(random, healedAt, seed),
    faults: drawFaults(random, healedAt),
    events: drawEvents(random, healedAt),
    defaultW: Math.round(random.between(1000, 6000)),
    pollSeconds: random.integer(10, 60),
  };
};
