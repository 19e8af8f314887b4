import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { CHARGE_W, DISCHARGE_W, relay } from './site.ts';
import { TickSite } from './tick-site.ts';

const selfConsumption = (net: number): number => net;
const idle = (): number => 0;

describe('sun and storage under an export limit', () => {
  it('stores the sun before it is curtailed', () => {
    const site = new TickSite({ load: () => 1000, sun: () => 7000, automatic: idle }).run(200);
    expect(site.most('export', 8)).toBeLessThanOrEqual(1600);
    // 7 kW of sun: 1 kW of load, 1.5 kW of export, the rest is stored.
    expect(site.mean('storage', 180, 200)).toBeLessThan(-4200);
    expect(site.mean('generation', 180, 200)).toBeGreaterThan(6700);
    expect(site.most('import', 20)).toBeLessThan(900);
  });

  it('leaves it curtailed where the owner does not want that', () => {
    const site = new TickSite({
      load: () => 1000,
      sun: () => 7000,
      automatic: idle,
      site: { storageBeforeCurtailment: false },
    }).run(60);
    expect(site.mean('storage', 40, 60)).toBeCloseTo(0, 0);
    expect(site.mean('generation', 40, 60)).toBeLessThan(2550);
  });

  it('counts a battery that was told to charge only as far as it does', () => {
    const site = new TickSite({ load: () => 1000, sun: () => 7000, automatic: idle, ignores: () => true }).run(120);
    expect(site.most('export', 8)).toBeLessThanOrEqual(1600);
    expect(site.mean('generation', 100, 120)).toBeLessThan(2600);
  });

  it('gives way to sun at a site that may not export, and lets storage serve the load when the sun is gone', () => {
    const site = new TickSite({
      load: () => 4000,
      sun: (t) => (t < 20 ? 1500 : t < 260 ? 8000 : 500),
      automatic: selfConsumption,
      site: { commissioned: { exportW: watts(0), generationW: null } },
    }).run(260);
    expect(site.mean('generation', 240, 260)).toBeGreaterThan(7000);
    expect(site.mean('storage', 240, 260)).toBeLessThan(-3000);
    site.run(60);
    expect(site.mean('storage', 300, 320)).toBeGreaterThan(3000);
    expect(site.most('export', 45)).toBeLessThan(400);
  });

  it('does not take a meter for broken because a battery makes up for each cut', () => {
    const site = new TickSite({
      load: () => 4000,
      sun: () => 8900,
      automatic: selfConsumption,
      site: { commissioned: { exportW: null, generationW: null } },
      event: { opModGenLimW: watts(3000) },
      until: 60,
    }).run(100);
    expect(site.mean('generation', 40, 58)).toBeLessThan(3000);
    expect(site.mean('generation', 80, 100)).toBeGreaterThan(8800);
    expect(site.records.filter((one) => one.kind === 'alarm')).toEqual([]);
    expect(site.state.limiter.sight.seen).toBe(true);
  });

  it('stops a battery that feeds the grid, and cuts the inverters meanwhile', () => {
    const site = new TickSite({ load: () => 1000, sun: () => 7000, automatic: (_, t) => (t < 40 ? 0 : DISCHARGE_W) }).run(90);
    expect(site.most('export', 44)).toBeLessThanOrEqual(1600);
  });
});

describe('the meter is lost', () => {
  it('keeps the sum of what may be generated and discharged inside the limit, whatever the load', () => {
    const site = new TickSite({
      load: () => 3000,
      sun: () => 9000,
      automatic: (_, t) => (t > 62 ? DISCHARGE_W : 0),
      meter: (t) => t < 60,
    }).run(90);
    const late = site.looks.filter(({ t }) => t > 68);
    expect(Math.max(...late.map(({ generation, storage }) => generation + storage))).toBeLessThanOrEqual(1500);
  });
});

describe('a meter that is never seen', () => {
  it('leaves the inverters nothing while storage may discharge more than the limit', () => {
    const site = new TickSite({ load: () => 3000, sun: () => 9000, automatic: idle, meter: () => false, proves: false }).run(20);
    expect(site.mean('generation', 10, 20)).toBeLessThan(10);
  });
});

describe('a generation limit', () => {
  it('binds inverters and discharge together', () => {
    const site = new TickSite({
      load: () => 6000,
      sun: (t) => (t < 60 ? 1000 : 8000),
      automatic: () => DISCHARGE_W,
      site: { commissioned: { exportW: null, generationW: watts(4000) } },
    }).run(140);
    const sums = site.looks.filter(({ t }) => t > 5).map(({ generation, storage }) => generation + storage);
    expect(Math.max(...sums)).toBeLessThanOrEqual(4000);
    expect(site.mean('storage', 40, 60)).toBeGreaterThan(1500);
    expect(site.mean('generation', 120, 140)).toBeGreaterThan(3600);
  });
});

