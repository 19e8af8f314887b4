import { describe, expect, test } from 'vitest';
import { lines, steps } from '../../rig/site/profile.ts';
import { INVERTER, masterOf, METER, signed, type Master } from './master.ts';

const limit = (master: Master, percent: number, revert = 0, ramp = 0, window = 0): Uint8Array | 'bad' | null => {
  return master.write(1, INVERTER.limit, [percent, window, revert, ramp, 1]);
};
const generation = (master: Master): number => master.site.plant.generationAt(master.now);
const state = (master: Master): number | undefined => master.read(1, INVERTER.body103 + 38, 1)?.[0];

describe('inverter: map', () => {
  test('marker, chain of models with their lengths, end', () => {
    const master = masterOf({});
    const chain: (readonly number[])[] = [];
    let address = 40_002;
    for (;;) {
      const header = master.read(1, address, 2);
      if (header === null) break;
      chain.push(header);
      if (header[0] === 0xffff) break;
      address += 2 + (header[1] ?? 0);
    }
    expect(master.read(1, 40_000, 2)).toEqual([0x5375, 0x6e53]);
    expect(chain).toEqual([
      [1, 66],
      [103, 50],
      [120, 26],
      [121, 30],
      [122, 44],
      [123, 24],
      [0xffff, 0],
    ]);
  });

  test('wrong requests earn their exceptions', () => {
    const master = masterOf({});
    expect(master.ask(1, [3, 0, 0, 0, 1])).toEqual(Uint8Array.of(0x83, 2));
    expect(master.ask(1, [3, 0x9c, 0x40, 0, 126])).toEqual(Uint8Array.of(0x83, 3));
    expect(master.ask(1, [4, 0x9c, 0x40, 0, 1])).toEqual(Uint8Array.of(0x84, 1));
    expect(master.write(1, INVERTER.body103 + 14, [1])).toEqual(Uint8Array.of(0x90, 2));
    expect(master.site.inverter.writes).toBe(0);
  });

  test('function 6 writes one register and echoes', () => {
    const master = masterOf({});
    const { limit: address } = INVERTER;
    expect(master.ask(1, [6, address >> 8, address & 0xff, 0x13, 0x88])).toEqual(
      Uint8Array.of(6, address >> 8, address & 0xff, 0x13, 0x88),
    );
    expect(master.read(1, address, 1)).toEqual([5000]);
  });

  test('measured registers show the plant, of their age', () => {
    const load = steps([[0, 500]]);
    const fresh = masterOf({ plant: { load }, inverter: { readingAgeMs: 0 } });
    const old = masterOf({ plant: { load }, inverter: { readingAgeMs: 1000 } });
    for (const master of [fresh, old]) {
      limit(master, 2000);
      master.wait(700);
    }
    const [now, past] = [fresh, old].map((master) => signed(master.read(1, INVERTER.body103 + 14, 1)?.[0]));
    expect(Math.abs((now ?? 0) - generation(fresh))).toBeLessThan(1500);
    expect((past ?? 0) - (now ?? 0)).toBeGreaterThan(2000);
  });
});

describe('inverter: the limit (model 123)', () => {
  test('acts, and is gone when the reversion timer runs out', () => {
    const master = masterOf({});
    expect(limit(master, 1500, 10)).toEqual(Uint8Array.of(16, INVERTER.limit >> 8, INVERTER.limit & 0xff, 0, 5));
    master.wait(8000);
    expect(generation(master)).toBeCloseTo(1500, -1);
    master.wait(9000);
    expect(generation(master)).toBeGreaterThan(9900);
    expect(master.read(1, INVERTER.limit, 5)).toEqual([1500, 0, 10, 0, 0]);
  });

  test('a repeated write restarts the timer', () => {
    const master = masterOf({});
    for (let i = 0; i < 5; i += 1) {
      limit(master, 1500, 10);
      master.wait(6000);
    }
    expect(generation(master)).toBeCloseTo(1500, -1);
  });

  test('RmpTms spreads the change, WinTms delays it within its window', () => {
    const ramped = masterOf({ plant: { lagSeconds: 0 } });
    limit(ramped, 0, 0, 10);
    ramped.wait(5000);
    expect(generation(ramped)).toBeGreaterThan(4500);
    expect(generation(ramped)).toBeLessThan(5500);
    const delayed = masterOf({ plant: { lagSeconds: 0 } });
    limit(delayed, 0, 0, 0, 20);
    expect(generation(delayed)).toBe(10_000);
    delayed.wait(21_000);
    expect(generation(delayed)).toBe(0);
  });

  test('whole per cents only, where the scale factor says so', () => {
    const master = masterOf({ inverter: { limitScale: 0 } });
    limit(master, 15);
    master.wait(10_000);
    expect(generation(master)).toBeCloseTo(1500, 0);
  });

  test('ignores: acknowledges and reads back, does not obey', () => {
    const master = masterOf({});
    master.site.inverter.fault(0, { ignoresLimit: true });
    expect(limit(master, 1500)).not.toBeNull();
    master.wait(5000);
    expect(master.read(1, INVERTER.limit, 5)).toEqual([1500, 0, 0, 0, 1]);
    expect(generation(master)).toBe(10_000);
    master.site.inverter.fault(master.now, { ignoresLimit: false });
    master.wait(8000);
    expect(generation(master)).toBeCloseTo(1500, -1);
  });

  test('a restart forgets it', () => {
    const master = masterOf({});
    limit(master, 1500);
    master.wait(5000);
    master.site.inverter.restart(master.now, 5);
    expect(master.read(1, INVERTER.limit, 1)).toBeNull();
    expect(generation(master)).toBe(0);
    master.wait(15_000);
    expect(master.read(1, INVERTER.limit, 5)).toEqual([10_000, 0, 0, 0, 0]);
    expect(generation(master)).toBeGreaterThan(9900);
  });

  test('disconnect opens the contactor at once and reverts by its own timer', () => {
    const master = masterOf({});
    master.write(1, INVERTER.limit - 2, [10, 0]);
    expect(generation(master)).toBe(0);
    master.wait(12_000);
    expect(generation(master)).toBeGreaterThan(5000);
  });
});

