import { describe, expect, test } from 'vitest';
import type { SerialSettings } from '#drivers/line/port.ts';
import { bitsPerCharacter, characterTime, frameSilence, transactionTime } from '#drivers/line/wire-time.ts';
import { read, write } from './engine-bench.ts';

const serial = (baudRate: number, parity: SerialSettings['parity'], stopBits: 1 | 2): SerialSettings => ({
  baudRate,
  parity,
  stopBits,
});

describe('wire time', () => {
  test('a character is start, 8 data, parity and stop bits', () => {
    expect(bitsPerCharacter(serial(9600, 'none', 1))).toBe(10);
    expect(bitsPerCharacter(serial(9600, 'none', 2))).toBe(11);
    expect(bitsPerCharacter(serial(9600, 'even', 1))).toBe(11);
    expect(bitsPerCharacter(serial(9600, 'odd', 2))).toBe(12);
    expect(characterTime(serial(9600, 'none', 1))).toBeCloseTo(1.0417, 4);
  });

  test('silence is 3.5 characters, 1.75 ms above 19200', () => {
    expect(frameSilence(serial(9600, 'none', 1))).toBeCloseTo(3.646, 3);
    expect(frameSilence(serial(9600, 'even', 1))).toBeCloseTo(4.01, 2);
    expect(frameSilence(serial(19_200, 'none', 1))).toBeCloseTo(1.823, 3);
    expect(frameSilence(serial(38_400, 'none', 1))).toBe(1.75);
    expect(frameSilence(serial(115_200, 'none', 1))).toBe(1.75);
  });

  test('a transaction is request, reply and two silences', () => {
    const line = serial(9600, 'none', 1);
    expect(transactionTime(read(1, 0, 50), line)).toBeCloseTo(((8 + 105) * 10_000) / 9600 + 2 * 3.6458, 2);
    expect(transactionTime(write(1, 0, 1, 2, 3, 4, 5), line)).toBeCloseTo(((19 + 8) * 10_000) / 9600 + 2 * 3.6458, 2);
  });
});
