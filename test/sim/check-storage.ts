import type { BatterySettings } from '../rig/site/battery.ts';
import type { Truth } from '../rig/site/plant.ts';
import {
  BAND_W,
  BATTERY_UNTOLD,
  check,
  type Context,
  covers,
  HARD_SECONDS,
  limitsAlong,
  LOAD_MEMORY,
  OUT_OF_REACH,
  RETURN_SECONDS,
  type Rule,
  SPELL_JOIN,
  spansOf,
  STALE_SECONDS,
  type Violation,
  WRITES_A_CHANGE,
  type Window,
  WRITES_AN_HOUR,
} from './check.ts';
import type { Fault, Simulation } from './draw.ts';
import { spanAt } from './oracle.ts';
import type { Outcome } from './run.ts';

/** What the configuration says, and until how much above it a spent battery rests; per cent. */
const RESERVE = 10;
const RESTS_ABOVE = 4;
/** A battery this near to what it can gives all; watts and part. */
const NEAR_W = 60;
const NEAR_PART = 0.03;
/** Near empty it gives less; per cent of charge. */
const TAPER = 4;
/** Made to discharge, or to charge, beyond what the limits leave by no more than this; watts. */
const LEAD_W = 300;
/** Of what stands at its cap so much is curtailed before storage has to make way; watts. */
const CURTAILED_W = 700;
const NEARLY_FULL = 93;
/** After everything is well storage takes the sun within, seconds. */
const STORES_AFTER = 200;

/** As the gateway takes them, and for how long it does not believe the meter where it cannot try it; seconds. */
const MIRROR_PART = 0.04;
const MIRROR_W = 100;
const MIRROR_SECONDS = 660;

/**
 * A meter that answers later than a line waits after two time-outs, 0.3 s, is a silent one; of that strength (`befall`) it does. Blind,
 * nothing may be made to discharge: with no load at all it would be export.
 */
const UNHEARD_STRENGTH = 0.3;

const LOAD_UNTOLD: readonly Fault[] = ['load-silent', 'load-ignores', 'load-restarts'];

const batteriesOf = ({ site }: Simulation): readonly BatterySettings[] => site.batteries ?? [];

/** Model 124 forces discharge by a negative charge rate, which goes to the rated charge and no further (SunSpec 124). */
const forcedMost = (battery: BatterySettings | undefined): number => {
  if (battery === undefined) return 0;
  const { family, maxChargeW, maxDischargeW } = battery;
  return family === 'setpoint' ? maxDischargeW : Math.min(maxChargeW, maxDischargeW);
};

/** True where the import limit cannot be kept: every battery that can be told gives what it can, every such load is off. */
const allGivenIn = (simulation: Simulation, back: number): ((point: Truth) => boolean) => {
  const batteries = batteriesOf(simulation);
  const faultsOf = (kinds: readonly Fault[], count: number) =>
    Array.from({ length: count }, (_, index) =>
      spansOf({ faults: simulation.faults.filter(({ beside = 0 }) => beside % Math.max(1, count) === index) }, kinds, back),
    );
  const untoldBatteries = faultsOf(BATTERY_UNTOLD, batteries.length);
  const untoldLoads = faultsOf(LOAD_UNTOLD, simulation.site.switchedLoads?.length ?? 0);
  return ({ t, stored = [], switched = [] }) => {
    const at = t / 1000;
    const given = stored.every(({ discharge, charge }, index) => {
      if (charge <= RESERVE + RESTS_ABOVE || covers(untoldBatteries[index] ?? [], at)) return true;
      const most = forcedMost(batteries[index]) * Math.min(1, charge / TAPER);
      return discharge >= most * (1 - NEAR_PART) - NEAR_W;
    });
    return given && switched.every((power, index) => power <= NEAR_W || covers(untoldLoads[index] ?? [], at));
  };
};

