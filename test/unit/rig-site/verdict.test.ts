import { describe, expect, test } from 'vitest';
import type { Truth } from '../../rig/site/plant.ts';
import type { Expectation, Scenario } from '../../rig/scenario/scenario.ts';
import type { ResponseReceived, ServerLog } from '../../rig/scenario/timeline.ts';
import { bandW, judge } from '../../rig/scenario/verdict.ts';

const EXPECT: Expectation = { settleSeconds: 15, wishSeconds: 5, energyShare: 0.9, blind: [], dawnSeconds: null, responses: [] };
const scenarioOf = (expectation: Partial<Expectation>): Scenario => ({
  name: 'made',
  about: 'made for the judge',
  durationSeconds: 120,
  loop: false,
  site: {
    ratedW: 10_000,
    sun: [[0, 10_000]],
    load: [[0, 0]],
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
  utility: { pollRate: 1, postRate: 1, layout: 'random', programs: [], controls: [] },
  faults: [],
  expect: { ...EXPECT, ...expectation },
});
const response = (at: number, status: number, httpStatus = 201): ResponseReceived => ({ at, control: 'c', status, httpStatus });
const logOf = (responses: readonly ResponseReceived[] = []): ServerLog => ({
  controls: [{ name: 'c', primacy: 5, limitW: 1500, createdAt: 0, start: 20, end: 80, servedAt: 1, cancelServedAt: null }],
  defaults: [{ primacy: 5, limitW: 5000, servedAt: 0 }],
  responses,
});
/** Ten points a second with the export that `flow` gives. */
const truthOf = (flow: (seconds: number) => number, load = 0): Truth[] =>
  Array.from({ length: 1201 }, (_, index) => {
    const netExport = flow(index / 10);
    return { t: index * 100, generation: netExport + load, load, netExport, cap: null, available: 10_000 };
  });
const obedient = (seconds: number): number => (seconds >= 20 && seconds < 80 ? 1500 : 5000);
const failed = (scenario: Scenario, truth: readonly Truth[], log: ServerLog): string[] => {
  return judge(scenario, truth, log)
    .judgements.filter((each) => !each.met)
    .map((each) => each.criterion);
};

describe('verdict', () => {
  test('band: the lower of 4 % and 100 W', () => {
    expect([bandW(10_000), bandW(1000)]).toEqual([100, 40]);
  });

  test('an obedient site meets everything', () => {
    expect(failed(scenarioOf({}), truthOf(obedient), logOf())).toEqual([]);
  });

  test('6 s above the limit miss the own bar, 16 s the hard one', () => {
    const late = (by: number): Truth[] => truthOf((at) => (at >= 20 && at < 20 + by ? 5000 : obedient(at)));
    expect(failed(scenarioOf({}), late(6), logOf())).toEqual(['the same, own bar']);
    expect(judge(scenarioOf({}), late(6), logOf()).met).toBe(true);
    expect(judge(scenarioOf({}), late(16), logOf()).met).toBe(false);
  });

  test('short dips under the limit do not cut a spell', () => {
    const ringing = truthOf((at) => (at >= 20 && at < 50 ? (at % 2 < 1.2 ? 3000 : 1000) : obedient(at)));
    expect(judge(scenarioOf({ energyShare: null }), ringing, logOf()).met).toBe(false);
  });

  test('too little energy, and a raised limit that is not used again', () => {
    const shy = truthOf((at) => (at >= 80 ? 1500 : obedient(at)));
    expect(failed(scenarioOf({}), shy, logOf())).toEqual([
      'longest time until a raised limit is used again',
      'allowed energy used, steady',
    ]);
  });

  test('a gap in the truth, and a default never served, are no pass', () => {
    const gap = truthOf(obedient).filter((point) => point.t < 90_000);
    expect(judge(scenarioOf({}), gap, logOf()).met).toBe(false);
    const unserved = { ...logOf(), defaults: [{ primacy: 5, limitW: 5000, servedAt: null }] };
    expect(judge(scenarioOf({}), truthOf(obedient), unserved).met).toBe(false);
  });

  test('blind and dawn have bars of their own', () => {
    const blind = scenarioOf({ blind: [{ from: 40, until: 60, limitW: 1500, withinSeconds: 5 }] });
    expect(judge(blind, truthOf(obedient), logOf()).met).toBe(true);
    expect(
      judge(
        blind,
        truthOf((at) => (at > 50 && at < 52 ? 3000 : obedient(at))),
        logOf(),
      ).met,
    ).toBe(false);
    const dawn = scenarioOf({ dawnSeconds: 5, energyShare: null });
    const light = (excess: number): Truth[] => truthOf((at) => (at < 40 ? 0 : at < 40 + excess ? 9000 : obedient(at)));
    expect(judge(dawn, light(4), logOf()).met).toBe(true);
    expect(judge(dawn, light(8), logOf()).met).toBe(false);
    expect(
      judge(
        dawn,
        truthOf(() => 0),
        logOf(),
      ).met,
    ).toBe(false);
  });

  test.each([
    ['in order', [response(2, 1), response(21, 2), response(81, 3)], true],
    ['a refused one does not count', [response(2, 1, 400), response(3, 1), response(21, 2), response(81, 3)], true],
    ['one missing', [response(2, 1), response(81, 3)], false],
    ['one twice', [response(2, 1), response(21, 2), response(22, 2), response(81, 3)], false],
    ['started before its time', [response(2, 1), response(12, 2), response(81, 3)], false],
    ['completed before its end', [response(2, 1), response(21, 2), response(60, 3)], false],
  ])('Responses: %s', (_, responses, met) => {
    const scenario = scenarioOf({ responses: [{ control: 'c', statuses: [1, 2, 3] }] });
    expect(judge(scenario, truthOf(obedient), logOf(responses)).met).toBe(met);
  });
});
