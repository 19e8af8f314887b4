import type { PlantSettings, Truth } from '../rig/site/plant.ts';
import { hiddenFlips } from './flipped.ts';
import { type Fault, type FaultSpan, RATED_W, type Simulation } from './draw.ts';
import { expectedLimits, type LimitSpan, spanAt } from './oracle.ts';
import type { Outcome } from './run.ts';

/** Something that must never happen, did. */
export interface Violation {
  readonly rule: string;
  /** Seconds of the site's time. */
  readonly at: number;
  readonly text: string;
}

export const BAND_W = 100;
/** The law's bound for a flow outside the limit, seconds (design section 5). */
export const HARD_SECONDS = 15;
/** Spells with less than this between them are one, seconds. */
export const SPELL_JOIN = 2;
/** After a device can be told again: seen, verified and written, seconds. */
export const RETURN_SECONDS = 12;
/** The gateway tells its limit once a second; a change shows this much later at most, seconds. */
const TOLD_SECONDS = 2.5;
const TICK_GAP_MS = 1500;
/** Writes an hour in steady state, and allowed for every change besides. */
export const WRITES_AN_HOUR = 120;
export const WRITES_A_CHANGE = 15;
/** A cap may rest on a load that was there this long ago, seconds. */
export const LOAD_MEMORY = 20;
/** Between the readings of meter and inverter, seconds. */
const READ_SECONDS = 0.4;
const FROZEN_SECONDS = 15;
export const STALE_SECONDS = 2;
/** From the start of a process to its first write, seconds. */
const RESTART_SECONDS = 2;
/** An inverter sleeps below this much sun, and for a while afterwards; watts, seconds. */
const ASLEEP_BELOW_W = 100;
const ASLEEP_SECONDS = 90;
const VIOLATIONS_KEPT = 20;

/** While these last the inverter cannot be told, or does not do what it is told (design section 4). */
export const UNCOMMANDABLE: readonly Fault[] = [
  'inverter-silent',
  'inverter-ignores',
  'inverter-late',
  'inverter-exception',
  'inverter-crc',
  'inverter-wrong-unit',
  'inverter-restarts',
];
/** The same of a battery. */
export const BATTERY_UNTOLD: readonly Fault[] = [
  'battery-silent',
  'battery-ignores',
  'battery-refuses',
  'battery-restarts',
  'battery-released',
  'battery-recounts',
];
/** And none of them while these last. */
export const OUT_OF_REACH: readonly Fault[] = ['cable-cut', 'adapter-pulled'];
/** Beside one that cannot be told the others give way: then they generate no more than this together, watts. */
const GIVEN_WAY_W = 150;
/** The others follow what such a one makes this much later: five seconds of truth. */
const RISE_POINTS = 50;

export interface Window {
  readonly from: number;
  readonly until: number;
}

export interface Context {
  readonly simulation: Simulation;
  readonly outcome: Outcome;
  readonly spans: readonly LimitSpan[];
  /** Seconds this plant needs to follow at all, beyond the first-order second of the bench. */
  readonly slowness: number;
  /** When nobody can say which limit holds. */
  readonly unclear: readonly Window[];
  /** How well the instants of the limits are known, seconds. */
  readonly slack: number;
  /** Lives that began with a disk that cannot be read: which device is whose is found out first. Absent: none. */
  readonly blank?: readonly Window[];
}

const plantsOf = ({ site }: Simulation): readonly PlantSettings[] => [site, ...(site.others ?? [])].map(({ plant }) => plant);

export const covers = (windows: readonly Window[], at: number): boolean =>
  windows.some(({ from, until }) => from <= at && at <= until);

export const spansOf = (simulation: Pick<Simulation, 'faults'>, kinds: readonly Fault[], longer: number): readonly Window[] =>
  simulation.faults
    .filter(({ fault }) => kinds.includes(fault))
    .map(({ from, until }: FaultSpan) => ({ from, until: until + longer }));

/**
 * True while the site is over its limit by inverters alone that cannot be told: all that can be have given way. `excess`: by so much, which
 * one that cannot be told may just have risen by.
 */
