import { expect, test } from 'vitest';
import { scaledWatts } from '#utility/translate/modes.ts';
import { decodeProfile } from '#utility/translate/profile.ts';
import { translate } from '#utility/translate/translate.ts';
import baseline from '../../../config/utility/csip-baseline.json' with { type: 'json' };
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { control, defaultControl, list, ScriptedWalk, site } from '../walk/scripted-server.ts';

const profileOf = (value: unknown) => {
  const profile = decodeProfile(value);
  if (!profile.ok) throw new Error(profile.fault.join('; '));
  return profile.value;
};

const translated = (changes: Record<string, string | number>) => {
  const tree = new ScriptedWalk({}, { ...site(), ...changes }).run(10).tree();
  if (tree === null) throw new Error('no tree');
  return translate(tree, 'u', profileOf(csipAus));
};

const controls = (...items: readonly string[]): Record<string, string> => ({
  '/p/A1/derc': list('DERControlList', items, items.length, null),
});

test('the shipped profiles decode; a wrong one names its places', () => {
  expect(profileOf(csipAus).responses).toEqual([1, 2, 3, 6, 7]);
  expect(profileOf(baseline).csipAus).toBe('none');
  const wrong = decodeProfile({ ...csipAus, vanished: 'maybe', rates: { ...csipAus.rates, min: 0 } });
  expect(wrong.ok).toBe(false);
  if (!wrong.ok) expect(wrong.fault.map((text) => text.split(':')[0])).toEqual(['vanished', 'rates.min']);
});

test.each([
  [1500, 0, 1500],
  [4500, 1, 45_000],
  [15, 3, 15_000],
  [12_345, -1, 1234.5],
  [12_345, -2, 123.4],
  [0, 9, 0],
  [-1, 0, null],
  [32_767, 9, null],
])('%i x 10^%i W is %s', (value, multiplier, expected) => {
  expect(scaledWatts(value, multiplier)).toBe(expected);
});

test('an event in the words of control', () => {
  const { set, notes } = translated(
    controls(control('E1', 2500).replace('<DERControlBase>', '<randomizeStart>-30</randomizeStart><DERControlBase>')),
  );
  expect(notes).toEqual([]);
  expect(set.programs[0]?.events).toEqual([
    {
      mRID: 'E1',
      creationTime: 900,
      start: 2000,
      duration: 60,
      randomizeStart: -30,
      randomizeDuration: null,
      status: 'scheduled',
      statusAt: 900,
      potentiallySuperseded: false,
      responseRequired: 3,
      replyTo: 'https://utility.test/rsp',
      modes: { opModExpLimW: 2500 },
      rampTms: null,
    },
  ]);
  expect(set.policy).toEqual({ vanished: 'keep', noDefault: 'fallback', rampScope: 'all' });
});

test.each([
  [0, 'scheduled'],
  [1, 'active'],
  [2, 'cancelled'],
  [3, 'cancelled-with-randomization'],
  [4, 'superseded'],
])('currentStatus %i is %s', (code, status) => {
  const item = control('E1').replace('<currentStatus>0', `<currentStatus>${code}`);
  expect(translated(controls(item)).set.programs[0]?.events[0]?.status).toBe(status);
});

test('a refused event is said and costs no other', () => {
  const { set, notes } = translated(
    controls(control('E1', -5), control('E2'), control('E3').replace('<currentStatus>0', '<currentStatus>99')),
  );
  expect(set.programs[0]?.events.map(({ mRID, status, modes, fault }) => [mRID, status, modes, fault])).toEqual([
    ['E1', 'scheduled', {}, 'opModExpLimW of -5 x 10^0 W'],
    ['E2', 'scheduled', { opModExpLimW: 1500 }, undefined],
    // A status that nobody knows says nothing.
    ['E3', 'scheduled', { opModExpLimW: 1500 }, undefined],
  ]);
  expect(set.programs[0]?.read).toBe('read');
  expect(notes).toHaveLength(2);
});

test('a refused default leaves its program unread; no default is null', () => {
  const { set, notes } = translated({ '/p/A1/dderc': defaultControl(-1) });
  expect(set.programs.map(({ read, defaultControl: served }) => [read, served])).toEqual([
    ['unread', null],
    ['read', null],
  ]);
  expect(notes[0]?.text).toContain('opModExpLimW');
});

const base = (modes: string): Record<string, string> =>
  controls(control('E1').replace(/<x:opModExpLimW.*<\/x:opModExpLimW>/, modes));

