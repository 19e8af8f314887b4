import { expect } from 'vitest';
import type { ResourceKind } from '../../rig/utility/hrefs.ts';
import { addProgram, setPrimacy } from '../../rig/utility/commands.ts';
import { setDefault, setRates } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answersTo, get, polls, told } from './criteria.ts';
import { requirement, type Evidence } from './requirement.ts';
import { inTime } from './timing.ts';

/** The polled resources of a client procedure, each at the rate it states. */
const POLLED: readonly ResourceKind[] = ['dcap', 'edev-list', 'fsa-list', 'program-list', 'control-list', 'der-list', 'mup-list'];

const onTime = (
  evidence: Evidence,
  gateway: VirtualGateway,
  kind: ResourceKind,
  { rate, from, until, at = 1 }: { readonly rate: number; readonly from: number; readonly until: number; readonly at?: number },
): void => {
  evidence.requests(gateway, `polls ${kind} each ${rate} s`, get(kind), { from, until });
  expect(inTime(polls(gateway, kind), { rate, from, until, at }), kind).toEqual([]);
};

requirement(['CORE-003', 'G18', 'P38', 'P35', 'P36'], 'polls every resource at its own rate', async (evidence) => {
  const rates: Partial<Record<ResourceKind, number>> = { 'fsa-list': 300, 'program-list': 120, 'der-list': 180, 'mup-list': 240 };
  const gateway = new VirtualGateway();
  setRates(gateway.state, { pollRate: 60, of: rates });
  await gateway.start().until(1800);
  for (const kind of ['dcap', 'edev-list', 'fsa-list', 'program-list', 'der-list', 'mup-list'] as const)
    onTime(evidence, gateway, kind, { rate: rates[kind] ?? 60, from: 10, until: 1800 });
  // Controls and defaults have no rate of their own: they go with their program list.
  onTime(evidence, gateway, 'control-list', { rate: 120, from: 10, until: 1800, at: 2 });
  onTime(evidence, gateway, 'default-control', { rate: 120, from: 10, until: 1800, at: 2 });
});

requirement(['ALL-06'], 'polls seven resources in time while it posts and obeys limits of 0 W', async (evidence) => {
  const gateway = await new VirtualGateway({ site: { plant: { load: () => 2500 } } }).start().until(300);
  gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 300, modes: { opModExpLimW: 0, opModImpLimW: 0 } });
  await gateway.until(660);
  for (const kind of POLLED)
    onTime(evidence, gateway, kind, { rate: 60, from: 10, until: 660, at: kind === 'control-list' ? 2 : 1 });
  evidence.requests(gateway, 'creates a mirror', told('MirrorUsagePoint'));
  const lists = evidence.requests(gateway, 'reads the mirrors before and after', get('mup-list'));
  const [post] = evidence.requests(gateway, 'posts readings', ({ resource, method }) => resource === 'mup' && method === 'POST');
  expect(lists[0]?.at).toBeLessThan(post?.at ?? 0);
  const types = countBy(gateway.state.journal.readings.map(({ uom, roleFlags }) => `${roleFlags} ${uom}`));
  const often = [...types].filter(([, count]) => count >= 6);
  expect(often.length, [...types.keys()].join()).toBeGreaterThanOrEqual(5);
  evidence.site('export under a limit of 0 W', gateway.truth.mostExport(380, 595), { most: 100 });
});

requirement(['ALL-19'], 'another rate of the assignments is followed', async (evidence) => {
  const gateway = new VirtualGateway();
  setRates(gateway.state, { of: { 'fsa-list': 300 } });
  await gateway.start().until(1000);
  onTime(evidence, gateway, 'fsa-list', { rate: 300, from: 10, until: 1000 });
  setRates(gateway.state, { of: { 'fsa-list': 60 } });
  const from = 1320;
  await gateway.until(2000);
  onTime(evidence, gateway, 'fsa-list', { rate: 60, from, until: 2000 });
});