const helplessIn = (
  simulation: Simulation,
  truth: readonly Truth[],
  back: number,
): ((point: Truth, excess: number) => boolean) => {
  const count = 1 + (simulation.site.others?.length ?? 0);
  const untold = Array.from({ length: count }, (_, index) =>
    spansOf({ ...simulation, faults: simulation.faults.filter(({ inverter = 0 }) => inverter === index) }, UNCOMMANDABLE, back),
  );
  const batteries = spansOf(simulation, BATTERY_UNTOLD, back);
  const sumOf = (parts: readonly Truth[], chosen: readonly boolean[], wanted: boolean): number =>
    parts.reduce((sum, part, index) => sum + (chosen[index] === wanted ? part.generation : 0), 0);
  return ({ t, generation, parts = [] }, excess) => {
    if (generation <= GIVEN_WAY_W && covers(batteries, t / 1000)) return true;
    const inReach = untold.map((spans) => !covers(spans, t / 1000));
    if (inReach.every((reached) => reached)) return false;
    if (count === 1) return true;
    const before = truth[Math.max(0, Math.round(t / 100) - RISE_POINTS)]?.parts ?? [];
    const rise = sumOf(parts, inReach, false) - sumOf(before, inReach, false);
    return sumOf(parts, inReach, true) <= GIVEN_WAY_W || excess <= BAND_W + rise;
  };
};

/** The limits that held at an instant and since when; instants are asked for in order of time. */
export const limitsAlong = (spans: readonly LimitSpan[]): ((at: number) => Pick<LimitSpan, 'from' | 'limitW' | 'importW'>) => {
  let index = 0;
  return (at) => {
    while ((spans[index]?.until ?? Infinity) <= at) index += 1;
    return spans[index] ?? { from: 0, limitW: null, importW: null };
  };
};

const checkExport = ({ simulation, outcome, spans, slowness, unclear }: Context): readonly Violation[] => {
  const budget = HARD_SECONDS + slowness;
  const back = RETURN_SECONDS + budget;
  const excused = [
    ...spansOf(simulation, [...OUT_OF_REACH, 'meter-frozen'], back),
    ...hiddenFlips(simulation, outcome.truth, slowness),
    ...[...outcome.dead, ...unclear].map(({ from, until }) => ({ from, until: until + back })),
  ];
  const helpless = helplessIn(simulation, outcome.truth, back);
  const limitAt = limitsAlong(spans);
  const violations: Violation[] = [];
  let from: number | null = null;
  let last = 0;
  for (const point of outcome.truth) {
    const at = point.t / 1000;
    const { limitW, from: since } = limitAt(at);
    if (
      limitW === null ||
      point.netExport <= limitW + BAND_W ||
      covers(excused, at) ||
      helpless(point, point.netExport - limitW)
    ) {
      if (at - last > SPELL_JOIN) from = null;
      continue;
    }
    // Each change of limit begins its own budget.
    if (from === null || from < since) from = at;
    last = at;
    if (at - from > budget) {
      const text = `${Math.round(point.netExport)} W over ${limitW} W since ${from.toFixed(1)} s`;
      violations.push({ rule: 'export', at, text });
      from = at;
    }
  }
  return violations;
};

