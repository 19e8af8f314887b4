import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import type { Curve, CurveMode } from '#control/curve.ts';
import { CURVE_TYPES } from '#control/curve.ts';
import type { ControlModes, ProgramSet } from '#control/program.ts';
import { control, Gateway, RATED_W, says } from './gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };
const DER = [705, 706, 711, 712, 707, 708, 709, 710, 134];
const LEGACY = [126, 132, 131, 134, 129, 130, 135, 136];

const curve = (mode: CurveMode, points: readonly (readonly [number, number])[], more: Partial<Curve> = {}): Curve => ({
  id: `/dc/${mode}`,
  type: CURVE_TYPES[mode],
  reference: 0,
  points: points.map(([x, y]) => ({ x, y, absorbsVar: null })),
  openLoopSeconds: null,
  vRef: null,
  ...more,
});

/** Four points and a dead band, as in IEEE 1547 category B. */
const VOLT_VAR = curve(
  'opModVoltVar',
  [
    [92, 44],
    [98, 0],
    [102, 0],
    [108, -44],
  ],
  { reference: 1, openLoopSeconds: 5 },
);
const VOLT_WATT = curve(
  'opModVoltWatt',
  [
    [106, 100],
    [110, 20],
  ],
  { reference: 1 },
);
const FREQ_WATT = curve('opModFreqWatt', [
  [50.2, 100],
  [52, 0],
]);
const WATT_VAR = curve(
  'opModWattVar',
  [
    [-100, 0],
    [50, 0],
    [100, -40],
  ],
  { reference: 1 },
);
const WATT_PF = curve('opModWattPF', [
  [0, 1],
  [50, 1],
  [100, 0.9],
]);
const ABSORBING: Curve = { ...WATT_PF, points: WATT_PF.points.map((point) => ({ ...point, absorbsVar: true })) };

interface Grid {
  readonly models: readonly number[];
  readonly volts?: number;
  readonly hertz?: number;
}

const site = async ({ models, volts = 100, hertz = 50 }: Grid): Promise<Gateway> => {
  const inverter = { curves: models, gridVolts: () => volts, gridHertz: (t: number) => (t < 20_000 ? 50 : hertz) };
  return await new Gateway(500, 1, { gridCodeWrites: true, inverter }).until(10);
};

const event = (modes: ControlModes, curves: readonly Curve[], end = 60): ProgramSet => ({
  ...says(FREE, null, [control('E', 30, end, modes)]),
  curves,
});

describe('a curve is handed to an inverter that has it', () => {
  it.each<[string, Grid, Curve, ControlModes, { readonly watts?: number; readonly vars?: number }]>([
    ['volt-var, 705', { models: DER, volts: 105 }, VOLT_VAR, { opModVoltVar: VOLT_VAR.id }, { vars: -2200 }],
    ['volt-var, 126', { models: LEGACY, volts: 95 }, VOLT_VAR, { opModVoltVar: VOLT_VAR.id }, { vars: 2200 }],
    ['volt-watt, 706', { models: DER, volts: 108 }, VOLT_WATT, { opModVoltWatt: VOLT_WATT.id }, { watts: 6000 }],
    ['volt-watt, 132', { models: LEGACY, volts: 109 }, VOLT_WATT, { opModVoltWatt: VOLT_WATT.id }, { watts: 4000 }],
    ['freq-watt, 134', { models: DER, hertz: 51.1 }, FREQ_WATT, { opModFreqWatt: FREQ_WATT.id }, { watts: 5000 }],
    ['watt-var, 712', { models: DER }, WATT_VAR, { opModWattVar: WATT_VAR.id }, { vars: -4000 }],
    ['watt-pf, 131', { models: LEGACY }, ABSORBING, { opModWattPF: ABSORBING.id }, { vars: -4400 }],
  ])('%s: the site follows it, and what was there is given back', async (_, grid, one, modes, expected) => {
    const gateway = await site(grid);
    const before = grid.models.map((model) => gateway.registersOf(model));
    gateway.say(event(modes, [one]));
    await gateway.until(60);
    if (expected.vars !== undefined) expect(gateway.reactive).toBeCloseTo(expected.vars, -2);
    expect(gateway.generationAt(59)).toBeCloseTo(expected.watts ?? RATED_W, -2);
    await gateway.until(120);
    expect(gateway.reactive).toBe(0);
    expect(gateway.generationAt(119)).toBeCloseTo(RATED_W, -2);
    for (const [index, model] of grid.models.entries())
      expect(settingsOf(model, gateway.registersOf(model), before[index])).toEqual(
        settingsOf(model, before[index] ?? [], before[index]),
      );
  });
});

