import { describe, expect, test } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import type { Truth } from '../../rig/site/plant.ts';
import { Plant } from '../../rig/site/plant.ts';
import { cycling, lines, looping, noisy, steps } from '../../rig/site/profile.ts';
import { siteOf } from '../../rig/site/site.ts';

const plantOf = (change: Parameters<typeof siteOf>[0]['plant']): { plant: Plant; truth: Truth[] } => {
  const truth: Truth[] = [];
  const plant = new Plant(siteOf({ plant: change ?? {} }).plant, (point) => truth.push(point));
  plant.begin(true);
  return { plant, truth };
};

describe('profiles', () => {
  test('steps hold, lines join, outside the points the nearest value', () => {
    const points = [
      [10, 100],
      [20, 300],
    ] as const;
    expect([0, 10_000, 15_000, 20_000, 99_000].map(steps(points))).toEqual([100, 100, 100, 300, 300]);
    expect([0, 10_000, 15_000, 20_000, 99_000].map(lines(points))).toEqual([100, 100, 200, 300, 300]);
  });

  test('cycling adds its power in every second half period', () => {
    expect([0, 4999, 5000, 9999, 10_000].map(cycling(() => 500, 2000, 5))).toEqual([500, 500, 2500, 2500, 500]);
  });

  test('looping repeats', () => {
    const wave = looping(
      lines([
        [0, 0],
        [10, 100],
      ]),
      10,
    );
    expect(wave(12_000)).toBe(wave(2000));
  });

  test('noise depends on second and seed alone', () => {
    const one = noisy(() => 1000, 50, 3);
    const other = noisy(() => 1000, 50, 3);
    const forwards = [1, 2, 3, 4].map((second) => one(second * 1000));
    const backwards = [4, 3, 2, 1].map((second) => other(second * 1000));
    expect(backwards.reverse()).toEqual(forwards);
    expect(new Set(forwards).size).toBe(4);
  });
});

describe('plant', () => {
  test('a cap acts with the lag of first order', () => {
    const { plant } = plantOf({});
    plant.command(1000, 2000);
    plant.advance(3000);
    expect(plant.generationAt(1000)).toBeCloseTo(10_000, 6);
    expect(plant.generationAt(2000)).toBeCloseTo(2000 + 8000 * Math.exp(-1), 6);
    expect(plant.generationAt(3000)).toBeCloseTo(2000 + 8000 * Math.exp(-2), 6);
  });

  test('dead time delays, slew limits, gain error stays', () => {
    const { plant } = plantOf({ lagSeconds: 0, deadSeconds: 2, slewPercentPerSecond: 10, gainErrorPercent: 5 });
    plant.command(1000, 4000);
    plant.advance(30_000);
    expect(plant.generationAt(30_000)).toBeCloseTo(4200, 6);
    const again = plantOf({ lagSeconds: 0, deadSeconds: 2, slewPercentPerSecond: 10 }).plant;
    again.command(1000, 4000);
    again.advance(5000);
    expect(again.generationAt(2999)).toBeCloseTo(10_000, 6);
    expect(again.generationAt(5000)).toBeCloseTo(8000, 6);
  });

  test('slew and lag together follow the differential equation', () => {
    const { plant } = plantOf({ lagSeconds: 1.3, slewPercentPerSecond: 20 });
    plant.command(0, 1000);
    plant.advance(5500);
    let reference = 10_000;
    let output = 10_000;
    const step = 0.0001;
    for (let i = 0; i < 55_000; i += 1) {
      reference = Math.max(1000, reference - 2000 * step);
      output += ((reference - output) / 1.3) * step;
    }
    expect(Math.abs(plant.generationAt(5500) - output)).toBeLessThan(2);
  });

  test('the outcome does not depend on the steps it is driven in', () => {
    const run = (stepOf: () => number): Truth[] => {
      const random = new SeededRandom(9, 'commands');
      const { plant, truth } = plantOf({
        sun: lines([
          [0, 8000],
          [20, 3000],
          [40, 10_000],
        ]),
        load: noisy(
          steps([
            [0, 400],
            [17.31, 2400],
          ]),
          30,
          5,
        ),
        deadSeconds: 0.37,
        slewPercentPerSecond: 30,
      });
      for (let i = 0; i < 20; i += 1) {
        const at = i * 2000 + 1234.5;
        for (let t = at - 2000; t < at; t += stepOf()) plant.advance(t);
        plant.command(at, random.between(0, 10_000));
      }
      plant.advance(60_000);
      return truth;
    };
    const random = new SeededRandom(1, 'steps');
    const coarse = run(() => 5000);
    expect(run(() => random.between(1, 333))).toEqual(coarse);
    expect(coarse).toHaveLength(601);
  });

  test('never more than the sun offers, and falling sun is not slew limited', () => {
    const { plant } = plantOf({
      sun: steps([
        [0, 9000],
        [2, 1000],
      ]),
      lagSeconds: 0,
      slewPercentPerSecond: 5,
    });
    plant.advance(2200);
    expect(plant.generationAt(2200)).toBeCloseTo(1000, 6);
  });

  test('minimum output: floor holds it up, standby drops and restarts late', () => {
    const floor = plantOf({ lagSeconds: 0, minimumOutput: { percent: 10, below: 'floor', restartSeconds: 0 } }).plant;
    floor.command(0, 200);
    floor.advance(1000);
    expect(floor.generationAt(1000)).toBeCloseTo(1000, 6);
    const standby = plantOf({ lagSeconds: 0, minimumOutput: { percent: 10, below: 'standby', restartSeconds: 30 } }).plant;
    standby.command(0, 200);
    standby.advance(1000);
    expect(standby.generationAt(1000)).toBe(0);
    standby.command(2000, 5000);
    standby.advance(31_000);
    expect(standby.generationAt(31_000)).toBe(0);
    standby.advance(33_000);
    expect(standby.generationAt(33_000)).toBeCloseTo(5000, 6);
  });

  test('truth balances: net export is generation less load, energies add up', () => {
    const { plant, truth } = plantOf({ sun: () => 3600, load: () => 600 });
    plant.advance(3_600_000);
    expect(truth.every((point) => point.netExport === point.generation - point.load)).toBe(true);
    expect(plant.energy().generated).toBeCloseTo(3600, 3);
    expect(plant.energy().exported).toBeCloseTo(3000, 3);
    expect(plant.energy().imported).toBe(0);
  });
});
