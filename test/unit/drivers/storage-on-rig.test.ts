import { describe, expect, it } from 'vitest';
import type { BatterySettings } from '../../rig/site/battery.ts';
import { BASE } from '../../rig/site/image.ts';
import { storageBench } from './storage-bench.ts';

const FAMILIES = [
  ['sunspec-124', 'window'],
  ['fronius-storage', 'inputs'],
  ['sunspec-704-storage', 'setpoint'],
] as const satisfies readonly (readonly [string, BatterySettings['family']])[];

describe.each(FAMILIES)('profile %s on the rig', (name, family) => {
  it('finds, measures and commands storage both ways, and gives it back', () => {
    const { clock, session, samples, records, band, power, site } = storageBench(name, { family });
    session.start();
    clock.runFor(5000);
    expect(records.at(-1)).toMatchObject({
      role: 'storage',
      serialNumber: 'RIG-BAT-0001',
      storage: { maxCharge: 5000, maxDischarge: 4000, capacity: 10_000 },
    });
    expect(session.heldBand()).toBeNull();
    clock.runFor(10_000);
    expect(samples.at(-1)).toMatchObject({ kind: 'storage', mode: 'discharging' });
    expect(samples.at(-1)!.discharge).toBeCloseTo(3000, -1);
    expect(samples.at(-1)!.stateOfCharge).toBeGreaterThan(59);
    expect(samples.at(-1)!.stored).toBeGreaterThan(5900);
    for (const watt of [1500, 0, -2500]) {
      band(watt, watt);
      clock.runFor(10_000);
      expect(power()).toBeCloseTo(watt, 0);
      expect(session.heldBand()).toEqual({ least: watt, most: watt });
      expect(samples.at(-1)!.discharge).toBeCloseTo(watt, -1);
    }
    expect(samples.at(-1)).toMatchObject({ mode: 'charging' });
    band(-5000, 4000);
    site.residual = 2000;
    clock.runFor(10_000);
    expect(power()).toBeCloseTo(2000, 0);
    expect(session.heldBand()).toEqual({ least: -5000, most: 4000 });
  });

  it('writes nothing where the device already does what is wanted, and nothing twice', () => {
    const { clock, session, band, written, battery } = storageBench(name, { family });
    band(-5000, 4000);
    session.start();
    clock.runFor(60_000);
    expect(session.heldBand()).toEqual({ least: -5000, most: 4000 });
    expect(written).toEqual([]);
    band(-5000, 0);
    clock.runFor(10_000);
    const { writes } = battery;
    band(-5000, 0);
    clock.runFor(9000);
    expect(battery.writes).toBe(writes);
  });

  it('proves nothing of storage that was restarted until it holds again', () => {
    const { clock, session, band, power, battery, start, standings } = storageBench(name, { family });
    band(-5000, 0);
    session.start();
    clock.runFor(10_000);
    expect(power()).toBeCloseTo(0, 0);
    battery.restart(clock.now() - start, 8);
    expect(clock.runUntil(() => standings.at(-1) === 'silent', 8000)).toBe(true);
    clock.runFor(30_000);
    expect(standings.at(-1)).toBe('answering');
    expect(power()).toBeCloseTo(0, 0);
    expect(session.heldBand()?.most).toBe(0);
  });

  it('notices a second master at the next look and writes again', () => {
    const { clock, session, band, power, battery, start, notes } = storageBench(name, { family });
    band(-5000, 0);
    session.start();
    clock.runFor(15_000);
    battery.release(clock.now() - start);
    clock.runFor(2000);
    expect(power()).toBeGreaterThan(1000);
    clock.runFor(15_000);
    expect(power()).toBeCloseTo(0, 0);
    // 704 is written again before its timer is a third gone, before anyone looks.
    const noticed = name === 'sunspec-704-storage' ? 'band-not-followed' : 'order-not-held';
    expect(notes.map(({ event }) => event)).toContain(noticed);
  });

  it('says once that storage acknowledges and does as it likes', () => {
    const { clock, session, band, battery, notes } = storageBench(name, { family });
    session.start();
    battery.fault({ ignores: true });
    band(-5000, 0);
    clock.runFor(60_000);
    expect(session.heldBand()?.most).toBe(0);
    expect(notes.filter(({ event }) => event === 'band-not-followed')).toHaveLength(1);
  });

  it('does what the profile says when the gateway falls silent', () => {
    const isFronius = name === 'fronius-storage';
    const own = isFronius ? { lapses: 3600 } : {};
    const { clock, session, band, power } = storageBench(name, { family, capacityWh: 1e6, ...own });
    band(1000, 1000);
    session.start();
    clock.runFor(isFronius ? 1_300_000 : 100_000);
    expect(power()).toBeCloseTo(1000, 0);
    expect(session.heldBand()).toEqual({ least: 1000, most: 1000 });
    session.stop();
    clock.runFor(isFronius ? 3_700_000 : 100_000);
    const after = { 'sunspec-124': 1000, 'fronius-storage': 3000, 'sunspec-704-storage': 0 }[name];
    expect(power()).toBeCloseTo(after, 0);
    const held = {
      'sunspec-124': { least: 1000, most: 1000 },
      'fronius-storage': null,
      'sunspec-704-storage': { least: 0, most: 0 },
    };
    expect(session.heldBand()).toEqual(held[name]);
  });
});