/** With the meter silent nothing of the load may be counted on: generation itself stays inside the limit. */
const checkBlind = ({ simulation, outcome, spans, slowness, unclear }: Context): readonly Violation[] => {
  const budget = STALE_SECONDS + HARD_SECONDS + slowness;
  const excused = [
    ...spansOf(simulation, [...UNCOMMANDABLE, ...OUT_OF_REACH, 'battery-restarts', 'battery-released'], RETURN_SECONDS + budget),
    ...[...outcome.dead, ...unclear].map(({ from, until }) => ({ from, until: until + RETURN_SECONDS + budget })),
  ];
  const blind = spansOf(simulation, ['meter-silent'], 0).map(({ from, until }) => ({ from: from + budget, until }));
  let darkAt = -Infinity;
  const batteries = spansOf(simulation, BATTERY_UNTOLD, RETURN_SECONDS + budget);
  const bad = outcome.truth.find(({ t, generation, available, discharge = 0 }) => {
    const at = t / 1000;
    if (available <= ASLEEP_BELOW_W) darkAt = at;
    // An inverter that wakes is told as soon as it answers.
    if (!covers(blind, at) || covers(excused, at) || at - darkAt <= budget) return false;
    const span = spanAt(spans, at);
    const limit = span?.limitW ?? null;
    if (generation <= GIVEN_WAY_W && covers(batteries, at)) return false;
    return limit !== null && at - (span?.from ?? 0) > budget && generation + Math.max(0, discharge) > limit + BAND_W;
  });
  if (bad === undefined) return [];
  return [{ rule: 'blind', at: bad.t / 1000, text: `generates ${Math.round(bad.generation)} W with a silent meter` }];
};

/** What is taken beside the inverters: a battery that gives counts the other way. */
const takenBy = (point: Truth | undefined): number => (point?.load ?? 0) - (point?.discharge ?? 0);

const peakLoad = (truth: readonly Truth[], at: number): number => {
  let peak = 0;
  const first = Math.max(0, Math.floor((at - LOAD_MEMORY) * 10));
  for (let index = first; index <= Math.ceil(at * 10); index += 1) peak = Math.max(peak, takenBy(truth[index]));
  return peak;
};

/** Meter and inverter are read one after the other: while the output moves, what the load is cannot be known better than this, watts. */
const misread = (truth: readonly Truth[], at: number, readingAgeMs: number): number => {
  const index = Math.floor(at * 10);
  const moveOf = (of: (point: Truth | undefined) => number): number => Math.abs(of(truth[index]) - of(truth[index - 10]));
  const moved = moveOf((point) => point?.generation ?? 0) + moveOf((point) => point?.discharge ?? 0);
  return moved * (READ_SECONDS + readingAgeMs / 1000);
};

/** No setpoint above what the limit allows with the load that was there. */
const checkWrites = ({ simulation, outcome, spans, unclear, slack, slowness }: Context): readonly Violation[] => {
  const frozen = [...spansOf(simulation, ['meter-frozen'], FROZEN_SECONDS), ...hiddenFlips(simulation, outcome.truth, slowness)];
  const violations: Violation[] = [];
  const gain = 1 + Math.min(0, ...plantsOf(simulation).map(({ gainErrorPercent }) => gainErrorPercent)) / 100;
  const oldest = Math.max(...[simulation.site, ...(simulation.site.others ?? [])].map(({ inverter }) => inverter.readingAgeMs));
  for (const { at, watts, ratedW } of outcome.writes) {
    // An inverter that was open comes down first.
    if (at < 3 + slowness || covers(frozen, at) || covers(unclear, at)) continue;
    // The limit may have changed while the write was on its way.
    const limits = [at - 1 - slack, at, at + slack].map((each) => spanAt(spans, each)?.limitW ?? null);
    if (limits.includes(null)) continue;
    const limit = Math.max(...limits.map((each) => each ?? 0));
    const unsure = misread(outcome.truth, at, oldest);
    const allowed = limit + peakLoad(outcome.truth, at) + BAND_W + 0.02 * RATED_W + unsure;
    if (watts * gain * 0.99 > allowed && watts < ratedW) {
      violations.push({ rule: 'setpoint', at, text: `cap of ${Math.round(watts)} W where ${Math.round(allowed)} W are allowed` });
    }
    if (watts >= ratedW && allowed < ratedW * gain * 0.99) {
      violations.push({ rule: 'setpoint', at, text: `full power where ${Math.round(allowed)} W are allowed` });
    }
  }
  return violations;
};

const checkWriteRate = ({ simulation, outcome, spans }: Context): readonly Violation[] => {
  const changes = simulation.loadSteps.length + spans.length + simulation.faults.length + 60;
  const allowed = (WRITES_AN_HOUR * simulation.seconds) / 3600 + WRITES_A_CHANGE * changes;
  if (outcome.writes.length <= allowed) return [];
  return [{ rule: 'write-rate', at: simulation.seconds, text: `${outcome.writes.length} writes, ${allowed.toFixed(0)} allowed` }];
};