describe('inverter: night and faults', () => {
  const night = {
    plant: {
      sun: lines([
        [0, 0],
        [60, 0],
        [61, 5000],
        [120, 5000],
        [121, 0],
      ]),
    },
    startAsleep: true,
  } as const;

  test('asleep it is silent, wakes uncapped, dozes before the next night', () => {
    const master = masterOf(night);
    expect(state(master)).toBeUndefined();
    master.wait(61_000 - master.now);
    expect(state(master)).toBe(3);
    limit(master, 1500);
    master.wait(9000);
    expect(state(master)).toBe(5);
    expect(generation(master)).toBeCloseTo(1500, -1);
    master.wait(123_000 - master.now);
    expect(state(master)).toBe(2);
    master.wait(30_000);
    expect(state(master)).toBeUndefined();
  });

  test('keeps its limit over the night only where it is told to', () => {
    const sun = lines([
      [0, 5000],
      [10, 5000],
      [11, 0],
      [60, 0],
      [61, 5000],
    ]);
    const reached = (['uncapped', 'keeps'] as const).map((wakes) => {
      const master = masterOf({ plant: { sun }, inverter: { wakes } });
      limit(master, 1500);
      master.wait(80_000);
      return Math.round(generation(master));
    });
    expect(reached).toEqual([5000, 1500]);
  });

  test('line faults: silent, wrong unit, corrupt, exception, late', () => {
    const master = masterOf({});
    const at = (change: Parameters<Master['site']['inverter']['fault']>[1]): Uint8Array | 'bad' | null => {
      master.site.inverter.fault(master.now, change);
      return master.ask(1, [3, 0x9c, 0x40, 0, 2]);
    };
    expect(at({ silent: true })).toBeNull();
    expect(at({ silent: false, wrongUnit: true })).toBe('bad');
    expect(at({ wrongUnit: false, corruptCrc: true })).toBe('bad');
    expect(at({ corruptCrc: false, exception: 4 })).toEqual(Uint8Array.of(0x83, 4));
    const before = master.now;
    expect(at({ exception: 0, lateMs: 400 })).toHaveLength(6);
    expect(master.now - before).toBeGreaterThan(420);
  });
});

describe('meter', () => {
  const watts = (master: Master): number => signed(master.read(2, METER.body203 + 18, 1)?.[0]);

  test('shows the flow at the connection point, import positive, once a second', () => {
    const master = masterOf({
      plant: {
        load: steps([
          [0, 12_000],
          [5, 500],
        ]),
      },
      meter: { refreshPhaseMs: 300 },
    });
    expect(watts(master)).toBe(2000);
    master.wait(5100 - master.now);
    expect(watts(master)).toBe(2000);
    master.wait(5310 - master.now);
    expect(watts(master)).toBe(-9500);
  });

  test('faults: silent, frozen, flipped, offset', () => {
    const master = masterOf({
      plant: {
        load: steps([
          [0, 12_000],
          [10, 500],
        ]),
      },
    });
    const { meter } = master.site;
    meter.fault(master.now, { signFlipped: true, offsetW: 30 });
    master.wait(2000);
    expect(watts(master)).toBe(-1970);
    meter.fault(master.now, { signFlipped: false, offsetW: 0 });
    master.wait(2000);
    meter.fault(master.now, { frozen: true });
    const block = master.read(2, METER.body203 + 2, 100);
    master.wait(20_000);
    expect(master.read(2, METER.body203 + 2, 100)).toEqual(block);
    meter.fault(master.now, { silent: true });
    expect(watts(master)).toBeNaN();
  });
});
