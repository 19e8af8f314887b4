import { describe, expect, test } from 'vitest';
import { utilitySeconds, watts } from '#base/units.ts';
import type { Curve } from '#control/curve.ts';
import type { LimitSource, Targets } from '#control/limits.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { askCurves, functionsOf, isFollowed, modesFollowed, withOneReactive } from '#control/tick/curves.ts';
import type { SiteFacts } from '#control/tick/state.ts';
import type { CurveFunction, CurveSetting } from '#site/curve.ts';
import { toDeviceId } from '#site/device.ts';

const EVENT: LimitSource = { kind: 'event', server: 'utility', mRID: 'E', until: utilitySeconds(100) };
const DEFAULT: LimitSource = { kind: 'default', server: 'utility', program: 'P' };
const FACTOR = { displacement: 0.95, absorbsVar: true };

const VOLT_VAR: Curve = {
  id: '/dc/1',
  type: 11,
  reference: 2,
  points: [{ x: 100, y: 0, absorbsVar: null }],
  openLoopSeconds: 5,
  vRef: null,
};
const planWith = (...curves: readonly Curve[]): Plan => ({
  ...emptyPlan(),
  servers: [{ server: 'utility', policy: { vanished: 'keep', noDefault: 'fallback' }, curves }],
});
const asked = (source: LimitSource = EVENT): Targets => ({ opModVoltVar: { value: '/dc/1', source } });

describe('what inverters are to follow', () => {
  test('the curve that the mode names, by the words of a device', () => {
    const { points, openLoopSeconds, vRef } = VOLT_VAR;
    const setting = { kind: 'points', points, reference: 'setMaxVar', openLoopSeconds, vRef };
    expect(functionsOf(asked(), planWith(VOLT_VAR))).toEqual(new Map([['volt-var', setting]]));
  });

  test.each<[string, Plan, Targets | undefined]>([
    ['an unsound curve', planWith({ ...VOLT_VAR, fault: 'x goes back' }), asked()],
    ['a curve of another type', planWith({ ...VOLT_VAR, type: 12 }), asked()],
    ['a curve that is not known', planWith(), asked()],
    ['a curve of another server', planWith(VOLT_VAR), asked({ ...EVENT, server: 'other' })],
    ['nothing', planWith(VOLT_VAR), undefined],
  ])('not %s', (_, plan, targets) => {
    expect(functionsOf(targets, plan).size).toBe(0);
  });

  test('modes are those whose function every inverter has', () => {
    expect(modesFollowed(['volt-watt', 'freq-droop'])).toEqual(['opModVoltWatt', 'opModFreqDroop']);
  });
});

describe('one way to make reactive power', () => {
  const factor = (source: LimitSource): Targets => ({ opModFixedPFInjectW: { value: FACTOR, source } });
  const names = (targets: Targets): readonly string[] => Object.keys(withOneReactive(targets) ?? {});

  test('that of the event goes before that of the default', () => {
    expect(names({ ...factor(DEFAULT), ...asked(EVENT) })).toEqual(['opModVoltVar']);
    expect(names({ ...factor(EVENT), ...asked(DEFAULT) })).toEqual(['opModFixedPFInjectW']);
  });

  test('then the more direct one; what makes none stays', () => {
    const droop = { bandOver: 0.2, bandUnder: 0.2, droopOver: 0.05, droopUnder: 0.05, openLoopSeconds: 5 };
    const all = { ...asked(), ...factor(EVENT), opModFreqDroop: { value: droop, source: DEFAULT } };
    expect(names(all)).toEqual(['opModFixedPFInjectW', 'opModFreqDroop']);
  });
});

describe('telling the inverters', () => {
  const [PV, ROOF] = [toDeviceId('pv'), toDeviceId('roof')];
  const facts = {
    inverters: [PV, ROOF].map((device) => ({
      device,
      maxPower: watts(5000),
      minOutputFraction: 0,
      onSilence: { kind: 'holds' },
    })),
  } as unknown as SiteFacts;
  const wanted = functionsOf(asked(), planWith(VOLT_VAR));

  test('once each, again when it changes, and null when it ends', () => {
    const first = askCurves(new Map(), wanted, facts);
    expect(first.commands.map(({ setpoint }) => setpoint.device)).toEqual([PV, ROOF]);
    expect(askCurves(first.told, functionsOf(asked(), planWith({ ...VOLT_VAR })), facts).commands).toEqual([]);
    const other = functionsOf(asked(), planWith({ ...VOLT_VAR, vRef: 99 }));
    expect(askCurves(first.told, other, facts).commands).toHaveLength(2);
    const last = askCurves(first.told, new Map<CurveFunction, CurveSetting>(), facts);
    expect(last.commands.map(({ setpoint: { command } }) => command)).toEqual(
      [PV, ROOF].map(() => ({ kind: 'curve', follows: 'volt-var', curve: null })),
    );
    expect(askCurves(last.told, new Map(), facts).commands).toEqual([]);
  });

  test('a mode is followed when every inverter is proven to', () => {
    const { told } = askCurves(new Map(), wanted, facts);
    expect(isFollowed('opModVoltVar', asked(), () => true, told)).toBe(true);
    expect(isFollowed('opModVoltVar', asked(), (device) => device === PV, told)).toBe(false);
    expect(isFollowed('opModVoltVar', {}, () => true, told)).toBe(false);
    expect(isFollowed('opModVoltWatt', asked(), () => true, told)).toBe(false);
    expect(isFollowed('opModFixedVar', asked(), () => true, told)).toBeNull();
  });
});
