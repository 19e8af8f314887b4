import { expect, test } from 'vitest';
import { control, LFDI, list, program, ScriptedWalk, site } from './scripted-server.ts';

const der = (name: string, links: readonly string[], associated?: string): string =>
  `<DER>${associated === undefined ? '' : `<AssociatedDERProgramListLink href="${associated}"/>`}${links
    .map((kind) => `<${kind}Link href="/der/${name}/${kind}"/>`)
    .join('')}</DER>`;
const ALL = ['DERCapability', 'DERSettings', 'DERStatus'];

const programs = (walk: ScriptedWalk): readonly (readonly [string, boolean])[] =>
  walk.tree()?.programs.map(({ program: { mRID }, read }) => [mRID, read] as const) ?? [];

test('programs are found through the DER, too; one in both lists is one program', () => {
  const answers = {
    ...site(),
    '/der': list('DERList', [der('1', ALL, '/own')]),
    '/own': list('DERProgramList', [program('C3', 3), program('A1', 1)]),
    '/p/C3/derc': list('DERControlList', [control('E9')], 1, null),
  };
  const walk = new ScriptedWalk({}, answers).run(20);
  expect(programs(walk)).toEqual([
    ['A1', true],
    ['B2', true],
    ['C3', true],
  ]);
  expect(walk.tree()?.complete).toBe(true);
  expect(walk.count('/p/A1/derc')).toBe(1);
  // It is a list like the others: followed, and forgotten when no DER names it any more.
  walk.run(60);
  expect(walk.count('/own')).toBe(2);
  walk.answers['/der'] = list('DERList', [der('1', ALL)]);
  walk.run(60);
  expect(programs(walk).map(([mRID]) => mRID)).toEqual(['A1', 'B2']);
});

test('programs that the DER alone has are found where the EndDevice has no assignments', () => {
  const answers = site();
  answers['/der'] = list('DERList', [der('1', ALL, '/own')]);
  answers['/own'] = list('DERProgramList', [program('A1', 1)]);
  answers['/edev'] = String(answers['/edev']).replace('<FunctionSetAssignmentsListLink href="/fsa"/>', '');
  expect(programs(new ScriptedWalk({}, answers).run(20))).toEqual([['A1', true]]);
});

test('an association that comes hours later is followed within one poll', () => {
  const walk = new ScriptedWalk({}, { ...site(), '/own': list('DERProgramList', [program('C3', 3)]) }).run(21_600);
  walk.answers['/der'] = list('DERList', [der('1', ALL, '/own')]);
  walk.run(61);
  expect(programs(walk).map(([mRID]) => mRID)).toEqual(['A1', 'B2', 'C3']);
});

test('a DERList that cannot be read leaves the plan partial; one that the server does not have does not', () => {
  expect(new ScriptedWalk({}, { ...site(), '/der': '<nonsense' }).run(20).tree()?.complete).toBe(false);
  expect(new ScriptedWalk({}, { ...site(), '/der': 404 }).run(120).tree()?.complete).toBe(true);
  expect(new ScriptedWalk({}, { ...site(), '/der': 403 }).run(20).tree()?.complete).toBe(true);
});

test('of several DER the one with most places is ours, and stays it', () => {
  const answers = { ...site(), '/der': list('DERList', [der('9', ['DERStatus']), der('2', ALL), der('1', ['DERStatus'])]) };
  const walk = new ScriptedWalk({}, answers).run(20);
  const first = (): string | null | undefined => walk.tree()?.ders[0]?.status;
  expect(first()).toBe('https://utility.test/der/2/DERStatus');
  expect(walk.notes()).toContain('several-der');
  // Another as good as ours, first on the list and by its name.
  walk.answers['/der'] = list('DERList', [der('1', ALL), der('2', ALL)]);
  walk.run(60);
  expect(first()).toBe('https://utility.test/der/2/DERStatus');
  walk.answers['/der'] = list('DERList', [der('1', ALL)]);
  walk.run(60);
  expect(first()).toBe('https://utility.test/der/1/DERStatus');
});

