import { describe, expect, test } from 'vitest';
import type { ResponseReceived, ServerLog } from '../rig/scenario/timeline.ts';
import type { Truth } from '../rig/site/plant.ts';
import { judgeKills, type LifeEvent } from './kill/judge.ts';

/** One event of 1.5 kW from second 10 to 20, a default of 5 kW before and after. */
const logOf = (responses: readonly ResponseReceived[]): ServerLog => ({
  controls: [{ name: 'only', primacy: 5, limitW: 1500, createdAt: 1, start: 10, end: 20, servedAt: 2, cancelServedAt: null }],
  defaults: [{ primacy: 5, limitW: 5000, servedAt: 1 }],
  responses,
});

const response = (at: number, status: number): ResponseReceived => ({ at, control: 'only', status, httpStatus: 201 });
const WHOLE = [response(3, 1), response(11, 2), response(20, 3)];

/** Thirty seconds at ten a second, the export and the inverter's cap as told. */
const truthOf = (exportAt: (second: number) => number, capAt: (second: number) => number): readonly Truth[] =>
  Array.from({ length: 300 }, (_, index): Truth => {
    const t = index * 100;
    const netExport = exportAt(t / 1000);
    return { t, netExport, load: 1000, generation: netExport + 1000, cap: capAt(t / 1000), available: 10_000 };
  });

const obedient = truthOf(
  (second) => (second < 12 || second >= 20 ? 4900 : 1400),
  (second) => (second < 10.5 || second >= 20 ? 5900 : 2400),
);

const START: LifeEvent = { at: 0, unit: 'controld', kind: 'started' };
const NEVER = (): number => 0;

const problems = (
  truth: readonly Truth[],
  responses: readonly ResponseReceived[],
  more: readonly LifeEvent[] = [],
): readonly string[] => judgeKills(truth, logOf(responses), [START, ...more], 30, NEVER).problems;

describe('the judge of the kill run', () => {
  test('an obedient site has no problems', () => {
    expect(problems(obedient, WHOLE)).toEqual([]);
  });

  test('sees export over the limit of an event that had time to act', () => {
    const over = truthOf(
      (second) => (second > 16 && second < 17 ? 1700 : 1400),
      () => 2400,
    );
    expect(problems(over, WHOLE)[0]).toContain('1700 W exported, the limit is 1500 W');
  });

  test('sees a restart that leaves the cap above the limit', () => {
    const killed: LifeEvent[] = [
      { at: 9, unit: 'controld', kind: 'killed' },
      { at: 10.5, unit: 'controld', kind: 'started' },
    ];
    const late = truthOf(
      () => 1400,
      (second) => (second < 14 ? 5900 : 2400),
    );
    expect(problems(late, WHOLE, killed)).toEqual(['controld started at 10.50 s, the cap kept the limit 3.50 s later']);
  });

  test('allows the first life that meets the devices to discover them', () => {
    const early: LifeEvent[] = [
      { at: 3, unit: 'controld', kind: 'killed' },
      { at: 4, unit: 'controld', kind: 'started' },
    ];
    const met = (second: number): Truth[] =>
      truthOf(
        () => 1400,
        () => 2400,
      ).map((point) => (point.t < second * 1000 ? { ...point, cap: null } : point));
    expect(problems(met(7.5), WHOLE, early)).toEqual([]);
    expect(problems(met(8.5), WHOLE, early)).toEqual(['controld started at 4.00 s, the cap kept the limit 4.50 s later']);
  });

  test('time that others had the processor is not held against it', () => {
    const killed: LifeEvent[] = [
      { at: 9, unit: 'controld', kind: 'killed' },
      { at: 10.5, unit: 'controld', kind: 'started' },
    ];
    const late = truthOf(
      () => 1400,
      (second) => (second < 14 ? 5900 : 2400),
    );
    const events = [START, ...killed];
    expect(judgeKills(late, logOf(WHOLE), events, 30, (from, to) => (to > 13 && from < 13 ? 1.6 : 0)).problems).toEqual([]);
  });

  test('sees a lost Response and one that was not due', () => {
    expect(problems(obedient, WHOLE.slice(0, 2))).toEqual(['only: Response 3 was lost']);
    expect(problems(obedient, [...WHOLE, response(21, 7)])).toEqual(['only: Response 7 was not due']);
  });

  test('an event in which no life got through its start-up owes only that it was received', () => {
    const dead: LifeEvent[] = [
      { at: 9, unit: 'controld', kind: 'killed' },
      { at: 17.5, unit: 'controld', kind: 'started' },
    ];
    expect(problems(obedient, WHOLE.slice(0, 1), dead)).toEqual([]);
    expect(problems(obedient, [], dead)).toEqual(['only: Response 1 was lost']);
    expect(problems(obedient, WHOLE.slice(0, 2), dead)).toEqual(['only: Response 3 was lost']);
    const alive = dead.map((event) => ({ ...event, at: event.at - 2 }));
    expect(problems(obedient, WHOLE.slice(0, 1), alive)).toEqual(['only: Response 2 was lost', 'only: Response 3 was lost']);
  });

  test('a doubled Response is a problem, unless northd was killed beside the first', () => {
    const twice = [...WHOLE, response(13, 2)];
    expect(problems(obedient, twice)[0]).toContain('Response 2 came twice');
    const kill: LifeEvent = { at: 11.02, unit: 'northd', kind: 'killed' };
    const verdict = judgeKills(obedient, logOf(twice), [START, kill], 30, NEVER);
    expect(verdict.problems).toEqual([]);
    expect(verdict.duplicates).toBe(1);
  });
});