/** What the gateway says binds is what the rules of the standard say; so a restart forgets nothing. */
const checkTold = ({ outcome, spans }: Context): readonly Violation[] => {
  const edges = [...spans.map(({ from }) => from), ...outcome.served.values(), ...outcome.cancelServed.values()];
  for (const { at, exportLimit } of outcome.told) {
    const span = spanAt(spans, at);
    if (span === null || outcome.killedUnsaved || edges.some((edge) => at >= edge - 1 && at < edge + TOLD_SECONDS)) continue;
    if (span.limitW !== null && span.limitW !== exportLimit) {
      return [{ rule: 'limit', at, text: `gateway holds ${exportLimit} W, ${span.source} says ${span.limitW} W` }];
    }
  }
  return [];
};

/** Every inverter answers: one that sleeps costs the others on its line three time-outs at the start. */
const isUp = ({ available, parts = [] }: Truth): boolean =>
  available > ASLEEP_BELOW_W && parts.every((part) => part.available > ASLEEP_BELOW_W);

/** A process started again writes the cap at once, before anything else (design section 4). */
const checkRestarts = ({ simulation, outcome, blank = [] }: Context): readonly Violation[] => {
  const { loss, crcErrors } = simulation.site.line;
  if (loss > 0 || crcErrors > 0) return [];
  // A meter that answers into the others' turns costs them their first requests.
  const excused = spansOf(simulation, [...UNCOMMANDABLE, ...OUT_OF_REACH, 'meter-late'], RETURN_SECONDS);
  const violations: Violation[] = [];
  for (const { until } of outcome.dead) {
    const awake = outcome.truth.filter(({ t }) => t > (until - ASLEEP_SECONDS) * 1000 && t < (until + RESTART_SECONDS) * 1000);
    const inReach = awake.every(isUp) && until + RESTART_SECONDS < simulation.seconds;
    if (!inReach || covers(excused, until) || covers(excused, until + RESTART_SECONDS)) continue;
    if (covers(blank, until)) continue;
    // It was killed again, or the power went.
    if (outcome.dead.some(({ from }) => from >= until && from <= until + RESTART_SECONDS)) continue;
    if (!outcome.writes.some(({ at }) => at >= until && at <= until + RESTART_SECONDS)) {
      violations.push({ rule: 'restart', at: until, text: `no cap written within ${RESTART_SECONDS} s of the start` });
    }
  }
  return violations;
};

const RANK: Readonly<Record<string, number>> = { received: 0, started: 1, completed: 2, cancelled: 2, superseded: 2 };

/** The windows cover all of it between them. */
const areAllOf = (windows: readonly Window[], from: number, until: number): boolean => {
  let coveredUntil = from;
  for (const window of windows.toSorted((a, b) => a.from - b.from))
    if (window.from <= coveredUntil) coveredUntil = Math.max(coveredUntil, window.until);
  return coveredUntil >= until;
};

const checkTransitions = ({ simulation, outcome }: Context): readonly Violation[] => {
  if (outcome.killedUnsaved) return [];
  const violations: Violation[] = [];
  // Of an event through all of which somebody could not be told nobody may say that it was carried out.
  const untold = spansOf(simulation, [...UNCOMMANDABLE, ...BATTERY_UNTOLD, ...OUT_OF_REACH], RETURN_SECONDS);
  for (const { mRID, start, durationSeconds } of simulation.events) {
    const mine = outcome.transitions.filter((one) => one.mRID === mRID);
    const ranks = mine.map(({ status }) => RANK[status] ?? 9);
    const order = mine.map(({ status }) => status).join(', ');
    const rising = ranks.every((rank, index) => index === 0 || rank > (ranks[index - 1] ?? 0));
    const servedAt = outcome.served.get(mRID);
    const inTime = servedAt !== undefined && servedAt < start + durationSeconds - 2 && servedAt < simulation.seconds - 5;
    if (!rising || (inTime && ranks[0] !== 0)) {
      violations.push({ rule: 'transitions', at: start, text: `${mRID}: ${order === '' ? 'none' : order}` });
    }
    const end = start + durationSeconds;
    const isExcused = ranks.at(-1) === 0 && servedAt !== undefined && areAllOf(untold, Math.max(start, servedAt), end);
    if (inTime && ranks.at(-1) !== 2 && end < simulation.seconds - 10 && !isExcused) {
      violations.push({ rule: 'transitions', at: start, text: `${mRID} never ended: ${order}` });
    }
  }
  return violations;
};