test('our EndDevice is found by its LFDI among many, on a later page, whatever its case', () => {
  const other = (n: number): string =>
    `<EndDevice href="/edev/x${n}"><lFDI>${n.toString(16).toUpperCase().padStart(40, '0')}</lFDI><sFDI>481789779136</sFDI><changedTime>1</changedTime></EndDevice>`;
  const ours = /<EndDevice .*<\/EndDevice>/.exec(String(site()['/edev']))?.[0].replace(LFDI, LFDI.toLowerCase()) ?? '';
  const devices = [...Array.from({ length: 300 }, (_, index) => other(index)), ours];
  const walk = new ScriptedWalk();
  walk.instead = (request, path) => {
    if (path !== '/edev') return undefined;
    const start = Number(new URL(request.url).searchParams.get('s'));
    return list('EndDeviceList', devices.slice(start, start + 100), devices.length);
  };
  expect(walk.run(20).tree()?.endDevice.url).toBe('https://utility.test/edev/1');
});

const POINTS = '<CurveData><xvalue>9700</xvalue><yvalue>10000</yvalue></CurveData>';
const curve = (href: string, name: string): string =>
  `<DERCurve xmlns="urn:ieee:std:2030.5:ns" href="${href}"><mRID>${name}</mRID><creationTime>1</creationTime>${POINTS}<curveType>12</curveType><xMultiplier>-2</xMultiplier><yMultiplier>-2</yMultiplier><yRefType>1</yRefType></DERCurve>`;
const following = (mRID: string, href: string): string =>
  control(mRID).replace('<DERControlBase>', `<DERControlBase><opModVoltWatt href="${href}"/>`);

test('curves are read with their list, those of no list one by one, and named as the modes name them', () => {
  const answers = site();
  answers['/p'] = list('DERProgramList', [program('A1', 1).replace('<primacy>', '<DERCurveListLink href="/dc"/><primacy>')]);
  answers['/dc'] = list('DERCurveList', [curve('/dc/1', 'C1'), curve('dc/2', 'C2')], 2, null);
  answers['/p/A1/derc'] = list('DERControlList', [following('E1', '/dc/1'), following('E2', '../../dc/7')], 2, null);
  answers['/dc/7'] = curve('/dc/7', 'C7');
  const walk = new ScriptedWalk({}, answers).run(20);
  const known = (): readonly string[] | undefined => walk.tree()?.curves?.map(({ href }) => new URL(href).pathname);
  expect(known()).toEqual(['/dc/1', '/dc/2', '/dc/7']);
  expect(walk.tree()?.programs[0]?.controls.map(({ control: { DERControlBase } }) => DERControlBase.opModVoltWatt?.href)).toEqual(
    ['https://utility.test/dc/1', 'https://utility.test/dc/7'],
  );
  expect(walk.count('/dc/1')).toBe(0);
  // With their program, at its rate.
  walk.run(60);
  expect([walk.count('/dc'), walk.count('/dc/7')]).toEqual([2, 2]);
  // A curve that fails keeps what was known of it, and costs no program.
  walk.answers['/dc'] = '<nonsense';
  walk.answers['/dc/7'] = 500;
  walk.run(120);
  expect(known()).toEqual(['/dc/1', '/dc/2', '/dc/7']);
  expect(programs(walk)).toEqual([['A1', true]]);
  walk.answers['/p/A1/derc'] = list('DERControlList', [following('E1', '/dc/1')], 1, null);
  walk.run(60);
  expect(known()).toEqual(['/dc/1', '/dc/2']);
});

test('32 programs of two items a page and 1 000 events are all read, and none is passed over for ever', () => {
  const names = Array.from({ length: 32 }, (_, index) => (0xa00 + index).toString(16).toUpperCase());
  const answers = site();
  for (const name of names) answers[`/p/${name}/dderc`] = 204;
  const walk = new ScriptedWalk({}, answers);
  walk.instead = (request, path) => {
    const name = /^\/p\/(A\w+)\/derc$/.exec(path)?.[1];
    const start = Number(new URL(request.url).searchParams.get('s'));
    if (path === '/p')
      return list('DERProgramList', names.map((each, index) => program(each, index)).slice(start, start + 2), 32);
    if (name === undefined) return undefined;
    const controls = Array.from({ length: 31 }, (_, index) => control(`${name}${index.toString().padStart(3, '0')}`));
    return list('DERControlList', controls.slice(start, start + 2), 31, null);
  };
  walk.run(120);
  expect(programs(walk).filter(([, read]) => read)).toHaveLength(32);
  expect(walk.tree()?.programs.reduce((sum, { controls }) => sum + controls.length, 0)).toBe(32 * 31);
});