describe('an event', () => {
  const statuses = (site: TickSite): readonly string[] =>
    site.records.flatMap((one) => (one.kind === 'transition' ? [one.status] : []));

  it('of an import limit is started once storage provably holds it, and loads go when storage is at its reserve', () => {
    const site = new TickSite({
      load: () => 3000,
      sun: () => 0,
      automatic: () => 0 - CHARGE_W,
      loads: [relay('boiler', 2500)],
      charge: 15,
      event: { opModImpLimW: watts(4000) },
    }).run(60);
    expect(site.most('import', 5, 29)).toBeGreaterThan(10_000);
    expect(site.most('import', 34)).toBeLessThanOrEqual(4000);
    expect(statuses(site)).toEqual(['received', 'started']);
    expect(site.records.filter(({ kind }) => kind === 'limit').at(-1)).toEqual({
      kind: 'limit',
      exportLimit: 1500,
      source: 'commissioned limit',
      others: [{ limit: 'importLimit', value: 4000, source: 'event E1' }],
    });
  });

  it.each([{ opModImpLimW: watts(4000) }, { opModStorageTargetW: watts(2000) }])(
    'of %o is not started before a band was read back',
    (event) => {
      const site = new TickSite({ load: () => 5000, sun: () => 0, automatic: idle, proves: false, event }).run(50);
      expect(statuses(site)).toEqual(['received']);
    },
  );

  it.each([0, 0.3, 0.6, 0.95])('of an import limit is kept within 3 s of a load that came %f s after a refresh', (phase) => {
    const site = new TickSite({
      load: (t) => (t < 40.25 + phase ? 1000 : 6500),
      sun: () => 0,
      automatic: idle,
      lagMs: 900,
      site: { commissioned: { exportW: null, generationW: null } },
      event: { opModImpLimW: watts(3500) },
    }).run(60);
    expect(site.most('import', 43.25 + phase)).toBeLessThanOrEqual(3600);
    expect(site.mean('storage', 50, 60)).toBeLessThan(3100);
  });

  it('of a storage target is held inside the export limit, started, and let go at its end', () => {
    const site = new TickSite({
      load: () => 500,
      sun: () => 0,
      automatic: idle,
      event: { opModStorageTargetW: watts(DISCHARGE_W) },
      until: 60,
    }).run(58);
    expect(site.most('export', 34)).toBeLessThanOrEqual(1500);
    expect(site.mean('storage', 45, 58)).toBeGreaterThan(1900);
    expect(statuses(site)).toEqual(['received', 'started']);
    site.run(20);
    expect(site.mean('storage', 70, 78)).toBeCloseTo(0, 0);
    expect(statuses(site)).toEqual(['received', 'started', 'completed']);
  });

  it('of an export limit is started once the flow is inside it, though the battery takes less than it acknowledged', () => {
    const site = new TickSite({
      load: () => 500,
      sun: () => 6000,
      automatic: () => -1500,
      ignores: () => true,
      site: { storageBeforeCurtailment: true },
      event: { opModExpLimW: watts(1000) },
    }).run(90);
    expect(site.state.alarms.map(({ alarm }) => alarm)).toContain('storage-disobeys');
    expect(site.most('export', 60)).toBeLessThanOrEqual(1000);
    expect(statuses(site)).toEqual(['received', 'started']);
  });

  it('of a target that no battery follows is not started', () => {
    const site = new TickSite({
      load: () => 500,
      sun: () => 0,
      automatic: idle,
      ignores: () => true,
      event: { opModStorageTargetW: watts(-2000) },
    }).run(70);
    expect(site.state.storage?.obeys.size).toBe(1);
    expect(site.state.alarms.map(({ alarm }) => alarm)).toContain('storage-disobeys');
  });

  it('of a target power of all is what storage makes it, whatever the sun does', () => {
    const site = new TickSite({
      load: () => 500,
      sun: (t) => (t < 60 ? 2000 : 4500),
      automatic: idle,
      site: { commissioned: { exportW: null, generationW: null } },
      event: { opModTargetW: watts(3000) },
    }).run(100);
    expect(site.mean('generation', 50, 60) + site.mean('storage', 50, 60)).toBeCloseTo(3000, -2);
    expect(site.mean('generation', 80, 100) + site.mean('storage', 80, 100)).toBeCloseTo(3000, -2);
  });
});