/** A load step that turns the flow into its mirror image looks like a meter that turned over: blind, until it has shown otherwise. */
const mirrorsIn = (truth: readonly Truth[], ratedW: number): readonly Window[] => {
  const windows: Window[] = [];
  for (let index = 10; index < truth.length; index += 1) {
    const [before, now] = [truth[index - 10], truth[index]];
    if (before === undefined || now === undefined) continue;
    const at = index / 10;
    const jumps = Math.abs(now.load - before.load) > Math.abs(before.netExport);
    const mirrors = Math.abs(before.netExport + now.netExport) < MIRROR_W;
    const turned = jumps && mirrors && Math.abs(before.netExport) > MIRROR_PART * ratedW;
    const last = windows.at(-1);
    if (turned && (last === undefined || last.until < at + MIRROR_SECONDS))
      windows.push({ from: at, until: at + MIRROR_SECONDS });
  }
  return windows;
};

/** Import inside its limit within the budget, as far as anything there is can help. */
const checkImport: Rule = ({ simulation, outcome, spans, slowness, unclear }) => {
  const budget = HARD_SECONDS + slowness;
  const back = RETURN_SECONDS + budget;
  const unheard = simulation.faults.filter(({ fault, strength }) => fault === 'meter-late' && strength > UNHEARD_STRENGTH);
  const excused = [
    ...spansOf(simulation, [...OUT_OF_REACH, 'meter-frozen', 'meter-silent'], back),
    ...spansOf({ faults: unheard }, ['meter-late'], back),
    ...spansOf(simulation, ['meter-flipped'], MIRROR_SECONDS),
    ...mirrorsIn(outcome.truth, simulation.site.plant.ratedW),
    ...[...outcome.dead, ...unclear].map(({ from, until }) => ({ from, until: until + back })),
  ];
  const allGiven = allGivenIn(simulation, back);
  const violations: Violation[] = [];
  let from: number | null = null;
  let last = 0;
  const limitAt = limitsAlong(spans);
  for (const point of outcome.truth) {
    const at = point.t / 1000;
    const { importW: limit, from: since } = limitAt(at);
    if (limit === null || 0 - point.netExport <= limit + BAND_W || covers(excused, at) || allGiven(point)) {
      if (at - last > SPELL_JOIN) from = null;
      continue;
    }
    if (from === null || from < since) from = at;
    last = at;
    if (at - from <= budget) continue;
    const text = `${Math.round(0 - point.netExport)} W over ${limit} W since ${from.toFixed(1)} s`;
    violations.push({ rule: 'import', at, text });
    from = at;
  }
  return violations;
};

/** With the meter silent nothing charges and no load runs under an import limit. */
const checkBlindImport: Rule = ({ simulation, outcome, spans, slowness, unclear }) => {
  const budget = STALE_SECONDS + HARD_SECONDS + slowness;
  const excused = [
    ...spansOf(simulation, [...BATTERY_UNTOLD, ...LOAD_UNTOLD, ...OUT_OF_REACH], RETURN_SECONDS + budget),
    ...[...outcome.dead, ...unclear].map(({ from, until }) => ({ from, until: until + RETURN_SECONDS + budget })),
  ];
  const blind = spansOf(simulation, ['meter-silent'], 0).map(({ from, until }) => ({ from: from + budget, until }));
  const bad = outcome.truth.find(({ t, discharge = 0, switched = [] }) => {
    const at = t / 1000;
    if (!covers(blind, at) || covers(excused, at)) return false;
    const taken = Math.max(0, 0 - discharge) + switched.reduce((sum, one) => sum + one, 0);
    return taken > BAND_W && (spanAt(spans, at)?.importW ?? null) !== null;
  });
  if (bad === undefined) return [];
  return [
    { rule: 'blind-import', at: bad.t / 1000, text: `charges ${Math.round(0 - (bad.discharge ?? 0))} W with a silent meter` },
  ];
};

interface Range {
  readonly least: number;
  readonly most: number;
}

const rangeOf = (truth: readonly Truth[], at: number, of: (point: Truth) => number): Range => {
  const seen = truth.slice(Math.max(0, Math.floor((at - LOAD_MEMORY) * 10)), Math.ceil(at * 10) + 1).map(of);
  return { least: Math.min(...seen), most: Math.max(...seen) };
};

