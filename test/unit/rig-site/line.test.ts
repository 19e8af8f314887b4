import { describe, expect, test } from 'vitest';
import { characterMs, gapMs, LINE_9600_8N1, RigLine, type Answer, type LineDevice } from '../../rig/site/line.ts';
import { crc16, frameOf } from '../../rig/site/modbus.ts';

/** Answers with its own unit id and `length` bytes of data. */
const device = (unitId: number, length: number, delayMs = 0): LineDevice => ({
  unitId,
  answer: (): Answer => ({ unitId, pdu: new Uint8Array(length).fill(unitId), delayMs, corrupt: false }),
});
const request = frameOf(1, Uint8Array.of(3, 0, 0, 0, 1));

describe('rig line', () => {
  test('CRC of the Modbus standard: 0x4b37 over "123456789"', () => {
    expect(crc16(new TextEncoder().encode('123456789'), 9)).toBe(0x4b37);
  });

  test('a transaction takes (request + reply) characters, a gap and the turnaround', () => {
    const line = new RigLine({ ...LINE_9600_8N1, turnaroundMs: [30, 30] }, [device(1, 50)], 1);
    line.receive(100, request);
    const [reply] = line.advance(10_000);
    const character = 10_000 / 9600;
    expect(reply?.bytes).toHaveLength(53);
    expect(reply?.at).toBeCloseTo(100 + (8 + 53) * character + 3.5 * character + 30, 6);
  });

  test('parity and stop bits lengthen a character, above 19200 the gap is fixed', () => {
    expect(characterMs({ ...LINE_9600_8N1, parity: 'even' })).toBeCloseTo(11_000 / 9600, 9);
    expect(gapMs({ ...LINE_9600_8N1, baudRate: 115_200 })).toBe(1.75);
  });

  test('pieces arrive when their last byte is through, and make up the frame', () => {
    const line = new RigLine({ ...LINE_9600_8N1, pieceBytes: 16 }, [device(1, 50)], 1);
    line.receive(0, request);
    const pieces = line.advance(10_000);
    expect(pieces.map((piece) => piece.bytes.length)).toEqual([16, 16, 16, 5]);
    expect((pieces[1]?.at ?? 0) - (pieces[0]?.at ?? 0)).toBeCloseTo(16 * characterMs(LINE_9600_8N1), 6);
    expect(pieces.flatMap((piece) => [...piece.bytes])).toEqual([...frameOf(1, new Uint8Array(50).fill(1))]);
  });

  test('a request in two parts is one frame within the gap, none beyond it', () => {
    const line = new RigLine(LINE_9600_8N1, [device(1, 4)], 1);
    line.receive(0, request.slice(0, 3));
    line.receive(3, request.slice(3));
    expect(line.advance(1000)).toHaveLength(1);
    line.receive(2000, request.slice(0, 3));
    line.advance(2010);
    line.receive(2010, request.slice(3));
    expect(line.advance(3000)).toHaveLength(0);
    expect(line.counts.badFrames).toBe(2);
  });

  test('other units, wrong CRC and cut cables are met with silence', () => {
    const line = new RigLine(LINE_9600_8N1, [device(1, 4)], 1);
    line.receive(0, frameOf(9, Uint8Array.of(3, 0, 0, 0, 1)));
    line.advance(500);
    line.receive(500, request.with(7, (request[7] ?? 0) ^ 1));
    line.advance(1000);
    line.plug(false);
    line.receive(1000, request);
    expect(line.advance(2000)).toHaveLength(0);
    line.plug(true);
    line.receive(2000, request);
    expect(line.advance(3000)).toHaveLength(1);
  });

  test('bytes that meet on the wire destroy each other', () => {
    const line = new RigLine({ ...LINE_9600_8N1, turnaroundMs: [20, 20] }, [device(1, 60)], 1);
    line.receive(0, request);
    line.advance(50);
    line.receive(50, request);
    const delivered = line.advance(1000);
    expect(line.counts.collisions).toBe(1);
    expect(line.counts.badFrames).toBe(1);
    expect(delivered).toHaveLength(1);
    expect(delivered[0]?.bytes).not.toEqual(frameOf(1, new Uint8Array(60).fill(1)));
  });

  test('a late reply still comes, before the one to the next request', () => {
    const line = new RigLine({ ...LINE_9600_8N1, turnaroundMs: [20, 20] }, [device(1, 4, 300), device(2, 4)], 1);
    line.receive(0, request);
    line.advance(290);
    line.receive(290, frameOf(2, Uint8Array.of(3, 0, 0, 0, 1)));
    expect(line.advance(1000).map((each) => each.bytes[0])).toEqual([1, 2]);
  });

  test('loss and CRC errors come with their probability, the same for the same seed', () => {
    const run = (seed: number): { whole: number; broken: number } => {
      const line = new RigLine({ ...LINE_9600_8N1, loss: 0.1, crcErrors: 0.2 }, [device(1, 4)], seed);
      const sound = [...frameOf(1, new Uint8Array(4).fill(1))].join();
      let whole = 0;
      let broken = 0;
      for (let i = 0; i < 1000; i += 1) {
        line.receive(i * 1000, request);
        for (const { bytes } of line.advance(i * 1000 + 900)) {
          if ([...bytes].join() === sound) whole += 1;
          else broken += 1;
        }
      }
      return { whole, broken };
    };
    const { whole, broken } = run(5);
    expect(Math.abs(whole - 1000 * 0.9 * 0.9 * 0.8)).toBeLessThan(60);
    expect(Math.abs(broken - 1000 * 0.9 * 0.9 * 0.2)).toBeLessThan(50);
    expect(run(5)).toEqual({ whole, broken });
  });
});