describe('the window of 124', () => {
  const STORAGE = BASE + 2 + 68 + 52 + 28 + 32;

  it('is written rates and timers first, the mode last', () => {
    const { clock, session, band, written } = storageBench('sunspec-124');
    band(-1000, 2000);
    session.start();
    clock.runFor(10_000);
    expect(written).toEqual([
      [21, STORAGE + 12, [5000, 2000, 0, 0]],
      [21, STORAGE + 5, [3]],
    ]);
  });

  it('forces a direction by a bound beyond zero', () => {
    const { clock, session, band, written } = storageBench('sunspec-124');
    band(-5000, -2500);
    session.start();
    clock.runFor(5000);
    expect(written.at(0)?.[2]).toEqual([0x10000 - 6250, 10_000, 0, 0]);
    expect(written.at(1)?.[2]).toEqual([2]);
    band(2500, 4000);
    clock.runFor(5000);
    expect(written.at(2)?.[2]).toEqual([10_000, 0x10000 - 5000, 0, 0]);
    expect(written.at(3)?.[2]).toEqual([1]);
  });

  it('rounds both bounds into the band', () => {
    const { clock, session, band, power, site } = storageBench('sunspec-124', { maxChargeW: 7000, maxDischargeW: 3000 });
    band(-1000.3, 999.8);
    session.start();
    clock.runFor(10_000);
    const held = session.heldBand()!;
    expect(held.least).toBeGreaterThanOrEqual(-1000.3);
    expect(held.least).toBeLessThan(-999);
    expect(held.most).toBeLessThanOrEqual(999.8);
    expect(held.most).toBeGreaterThan(999);
    expect(power()).toBeLessThanOrEqual(999.8);
    site.residual = -3000;
    clock.runFor(5000);
    expect(power()).toBeGreaterThanOrEqual(-1000.3);
  });

  it('says that the device keeps to the sun where its owner would let it charge from the grid', () => {
    const { clock, session, band, notes } = storageBench('sunspec-124', { gridCharge: false }, true);
    band(-5000, -1000);
    session.start();
    clock.runFor(60_000);
    expect(notes.filter(({ event }) => event === 'grid-charge-off')).toHaveLength(1);
  });

  it('backs off from a device that refuses, and proves nothing', () => {
    const { clock, session, band, battery, written } = storageBench('sunspec-124');
    battery.fault({ refusesWrites: 2 });
    band(-1000, 0);
    session.start();
    clock.runFor(60_000);
    expect(session.heldBand()).toBeNull();
    expect(written.length).toBeLessThan(10);
    battery.fault({ refusesWrites: 0 });
    clock.runFor(40_000);
    expect(session.heldBand()).toEqual({ least: -1000, most: 0 });
  });
});
