import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import { CHARGE_W, DISCHARGE_W, limitsOf, StorageSite } from './site.ts';

const LIMIT_W = 1500;
/** It is moved for no less than 2 % of its range. */
const STEP_W = 0.02 * (CHARGE_W + DISCHARGE_W);
const facts = { takes: 'power' } as const;
const limits = () => limitsOf({ exportLimit: LIMIT_W });

/** A device that takes a power has no automatic of its own inside the band: it gives what it is told, and by itself nothing. */
describe('storage that takes a power, under an export limit', () => {
  it('serves the load that no sun does, and stores what the sun leaves', () => {
    const site = new StorageSite({ residual: (t) => (t < 60 ? 2500 : 0 - 3000), limits, facts }).run(55);
    expect(Math.abs(site.power - 2500)).toBeLessThan(STEP_W);
    site.run(65);
    expect(Math.abs(site.power + 3000)).toBeLessThan(STEP_W);
  });

  it('rests at its reserve, and where nobody knows how full it is', () => {
    const site = new StorageSite({ residual: () => 3500, limits, facts, charge: () => 15 }).run(60);
    expect(site.looks.every(({ power }) => power === 0)).toBe(true);
  });

  it('rests where the meter is lost', () => {
    const site = new StorageSite({ residual: () => 2500, limits, facts, seen: (t) => t < 40 }).run(70);
    expect(site.most('import', 20, 39)).toBeLessThan(100);
    expect(Math.abs(site.power)).toBeLessThan(50);
  });

  it('gives way at once to a load that ends', () => {
    const site = new StorageSite({ residual: (t) => (t < 60 ? 3300 : 300), limits, facts }).run(58);
    expect(site.power).toBeGreaterThan(3300 - STEP_W);
    site.run(30);
    expect(site.most('export', 63)).toBeLessThanOrEqual(LIMIT_W);
  });

  it('does not discharge for a spike of the load', () => {
    const site = new StorageSite({ residual: (t) => (t % 30 < 5 ? 4000 : 200), limits, facts }).run(180);
    expect(Math.max(...site.looks.map(({ power }) => power))).toBeLessThan(300);
  });

  it('is written seldom for the noise of a load', () => {
    const random = new SeededRandom(7, 'load');
    const loads = Array.from({ length: 700 }, () => 2500 + random.between(-150, 150));
    const site = new StorageSite({ residual: (t) => loads[Math.floor(t)] ?? 2500, limits, facts }).run(600);
    expect(site.power).toBeGreaterThan(2100);
    expect(site.bands.length).toBeLessThan(20);
  });

  it('is given back to its automatic where the limits leave its whole range', () => {
    const site = new StorageSite({
      residual: () => 2500,
      limits: (t) => limitsOf(t < 40 ? { exportLimit: LIMIT_W } : {}),
      facts,
    }).run(45);
    expect(site.band).toEqual({ least: 0 - CHARGE_W, most: DISCHARGE_W });
  });

  it('follows a target of the utility, not the site', () => {
    const site = new StorageSite({ residual: () => 2500, limits, facts, target: () => -1000 }).run(40);
    expect(site.power).toBeCloseTo(-1000, -2);
  });
});

it('storage that keeps to a window is left to its own automatic inside it', () => {
  const site = new StorageSite({ residual: () => 2500, automatic: () => 700, limits }).run(40);
  expect(site.power).toBeCloseTo(700, -1);
  expect(site.band?.least).toBe(0 - CHARGE_W);
});
