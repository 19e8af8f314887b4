import { expect, test } from 'vitest';
import { control, list, LFDI, program, ScriptedWalk, site } from './scripted-server.ts';

test('a whole walk gives the tree', () => {
  const tree = new ScriptedWalk().run(10).tree();
  expect(tree?.complete).toBe(true);
  expect(
    tree?.programs.map(({ program: { mRID }, read, defaultControl, controls }) => [
      mRID,
      read,
      defaultControl !== null,
      controls.length,
    ]),
  ).toEqual([
    ['A1', true, true, 1],
    ['B2', true, false, 0],
  ]);
  expect(tree?.programs[0]?.controls[0]?.replyTo).toBe('https://utility.test/rsp');
  expect(tree?.ders).toEqual([
    { capability: null, settings: null, status: 'https://utility.test/der/1/ders', availability: null },
  ]);
  expect(tree?.mirrors?.points).toEqual([]);
});

test('each resource is asked at its own rate, once a turn', () => {
  const walk = new ScriptedWalk().run(600);
  expect(walk.count('/dcap')).toBe(11);
  expect(walk.count('/p')).toBe(10);
  expect(walk.count('/p/A1/derc')).toBe(10);
  // Its first word is asked for once more: the machine's own clock may contradict it.
  expect(walk.count('/tm')).toBe(2);
  expect(walk.count('/reg')).toBe(1);
});

test('lists are paged by what came, whatever the server limits', () => {
  const answers = site();
  const controls = Array.from({ length: 7 }, (_, index) => control(`E${index}`));
  const walk = new ScriptedWalk({}, answers);
  walk.instead = (request, path) => {
    if (path !== '/p/A1/derc') return undefined;
    const start = Number(new URL(request.url).searchParams.get('s'));
    return list('DERControlList', controls.slice(start, start + 2), 7, null);
  };
  walk.run(10);
  expect(walk.tree()?.programs[0]?.controls).toHaveLength(7);
  expect(walk.asked.filter(({ path }) => path === '/p/A1/derc').map(({ query }) => query)).toEqual([
    '?s=0&l=255',
    '?s=2&l=255',
    '?s=4&l=255',
    '?s=6&l=255',
  ]);
});

test('a list that never ends is bounded', () => {
  const walk = new ScriptedWalk();
  let serial = 0;
  walk.instead = (_, path) =>
    path === '/p/A1/derc' ? list('DERControlList', [control(`E${(serial += 1)}`)], 4_000_000, null) : undefined;
  walk.run(55);
  expect(walk.count('/p/A1/derc')).toBe(500);
  expect(walk.tree()?.programs[0]?.controls).toHaveLength(500);
  expect(walk.notes()).toContain('items-dropped');
});

test('a program whose list of controls fails is unread, the other one is read', () => {
  const walk = new ScriptedWalk();
  walk.instead = (_, path) => (path === '/p/A1/derc' ? '<nonsense' : undefined);
  walk.run(10);
  expect(walk.tree()?.programs.map(({ read }) => read)).toEqual([false, true]);
  expect(walk.notes()).toContain('resource-failed');
});

test('one bad control costs itself alone', () => {
  const answers = { ...site(), '/p/A1/derc': list('DERControlList', [control('E1'), '<DERControl/>', control('E3')], 3, null) };
  const tree = new ScriptedWalk({}, answers).run(10).tree();
  expect(tree?.programs[0]?.controls.map((each) => each.control.mRID)).toEqual(['E1', 'E3']);
  expect(tree?.programs[0]?.read).toBe(true);
});

test('a list of programs with an unusable item keeps what it listed before as unread', () => {
  const walk = new ScriptedWalk().run(10);
  walk.answers['/p'] = list('DERProgramList', [program('A1', 1), '<DERProgram><mRID>B2</mRID></DERProgram>']);
  walk.run(60);
  expect(walk.tree()?.complete).toBe(true);
  expect(walk.tree()?.programs.map(({ program: { mRID }, read }) => [mRID, read])).toEqual([
    ['A1', true],
    ['B2', false],
  ]);
});

