import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PACKET_BYTES_MAX, PacketBound } from '#platform/broker/packet-bound.ts';

/** Header of a packet whose body has this many bytes (MQTT 3.1.1, 2.2.3). */
const header = (length: number): readonly number[] => {
  const bytes = [0x30];
  for (let left = length; ; left = Math.floor(left / 128)) {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    if (left < 128) return bytes;
  }
};

/** The bytes in pieces of these sizes, in turn. */
const inPieces = (bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
};

const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 });

test('packets pass, however long their bytes wait for each other; the first that is too long does not', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: PACKET_BYTES_MAX + 500 }), { minLength: 1, maxLength: 6 }),
      sizes,
      (lengths, cut) => {
        const bytes = Uint8Array.from(lengths.flatMap((length) => [...header(length), ...new Uint8Array(length).fill(0xff)]));
        const bound = new PacketBound();
        const passed = inPieces(bytes, cut).every((piece) => bound.take(piece));
        expect(passed).toBe(lengths.every((length) => length <= PACKET_BYTES_MAX));
      },
    ),
    { numRuns: 60 },
  );
});

test('a length without an end does not pass', () => {
  expect(new PacketBound().take(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x80))).toBe(false);
});
