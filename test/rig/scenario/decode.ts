import { fail, ok, type Result } from '#base/result.ts';
import type { Point } from '../site/profile.ts';
import {
  FAULT_KINDS,
  type Expectation,
  type Scenario,
  type ScenarioControl,
  type ScenarioFault,
  type ScenarioModes,
  type ScenarioProgram,
  type ScenarioSite,
  type ScenarioUtility,
} from './scenario.ts';

type Json = Readonly<Record<string, unknown>>;

/** Longest list in a scenario file. */
const MAX_ITEMS = 1000;

/** Reads values at a path and gathers every problem instead of stopping at the first. */
class Reader {
  readonly problems: string[] = [];

  object(value: unknown, path: string, keys: readonly string[]): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push(`${path}: expected an object`);
      return {};
    }
    for (const key of Object.keys(value)) if (!keys.includes(key)) this.problems.push(`${path}.${key}: unknown`);
    return value as Json;
  }

  /** A number between `least` and `most`; `fallback` when absent, undefined: it must be there. */
  number(from: Json, key: string, path: string, bounds: readonly [number, number], fallback?: number): number {
    const value = from[key] ?? fallback;
    const [least, most] = bounds;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return value;
    this.problems.push(`${path}.${key}: expected a number from ${least} to ${most}`);
    return least;
  }

  /** As `number`, but absent and null mean null. */
  maybe(from: Json, key: string, path: string, bounds: readonly [number, number]): number | null {
    return from[key] === undefined || from[key] === null ? null : this.number(from, key, path, bounds);
  }

  text(from: Json, key: string, path: string): string {
    const value = from[key];
    if (typeof value === 'string' && value.length > 0) return value;
    this.problems.push(`${path}.${key}: expected a text`);
    return '';
  }

  flag(from: Json, key: string, path: string): boolean {
    const value = from[key] ?? false;
    if (typeof value === 'boolean') return value;
    this.problems.push(`${path}.${key}: expected true or false`);
    return false;
  }

  oneOf<T extends string | number>(from: Json, key: string, path: string, choices: readonly [T, ...T[]], fallback?: T): T {
    const value = from[key] ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.problems.push(`${path}.${key}: expected one of ${choices.join(', ')}`);
    return choices[0];
  }

  list<T>(from: Json, key: string, path: string, item: (value: unknown, path: string) => T): readonly T[] {
    const value = from[key] ?? [];
    if (!Array.isArray(value) || value.length > MAX_ITEMS) {
      this.problems.push(`${path}.${key}: expected a list of at most ${MAX_ITEMS}`);
      return [];
    }
    return value.map((each, index) => item(each, `${path}.${key}[${index}]`));
  }
}

const SPAN: readonly [number, number] = [0, 604_800];
const POWER: readonly [number, number] = [-10_000_000, 10_000_000];

const decodePoints = (reader: Reader, from: Json, key: string, path: string): readonly Point[] => {
  const points = reader.list(from, key, path, (value, where): Point => {
    const pair: readonly unknown[] = Array.isArray(value) ? value : [];
    const [seconds, watts] = pair;
    if (typeof seconds === 'number' && typeof watts === 'number') return [seconds, watts];
    reader.problems.push(`${where}: expected [seconds, watts]`);
    return [0, 0];
  });
  if (points.length === 0) reader.problems.push(`${path}.${key}: expected at least one point`);
  const ascending = points.every((point, index) => index === 0 || point[0] > (points[index - 1]?.[0] ?? 0));
  if (!ascending) reader.problems.push(`${path}.${key}: expected ascending times`);
  return points;
};

const decodeSite = (reader: Reader, value: unknown, path: string): ScenarioSite => {
  const site = reader.object(value, path, [
    ...['ratedW', 'sun', 'load', 'loadShape', 'loadNoiseW', 'startAsleep', 'lagSeconds', 'deadSeconds'],
    ...['slewPercentPerSecond', 'gainErrorPercent', 'limitScale', 'reconnectSeconds'],
  ]);
  return {
    ratedW: reader.number(site, 'ratedW', path, [100, 1_000_000]),
    sun: decodePoints(reader, site, 'sun', path),
    load: decodePoints(reader, site, 'load', path),
    loadShape: reader.oneOf(site, 'loadShape', path, ['steps', 'lines'], 'steps'),
    loadNoiseW: reader.number(site, 'loadNoiseW', path, [0, 10_000], 0),
    startAsleep: reader.flag(site, 'startAsleep', path),
    lagSeconds: reader.number(site, 'lagSeconds', path, [0, 5], 1),
    deadSeconds: reader.number(site, 'deadSeconds', path, [0, 5], 0),
    slewPercentPerSecond: reader.maybe(site, 'slewPercentPerSecond', path, [1, 10_000]),
    gainErrorPercent: reader.number(site, 'gainErrorPercent', path, [-20, 20], 0),
    limitScale: reader.oneOf(site, 'limitScale', path, [-2, 0], -2),
    reconnectSeconds: reader.number(site, 'reconnectSeconds', path, [0, 600], 2),
  };
};

const decodeModes = (reader: Reader, value: unknown, path: string): ScenarioModes => {
  const modes = reader.object(value, path, ['opModExpLimW', 'opModGenLimW']);
  const exportLimit = reader.maybe(modes, 'opModExpLimW', path, POWER);
  const generationLimit = reader.maybe(modes, 'opModGenLimW', path, POWER);
  return {
    ...(exportLimit === null ? {} : { opModExpLimW: exportLimit }),
    ...(generationLimit === null ? {} : { opModGenLimW: generationLimit }),
  };
};

