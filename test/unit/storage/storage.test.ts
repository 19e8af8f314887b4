import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { CHARGE_W, DISCHARGE_W, limitsOf, NO_LIMITS, relay, StorageSite } from './site.ts';

describe('an import limit', () => {
  it('cuts charging at once and lets it return slowly', () => {
    const site = new StorageSite({
      residual: (t) => (t < 20 ? 1000 : t < 40 ? 4000 : 1000),
      automatic: () => 0 - CHARGE_W,
      limits: () => limitsOf({ importLimit: 5000 }),
    }).run(18);
    expect(site.power).toBeLessThan(-3800);
    site.run(22);
    expect(site.most('import', 23, 40)).toBeLessThanOrEqual(5000);
    expect(site.power).toBeLessThan(-900);
    site.run(4);
    expect(site.power).toBeGreaterThan(-1200);
    site.run(26);
    expect(site.power).toBeLessThan(-3800);
    expect(site.bands.length).toBeLessThan(15);
  });

  it('makes it discharge when no charging is left to cut', () => {
    const site = new StorageSite({ residual: (t) => (t < 20 ? 1000 : 7000), limits: () => limitsOf({ importLimit: 4000 }) }).run(
      60,
    );
    expect(site.most('import', 23)).toBeLessThanOrEqual(4000);
    expect(site.power).toBeGreaterThan(2900);
  });

  it('sheds loads when storage stands at its reserve, the last first, and gives them back after their rest', () => {
    const site = new StorageSite({
      residual: (t) => (t < 20 ? 500 : t < 40 ? 2500 : t < 60 ? 4000 : 500),
      limits: () => limitsOf({ importLimit: 5000 }),
      loads: [relay('pump', 2000), relay('boiler', 2000)],
      charge: () => 15,
    }).run(60);
    expect(site.most('import', 24, 39)).toBeLessThanOrEqual(5000);
    expect(site.most('import', 43)).toBeLessThanOrEqual(5000);
    expect(site.switched.filter(({ t }) => t > 10)).toEqual([
      expect.objectContaining({ device: 'boiler', most: 0 }),
      expect.objectContaining({ device: 'pump', most: 0 }),
    ]);
    site.run(90);
    expect(site.switched.filter(({ t }) => t > 60).map(({ device, most }) => [device, most])).toEqual([
      ['boiler', 2000],
      ['pump', 2000],
    ]);
    const times = site.switched.filter(({ t }) => t > 60).map(({ t }) => t);
    expect(times[0]).toBeGreaterThanOrEqual(80);
    expect(times[1]).toBeGreaterThanOrEqual(100);
  });

  it('waits longer each time that a load given back has to be shed again', () => {
    const site = new StorageSite({
      residual: (t) => (t % 80 < 10 && t > 20 ? 4500 : 500),
      limits: () => limitsOf({ importLimit: 5000 }),
      loads: [relay('boiler', 2000)],
      charge: () => 15,
    }).run(900);
    expect(site.switched.length).toBeLessThan(14);
  });

  it('sheds for what a window cannot force the battery to give', () => {
    const site = new StorageSite({
      residual: (t) => (t < 20 ? 0 : 4000),
      limits: () => limitsOf({ importLimit: 3500 }),
      loads: [relay('boiler', 3000)],
      facts: { rating: { maxCharge: watts(2000), maxDischarge: watts(DISCHARGE_W) } },
    }).run(60);
    expect(site.most('import', 25)).toBeLessThanOrEqual(3500);
  });

  it('sheds for a battery that acknowledges and does not discharge', () => {
    const site = new StorageSite({
      residual: (t) => (t < 20 ? 1000 : 5000),
      limits: () => limitsOf({ importLimit: 6000 }),
      loads: [relay('boiler', 3000)],
      ignores: true,
    }).run(40);
    expect(site.most('import', 32)).toBeLessThanOrEqual(6000);
  });
});

