import { describe, expect, it } from 'vitest';
import { decodeConfiguration } from '#app/config/configuration.ts';
import { lineBudget } from '#app/config/line-budget.ts';
import { configurationText } from '../../support/virtual-gateway.ts';

const problemsOf = (inverters: number, baudRate: number): readonly { readonly path: string; readonly found: string }[] => {
  const others = Array.from({ length: inverters - 1 }, (_, index) => ({ unitId: 11 + index, line: 0 }));
  const site = { commissionedExportW: null, fallbackExportW: 1000, unitIds: { inverter: 1, meter: 2 }, others, baudRate };
  const decoded = decodeConfiguration(new TextEncoder().encode(configurationText(site)));
  return decoded.ok ? [] : decoded.fault;
};

describe('the time a line needs for its devices', () => {
  it.each([
    [1, 1200],
    [8, 9600],
    [32, 9600],
    [32, 19_200],
  ])('%i inverters at %i baud are taken', (inverters, baudRate) => {
    expect(problemsOf(inverters, baudRate)).toEqual([]);
  });

  it.each([
    [32, 2400],
    [16, 1200],
  ])('%i inverters at %i baud are refused, with the arithmetic', (inverters, baudRate) => {
    const [problem] = problemsOf(inverters, baudRate);
    expect(problem?.path).toBe('lines[0]');
    expect(problem?.found).toContain(`${inverters} caps of`);
  });

  it('is the sum of its parts', () => {
    const line = { name: 'line-1', path: '/dev/line-1', baudRate: 9600, parity: 'none', stopBits: 1 } as const;
    // 27 bytes and 33 bytes of 10 bits, two silences of 3.5 characters, 35 ms for the device.
    const [cap, proof] = [27, 33].map((bytes) => ((bytes + 7) * 10_000) / 9600 + 35) as [number, number];
    const more = (lineBudget(line, 9)?.totalMs ?? 0) - (lineBudget(line, 8)?.totalMs ?? 0);
    expect(more).toBeCloseTo(cap + proof, 6);
  });

  it('counts storage and switched loads', () => {
    const line = { name: 'line-1', path: '/dev/line-1', baudRate: 9600, parity: 'none', stopBits: 1 } as const;
    const alone = lineBudget(line, 1)?.totalMs ?? 0;
    const time = (bytes: number): number => ((bytes + 7) * 10_000) / 9600 + 35;
    const battery = lineBudget(line, 1, { storages: 1, loads: 0 });
    // Rates and timers 17 + 8 bytes, the mode 11 + 8, 26 registers 8 + 57.
    expect((battery?.totalMs ?? 0) - alone).toBeCloseTo(time(25) + time(19) + time(65), 6);
    expect(battery?.arithmetic).toContain('1 bands of storage');
    const relay = lineBudget(line, 1, { storages: 0, loads: 1 });
    expect((relay?.totalMs ?? 0) - alone).toBeCloseTo(time(19) + time(15), 6);
  });
});
