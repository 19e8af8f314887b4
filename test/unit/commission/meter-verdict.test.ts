import { describe, expect, it } from 'vitest';
import { judgeInverter, judgeSite, type Transition, untested } from '#commission/meter-verdict.ts';
import { toDeviceId } from '#site/device.ts';

const PV = toDeviceId('pv');
const PV_2 = toDeviceId('pv-2');

/** Down and up twice by 2 kW; `shares`: of it that each phase shows, positive as the configuration says. */
const seen = (shares: readonly [number, number, number], extra: readonly number[] = [0, 0, 0, 0]): readonly Transition[] =>
  extra.map((load, index) => {
    const output = index % 2 === 0 ? -2000 : 2000;
    const [a, b, c] = shares.map((share) => 0 - share * output);
    return { output, others: 0, flow: (a ?? 0) + (b ?? 0) + (c ?? 0) + load, phases: { a: a ?? 0, b: b ?? 0, c: c ?? 0 } };
  });

const NO_PHASES = { a: null, b: null, c: null };

describe('what the meter made of an inverter', () => {
  it('tells sign and phases', () => {
    expect(judgeInverter(PV, seen([0.33, 0.33, 0.34]))).toMatchObject({
      relation: 'follows',
      confidence: 'certain',
      phases: ['a', 'b', 'c'],
    });
    expect(judgeInverter(PV, seen([0, -1, 0]))).toMatchObject({ relation: 'reversed', confidence: 'certain', phases: ['b'] });
    expect(judgeInverter(PV, seen([0.03, -0.02, 0]))).toMatchObject({ relation: 'unseen', confidence: 'certain', phases: [] });
  });

  it('tells the turned transformers of three, whichever way the others read', () => {
    expect(judgeInverter(PV, seen([0.33, -0.33, 0.33]))).toMatchObject({ relation: 'follows', turned: ['b'] });
    expect(judgeInverter(PV, seen([-0.33, -0.33, 0.33]))).toMatchObject({ relation: 'reversed', turned: ['a', 'b'] });
  });

  it.each([
    [
      [0.33, -0.17, -0.16],
      ['b', 'c'],
    ],
    [
      [0.17, -0.33, 0.16],
      ['a', 'c'],
    ],
    [
      [-0.17, -0.16, -0.17],
      ['a', 'b', 'c'],
    ],
    [[0.01, -0.5, 0], ['b']],
    [[0.17, 0.16, 0.17], []],
    [[0.33, 0.17, -0.17], []],
    [[0.5, 0, 0], []],
  ] as const)('tells of the shares %j that these transformers are exchanged: %j', (shares, exchanged) => {
    const found = judgeInverter(PV, seen(shares));
    expect(found).toMatchObject({ relation: 'unclear', exchanged });
    expect(judgeSite([found], 1)).toMatchObject({ sign: null });
    expect(judgeSite([found], 1).text.includes('conductor')).toBe(exchanged.length > 0);
  });

  it('is less certain of what one change contradicts, and says nothing of what none agree on', () => {
    expect(judgeInverter(PV, seen([0.33, 0.33, 0.33], [0, 0, 0, 3000]))).toMatchObject({
      relation: 'follows',
      confidence: 'likely',
    });
    expect(judgeInverter(PV, seen([0.33, 0.33, 0.33], [3000, -3000, 0, -3000]))).toMatchObject({
      relation: 'unclear',
      confidence: 'none',
    });
    const moving = seen([0.33, 0.33, 0.33]).map((one) => ({ ...one, others: 900 }));
    expect(judgeInverter(PV, moving).relation).toBe('unclear');
    const phaseless = seen([1, 0, 0]).map((one) => ({ ...one, phases: NO_PHASES }));
    expect(judgeInverter(PV, phaseless)).toMatchObject({ relation: 'follows', confidence: 'certain', phases: [] });
  });
});

describe('what the installer is to do', () => {
  const right = judgeInverter(PV, seen([1, 0, 0]));
  const wrong = judgeInverter(PV_2, seen([0, -1, 0]));

  it('turns the sign where every inverter shows it turned', () => {
    expect(judgeSite([wrong], 1).sign).toBe(-1);
    expect(judgeSite([wrong], -1).sign).toBe(1);
    expect(judgeSite([right, untested(PV_2, 'asleep')], -1).sign).toBe(-1);
  });

  it('names wiring that no sign mends', () => {
    expect(judgeSite([right, wrong], 1)).toMatchObject({ sign: null, text: expect.stringContaining('phase b') as string });
    expect(judgeSite([right, judgeInverter(PV_2, seen([0, 0, 0]))], 1)).toMatchObject({ sign: null });
    expect(judgeSite([untested(PV, 'asleep')], 1).sign).toBe(null);
  });
});
