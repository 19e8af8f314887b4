import { describe, expect, test } from 'vitest';
import { BrokenInvariant } from '#base/assert.ts';
import { Codec } from '#drivers/line/codec.ts';
import { read, write } from './engine-bench.ts';
import { withCrc } from './virtual-line.ts';

describe('codec', () => {
  test('frames as the Modbus application protocol shows them', () => {
    const codec = new Codec();
    expect([...codec.encode(read(0x11, 0x6b, 3))]).toEqual([0x11, 0x03, 0x00, 0x6b, 0x00, 0x03, 0x76, 0x87]);
    expect([...codec.encode(write(0x11, 1, 0x0a, 0x0102))]).toEqual([0x11, 0x10, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2, 0xc6, 0xf0]);
  });

  test('registers, acknowledgement and exception', () => {
    const codec = new Codec();
    codec.encode(read(0x11, 0x6b, 3));
    const reply = codec.decode(Uint8Array.from([0x11, 0x03, 0x06, 0xae, 0x41, 0x56, 0x52, 0x43, 0x40, 0x49, 0xad]));
    expect(reply).toEqual({ ok: true, value: Uint16Array.of(0xae41, 0x5652, 0x4340) });
    codec.encode(write(1, 5, 1, 2));
    expect(codec.decode(Uint8Array.from(withCrc([1, 16, 0, 5, 0, 2])))).toEqual({ ok: true, value: new Uint16Array(0) });
    codec.encode(write(1, 5, 1, 2));
    expect(codec.decode(Uint8Array.from(withCrc([1, 0x90, 3])))).toEqual({
      ok: false,
      fault: { kind: 'refused', unitId: 1, exceptionCode: 3 },
    });
  });

  test('input registers and the write of one register', () => {
    const input = { kind: 'read', unitId: 1, address: 52, count: 2, table: 'input' } as const;
    const codec = new Codec();
    expect([...codec.encode(input)]).toEqual(withCrc([1, 4, 0, 52, 0, 2]));
    expect(codec.decode(Uint8Array.from(withCrc([1, 4, 4, 0x45, 0x61, 0, 0])))).toEqual({
      ok: true,
      value: Uint16Array.of(0x4561, 0),
    });
    codec.encode(input);
    expect(codec.decode(Uint8Array.from(withCrc([1, 3, 4, 0x45, 0x61, 0, 0])))).toMatchObject({
      fault: { why: 'foreign-function' },
    });
    const single = { kind: 'write', unitId: 71, address: 300, words: [40], single: true } as const;
    expect([...codec.encode(single)]).toEqual(withCrc([71, 6, 1, 44, 0, 40]));
    expect(codec.decode(Uint8Array.from(withCrc([71, 6, 1, 44, 0, 40])))).toEqual({ ok: true, value: new Uint16Array(0) });
    codec.encode(single);
    expect(codec.decode(Uint8Array.from(withCrc([71, 6, 1, 44, 0, 41])))).toMatchObject({ fault: { why: 'echo' } });
    expect(() => codec.encode({ ...single, words: [40, 41] })).toThrow(BrokenInvariant);
  });

  test('the largest read and write of the standard', () => {
    const codec = new Codec();
    expect(codec.encode(read(247, 65_411, 125))).toHaveLength(8);
    const words = Array.from({ length: 125 }, (_, i) => 500 * i);
    const frame = withCrc([247, 3, 250, ...words.flatMap((word) => [word >> 8, word & 0xff])]);
    expect(codec.decode(Uint8Array.from(frame))).toEqual({ ok: true, value: Uint16Array.from(words) });
    expect(codec.encode({ kind: 'write', unitId: 1, address: 0, words: Array.from({ length: 123 }, () => 0xffff) })).toHaveLength(
      255,
    );
  });

  const impossible = [
    read(0, 0, 1),
    read(248, 0, 1),
    read(1, 0, 0),
    read(1, 0, 126),
    read(1, 65_535, 2),
    write(1, 0),
    write(1, 0, 65_536),
  ];
  for (const request of impossible)
    test(`refuses to encode ${JSON.stringify(request)}`, () => {
      expect(() => new Codec().encode(request)).toThrow(BrokenInvariant);
    });
});
