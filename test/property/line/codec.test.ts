import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Codec } from '#drivers/line/codec.ts';
import type { Request } from '#drivers/line/transaction.ts';
import { crcOf } from '../../unit/line/virtual-line.ts';

const anyRequest: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    kind: fc.constant('read' as const),
    unitId: fc.integer({ min: 1, max: 247 }),
    address: fc.integer({ min: 0, max: 65_000 }),
    count: fc.integer({ min: 1, max: 125 }),
  }),
  fc.record({
    kind: fc.constant('write' as const),
    unitId: fc.integer({ min: 1, max: 247 }),
    address: fc.integer({ min: 0, max: 65_000 }),
    words: fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 123 }),
  }),
);

/** Bytes as they come, bytes that begin like a reply, and the same with a CRC that holds: the checks are reached in every order. */
const anyFrame = (request: Request): fc.Arbitrary<number[]> => {
  const code = request.kind === 'read' ? 3 : 16;
  const body = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 260 });
  const headed = fc.tuple(fc.constantFrom(code, code | 0x80, 4), body).map(([second, rest]) => [request.unitId, second, ...rest]);
  return fc.oneof(
    body,
    headed,
    headed.map((frame) => [...frame, ...crcOf(frame)]),
    body.map((frame) => [...frame, ...crcOf(frame)]),
  );
};

test('arbitrary bytes give registers only when they are the reply to the request, and never throw', () => {
  fc.assert(
    fc.property(
      anyRequest.chain((request) => fc.tuple(fc.constant(request), anyFrame(request))),
      ([request, frame]) => {
        const codec = new Codec();
        codec.encode(request);
        const result = codec.decode(Uint8Array.from(frame));
        if (result.ok) {
          const crc = crcOf(frame.slice(0, -2));
          expect(frame.slice(-2)).toEqual(crc);
          expect(frame[0]).toBe(request.unitId);
          expect(frame[1]).toBe(request.kind === 'read' ? 3 : 16);
          expect(result.value).toHaveLength(request.kind === 'read' ? request.count : 0);
        } else if (result.fault.kind === 'refused') expect(frame).toHaveLength(5);
        else expect(result.fault.kind).toBe('garbled');
      },
    ),
    { numRuns: 2000 },
  );
});

test('what a slave encodes comes back word for word', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 247 }),
      fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 125 }),
      (unitId, words) => {
        const codec = new Codec();
        codec.encode({ kind: 'read', unitId, address: 0, count: words.length });
        const body = [unitId, 3, 2 * words.length, ...words.flatMap((word) => [word >> 8, word & 0xff])];
        expect(codec.decode(Uint8Array.from([...body, ...crcOf(body)]))).toEqual({ ok: true, value: Uint16Array.from(words) });
      },
    ),
  );
});
