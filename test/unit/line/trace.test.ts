import { describe, expect, test } from 'vitest';
import { monoMs } from '#base/units.ts';
import { encodePcap } from '#drivers/line/pcap.ts';
import { FrameTrace, formatFrame, TRACE_CAPACITY, type TracedFrame } from '#drivers/line/trace.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';
import { EngineBench, read } from './engine-bench.ts';

const frame = (at: number): TracedFrame => ({
  at: monoMs(at),
  direction: 'reply',
  bytes: Uint8Array.of(1, 3, 255),
  verdict: 'ok',
});

describe('trace', () => {
  test('keeps the last 2 000 frames and can be followed', () => {
    const trace = new FrameTrace();
    for (let i = 0; i < TRACE_CAPACITY + 10; i += 1) trace.add(frame(i));
    const all = trace.since(0);
    expect(all.frames).toHaveLength(TRACE_CAPACITY);
    expect(all.frames[0]!.at).toBe(10);
    trace.add(frame(9999));
    expect(trace.since(all.next).frames.map(({ at }) => at)).toEqual([9999]);
    expect(trace.since(trace.next).frames).toEqual([]);
  });

  test('records request and reply with their verdicts', () => {
    const bench = new EngineBench().started();
    bench.submit(read(1, 0, 1), PRIORITY.meter);
    bench.clock.runFor(100);
    bench.line.behaviour = () => null;
    bench.submit(read(1, 0, 1), PRIORITY.meter);
    bench.clock.runFor(1000);
    expect(bench.engine.trace.since(0).frames.map(({ verdict }) => verdict)).toEqual(['sent', 'ok', 'sent', 'timeout']);
  });

  test('formats one frame a line', () => {
    expect(formatFrame(frame(1234.5678))).toBe('      1234.568 <- ok               01 03 ff');
  });

  test('writes a capture with microsecond times', () => {
    const bytes = encodePcap([frame(1500.25), { ...frame(2), bytes: new Uint8Array(0) }], 0);
    const view = new DataView(bytes.buffer);
    expect(bytes).toHaveLength(24 + 16 + 12 + 3);
    expect(view.getUint32(0)).toBe(0xa1b2c3d4);
    expect(view.getUint32(20)).toBe(250);
    expect([view.getUint32(24), view.getUint32(28), view.getUint32(32), view.getUint32(36)]).toEqual([1, 500_250, 15, 15]);
    expect([...bytes.subarray(52)]).toEqual([1, 3, 255]);
    expect(view.getUint8(48)).toBe(4);
  });
});