/** What batteries are made to give, and to take, whatever they would do by themselves. */
const toldIn = (point: Truth | undefined): { readonly forced: number; readonly drawn: number } => {
  const told = (point?.stored ?? []).flatMap((one) => one.told ?? []);
  return {
    forced: told.reduce((sum, { least }) => sum + Math.max(0, least), 0),
    drawn: told.reduce((sum, { most }) => sum + Math.max(0, 0 - most), 0),
  };
};

/** No battery is made to discharge into the export limit, or to charge into the import limit. */
const checkTold: Rule = ({ simulation, outcome, spans, slowness }) => {
  const untold = spansOf(simulation, [...BATTERY_UNTOLD, 'meter-frozen', ...OUT_OF_REACH], RETURN_SECONDS + HARD_SECONDS);
  const dead = outcome.dead.map(({ from, until }) => ({ from, until: until + RETURN_SECONDS }));
  const limitAt = limitsAlong(spans);
  for (let index = 0; index < outcome.truth.length; index += 10) {
    const point = outcome.truth[index];
    const at = index / 10;
    const span = limitAt(at);
    if (at - span.from < HARD_SECONDS + slowness || covers(untold, at) || covers(dead, at)) continue;
    const { forced, drawn } = toldIn(point);
    if (span.limitW === null || span.importW === null || forced + drawn === 0) continue;
    const taken = rangeOf(outcome.truth, at, ({ load }) => load);
    const given = rangeOf(outcome.truth, at, ({ generation }) => generation);
    const slack = BAND_W + LEAD_W;
    if (forced > 0 && forced > span.limitW + taken.most - given.least + slack)
      return [{ rule: 'band', at, text: `made to discharge ${Math.round(forced)} W into ${span.limitW} W of export` }];
    if (drawn > 0 && drawn > span.importW + given.most - taken.least + slack)
      return [{ rule: 'band', at, text: `made to charge ${Math.round(drawn)} W into ${span.importW} W of import` }];
  }
  return [];
};

const checkBesideWrites: Rule = ({ simulation, outcome, spans }) => {
  const changes = simulation.loadSteps.length + spans.length + simulation.faults.length + 60;
  const allowed = (WRITES_AN_HOUR * simulation.seconds) / 3600 + WRITES_A_CHANGE * changes;
  const units = [...new Set(outcome.besideWrites.map(({ unitId }) => unitId))];
  return units.flatMap((unit) => {
    const count = outcome.besideWrites.filter(({ unitId }) => unitId === unit).length;
    if (count <= allowed) return [];
    const text = `${count} writes to unit ${unit}, ${allowed.toFixed(0)} allowed`;
    return [{ rule: 'beside-writes', at: simulation.seconds, text }];
  });
};

/** Once everything is well storage takes the sun that the export limit would have curtailed: one that always rests fails. */
const checkStored = ({ simulation, outcome, slowness }: Context): readonly Violation[] => {
  const from = simulation.healedAt + STORES_AFTER + 4 * slowness;
  const late = outcome.truth.filter(({ t }) => t >= from * 1000);
  const mean = (of: (point: Truth) => number): number => late.reduce((sum, point) => sum + of(point), 0) / late.length;
  const curtailed = mean(({ available, generation }) => available - generation);
  const last = late.at(-1);
  if (late.length === 0 || last === undefined || curtailed < CURTAILED_W) return [];
  const idle = batteriesOf(simulation).some(({ maxChargeW, maxDischargeW, family }, index) => {
    // What a window can force is in per cents of the discharge, and of the charge.
    const most = family === 'setpoint' ? maxChargeW : Math.min(maxChargeW, maxDischargeW);
    const charge = mean(({ stored = [] }) => 0 - (stored[index]?.discharge ?? 0));
    return (last.stored?.[index]?.charge ?? 100) < NEARLY_FULL && charge < 0.8 * most;
  });
  if (!idle) return [];
  return [{ rule: 'stored', at: from, text: `${Math.round(curtailed)} W curtailed while a battery is not charged` }];
};

/** What storage and controllable loads add. */
export const STORAGE_RULES: readonly Rule[] = [checkImport, checkBlindImport, checkTold, checkBesideWrites, checkStored];

/** As `check`, with that. */
export const checkStorage = (simulation: Simulation, outcome: Outcome): readonly Violation[] =>
  check(simulation, outcome, STORAGE_RULES);