/** Registers of a model without its last adoption (705-712) and without points that were empty: neither sets anything. */
function settingsOf(model: number, words: readonly number[], before: readonly number[] = []): readonly number[] {
  const isEmpty = (index: number): boolean => before[index] === 0x8000 || before[index] === 0xffff;
  return words.filter((_, index) => !(model > 700 && (index === 3 || index === 4)) && !isEmpty(index));
}

const LV_TRIP = curve('opModLVRTMustTrip', [
  [2, 50],
  [10, 70],
]);
const LV_CEASE = curve('opModLVRTMomentaryCessation', [[0.1, 50]]);
const HV_TRIP = curve('opModHVRTMustTrip', [
  [0.2, 120],
  [12, 110],
]);
const HF_TRIP = curve('opModHFRTMustTrip', [
  [0.2, 62],
  [5, 51.5],
]);
const LF_MAY = curve('opModLFRTMayTrip', [
  [0.2, 47],
  [20, 48.5],
]);
const DROOP = { bandOver: 0.2, bandUnder: 0.2, droopOver: 0.05, droopUnder: 0.05, openLoopSeconds: 5 };

describe('droop and trips', () => {
  it('a droop lowers power by the frequency beyond its band', async () => {
    const gateway = await site({ models: DER });
    expect(gateway.modes).toContain('opModFreqDroop');
    const slow = await new Gateway(500, 1, {
      gridCodeWrites: true,
      inverter: { curves: DER, gridHertz: (t) => (t < 60_000 ? 50 : 50.7) },
    }).until(10);
    slow.say(event({ opModFreqDroop: DROOP }, [], 120));
    await slow.until(90);
    // 0.5 Hz beyond the band at 40 % a hertz.
    expect(slow.generationAt(89)).toBeCloseTo(0.8 * RATED_W, -2);
    await slow.until(200);
    expect(slow.generationAt(199)).toBeCloseTo(RATED_W, -2);
  });

  it.each<[string, readonly number[], Curve, number, boolean]>([
    ['low voltage, 707', DER, LV_TRIP, 65, true],
    ['low voltage, 129', LEGACY, LV_TRIP, 65, true],
    ['high voltage, 708', DER, HV_TRIP, 112, true],
    ['high voltage, 130', LEGACY, HV_TRIP, 112, true],
    ['high voltage within the curve', DER, HV_TRIP, 109, false],
  ])('%s: the inverter trips after the time of its curve', async (_, models, one, volts, trips) => {
    const inverter = { curves: models, gridVolts: (t: number) => (t < 60_000 ? 100 : volts) };
    const gateway = await new Gateway(500, 1, { gridCodeWrites: true, inverter }).until(10);
    const mode = one.type === 10 ? 'opModLVRTMustTrip' : 'opModHVRTMustTrip';
    gateway.say(event({ [mode]: one.id }, [one], 120));
    await gateway.until(100);
    expect(gateway.generationAt(61)).toBeCloseTo(RATED_W, -2);
    expect(gateway.generationAt(99)).toBeCloseTo(trips ? 0 : RATED_W, -2);
  });

  it('several curves of one model are in force together, and one of them ends alone', async () => {
    const gateway = await site({ models: DER });
    const set = (volts: number): ProgramSet => ({
      ...says(FREE, null, [
        control('E', 30, 120, { opModLVRTMustTrip: LV_TRIP.id, opModHFRTMustTrip: HF_TRIP.id, opModLFRTMayTrip: LF_MAY.id }),
        control('F', 60, volts, { opModLVRTMomentaryCessation: LV_CEASE.id }),
      ]),
      curves: [LV_TRIP, LV_CEASE, HF_TRIP, LF_MAY],
    });
    const before = gateway.registersOf(707);
    gateway.say(set(30));
    const counts = (): readonly (number | undefined)[] => [10, 41, 72].map((at) => gateway.registersOf(707)[at]);
    await gateway.until(80);
    expect(counts()).toEqual([2, 0, 1]);
    await gateway.until(110);
    expect(counts()).toEqual([2, 0, 0]);
    await gateway.until(170);
    expect(settingsOf(707, gateway.registersOf(707), before)).toEqual(settingsOf(707, before, before));
  });
});

