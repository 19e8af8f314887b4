import { describe, expect, it } from 'vitest';
import { Subscriber } from '#broker/subscriber.ts';
import { manualClock } from '../../support/manual-clock.ts';

const CONNACK = Uint8Array.of(0x20, 2, 0, 0);
const SUBACK = Uint8Array.of(0x90, 3, 0, 1, 1);
const text = (value: string): number[] => [...new TextEncoder().encode(value)];
/** A publish of topic `t`; `flags` as in the first byte. */
const publish = (flags: number, payload: string): Uint8Array => {
  const id = (flags & 0x06) === 0 ? [] : [0, 7];
  const body = [0, 1, ...text('t'), ...id, ...text(payload)];
  return Uint8Array.from([0x30 | flags, body.length, ...body]);
};

const start = () => {
  const clock = manualClock();
  const written: Uint8Array[] = [];
  const heard: string[] = [];
  const standing: (string | null)[] = [];
  let handlers: Parameters<ConstructorParameters<typeof Subscriber>[0]['dial']>[0] | null = null;
  let dialled = 0;
  let closed = 0;
  const subscriber = new Subscriber({
    dial: (given) => {
      handlers = given;
      dialled += 1;
      return { write: (bytes) => written.push(bytes), close: () => (closed += 1) };
    },
    clock,
    entropy: { bytes: (length) => new Uint8Array(length), fraction: () => 1 },
    entry: { clientId: 'c', user: 'u', password: 'p' },
    topics: ['t'],
    onMessage: (_topic, payload) => heard.push(new TextDecoder().decode(payload)),
    onStanding: (fault) => standing.push(fault),
  });
  const gives = (...chunks: readonly Uint8Array[]): void => {
    for (const bytes of chunks) handlers?.onBytes(bytes);
  };
  const enter = (): void => {
    handlers?.onUp();
    gives(CONNACK, SUBACK);
  };
  subscriber.start();
  const counts = (): object => ({ dialled, closed });
  return { clock, written, heard, standing, subscriber, gives, enter, counts, down: (why: string) => handlers?.onDown(why) };
};

describe('a subscription', () => {
  it('enters with a session of its own, asks for its topics and pings', () => {
    const { enter, written, standing } = start();
    enter();
    const connect = [0x10, 19, 0, 4, ...text('MQTT'), 4, 0xc2, 0, 30, 0, 1, ...text('c'), 0, 1, ...text('u'), 0, 1, ...text('p')];
    expect(written.map((bytes) => [...bytes])).toEqual([connect, [0x82, 6, 0, 1, 0, 1, ...text('t'), 1], [0xc0, 0]]);
    expect(standing).toEqual([null]);
  });

  it('tells what is said now, in pieces or several at once, acknowledged, and nothing that the broker had kept', () => {
    const { enter, gives, heard, written } = start();
    enter();
    const whole = publish(0x02, 'one');
    gives(whole.subarray(0, 1), whole.subarray(1, 6), whole.subarray(6));
    gives(Uint8Array.from([...publish(0x01, 'kept'), ...publish(0x03, 'kept too'), ...publish(0x00, 'two')]));
    expect(heard).toEqual(['one', 'two']);
    expect(written.filter(([header]) => header === 0x40).map((bytes) => [...bytes])).toEqual([
      [0x40, 2, 0, 7],
      [0x40, 2, 0, 7],
    ]);
  });

  it('gives up a broker that falls silent, and comes back', async () => {
    const { enter, gives, clock, standing, counts } = start();
    enter();
    await clock.advance(9000);
    gives(Uint8Array.of(0xd0, 0));
    await clock.advance(10_500);
    expect(standing).toEqual([null]);
    await clock.advance(10_000);
    expect(standing).toEqual([null, 'it says nothing any more']);
    await clock.advance(1000);
    expect(counts()).toEqual({ dialled: 2, closed: 1 });
    enter();
    expect(standing.at(-1)).toBe(null);
  });

  it.each([
    ['a refused password', Uint8Array.of(0x20, 2, 0, 4), 'user or password is wrong'],
    ['a refused topic', Uint8Array.of(0x90, 3, 0, 1, 0x80), 'a topic is refused'],
    ['an endless length', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff), 'a packet over 4096 bytes, or no MQTT'],
    ['a packet too long', Uint8Array.of(0x30, 0x81, 0x20), 'a packet over 4096 bytes, or no MQTT'],
    ['a topic beyond its packet', Uint8Array.of(0x30, 3, 0, 9, 0), 'a packet that is no MQTT 3.1.1'],
  ])('is lost by %s; attempts become rare', async (_name, bytes, why) => {
    const { gives, clock, standing, counts, down } = start();
    gives(bytes);
    expect(standing).toEqual([why]);
    await clock.advance(1000);
    expect(counts()).toMatchObject({ dialled: 2 });
    down('refused');
    await clock.advance(1999);
    expect(counts()).toMatchObject({ dialled: 2 });
    await clock.advance(1);
    expect(counts()).toMatchObject({ dialled: 3 });
  });

  it('ends for good when it is closed', async () => {
    const { enter, subscriber, clock, written, counts } = start();
    enter();
    subscriber.close();
    await clock.advance(100_000);
    expect([...(written.at(-1) ?? [])]).toEqual([0xe0, 0]);
    expect(counts()).toEqual({ dialled: 1, closed: 1 });
  });
});