test('a default that is gone is believed at the second walk, not when the server fails', () => {
  const walk = new ScriptedWalk().run(10);
  walk.answers['/p/A1/dderc'] = 404;
  walk.run(60);
  expect(walk.tree()?.programs[0]?.defaultControl).not.toBeNull();
  walk.run(60);
  expect(walk.tree()?.programs[0]?.defaultControl).toBeNull();
});

test('while the server is down one probe at a time, then a full walk within a poll', () => {
  const walk = new ScriptedWalk().run(10);
  const before = walk.asked.length;
  walk.instead = () => 500;
  walk.run(420);
  const probes = walk.asked.slice(before);
  expect(probes.slice(1).every(({ path }) => path === '/dcap')).toBe(true);
  expect((probes[1]?.at ?? 0) - (probes[0]?.at ?? 0)).toBeLessThanOrEqual(15.2);
  expect(probes.length).toBeLessThan(20);
  expect(walk.notes().filter((event) => event === 'utility-down')).toHaveLength(1);
  const walks = walk.trees().length;
  walk.instead = null;
  walk.run(61);
  expect(walk.trees().length).toBeGreaterThan(walks);
  expect(walk.notes()).toContain('utility-up');
});

test('after an outage everything is read again, also what was not due', () => {
  const walk = new ScriptedWalk().run(70);
  walk.instead = () => 500;
  walk.run(120);
  expect(walk.count('/tm')).toBe(2);
  walk.instead = null;
  walk.run(61);
  expect(walk.count('/tm')).toBe(3);
});

test('a resource that alone answers 500 leaves the others polled', () => {
  const walk = new ScriptedWalk();
  walk.instead = (_, path) => (path === '/p/B2/derc' ? 500 : undefined);
  walk.run(300);
  expect(walk.tree()?.programs.map(({ read }) => read)).toEqual([true, false]);
  expect(walk.count('/p/A1/derc')).toBeGreaterThanOrEqual(4);
});

test('another PIN stops everything; 204 and no PIN of ours do not', () => {
  const walk = new ScriptedWalk({ pin: 123455 }).run(1000);
  expect(walk.asked.at(-1)?.path).toBe('/reg');
  expect(walk.machine.stopped).toBe(true);
  expect(walk.tree()).toBeNull();
  expect(walk.notes()).toContain('registration-pin-mismatch');
  expect(new ScriptedWalk({}, { ...site(), '/reg': 204 }).run(10).tree()).not.toBeNull();
  expect(new ScriptedWalk({ pin: null }).run(10).tree()).not.toBeNull();
});

test('an absent EndDevice is registered once, where the profile allows it', () => {
  const answers = { ...site(), '/edev': list('EndDeviceList', []) };
  expect(new ScriptedWalk({}, answers).run(1000).asked.some(({ method }) => method === 'POST')).toBe(false);
  const walk = new ScriptedWalk({ inBandRegistration: true }, { ...answers });
  walk.instead = (request) => {
    if (request.method !== 'POST') return undefined;
    expect(request.body).toContain(`<lFDI>${LFDI}</lFDI>`);
    walk.answers['/edev'] = site()['/edev'] ?? 404;
    return 201;
  };
  walk.run(10);
  expect(walk.asked.filter(({ method }) => method === 'POST')).toHaveLength(1);
  expect(walk.count('/dcap')).toBe(2);
  expect(walk.tree()).not.toBeNull();
});

test('assignments that come later are found without a restart', () => {
  const full = site();
  const walk = new ScriptedWalk({}, { ...site(), '/fsa': list('FunctionSetAssignmentsList', []) }).run(10);
  expect(walk.tree()?.programs).toEqual([]);
  walk.answers['/fsa'] = full['/fsa'] ?? 404;
  walk.run(61);
  expect(walk.tree()?.programs).toHaveLength(2);
});