test.each([
  ['<opModFixedW>-7500</opModFixedW>', { opModFixedW: -75 }],
  ['<opModTargetW><multiplier>2</multiplier><value>-30</value></opModTargetW>', { opModTargetW: -3000 }],
  ['<opModTargetVar><multiplier>0</multiplier><value>-250</value></opModTargetVar>', { opModTargetVar: -250 }],
  [
    '<opModFixedVar><refType>2</refType><value>-4400</value></opModFixedVar>',
    { opModFixedVar: { percent: -44, of: 'setMaxVar' } },
  ],
  [
    '<opModFixedPFInjectW><displacement>950</displacement><excitation>true</excitation><multiplier>-3</multiplier></opModFixedPFInjectW>',
    { opModFixedPFInjectW: { displacement: 0.95, absorbsVar: true } },
  ],
  [
    '<opModFreqDroop><dBOF>36</dBOF><dBUF>17</dBUF><kOF>50</kOF><kUF>40</kUF><openLoopTms>500</openLoopTms></opModFreqDroop>',
    { opModFreqDroop: { bandOver: 0.036, bandUnder: 0.017, droopOver: 0.05, droopUnder: 0.04, openLoopSeconds: 5 } },
  ],
  [
    '<opModHVRTMustTrip href="/dc/3"/><opModVoltVar href="/dc/4"/>',
    { opModHVRTMustTrip: 'https://utility.test/dc/3', opModVoltVar: 'https://utility.test/dc/4' },
  ],
  [
    '<x:opModStorageTargetW xmlns:x="https://csipaus.org/ns/v1.3"><multiplier>1</multiplier><value>-200</value></x:opModStorageTargetW>',
    { opModStorageTargetW: -2000 },
  ],
])('%s', (modes, expected) => {
  const { set, notes } = translated(base(modes));
  expect(set.programs[0]?.events[0]?.modes).toEqual(expected);
  expect(notes).toEqual([]);
});

test.each([
  '<opModFixedVar><refType>4</refType><value>100</value></opModFixedVar>',
  '<opModFixedPFInjectW><displacement>1100</displacement><excitation>true</excitation><multiplier>-3</multiplier></opModFixedPFInjectW>',
  '<opModFreqDroop><dBOF>36</dBOF><dBUF>17</dBUF><kOF>0</kOF><kUF>40</kUF><openLoopTms>500</openLoopTms></opModFreqDroop>',
  '<opModTargetVar><multiplier>9</multiplier><value>32000</value></opModTargetVar>',
])('a value out of its range refuses the event: %s', (modes) => {
  const [event] = translated(base(modes)).set.programs[0]?.events ?? [];
  expect(event?.modes).toEqual({});
  expect(event?.fault).toMatch(/^opMod/);
});

test('a control for other kinds of device is none of ours', () => {
  const item = (bits: string): string =>
    control('E1').replace('</DERControlBase>', `</DERControlBase><deviceCategory>${bits}</deviceCategory>`);
  expect(translated(controls(item('00010000'))).set.programs[0]?.events).toEqual([]);
  expect(translated(controls(item('00210000'))).set.programs[0]?.events).toHaveLength(1);
});

test('a utility that takes refusals is named which; the settings of the default come along', () => {
  const served = defaultControl(1500).replace(
    '</DefaultDERControl>',
    '<setESDelay>6000</setESDelay><setSoftGradW>40</setSoftGradW></DefaultDERControl>',
  );
  const tree = new ScriptedWalk({}, { ...site(), '/p/A1/dderc': served }).run(10).tree();
  if (tree === null) throw new Error('no tree');
  const { set } = translate(tree, 'u', profileOf(baseline));
  expect(set.policy.refusals).toEqual(['not-applicable', 'invalid', 'expired']);
  expect(set.programs[0]?.defaultControl).toEqual({
    mRID: 'DD',
    modes: { opModExpLimW: 1500 },
    setGradW: null,
    setSoftGradW: 40,
    setESDelay: 6000,
  });
});

const VOLT_VAR = {
  mRID: 'C1',
  creationTime: 1,
  curveType: 11,
  xMultiplier: 0,
  yMultiplier: -1,
  yRefType: 2,
  CurveData: [
    { xvalue: 92, yvalue: 440 },
    { xvalue: 98, yvalue: 0 },
    { xvalue: 108, yvalue: -440 },
  ],
};

test.each([
  ['', {}, null],
  ['x that goes back', { CurveData: [...VOLT_VAR.CurveData].reverse() }, 'opModVoltVar: x goes back'],
  ['a type nobody knows', { curveType: 15 }, 'curveType 15'],
  ['a unit that has no meaning there', { yRefType: 4 }, 'opModVoltVar: yRefType 4'],
  ['no point', { CurveData: [] }, 'opModVoltVar: 0 points'],
])('a curve %s', (_, change, fault) => {
  const tree = new ScriptedWalk().run(10).tree();
  if (tree === null) throw new Error('no tree');
  const curves = [{ href: '/dc/1', curve: { ...VOLT_VAR, ...change } }];
  const { set, notes } = translate({ ...tree, curves }, 'u', profileOf(csipAus));
  const [curve] = set.curves ?? [];
  expect(curve?.fault ?? null).toBe(fault);
  expect(notes.map(({ event }) => event)).toEqual(fault === null ? [] : ['curve-refused']);
  if (fault !== null) return;
  expect(curve).toEqual({
    id: '/dc/1',
    type: 11,
    reference: 2,
    points: [
      { x: 92, y: 44, absorbsVar: null },
      { x: 98, y: 0, absorbsVar: null },
      { x: 108, y: -44, absorbsVar: null },
    ],
    openLoopSeconds: null,
    vRef: null,
  });
});
