import { expect } from 'vitest';
import { setAssignments } from '../../rig/utility/commands.ts';
import type { Control } from '../../rig/utility/controls.ts';
import type { ScenarioProgram } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, get } from './criteria.ts';
import { requirement } from './requirement.ts';

const program = (name: string, primacy: number, limit: number | null): ScenarioProgram => ({
  name,
  primacy,
  default: limit === null ? null : { opModExpLimW: limit },
});

/** System, subtransmission, substation, feeder, segment, service transformer, service point: the last counts most. */
const TREE = ['system', 'sub', 'station', 'feeder', 'segment', 'transformer', 'point'] as const;
const tree = TREE.map((name, level) => program(name, 7 - level, 1000 * (level + 1)));

requirement(
  ['CORE-010', 'BASIC-002'],
  'all seven programs of a tree of groups: the right default, then the right event',
  async (evidence) => {
    const gateway = await new VirtualGateway({ scenario: { programs: tree } }).start().until(120);
    const defaults = evidence.requests(gateway, 'reads each default', get('default-control'));
    expect(new Set(defaults.map(({ path }) => path)).size).toBe(TREE.length);
    const asked = evidence.requests(
      gateway,
      'asks for whole lists',
      ({ query }) => new URLSearchParams(query).get('l') === '255',
    );
    expect(new Set(asked.map(({ resource }) => resource))).toContain('program-list');
    evidence.site('export at the default of the point', gateway.truth.mostExport(60, 120), { least: 6800, most: 7100 });
    const far = gateway.publish({ program: 'system', startsIn: 80, durationSeconds: 120, modes: { opModExpLimW: 5000 } });
    await gateway.run(260);
    evidence.site('export under an event of the system', gateway.truth.mostExport(220, 318), { least: 4800, most: 5100 });
    expect(answersTo(gateway, far)).toEqual([1, 2, 3]);
    // Every level asks at once: the point is heard.
    const all = TREE.map((name, level) =>
      gateway.publish({ program: name, startsIn: 80, durationSeconds: 120, modes: { opModExpLimW: 1000 * (level + 1) - 500 } }),
    );
    await gateway.run(260);
    evidence.site('export under the event of the point', gateway.truth.mostExport(480, 578), { least: 6300, most: 6600 });
    for (const [level, event] of all.entries()) expect(answersTo(gateway, event)).toEqual(level === 6 ? [1, 2, 3] : [1, 7]);
    evidence.requests(gateway, 'completes', answered(3));
  },
);

requirement(['BASIC-003'], 'a branch exchanged before the event: the new default and the new event count', async (evidence) => {
  const branch = [
    program('feeder-a', 5, 6000),
    program('point-a', 1, 4000),
    program('feeder-b', 5, 3000),
    program('point-b', 1, 2000),
  ];
  const gateway = new VirtualGateway({ scenario: { programs: branch } });
  setAssignments(gateway.state, [['feeder-a', 'point-a']]);
  await gateway.start().until(60);
  const publish = (name: string, limit: number): Control =>
    gateway.publish({ program: name, startsIn: 400, durationSeconds: 180, modes: { opModExpLimW: limit } });
  const left = publish('point-a', 8000);
  const entered = publish('point-b', 5000);
  await gateway.when('the event of the old branch is received', () => answersTo(gateway, left).includes(1), 90);
  evidence.site('export at the old default', gateway.truth.exportAt(gateway.now), { least: 3800, most: 4100 });
  setAssignments(gateway.state, [['feeder-b', 'point-b']]);
  await gateway.until(440);
  evidence.site('export at the new default', gateway.truth.exportAt(gateway.now), { most: 2100 });
  await gateway.until(720);
  evidence.site('export under the new event', gateway.truth.meanExport(500, 630), { least: 4800, most: 5100 });
  expect(answersTo(gateway, entered)).toEqual([1, 2, 3]);
  expect(answersTo(gateway, left)).not.toContain(2);
  evidence.requests(gateway, 'completes', answered(3));
});

requirement(
  ['CORE-011', 'P24', 'P27'],
  '15 assignments, one without programs; 15 programs; the right event',
  async (evidence) => {
    const programs = Array.from({ length: 15 }, (_, index) => program(`p${index + 1}`, index + 1, 500 * (index + 1)));
    const gateway = new VirtualGateway({ scenario: { programs: programs.toReversed() } });
    const names = programs.map(({ name }) => [name]);
    setAssignments(gateway.state, [...names.slice(2).toReversed(), [], ['p1', 'p2']]);
    await gateway.start().until(120);
    const lists = evidence.requests(gateway, 'reads every program list', get('program-list'));
    expect(new Set(lists.map(({ path }) => path)).size).toBeGreaterThanOrEqual(14);
    const defaults = evidence.requests(gateway, 'and every default', get('default-control'));
    expect(new Set(defaults.map(({ path }) => path)).size).toBe(15);
    evidence.site('export at the best default', gateway.truth.mostExport(60, 120), { most: 600 });
    const worse = gateway.publish({ program: 'p15', startsIn: 100, durationSeconds: 120, modes: { opModExpLimW: 8000 } });
    const better = gateway.publish({ program: 'p9', startsIn: 100, durationSeconds: 120, modes: { opModExpLimW: 4000 } });
    await gateway.run(300);
    evidence.site('export under the right event', gateway.truth.mostExport(240, 338), { least: 3800, most: 4100 });
    expect(answersTo(gateway, better)).toEqual([1, 2, 3]);
    expect(answersTo(gateway, worse)).toEqual([1, 7]);
    evidence.requests(gateway, 'completes', answered(3));
  },
);