test('hrefs to other servers, or without TLS, are not followed', () => {
  const dcap = String(site()['/dcap']);
  const elsewhere = { ...site(), '/dcap': dcap.replace('/edev', 'https://elsewhere.test/edev') };
  expect(new ScriptedWalk({}, elsewhere).run(10).count('/edev')).toBe(0);
  expect(new ScriptedWalk({ allowedOrigins: ['https://elsewhere.test'] }, elsewhere).run(10).tree()).not.toBeNull();
  const plain = { ...site(), '/dcap': dcap.replace('/edev', 'http://utility.test/edev') };
  expect(new ScriptedWalk({}, plain).run(10).count('/edev')).toBe(0);
});

test('utility time comes with the middle of its exchange', () => {
  const walk = new ScriptedWalk().run(5);
  const time = walk.events.find((event) => event.kind === 'time');
  expect(time).toMatchObject({ utility: 1000, middle: 150, roundTrip: 100 });
});

test('utility time that took long to come is asked for again soon, a few times', () => {
  const slow = new ScriptedWalk();
  slow.takes = (path) => (path === '/tm' && slow.now < 30_000 ? 15_000 : 100);
  slow.run(880);
  const times = slow.events.filter((event) => event.kind === 'time');
  expect(times.map(({ roundTrip }) => roundTrip)).toEqual([15_000, 100]);
  expect(times[1]?.middle).toBeLessThan(60_000);
  const always = new ScriptedWalk();
  always.takes = (path) => (path === '/tm' ? 5_000 : 100);
  expect(always.run(880).count('/tm')).toBe(6);
  expect(always.run(900).count('/tm')).toBe(7);
});

test('another PIN is looked at again once a day; everything goes on when it is ours', () => {
  const walk = new ScriptedWalk({ pin: 123455 }).run(1000);
  const before = walk.asked.length;
  walk.run(86_400);
  expect(walk.asked.slice(before).map(({ path }) => path)).toEqual(['/reg']);
  walk.answers['/reg'] = String(walk.answers['/reg']).replace('111115', '123455');
  walk.run(86_500);
  expect(walk.machine.stopped).toBe(false);
  expect(walk.notes()).toContain('registration-pin-matches');
  expect(walk.tree()?.programs).toHaveLength(2);
});

test('an EndDevice that is gone is said once, and registered again where the profile allows it', () => {
  const walk = new ScriptedWalk({ inBandRegistration: true }).run(10);
  const listed = walk.answers['/edev'] ?? 404;
  walk.answers['/edev'] = list('EndDeviceList', []);
  let posts = 0;
  walk.instead = (request) => {
    if (request.method !== 'POST') return undefined;
    posts += 1;
    if (posts === 1) return 403;
    walk.answers['/edev'] = listed;
    return 201;
  };
  walk.run(70);
  expect(walk.events.filter(({ kind }) => kind === 'absent')).toHaveLength(1);
  expect(posts).toBe(1);
  // Refused: not at every poll.
  walk.run(120);
  expect(posts).toBe(1);
  walk.run(400);
  expect(posts).toBe(2);
  expect(walk.events.at(-1)?.kind).not.toBe('absent');
  expect(walk.tree()?.programs).toHaveLength(2);
});

test('a registration with another PIN that is gone is looked for from the root', () => {
  const walk = new ScriptedWalk({ pin: 123455 }).run(1000);
  walk.answers['/edev'] = String(walk.answers['/edev']).replace('"/reg"', '"/reg/2"');
  walk.answers['/reg/2'] = String(walk.answers['/reg']).replace('111115', '123455');
  walk.answers['/reg'] = 404;
  walk.run(86_500);
  expect(walk.notes()).toContain('registration-gone');
  expect(walk.tree()?.programs).toHaveLength(2);
});