describe('what stands in the inverter', () => {
  it('is given back after a kill at any instant of the writes, and once only', async () => {
    for (const dies of [30.2, 30.5, 30.8, 31.1, 31.5, 32, 33, 90.3, 90.6, 91, 91.6, 92.5]) {
      for (const models of [[705], [126]]) {
        const gateway = await site({ models });
        const [model = 0] = models;
        const before = gateway.registersOf(model);
        gateway.say(event({ opModVoltVar: VOLT_VAR.id }, [VOLT_VAR]));
        await gateway.until(dies);
        gateway.kill();
        await gateway.until(100);
        gateway.start();
        await gateway.until(125);
        expect(settingsOf(model, gateway.registersOf(model), before)).toEqual(settingsOf(model, before, before));
        gateway.kill();
        gateway.start();
        // Ena of 705, ModEna of 126: somebody else's from here on.
        gateway.writeByHand(model, model === 705 ? 2 : 3, 1);
        await gateway.until(140);
        expect(gateway.registersOf(model)[model === 705 ? 2 : 3]).toBe(1);
      }
    }
  });

  it('is told again to an inverter that forgot it, and to one that somebody else changed', async () => {
    const gateway = await site({ models: [705], volts: 105 });
    gateway.say(event({ opModVoltVar: VOLT_VAR.id }, [VOLT_VAR], 900));
    await gateway.until(60);
    gateway.writeByHand(705, 2, 0);
    expect(gateway.reactive).toBe(0);
    await gateway.until(220);
    expect(gateway.reactive).toBeCloseTo(-2200, -2);
  });

  it('changes when the utility changes the curve, and is not written while it does not', async () => {
    const gateway = await site({ models: [705], volts: 105 });
    const flatter = { ...VOLT_VAR, points: VOLT_VAR.points.map((point) => ({ ...point, y: point.y / 2 })) };
    const set = (one: Curve): ProgramSet => ({ ...says({ ...FREE, opModVoltVar: VOLT_VAR.id }, null, []), curves: [one] });
    gateway.say(set(VOLT_VAR));
    await gateway.until(60);
    expect(gateway.reactive).toBeCloseTo(-2200, -2);
    const writes = gateway.writes;
    await gateway.until(600);
    gateway.say(set(VOLT_VAR));
    await gateway.until(700);
    expect(gateway.writes - writes).toBeLessThan(3);
    gateway.say(set(flatter));
    await gateway.until(760);
    expect(gateway.reactive).toBeCloseTo(-1100, -2);
  });

  it('is not touched where nobody allowed it, or where the inverter has no such model', async () => {
    const inverter = { curves: DER, gridVolts: () => 105 };
    const gateway = await new Gateway(500, 1, { inverter }).until(10);
    const before = gateway.registersOf(705);
    gateway.say(event({ opModVoltVar: VOLT_VAR.id }, [VOLT_VAR]));
    await gateway.until(60);
    expect(gateway.modes).not.toContain('opModVoltVar');
    expect(gateway.registersOf(705)).toEqual(before);
    const without = await site({ models: [706] });
    expect(without.modes).toContain('opModVoltWatt');
    expect(without.modes).not.toContain('opModVoltVar');
  });

  it('one way to make reactive power at a time: the event before the default', async () => {
    const gateway = await site({ models: [705], volts: 105 });
    const factor = { opModFixedPFInjectW: { displacement: 0.95, absorbsVar: true } };
    gateway.say({
      ...says({ ...FREE, opModVoltVar: VOLT_VAR.id }, null, [control('E', 60, 60, factor)]),
      curves: [VOLT_VAR],
    });
    await gateway.until(50);
    expect(gateway.reactive).toBeCloseTo(-2200, -2);
    await gateway.until(90);
    expect(gateway.reactive).toBeCloseTo(-3287, -2);
    expect(gateway.registersOf(705)[2]).toBe(0);
    await gateway.until(150);
    expect(gateway.reactive).toBeCloseTo(-2200, -2);
  });
});
