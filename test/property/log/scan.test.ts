import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs } from '#base/units.ts';
import type { LogRecord } from '#log/record.ts';
import { decodeHeader, encodeHeader, encodeRecord, scanFrames } from '#log/segment.ts';
import { decodeState, encodeState } from '#log/state-file.ts';

const record: fc.Arbitrary<LogRecord> = fc.record({
  seq: fc.integer({ min: 1 }),
  format: fc.integer({ min: 1, max: 9 }),
  bootId: fc.string(),
  mono: fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => monoMs(value + 0)),
  body: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
});

const framesOf = (records: readonly LogRecord[]): Buffer => Buffer.concat(records.map((each) => encodeRecord(each)!));

describe('scanning a segment', () => {
  it('throws on no bytes whatever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(3000), (bytes, offset) => {
        const scan = scanFrames(bytes, offset);
        expect(scan.end).toBeLessThanOrEqual(bytes.length);
        decodeHeader(bytes);
        decodeState(bytes);
      }),
    );
  });

  it('gives back what was encoded, whatever torn bytes follow', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.uint8Array({ maxLength: 64 }), (records, tail) => {
        const bytes = framesOf(records);
        const scan = scanFrames(Buffer.concat([bytes, tail]), 0);
        expect(scan).toEqual({ records, end: bytes.length, damaged: 0 });
      }),
    );
  });

  it('cut anywhere gives a prefix', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), fc.nat(), (records, cut) => {
        const bytes = framesOf(records);
        const scan = scanFrames(bytes.subarray(0, cut % bytes.length), 0);
        expect(scan.records).toEqual(records.slice(0, scan.records.length));
        expect(scan.records.length).toBeLessThan(records.length);
      }),
    );
  });

  it('with one byte changed loses at most the record it lies in', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (records, at, flip) => {
          const bytes = framesOf(records);
          bytes[at % bytes.length]! ^= flip;
          const found = scanFrames(bytes, 0).records;
          expect(found.length).toBeGreaterThanOrEqual(records.length - 1);
          for (const each of found) expect(records).toContainEqual(each);
        },
      ),
    );
  });

  it('reads back headers and states, and no damaged one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.boolean(), fc.nat(4_000_000_000), fc.nat(), (firstSeq, compact, bodyBytes, at) => {
        const header = encodeHeader({ firstSeq, compact, bodyBytes });
        expect(decodeHeader(header)).toEqual({ format: 1, firstSeq, compact, bodyBytes });
        header[at % header.length]! ^= 1;
        expect(decodeHeader(header)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        const bytes = encodeState(1, 3, plain);
        expect(decodeState(bytes)).toEqual({ format: 1, generation: 3, value: plain });
        bytes[at % bytes.length]! ^= 1;
        expect(decodeState(bytes)).toBeNull();
      }),
    );
  });
});
