import { SeededRandom } from '#base/random.ts';
import type { PlantSettings } from '../../rig/site/plant.ts';
import type { Profile } from '../../rig/site/profile.ts';
import type { DeviceSettings } from './device.ts';
import { type Chapters, household, type Household, type Sky, skyOver } from './weather.ts';

/** What can go wrong at this depth: what drivers, utility and clock hand to control, and the process itself. */
export const FAULTS = [
  'meter-silent',
  'meter-frozen',
  'meter-turned',
  'samples-lost',
  'samples-late',
  'inverter-silent',
  'inverter-ignores',
  'inverter-forgets',
  'inverter-late',
  'inverter-refuses',
  'inverter-unsure',
  'inverter-restarts',
  'second-master',
  'line-down',
  'controld-killed',
  'wall-steps',
  'anchor-wild',
  'anchor-off',
  'server-silent',
  'source-silent',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Seconds of the site's time. */
export interface FaultSpan {
  readonly fault: Fault;
  readonly from: number;
  readonly until: number;
  /** Of 0 to 1: how late, which exception, how far a clock steps. */
  readonly strength: number;
  /** Which inverter it befalls. */
  readonly inverter: number;
}

export interface DrawnEvent {
  readonly mRID: string;
  /** 0: the program of the better primacy. */
  readonly program: 0 | 1;
  readonly createdAt: number;
  readonly start: number;
  readonly durationSeconds: number;
  readonly limitW: number;
  /** Null: never. */
  readonly cancelAt: number | null;
}

/** How the devices are reached, milliseconds a transaction. */
export interface Wire {
  /** One transaction at a time; else each device by itself (Modbus TCP). */
  readonly shared: boolean;
  /** The inverters' polls fall together with the meter's refresh, as they may where nobody waits for a line. */
  readonly together: boolean;
  readonly readMs: number;
  readonly writeMs: number;
  readonly proofMs: number;
  readonly timeoutMs: number;
}

export interface MeterSettings {
  readonly refreshMs: number;
  readonly phaseMs: number;
}

/** A source of limits beside the utility (a topic of a broker, say), told again and again; a limit counts for a while. */
export interface SourceSettings {
  readonly seed: number;
  /** While it is silent. */
  readonly fallbackW: number;
  readonly everySeconds: number;
  readonly countsSeconds: number;
  /** It thinks again this often. */
  readonly levelSeconds: number;
}

/** The site and its habits, of a seed. */
export interface Site {
  readonly seed: number;
  readonly profile: string;
  readonly inverters: readonly DeviceSettings[];
  readonly load: Household;
  readonly meter: MeterSettings;
  readonly wire: Wire;
  /** Null: none. */
  readonly source: SourceSettings | null;
  readonly defaults: readonly [number, number];
  readonly pollSeconds: number;
  readonly utilityPhase: number;
  readonly chapters: Chapters;
  /** Between two faults, and between two events, at most; seconds. */
  readonly faultPause: number;
  readonly eventPause: number;
}

/** What happens in one chapter of a run: nothing from `healedAt` on. */
export interface Chapter {
  readonly from: number;
  readonly healedAt: number;
  readonly until: number;
  readonly faults: readonly FaultSpan[];
  readonly events: readonly DrawnEvent[];
}

export const RATED_W = 10_000;
const HEALING_SECONDS = 600;
const INVERTERS_MOST = 4;
const PROFILES = ['sunspec-123', 'fronius', 'sma', 'kaco', 'kostal', 'abb-fimer'] as const;
/** Its limit needs no switch. */
const UNSWITCHED = 'kostal';

const drawShares = (random: SeededRandom): readonly number[] => {
  const count = random.chance(0.6) ? 1 : random.integer(2, INVERTERS_MOST);
  const weights = Array.from({ length: count }, () => random.between(0.4, 1));
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one) => one / sum);
};

const drawPlant = (random: SeededRandom, share: number, sky: Sky): PlantSettings => {
  const slow = random.chance(0.35);
  return {
    ratedW: Math.round(share * RATED_W),
    sun: skyOver({ ...sky, watts: share * sky.watts }),
    load: () => 0,
    lagSeconds: slow ? random.between(0, 5) : random.between(0.3, 1.2),
    deadSeconds: slow && random.chance(0.5) ? random.between(0, 4) : 0,
    slewPercentPerSecond: random.chance(0.75) ? Infinity : random.between(8, 100),
    gainErrorPercent: random.chance(0.5) ? 0 : random.between(-5, 5),
    minimumOutput: random.chance(0.15)
      ? { percent: random.between(2, 9), below: random.chance(0.5) ? 'floor' : 'standby', restartSeconds: random.between(5, 40) }
      : null,
    truthMs: 500,
  };
};

const drawWire = (random: SeededRandom): Wire => {
  if (random.chance(0.6))
    return { shared: false, together: random.chance(0.7), readMs: 25, writeMs: 25, proofMs: 25, timeoutMs: 300 };
  const slow = random.chance(0.6) ? 1 : 0.4;
  return { shared: true, together: false, readMs: 130 * slow, writeMs: 75 * slow, proofMs: 66 * slow, timeoutMs: 330 };
};

