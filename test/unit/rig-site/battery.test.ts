import { describe, expect, it } from 'vitest';
import { BASE } from '../../rig/site/image.ts';
import { siteOf, withLoads, withStorage } from '../../rig/site/site.ts';
import { RELAY_DEFAULTS, REGISTER_LOAD_DEFAULTS } from '../../rig/site/switched-load.ts';
import type { Truth } from '../../rig/site/plant.ts';
import { masterOn, type Master } from './master.ts';

/** Model 124 behind 1, 103, 120, 121 and 704 behind 1, 701, 702. */
const STORAGE = BASE + 2 + 68 + 52 + 28 + 32;
const CONTROLS = BASE + 2 + 68 + 155 + 52;
const BATTERY = 21;
const word = (value: number): number => value & 0xffff;

const siteWith = (load: number, sun: number, battery: Parameters<typeof withStorage>[1][number] = {}): Master =>
  masterOn(withStorage(siteOf({ plant: { load: () => load, sun: () => sun } }), [battery]));
const last = (master: Master): Truth => master.truth.at(-1)!;

/** Rates and timers first, the mode last. */
const window = (master: Master, mode: number, charge: number, discharge: number, revert = 0): void => {
  master.write(BATTERY, STORAGE + 12, [word(discharge * 100), word(charge * 100), 0, revert, 0].slice(0, 4));
  master.write(BATTERY, STORAGE + 5, [mode]);
  master.wait(5000);
};

describe('the battery of the rig', () => {
  it('keeps the flow of the connection point at zero while nobody commands it', () => {
    const short = siteWith(3000, 1000);
    short.wait(10_000);
    expect(last(short).netExport).toBeCloseTo(0, 0);
    expect(last(short).discharge).toBeCloseTo(2000, 0);
    const sunny = siteWith(1000, 4000);
    sunny.wait(10_000);
    expect(last(sunny).netExport).toBeCloseTo(0, 0);
    expect(last(sunny).discharge).toBeCloseTo(-3000, 0);
  });

  it.each<[string, number, readonly [number, number], number, number]>([
    ['automatic', 0, [100, 100], 8000, 4000],
    ['discharging limited', 2, [100, 25], 8000, 1000],
    ['charging limited', 1, [20, 100], -8000, -1000],
    ['held', 3, [0, 0], 8000, 0],
    ['charging forced', 2, [100, -50], 8000, -2000],
    ['discharging forced', 1, [-50, 100], -8000, 2500],
    ['turned inside out', 3, [-50, -50], 0, 0],
  ])('with its window of model 124 %s gives that and no more', (_name, mode, [charge, discharge], residual, power) => {
    const master = siteWith(Math.max(0, residual), Math.max(0, 0 - residual));
    window(master, mode, charge, discharge);
    expect(last(master).discharge).toBeCloseTo(power, 0);
  });

  it('goes back to its automatic when its timer runs out', () => {
    const master = siteWith(3000, 0);
    window(master, 3, 0, 0, 30);
    expect(last(master).discharge).toBeCloseTo(0, 0);
    master.wait(35_000);
    expect(last(master).discharge).toBeCloseTo(3000, 0);
  });

  it('takes and gives less near full and near empty, and loses on the way', () => {
    const empty = siteWith(4000, 0, { capacityWh: 500, chargePercent: 50 });
    empty.wait(900_000);
    expect(last(empty).discharge).toBeLessThan(60);
    const given = empty.truth.reduce((sum, { discharge = 0 }) => sum + discharge / 36_000, 0);
    expect(given).toBeGreaterThan(0.9 * 250);
    expect(given).toBeLessThan(0.96 * 250);
  });

  it('charges from the sun alone where the grid is not allowed', () => {
    const master = siteWith(500, 1500, { gridCharge: false });
    window(master, 2, 100, -100);
    expect(last(master).discharge).toBeCloseTo(-1000, 0);
  });

  it('takes a power through 704 and falls to its safe one', () => {
    const master = siteWith(3000, 0, { family: 'setpoint' });
    const power = 0x10000 - 1500;
    master.write(BATTERY, CONTROLS + 22, [1, 1, 0xffff, power, 0, 0, 0x8000, 0x8000, 1, 0, 60]);
    master.wait(5000);
    expect(last(master).discharge).toBeCloseTo(-1500, 0);
    master.wait(60_000);
    expect(last(master).discharge).toBeCloseTo(0, 0);
  });

  it('ignores, forgets, and obeys a second master', () => {
    const master = siteWith(3000, 0);
    master.site.batteries[0]!.fault({ ignores: true });
    window(master, 3, 0, 0);
    expect(last(master).discharge).toBeCloseTo(3000, 0);
    expect(master.read(BATTERY, STORAGE + 5, 1)).toEqual([3]);
    master.site.batteries[0]!.fault({ ignores: false });
    master.wait(5000);
    expect(last(master).discharge).toBeCloseTo(0, 0);
    master.site.batteries[0]!.release(master.now);
    master.wait(5000);
    expect(last(master).discharge).toBeCloseTo(3000, 0);
    master.site.batteries[0]!.restart(master.now, 10);
    master.wait(5000);
    expect(last(master).discharge).toBeCloseTo(0, 0);
    expect(master.read(BATTERY, STORAGE, 1)).toBeNull();
  });
});

describe('switched loads of the rig', () => {
  const master = (): Master => masterOn(withLoads(siteOf({ plant: { sun: () => 0 } }), [RELAY_DEFAULTS, REGISTER_LOAD_DEFAULTS]));

  it('draw their power until they are switched', () => {
    const site = master();
    site.wait(1000);
    expect(last(site).netExport).toBe(-9000);
    expect([...(site.ask(31, [5, 0, 0, 0, 0]) as Uint8Array)]).toEqual([5, 0, 0, 0, 0]);
    expect([...(site.ask(31, [1, 0, 0, 0, 1]) as Uint8Array)]).toEqual([1, 1, 0]);
    site.wait(1000);
    expect(last(site).netExport).toBe(-6000);
    site.write(32, 1000, [25]);
    site.wait(1000);
    expect(last(site).netExport).toBe(-2500);
    site.ask(31, [15, 0, 0, 0, 1, 1, 1]);
    site.wait(1000);
    expect(last(site).netExport).toBe(-5500);
  });
});
