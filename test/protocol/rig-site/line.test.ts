import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lines } from '../../rig/site/profile.ts';
import { mbpollLoop, mbpollRead, mbpollWrite, median, pysunspecChain, pysunspecTimes, withSite } from './strangers.ts';

/** One start bit, eight data bits, one stop bit at 9600 baud, milliseconds. */
const CHARACTER_MS = 10_000 / 9600;
const TURNAROUND_MS = 30;
/** MODBUS over serial line: what reading `count` registers takes until the reply's last byte. */
const formula = (count: number): number => (8 + 5 + 2 * count + 3.5) * CHARACTER_MS + TURNAROUND_MS;
const still = { plant: { load: () => 1234 }, line: { turnaroundMs: [TURNAROUND_MS, TURNAROUND_MS] } } as const;
const REPEATS = 15;

describe('mbpoll on the rig', () => {
  test('reads the values of the plant', async () => {
    await withSite(still, async ({ real }) => {
      expect(await mbpollRead(real.path, 1, 40_000, 4)).toEqual([0x5375, 0x6e53, 1, 66]);
      expect((await mbpollRead(real.path, 1, 40_070 + 14, 1))[0]).toBe(10_000);
      expect((await mbpollRead(real.path, 2, 40_070 + 18, 1))[0]).toBe(0x10000 + 1234 - 10_000);
    });
  });

  test('writes a limit that the plant obeys', async () => {
    await withSite({ ...still, plant: { ...still.plant, lagSeconds: 0 } }, async ({ real }) => {
      await mbpollWrite(real.path, 1, 40_233, [2500, 0, 0, 0, 1]);
      expect(await mbpollRead(real.path, 1, 40_233, 5)).toEqual([2500, 0, 0, 0, 1]);
      expect(real.site.plant.generationAt(real.now())).toBeCloseTo(2500, 3);
    });
  });

  test('transactions take the time of the formula, within 10 per cent', async () => {
    await withSite(still, async ({ wire, real }) => {
      const replyBytes = 5 + 2 * 50;
      const spans: number[] = [];
      const measure = (): boolean => {
        spans.length = 0;
        let began = 0;
        let sent = 0;
        for (const { direction, at, bytes } of wire) {
          if (direction === 'in') [began, sent] = [at, 0];
          else sent += bytes;
          if (direction === 'out' && sent === replyBytes) spans.push(at - began);
        }
        return spans.length >= REPEATS;
      };
      await mbpollLoop(real.path, ['-a', '1', '-r', '40072', '-c', '50'], measure);
      expect(spans.length).toBeGreaterThanOrEqual(REPEATS);
      expect(Math.abs(median(spans) / formula(50) - 1)).toBeLessThan(0.1);
    });
  });
});

describe('pysunspec2 on the rig', () => {
  test('finds the models of the inverter with their names and values', async () => {
    await withSite(still, async ({ real }) => {
      const chain = await pysunspecChain(real.path, 1);
      expect(Object.keys(chain)).toEqual(['1', '103', '120', '121', '122', '123']);
      expect(chain['1']).toMatchObject({ Mn: 'Rig Works', SN: 'RIG-INV-0001', DA: 1 });
      expect(chain['103']).toMatchObject({ W: 10_000, St: 4, VA: 10_000, PF: 100, Evt1: 0 });
      expect(Math.abs(Number(chain['103']?.['Hz']) - 50)).toBeLessThan(0.1);
      expect(Math.abs(Number(chain['103']?.['PhVphA']) - 235)).toBeLessThan(5);
      expect(chain['120']).toMatchObject({ DERTyp: 4, WRtg: 10_000, VArRtgQ1: 4400, VArRtgQ4: -4400, PFRtgQ1: 0.9 });
      expect(chain['121']).toMatchObject({ WMax: 10_000, VRef: 230, ECPNomHz: 50, WGra: null });
      expect(chain['122']).toMatchObject({ PVConn: 7, ECPConn: 1, WAval: 10_000 });
      expect(chain['123']).toMatchObject({ Conn: 1, WMaxLimPct: 100, WMaxLim_Ena: 0, WMaxLimPct_SF: -2 });
    });
  });

  test('finds the models of the meter, import positive', async () => {
    await withSite(still, async ({ real }) => {
      const chain = await pysunspecChain(real.path, 2);
      expect(Object.keys(chain)).toEqual(['1', '203']);
      expect(chain['203']).toMatchObject({ W: 1234 - 10_000, Evt: 0 });
      expect(Number(chain['203']?.['TotWhExp'])).toBeGreaterThanOrEqual(2_000_000);
      expect(Math.abs(Number(chain['203']?.['WphA']) - (1234 * 0.45 - 10_000 / 3))).toBeLessThan(1);
    });
  });

  test('sees transactions take the time of the formula, within 10 per cent', async () => {
    await withSite(still, async ({ real }) => {
      const times = await pysunspecTimes(real.path, 2, 105, REPEATS);
      expect(Math.abs(median(times) / formula(105) - 1)).toBeLessThan(0.1);
    });
  });
});

describe('the pty of the rig', () => {
  test('asleep: silence; unplugged: the device is gone; plugged: the same path', async () => {
    await withSite({ plant: { sun: lines([[0, 0]]) }, startAsleep: true }, async ({ real }) => {
      await expect(mbpollRead(real.path, 1, 40_000, 2)).rejects.toThrow();
      expect(await mbpollRead(real.path, 2, 40_000, 2)).toEqual([0x5375, 0x6e53]);
      await real.unplug();
      expect(existsSync(real.path)).toBe(false);
      await real.plug();
      expect(await mbpollRead(real.path, 2, 40_000, 2)).toEqual([0x5375, 0x6e53]);
    });
  });
});