const drawSource = (seed: number): SourceSettings | null => {
  const random = new SeededRandom(seed, 'source');
  if (random.chance(0.65)) return null;
  const everySeconds = random.between(5, 40);
  return {
    ...{ seed, everySeconds },
    fallbackW: random.chance(0.3) ? 0 : Math.round(random.between(500, 5000)),
    countsSeconds: everySeconds * random.between(1.5, 4),
    levelSeconds: random.between(60, 900),
  };
};

export const drawSite = (seed: number, chapterSeconds: number): Site => {
  const random = new SeededRandom(seed, 'control');
  const chapters = { seconds: Math.max(1500, chapterSeconds), healing: HEALING_SECONDS };
  const shares = drawShares(random);
  const daySeconds = random.chance(0.4) ? 0 : random.between(1800, 14_400);
  const sky: Sky = {
    ...{ seed, watts: RATED_W, daySeconds, chapters },
    cloudSeconds: random.between(5, 240),
    overcast: random.between(0.1, 0.8),
  };
  const wire = drawWire(random);
  const profile = PROFILES[random.integer(0, PROFILES.length - 1)] ?? 'sunspec-123';
  const inverters = shares.map((share, index): DeviceSettings => {
    const plant = drawPlant(random, share, index === 0 || random.chance(0.6) ? sky : { ...sky, seed: seed + 7919 * index });
    return {
      plant,
      limitScale: random.chance(0.25) ? 0 : -2,
      readingAgeMs: random.chance(0.7) ? 0 : random.between(0, 800),
      switched: profile !== UNSWITCHED,
      wakes: random.chance(0.5) ? 'uncapped' : 'keeps',
    };
  });
  return {
    ...{ seed, inverters, chapters, profile, wire, source: drawSource(seed) },
    load: {
      ...{ seed, chapters },
      stepSeconds: random.between(30, 400),
      highestW: random.between(1500, 8000),
      noiseW: random.chance(0.5) ? 0 : random.between(1, 40),
    },
    meter: {
      refreshMs: wire.together || random.chance(0.7) ? 1000 : random.between(600, 1500),
      phaseMs: random.between(0, 1000),
    },
    defaults: [Math.round(random.between(1000, 6000)), Math.round(random.between(1000, 9000))],
    pollSeconds: random.integer(20, 300),
    utilityPhase: random.fraction(),
    faultPause: random.between(40, 600),
    eventPause: random.between(200, 1800),
  };
};

export const loadOf = (site: Site): Profile => household(site.load);

const drawFaults = (
  random: SeededRandom,
  site: Site,
  among: readonly Fault[],
  { from, healedAt }: { readonly from: number; readonly healedAt: number },
): readonly FaultSpan[] => {
  const faults: FaultSpan[] = [];
  let at = from + 60 + random.between(0, site.faultPause);
  while (at < healedAt - 200) {
    const drawn = among[random.integer(0, among.length - 1)] ?? 'meter-silent';
    // Afterwards nobody can say for a while which event holds: seldom.
    const fault = drawn === 'anchor-off' && random.chance(0.75) ? 'anchor-wild' : drawn;
    const span = random.chance(0.5) ? random.between(1, 15) : random.between(15, 150);
    const until = Math.min(at + span, healedAt - 60);
    const inverter = random.integer(0, site.inverters.length - 1);
    faults.push({ fault, from: at, until, strength: random.fraction(), inverter });
    // Now and then the next one comes before this one has gone.
    at = random.chance(0.2) ? at + span / 2 : until + random.between(20, site.faultPause);
  }
  return faults;
};

const drawEvents = (
  random: SeededRandom,
  site: Site,
  index: number,
  { from, healedAt }: { readonly from: number; readonly healedAt: number },
): readonly DrawnEvent[] => {
  const events: DrawnEvent[] = [];
  let at = from + random.between(10, 200);
  while (at < healedAt - 100) {
    const start = Math.round(at + (random.chance(0.3) ? -random.between(0, 60) : random.between(0, 600)));
    const durationSeconds = Math.round(random.between(20, 1200));
    const cancelled = random.chance(0.2);
    const program = random.chance(0.5) ? 0 : 1;
    if (start + durationSeconds < healedAt - 10) {
      events.push({
        mRID: `event-${index}-${events.length + 1}`,
        program,
        createdAt: Math.round(at),
        start,
        durationSeconds,
        limitW: random.chance(0.15) ? 0 : Math.round(random.between(100, 9000)),
        cancelAt: cancelled ? at + random.between(10, 600) : null,
      });
    }
    at += random.between(5, site.eventPause);
  }
  return events;
};

const faultsOf = ({ source }: Site): readonly Fault[] =>
  source === null ? FAULTS.filter((fault) => fault !== 'source-silent') : FAULTS;

/** What befalls the site in its chapter of this index, from 0. `among`: these faults alone. */
export const drawChapter = (site: Site, index: number, among: readonly Fault[] = faultsOf(site)): Chapter => {
  const random = new SeededRandom(site.seed, `chapter ${index}`);
  const { seconds, healing } = site.chapters;
  const from = index * seconds;
  const until = from + seconds;
  const healedAt = until - healing;
  const faults = drawFaults(random, site, among, { from, healedAt });
  return { from, healedAt, until, faults, events: drawEvents(random, site, index, { from, healedAt }) };
};
