import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PACKET_BYTES_MAX, PacketReader } from '#broker/packet.ts';

const packets = (chunks: readonly Uint8Array[]): readonly unknown[] => {
  const reader = new PacketReader();
  const read: unknown[] = [];
  for (const chunk of chunks) {
    const result = reader.push(chunk);
    if (!result.ok) return [...read, result.fault];
    read.push(...result.value);
  }
  return read;
};

test('any bytes are packets or a fault, however they are cut', () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(bytes, fc.nat(64), (whole, cut) => {
      const pieces = packets([whole.subarray(0, cut), whole.subarray(cut)]);
      expect(pieces).toEqual(packets([...whole].map((byte) => Uint8Array.of(byte))));
      expect(pieces.length).toBeLessThanOrEqual(whole.length);
    }),
  );
});

test('a reader keeps less than one packet', () => {
  const reader = new PacketReader();
  const half = new Uint8Array(PACKET_BYTES_MAX / 2);
  expect(reader.push(Uint8Array.of(0x30, 0x80, 0x20))).toEqual({ ok: true, value: [] });
  expect(reader.push(half)).toEqual({ ok: true, value: [] });
  expect(reader.push(half)).toMatchObject({ ok: true, value: [{ kind: 'publish' }] });
});