const decodeProgram = (reader: Reader, value: unknown, path: string): ScenarioProgram => {
  const program = reader.object(value, path, ['name', 'primacy', 'default']);
  const isNone = program['default'] === undefined || program['default'] === null;
  return {
    name: reader.text(program, 'name', path),
    primacy: reader.number(program, 'primacy', path, [0, 255]),
    default: isNone ? null : decodeModes(reader, program['default'], `${path}.default`),
  };
};

const decodeControl = (reader: Reader, value: unknown, path: string): ScenarioControl => {
  const control = reader.object(value, path, [
    ...['name', 'at', 'program', 'startsIn', 'durationSeconds', 'modes', 'cancelAt', 'randomizeStart', 'randomizeDuration'],
  ]);
  return {
    name: reader.text(control, 'name', path),
    at: reader.number(control, 'at', path, [-3600, SPAN[1]]),
    program: reader.text(control, 'program', path),
    startsIn: reader.number(control, 'startsIn', path, [-3600, SPAN[1]], 0),
    durationSeconds: reader.number(control, 'durationSeconds', path, [1, SPAN[1]]),
    modes: decodeModes(reader, control['modes'], `${path}.modes`),
    cancelAt: reader.maybe(control, 'cancelAt', path, SPAN),
    randomizeStart: reader.maybe(control, 'randomizeStart', path, [-3600, 3600]),
    randomizeDuration: reader.maybe(control, 'randomizeDuration', path, [-3600, 3600]),
  };
};

const decodeUtility = (reader: Reader, value: unknown, path: string): ScenarioUtility => {
  const utility = reader.object(value, path, ['pollRate', 'postRate', 'layout', 'programs', 'controls']);
  const programs = reader.list(utility, 'programs', path, (each, where) => decodeProgram(reader, each, where));
  const controls = reader.list(utility, 'controls', path, (each, where) => decodeControl(reader, each, where));
  for (const control of controls) {
    if (!programs.some((program) => program.name === control.program)) {
      reader.problems.push(`${path}.controls: ${control.name} names the unknown program ${control.program}`);
    }
  }
  return {
    pollRate: reader.number(utility, 'pollRate', path, [1, 86_400]),
    postRate: reader.number(utility, 'postRate', path, [1, 86_400]),
    layout: reader.oneOf(utility, 'layout', path, ['random', 'apiV2'], 'random'),
    programs,
    controls,
  };
};

const decodeFault = (reader: Reader, value: unknown, path: string): ScenarioFault => {
  const fault = reader.object(value, path, ['at', 'kind', 'forSeconds', 'bySeconds']);
  return {
    at: reader.number(fault, 'at', path, SPAN),
    kind: reader.oneOf(fault, 'kind', path, [...FAULT_KINDS]),
    forSeconds: reader.number(fault, 'forSeconds', path, SPAN, 0),
    bySeconds: reader.number(fault, 'bySeconds', path, [-SPAN[1], SPAN[1]], 0),
  };
};

const decodeExpectation = (reader: Reader, value: unknown, path: string): Expectation => {
  const expect = reader.object(value ?? {}, path, [
    ...['settleSeconds', 'wishSeconds', 'energyShare', 'blind', 'dawnSeconds', 'responses'],
  ]);
  return {
    settleSeconds: reader.number(expect, 'settleSeconds', path, [0, 3600], 15),
    wishSeconds: reader.number(expect, 'wishSeconds', path, [0, 3600], 5),
    energyShare: reader.maybe(expect, 'energyShare', path, [0, 1]),
    blind: reader.list(expect, 'blind', path, (each, where) => {
      const blind = reader.object(each, where, ['from', 'until', 'limitW', 'withinSeconds']);
      return {
        from: reader.number(blind, 'from', where, SPAN),
        until: reader.number(blind, 'until', where, SPAN),
        limitW: reader.number(blind, 'limitW', where, POWER),
        withinSeconds: reader.number(blind, 'withinSeconds', where, SPAN),
      };
    }),
    dawnSeconds: reader.maybe(expect, 'dawnSeconds', path, SPAN),
    responses: reader.list(expect, 'responses', path, (each, where) => {
      const response = reader.object(each, where, ['control', 'statuses']);
      return {
        control: reader.text(response, 'control', where),
        statuses: reader.list(response, 'statuses', where, (status, at) => reader.number({ status }, 'status', at, [0, 255])),
      };
    }),
  };
};

/** Reads a scenario file; a refused one gets every problem with its path and what was expected. */
export const decodeScenario = (text: string): Result<Scenario, readonly string[]> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail([`not JSON: ${String(error)}`]);
  }
  const reader = new Reader();
  const all = reader.object(value, 'scenario', [
    'name',
    'about',
    'durationSeconds',
    'loop',
    'site',
    'utility',
    'faults',
    'expect',
  ]);
  const scenario: Scenario = {
    name: reader.text(all, 'name', 'scenario'),
    about: reader.text(all, 'about', 'scenario'),
    durationSeconds: reader.number(all, 'durationSeconds', 'scenario', [1, SPAN[1]]),
    loop: reader.flag(all, 'loop', 'scenario'),
    site: decodeSite(reader, all['site'], 'scenario.site'),
    utility: decodeUtility(reader, all['utility'], 'scenario.utility'),
    faults: reader.list(all, 'faults', 'scenario', (each, where) => decodeFault(reader, each, where)),
    expect: decodeExpectation(reader, all['expect'], 'scenario.expect'),
  };
  return reader.problems.length > 0 ? fail(reader.problems) : ok(scenario);
};
