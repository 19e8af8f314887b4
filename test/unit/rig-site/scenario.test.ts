import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeScenario } from '../../rig/scenario/decode.ts';
import { applyToSite, siteSettings, turnsOf } from '../../rig/scenario/play.ts';
import type { Scenario } from '../../rig/scenario/scenario.ts';
import { asServed, limitTimeline, type ServerLog } from '../../rig/scenario/timeline.ts';
import { RigSite } from '../../rig/site/site.ts';

const FOLDER = new URL('../../rig/scenario/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

const scenarioOf = (name: string): Scenario => {
  const decoded = decodeScenario(readFileSync(new URL(name, FOLDER), 'utf8'));
  if (!decoded.ok) throw new Error(decoded.fault.join('\n'));
  return decoded.value;
};

describe('scenario files', () => {
  test('the five of make run are there', () => {
    expect([...files].sort()).toEqual([
      'clock-steps.json',
      'comms-loss.json',
      'day.json',
      'device-loss.json',
      'flash-fails.json',
      'meter-loss.json',
      'night.json',
      'power-cut.json',
      'steps.json',
      'wrong-hands.json',
    ]);
  });

  test.each(files)('%s is sound: named as its file, expected controls exist, all within its duration', (file) => {
    const scenario = scenarioOf(file);
    const names = scenario.utility.controls.map((control) => control.name);
    expect(`${scenario.name}.json`).toBe(file);
    expect(new Set(names).size).toBe(names.length);
    for (const { control } of scenario.expect.responses) expect(names).toContain(control);
    for (const each of scenario.utility.controls) expect(each.at + each.startsIn).toBeLessThan(scenario.durationSeconds);
    for (const fault of scenario.faults) expect(fault.at + fault.forSeconds).toBeLessThanOrEqual(scenario.durationSeconds);
  });

  test.each(files)('%s plays in virtual time, the same twice', (file) => {
    const scenario = scenarioOf(file);
    const play = (): readonly number[] => {
      const flow: number[] = [];
      const site = new RigSite(siteSettings(scenario, 4), (truth) => flow.push(truth.netExport));
      for (const turn of turnsOf(scenario)) applyToSite(site, turn, turn.at * 1000);
      site.advance(scenario.durationSeconds * 1000);
      return flow;
    };
    const flow = play();
    expect(flow).toHaveLength(scenario.durationSeconds * 10 + 1);
    expect(play()).toEqual(flow);
  });

  test('a wrong file gets every problem with its path', () => {
    const decoded = decodeScenario(
      JSON.stringify({
        name: 'x',
        about: '',
        durationSeconds: 0,
        site: {
          ratedW: 'much',
          sun: [
            [5, 1],
            [1, 1],
          ],
          load: [[0, 0]],
          moon: 1,
        },
        utility: {
          pollRate: 1,
          postRate: 1,
          programs: [],
          controls: [{ name: 'c', at: 0, program: 'p', durationSeconds: 5, modes: {} }],
        },
        faults: [{ at: 1, kind: 'meteor' }],
      }),
    );
    const problems = decoded.ok ? '' : decoded.fault.join('\n');
    for (const path of [
      'about',
      'durationSeconds',
      'site.ratedW',
      'site.moon',
      'site.sun',
      'utility.controls',
      'faults[0].kind',
    ]) {
      expect(problems).toContain(`scenario.${path}`);
    }
    expect(decodeScenario('{').ok).toBe(false);
  });

  test('the turns of a later round come later by the duration', () => {
    const scenario = scenarioOf('meter-loss.json');
    expect(turnsOf(scenario, 2).map((turn) => turn.at)).toEqual(turnsOf(scenario).map((turn) => turn.at + 300));
  });
});

describe('limit timeline', () => {
  const base = { limitW: 1000, createdAt: 0, servedAt: 0, cancelServedAt: null };
  const logOf = (controls: ServerLog['controls'], defaultAt = 0): ServerLog => ({
    controls,
    defaults: [
      { primacy: 1, limitW: null, servedAt: 0 },
      { primacy: 5, limitW: 5000, servedAt: defaultAt },
    ],
    responses: [],
  });
  const sources = (log: ServerLog): string =>
    limitTimeline(log, 100)
      .map((span) => `${span.from} ${span.source}`)
      .join(', ');

  test('nothing is known before the default was served', () => {
    expect(sources(logOf([], 7))).toBe('0 none, 7 default');
  });

  test('better primacy supersedes, and the superseded control never resumes', () => {
    const feeder = { ...base, name: 'feeder', primacy: 5, start: 10, end: 80 };
    const system = { ...base, name: 'system', primacy: 1, start: 30, end: 50 };
    expect(sources(logOf([feeder, system]))).toBe('0 default, 10 feeder, 30 system, 50 default');
  });

  test('at equal primacy the newer wins, even from before the start of the older', () => {
    const older = { ...base, name: 'older', primacy: 5, start: 20, end: 60 };
    const newer = { ...base, name: 'newer', primacy: 5, createdAt: 5, start: 10, end: 30 };
    expect(sources(logOf([older, newer]))).toBe('0 default, 10 newer, 30 default');
  });

  test('a cancelled control binds until the gateway was told', () => {
    expect(sources(logOf([{ ...base, name: 'c', primacy: 5, start: 10, end: 80, cancelServedAt: 44 }]))).toBe(
      '0 default, 10 c, 44 default',
    );
  });

  test('steps: what the scenario means', () => {
    const scenario = scenarioOf('steps.json');
    const spans = limitTimeline(asServed(scenario), scenario.durationSeconds);
    expect(spans.map((span) => span.limitW)).toEqual([5000, 1500, 5000, 9000, 1500, 5000, 2500, 5000, 3000, 1500, 5000]);
  });
});
