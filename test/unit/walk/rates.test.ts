import { expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { setDefault, setOutage, setRates } from '../../rig/utility/state.ts';
import { RigWalk } from './rig-walk.ts';
import { list, ScriptedWalk, site } from './scripted-server.ts';

const HOUR = 3600;

/** CSIP-AUS: no gap above 1.5 x the rate, at most 6 first pages in 3 intervals (reference 1.4, 3.10). Time and Registration keep rates of their own. */
const brokenRates = (turns: ReadonlyMap<string, readonly number[]>, rate: number, until: number): readonly string[] =>
  [...turns].flatMap(([path, times]) => {
    const gaps = [...times.slice(1), until].map((at, index) => at - (times[index] ?? 0));
    const crowded = times.some((at) => times.filter((other) => other >= at && other < at + 3 * rate).length > 6);
    const late = gaps.some((gap) => gap > 1.5 * rate);
    return [
      ...(late ? [`${path}: a gap of ${Math.max(...gaps)} s`] : []),
      ...(crowded ? [`${path}: more than 6 in 3 intervals`] : []),
    ];
  });

/** The resources that follow the rate of the scenario; Time is asked once more at the start and once in 15 minutes, Registration once. */
const following = (walk: RigWalk, from = 0): ReadonlyMap<string, readonly number[]> => {
  const slow = new Set([...walk.turns()].filter(([, times]) => times.length <= 2 + walk.now / 900).map(([path]) => path));
  return new Map([...walk.turns(from)].filter(([path]) => !slow.has(path)));
};

test('each resource keeps its rate for half a day, and never asks too often', () => {
  const walk = new RigWalk().run(12 * HOUR);
  const turns = following(walk);
  expect(turns.size).toBeGreaterThanOrEqual(9);
  expect(brokenRates(turns, 60, 12 * HOUR)).toEqual([]);
});

test('a rate that changes is followed within one interval of the old one', () => {
  const walk = new RigWalk().run(HOUR);
  for (const [before, after] of [
    [60, 300],
    [300, 10],
    [10, 60],
  ] as const) {
    setRates(walk.state, { pollRate: after });
    const changed = walk.now;
    walk.run(before + after);
    const from = walk.now;
    walk.run(Math.max(4 * after, 300));
    const turns = following(walk, from);
    expect(turns.size).toBeGreaterThanOrEqual(8);
    expect(brokenRates(turns, after, walk.now)).toEqual([]);
    // At least one turn of each in the first interval of the old rate: there the new one was read.
    for (const path of turns.keys())
      expect(walk.turns(changed).get(path)?.[0] ?? Infinity).toBeLessThanOrEqual(changed + before + 1);
  }
});

test('without a stated rate controls are asked every ten minutes, or as the profile says', () => {
  const bare = (): Record<string, string | number> => {
    const answers = site();
    for (const [path, body] of Object.entries(answers))
      if (typeof body === 'string') answers[path] = body.replace(/ pollRate="\d+"/, '');
    return answers;
  };
  expect(new ScriptedWalk({ defaultRate: 600 }, bare()).run(2 * HOUR + 10).count('/p/A1/derc')).toBe(13);
  expect(new ScriptedWalk({ defaultRate: 300 }, bare()).run(2 * HOUR + 10).count('/p/A1/derc')).toBe(25);
});

test('a rate that DeviceCapability states only after the registration is read at once', () => {
  const full = String(site()['/dcap']);
  const answers = { ...site(), '/edev': list('EndDeviceList', []), '/dcap': full.replace(' pollRate="60"', '') };
  const walk = new ScriptedWalk({ inBandRegistration: true, defaultRate: 300 }, answers);
  walk.instead = (request) => {
    if (request.method !== 'POST') return undefined;
    walk.answers['/edev'] = site()['/edev'] ?? 404;
    walk.answers['/dcap'] = full;
    return 201;
  };
  walk.run(200);
  expect(walk.asked.filter(({ path }) => path === '/dcap').map(({ at }) => Math.round(at / 10))).toEqual([0, 0, 6, 12, 18]);
});

test.each([
  ['refuses connections', (walk: RigWalk) => walk.server.goDown(), (walk: RigWalk) => walk.server.comeBack()],
  ['answers 500 to everything', (walk: RigWalk) => setOutage(walk.state, 500), (walk: RigWalk) => setOutage(walk.state, null)],
  ['answers 429 to everything', (walk: RigWalk) => setOutage(walk.state, 429), (walk: RigWalk) => setOutage(walk.state, null)],
] as const)('a server that %s for seven hours gets one probe at a time, and a full walk when it is back', (_, down, up) => {
  const walk = new RigWalk().run(HOUR);
  const known = following(walk);
  down(walk);
  const from = walk.now;
  walk.run(7 * HOUR);
  const lost = walk.asked.filter(({ at }) => at >= from);
  const [first, second] = lost;
  expect((second?.at ?? Infinity) - (first?.at ?? 0)).toBeLessThanOrEqual(15.5);
  expect(new Set(lost.slice(1).map(({ path }) => path))).toEqual(new Set([walk.server.dcap]));
  const gaps = lost.slice(2).map(({ at }, index) => at - (lost[index + 1]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
  // Never slower than the quickest resource is polled, so that it is back within one poll.
  expect(Math.max(...gaps)).toBeLessThanOrEqual(60.5);
  expect(lost.length).toBeLessThan((7 * HOUR) / 30);
  expect(walk.notes().filter((event) => event === 'utility-down')).toHaveLength(1);
  setDefault(walk.state, 'site', { opModExpLimW: 900 });
  up(walk);
  const back = walk.now;
  walk.run(62);
  const seen = walk.turns(back);
  for (const path of known.keys()) expect(seen.has(path)).toBe(true);
  walk.run(HOUR);
  expect(brokenRates(following(walk, back + 62), 60, walk.now)).toEqual([]);
});

test('the probes come at least every five minutes, and never all at the same times', () => {
  const times = (seed: number): readonly number[] => {
    const walk = new RigWalk(
      { scenario: { pollRate: 3600, postRate: 60, layout: 'random', programs: [], controls: [] } },
      { seed },
    );
    walk.run(60).server.goDown();
    const from = walk.asked.length;
    walk.run(5 * HOUR);
    return walk.asked.slice(from + 1).map(({ at }) => at);
  };
  const [a, b] = [times(1), times(2)];
  const gaps = a.slice(1).map((at, index) => at - (a[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(300.5);
  expect(Math.min(...gaps.slice(6))).toBeGreaterThanOrEqual(150);
  expect(a).not.toEqual(b);
});

test('Retry-After is waited for, of the server and of one resource alone', () => {
  const walk = new ScriptedWalk();
  walk.retryAfter = 700;
  walk.run(30);
  walk.instead = () => 503;
  walk.run(300);
  const before = walk.asked.length;
  expect(walk.asked.at(-1)?.at).toBeLessThan(70);
  walk.instead = null;
  walk.run(460);
  expect(walk.asked.length).toBeGreaterThan(before + 5);
  const one = new ScriptedWalk();
  one.retryAfter = 200;
  one.instead = (_, path) => (path === '/fsa' ? 429 : undefined);
  one.run(1200);
  const asked = one.asked.filter(({ path }) => path === '/fsa').map(({ at }) => at);
  const gaps = asked.slice(2).map((at, index) => at - (asked[index + 1] ?? 0));
  expect(gaps.length).toBeGreaterThanOrEqual(2);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(200);
  expect(one.count('/dcap')).toBeGreaterThan(10);
});

test('a link that leads nowhere yet is looked at again within half a minute, not for ever', () => {
  const walk = new ScriptedWalk({}, { ...site(), '/fsa': 404 });
  walk.run(15);
  walk.answers['/fsa'] = site()['/fsa'] ?? 404;
  walk.run(15);
  expect(walk.tree()?.programs).toHaveLength(2);
  const never = new ScriptedWalk({}, { ...site(), '/mup': 404 }).run(HOUR);
  expect(never.count('/mup')).toBeLessThanOrEqual(4 + HOUR / 300);
  expect(never.count('/dcap')).toBe(61);
});

test('a link that worked and leads nowhere is found again from the root, once', () => {
  const walk = new ScriptedWalk().run(90);
  walk.answers['/moved'] = walk.answers['/p'] ?? 404;
  walk.answers['/p'] = 404;
  walk.answers['/fsa'] = String(walk.answers['/fsa']).replace('href="/p"', 'href="/moved"');
  walk.run(65);
  expect(walk.tree()?.programs.map(({ read }) => read)).toEqual([true, true]);
  expect(walk.count('/moved')).toBeGreaterThan(0);
});

test('a silent server after a wrong PIN: one request a day, also across restarts; at once on command', () => {
  const walk = new RigWalk({}, { pin: 123455 }).run(10);
  const silent = walk.asked.length;
  expect(walk.machine.stopped).toBe(true);
  walk.run(20 * HOUR);
  walk.restart(walk.machine.pinStop);
  walk.run(3 * HOUR);
  expect(walk.asked).toHaveLength(silent);
  walk.run(2 * HOUR);
  const registration = walk.asked[silent - 1]?.path;
  expect(walk.asked.slice(silent).map(({ path }) => path)).toEqual([registration]);
  walk.restart(walk.machine.pinStop);
  walk.machine.recheck(monoMs(walk.now * 1000));
  walk.run(20 * HOUR);
  expect(walk.asked.slice(silent).map(({ path, at }) => [path, Math.floor(at / HOUR)])).toEqual([
    [registration, 24],
    [registration, 25],
  ]);
});
