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
  expect(set.policy).toEqual({ vanished: 'keep', noDefault: 'fallback' });
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
  expect(set.programs[0]?.events.map(({ mRID }) => mRID)).toEqual(['E2']);
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