requirement(['ALL-20', 'P34'], 'another rate of the programs is followed, and back', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(400);
  onTime(evidence, gateway, 'program-list', { rate: 60, from: 10, until: 400 });
  setRates(gateway.state, { of: { 'program-list': 120 } });
  await gateway.until(1060);
  onTime(evidence, gateway, 'program-list', { rate: 120, from: 470, until: 1060 });
  setRates(gateway.state, { of: { 'program-list': 60 } });
  await gateway.until(1600);
  onTime(evidence, gateway, 'program-list', { rate: 60, from: 1190, until: 1600 });
});

requirement(['G19'], 'told no rate, it polls controls every 10 minutes and posts every 5', async (evidence) => {
  const gateway = new VirtualGateway({ profile: 'csip-baseline', nmi: null });
  const none = Object.fromEntries(POLLED.map((kind) => [kind, null]));
  setRates(gateway.state, { of: none, postRate: 300 });
  await gateway.start().until(4000);
  onTime(evidence, gateway, 'control-list', { rate: 600, from: 10, until: 4000, at: 2 });
  const posts = evidence.requests(gateway, 'posts readings', ({ resource, method }) => resource === 'mup' && method === 'POST');
  expect(posts.length).toBeGreaterThanOrEqual(2 * 11);
  expect(posts.length).toBeLessThanOrEqual(2 * 14);
});

requirement(['G5', 'P23'], 'programs that appear, change and go are followed within one poll', async (evidence) => {
  const scenario = { programs: [{ name: 'site', primacy: 5, default: { opModExpLimW: 3000 } }] };
  const gateway = await new VirtualGateway({ scenario }).start().until(120);
  evidence.site('export at the only default', gateway.truth.mostExport(60, 120), { least: 2800, most: 3100 });
  addProgram(gateway.state, { name: 'feeder', primacy: 3, default: { opModExpLimW: 1000 } });
  await gateway.run(180);
  evidence.requests(gateway, 'reads the new one', ({ method, resource, path }) => {
    return method === 'GET' && resource === 'default-control' && path !== polledFirst(gateway);
  });
  evidence.site('export at the better default', gateway.truth.mostExport(gateway.now - 60, gateway.now), { most: 1100 });
  setPrimacy(gateway.state, 'feeder', 9);
  await gateway.run(240);
  evidence.site('the other is better now', gateway.truth.meanExport(gateway.now - 60, gateway.now), { least: 2800, most: 3100 });
});

const countBy = (keys: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

const polledFirst = (gateway: VirtualGateway): string =>
  gateway.state.journal.exchanges.find(({ resource }) => resource === 'default-control')?.path ?? '';

requirement(['G6', 'G7', 'G11'], 'the default binds, and a changed one within a poll, for good', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(120);
  evidence.site('export at the default', gateway.truth.mostExport(60, 120), { least: 1400, most: 1600 });
  setDefault(gateway.state, 'site', { opModExpLimW: 6000 });
  await gateway.run(600);
  evidence.requests(gateway, 'reads it', get('default-control'), { from: 120 });
  evidence.site('export at the new one', gateway.truth.meanExport(gateway.now - 60, gateway.now), { least: 5800, most: 6100 });
  await gateway.run(1200);
  evidence.site('and stays', gateway.truth.mostExport(gateway.now - 1200, gateway.now), { least: 5800, most: 6100 });
});

requirement(['CORE-005', 'P3'], 'goes by the time of the server', async (evidence) => {
  // Its own clock stands years in the past.
  const gateway = await new VirtualGateway({ wallSeconds: 1_400_000_000 }).start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 240, durationSeconds: 120, modes: { opModExpLimW: 0 } });
  await gateway.until(500);
  evidence.requests(gateway, 'reads Time', get('tm'));
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.site('export before the start', gateway.truth.leastExport(250, 298), { least: 1350 });
  evidence.site('export after it', gateway.truth.mostExport(315, 418), { most: 100 });
  const responses = evidence.requests(gateway, 'answers', told('DERControlResponse'));
  for (const { at, body } of responses) expect(Math.abs(Number(body?.['createdDateTime']) - at)).toBeLessThan(20);
});