describe('an export limit', () => {
  it('keeps storage from discharging into it', () => {
    const site = new StorageSite({
      residual: (t) => (t < 30 ? 4000 : 500),
      automatic: () => DISCHARGE_W,
      limits: () => limitsOf({ exportLimit: 1500 }),
    }).run(60);
    expect(site.most('export', 33)).toBeLessThanOrEqual(1500);
    expect(site.power).toBeGreaterThan(1900);
  });

  it('counts its rating as possible discharge until a band is proven', () => {
    const site = new StorageSite({ residual: () => 0, limits: () => limitsOf({ exportLimit: 1000 }), deadMs: 3000 }).run(2);
    expect(site.possibleDischarge).toBe(DISCHARGE_W);
    site.run(8);
    expect(site.possibleDischarge).toBeLessThanOrEqual(1000);
  });
});

describe('blind', () => {
  it('neither charges nor discharges while export and import are limited, and loads are off', () => {
    const site = new StorageSite({
      residual: () => 1000,
      automatic: (t) => (t % 20 < 10 ? 3000 : -3000),
      limits: () => limitsOf({ exportLimit: 4000, importLimit: 9000 }),
      seen: (t) => t < 30,
      loads: [relay('boiler', 2000)],
    }).run(33);
    site.run(30);
    expect(site.band).toEqual({ least: 0, most: 0 });
    expect(Math.abs(site.power)).toBeLessThan(5);
    expect(site.looks.at(-1)?.consumption).toBe(0);
  });

  it('leaves storage alone where nothing limits the connection point', () => {
    const site = new StorageSite({ residual: () => 1000, automatic: () => 3000, limits: () => NO_LIMITS, seen: () => false }).run(
      10,
    );
    expect(site.power).toBeGreaterThan(2990);
  });
});

describe('limits of the devices themselves', () => {
  it('keeps discharge inside the generation limit and charging with the loads inside the load limit', () => {
    const limits = limitsOf({ generationLimit: 2000, loadLimit: 3500 });
    const site = new StorageSite({
      residual: () => 3000,
      automatic: (t) => (t < 30 ? DISCHARGE_W : 0 - CHARGE_W),
      limits: () => limits,
      loads: [relay('boiler', 2000)],
    }).run(28);
    expect(site.power).toBeLessThanOrEqual(2000);
    expect(site.power).toBeGreaterThan(1900);
    site.run(30);
    expect(0 - site.power).toBeLessThanOrEqual(1500);
    expect(0 - site.power).toBeGreaterThan(1400);
  });
});

describe('a target', () => {
  it('is held, and yields to every limit', () => {
    const site = new StorageSite({
      residual: () => 500,
      limits: (t) => limitsOf({ exportLimit: t < 30 ? 10_000 : 2500 }),
      target: (t) => (t < 10 ? null : DISCHARGE_W),
    }).run(28);
    expect(site.power).toBeGreaterThan(4990);
    site.run(30);
    expect(site.most('export', 33)).toBeLessThanOrEqual(2500);
    expect(site.power).toBeGreaterThan(2900);
  });

  it('charges from the grid only where the owner allows it, and does not discharge below the reserve', () => {
    const charging = { residual: () => -1200, limits: () => NO_LIMITS, target: () => 0 - CHARGE_W };
    expect(new StorageSite({ ...charging }).run(30).power).toBeLessThan(-4900);
    expect(new StorageSite({ ...charging, facts: { gridCharge: false } }).run(30).power).toBeCloseTo(-1200, -1);
    const empty = { residual: () => 500, limits: () => NO_LIMITS, target: () => DISCHARGE_W, charge: () => 20 };
    expect(Math.abs(new StorageSite(empty).run(30).power)).toBeLessThan(5);
    const emptying = new StorageSite({ ...empty, charge: (t) => (t < 20 ? 21 : t < 40 ? 20 : 22) }).run(18);
    expect(emptying.power).toBeGreaterThan(4900);
    expect(Math.abs(emptying.run(20).power)).toBeLessThan(5);
    // A little above the reserve is not enough to begin again.
    expect(Math.abs(emptying.run(20).power)).toBeLessThan(5);
  });

  it('ends with its cause', () => {
    const site = new StorageSite({
      residual: () => 500,
      automatic: () => -1000,
      limits: () => NO_LIMITS,
      target: (t) => (t < 20 ? 3000 : null),
    }).run(40);
    expect(site.power).toBeLessThan(-990);
  });
});
