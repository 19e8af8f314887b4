import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MbapTranslator } from '#drivers/line/mbap.ts';
import { TcpLinePort } from '#drivers/line/tcp-port.ts';
import type { Dial } from '#drivers/line/port.ts';
import { VirtualClock } from '../drivers/virtual-clock.ts';
import { withCrc } from './virtual-line.ts';

const READ = Uint8Array.from(withCrc([9, 3, 0, 1, 0, 2]));
const replyTo = (transaction: number, body: readonly number[]): Uint8Array =>
  Uint8Array.of(transaction >> 8, transaction & 0xff, 0, 0, 0, body.length, ...body);
const BODY = [9, 3, 4, 1, 2, 3, 4];

describe('Modbus TCP', () => {
  test('frames a request as the messaging guide shows it', () => {
    const translator = new MbapTranslator();
    expect([...translator.request(READ)]).toEqual([0, 1, 0, 0, 0, 6, 9, 3, 0, 1, 0, 2]);
    expect([...translator.request(READ)].slice(0, 2)).toEqual([0, 2]);
  });

  test('gives the reply a CRC, whatever pieces it comes in', () => {
    const reply = replyTo(1, BODY);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: reply.length }), (cut) => {
        const translator = new MbapTranslator();
        translator.request(READ);
        const frames = [reply.slice(0, cut), reply.slice(cut)].flatMap((piece) => translator.receive(piece).frames);
        expect(frames).toEqual([Uint8Array.from(withCrc(BODY))]);
      }),
    );
  });

  test('drops the late reply to an earlier request', () => {
    const translator = new MbapTranslator();
    translator.request(READ);
    translator.request(READ);
    const late = Uint8Array.from([...replyTo(1, BODY), ...replyTo(2, [9, 3, 4, 5, 6, 7, 8])]);
    expect(translator.receive(late).frames).toEqual([Uint8Array.from(withCrc([9, 3, 4, 5, 6, 7, 8]))]);
  });

  test('takes any bytes without growing or throwing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 8 }), (pieces) => {
        const translator = new MbapTranslator();
        translator.request(READ);
        for (const piece of pieces)
          for (const frame of translator.receive(piece).frames) expect(frame.length).toBeLessThanOrEqual(256);
      }),
    );
  });
});

describe('the port of a Modbus TCP line', () => {
  const opened = () => {
    const clock = new VirtualClock();
    const sent: Uint8Array[] = [];
    const heard: string[] = [];
    const frames: Uint8Array[] = [];
    let closed = 0;
    let far: Parameters<Dial>[0] | null = null;
    const dial: Dial = (handlers) => {
      far = handlers;
      return {
        write: (bytes) => sent.push(bytes),
        close: () => {
          closed += 1;
        },
      };
    };
    const port = new TcpLinePort(dial, clock);
    port.open({ onUp: () => heard.push('up'), onBytes: (bytes) => frames.push(bytes), onDown: (why) => heard.push(why) });
    return { port, sent, heard, frames, closed: () => closed, far: () => far! };
  };

  test('carries requests and replies', () => {
    const { port, sent, heard, frames, far } = opened();
    far().onUp();
    port.write(READ);
    far().onBytes(replyTo(1, BODY));
    expect(heard).toEqual(['up']);
    expect(sent).toHaveLength(1);
    expect(frames).toEqual([Uint8Array.from(withCrc(BODY))]);
  });

  test('closes a connection that speaks something else, and says so once', () => {
    const { heard, closed, far } = opened();
    const handlers = far();
    handlers.onUp();
    handlers.onBytes(Uint8Array.from(withCrc(BODY)));
    handlers.onDown('the connection ended');
    expect(heard).toEqual(['up', 'the other end does not speak Modbus TCP']);
    expect(closed()).toBe(1);
  });

  test('says nothing more after it was closed', () => {
    const { port, heard, frames, far } = opened();
    const handlers = far();
    port.close();
    handlers.onUp();
    handlers.onBytes(replyTo(0, BODY));
    handlers.onDown('the connection ended');
    expect(heard).toEqual([]);
    expect(frames).toEqual([]);
  });
});