/** Part of the allowed energy used at least (issue); whole per cents are rounded to the safe side. */
const leastUsed = ({ site }: Simulation): number =>
  [site, ...(site.others ?? [])].some(({ inverter }) => inverter.limitScale === 0) ? 0.9 : 0.95;

/** Once everything is well again, so much of what is allowed is used that one that is always at zero fails. */
const checkEnergy = ({ simulation, outcome, spans, slowness }: Context): readonly Violation[] => {
  const from = simulation.healedAt + 150 + 4 * slowness;
  let used = 0;
  let allowed = 0;
  for (const { t, generation, load, available, discharge = 0 } of outcome.truth) {
    const at = t / 1000;
    const limit = at < from ? null : (spanAt(spans, at)?.limitW ?? null);
    if (limit === null) continue;
    used += generation;
    allowed += Math.min(available, Math.max(0, limit + load - discharge));
  }
  if (allowed === 0 || used / allowed >= leastUsed(simulation)) return [];
  return [
    { rule: 'energy', at: from, text: `${((100 * used) / allowed).toFixed(1)} % of the allowed energy used after healing` },
  ];
};

const checkProcess = ({ outcome, simulation }: Context): readonly Violation[] => {
  const violations: Violation[] = [];
  if (outcome.crash !== null) violations.push({ rule: 'crash', at: simulation.seconds, text: outcome.crash });
  if (outcome.longestTickGap > TICK_GAP_MS) {
    violations.push({ rule: 'tick', at: 0, text: `${outcome.longestTickGap.toFixed(0)} ms without a good tick` });
  }
  return violations;
};

export type Rule = (context: Context) => readonly Violation[];

const SITE_RULES: readonly Rule[] = [checkExport, checkBlind, checkWrites, checkWriteRate, checkRestarts, checkEnergy];

/** Seconds this plant needs beyond the first-order second of the bench. */
export const slownessOf = (simulation: Simulation): number =>
  Math.max(
    ...plantsOf(simulation).map(
      ({ lagSeconds, deadSeconds, slewPercentPerSecond }) =>
        deadSeconds + 3 * Math.max(0, lagSeconds - 1) + 90 / slewPercentPerSecond,
    ),
  );

const apply = (rules: readonly Rule[], context: Context): readonly Violation[] =>
  rules
    .flatMap((rule) => rule(context))
    .sort((a, b) => a.at - b.at)
    .slice(0, VIOLATIONS_KEPT);

/** What the site did, judged by truth and wire alone. `unclear`: when nobody can say which limit holds; `slack`: seconds; `spans`: the limits. */
export const checkSite = (
  simulation: Simulation,
  outcome: Outcome,
  known: Pick<Context, 'unclear' | 'slack' | 'spans' | 'blank'>,
  besides: readonly Rule[] = [],
): readonly Violation[] =>
  apply([...SITE_RULES, ...besides], { ...known, simulation, outcome, slowness: slownessOf(simulation) });

/** Everything that went wrong, judged by truth, wire and log alone, in order of time; `besides`: rules of what only some sites have. */
export const check = (simulation: Simulation, outcome: Outcome, besides: readonly Rule[] = []): readonly Violation[] =>
  apply([checkProcess, ...SITE_RULES, checkTold, checkTransitions, ...besides], {
    ...{ simulation, outcome, spans: expectedLimits(simulation, outcome), slowness: slownessOf(simulation) },
    ...{ unclear: [], slack: 0 },
  });
