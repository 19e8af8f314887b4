import { describe, expect, it } from 'vitest';
import type { BrokerHandlers } from '#broker/port.ts';
import { Subscriber } from '#broker/subscriber.ts';
import { manualClock } from '../../support/manual-clock.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const start = () => {
  const clock = manualClock();
  const heard: string[] = [];
  const standing: (string | null)[] = [];
  let handlers: BrokerHandlers | null = null;
  let dialled = 0;
  let closed = 0;
  const subscriber = new Subscriber({
    dial: (_entry, given) => {
      handlers = given;
      dialled += 1;
      return { close: () => (closed += 1) };
    },
    clock,
    entropy: { bytes: (length) => new Uint8Array(length), fraction: () => 1 },
    entry: { clientId: 'c', user: 'u', password: 'p', topics: ['t'] },
    onMessage: (_topic, payload) => heard.push(new TextDecoder().decode(payload)),
    onStanding: (fault) => standing.push(fault),
  });
  subscriber.start();
  const said = (topic: string, text: string, kept = false): void => handlers?.onMessage(topic, bytesOf(text), kept);
  const counts = (): object => ({ dialled, closed });
  const grant = (): void => handlers?.onGranted();
  return { clock, heard, standing, subscriber, said, grant, counts, down: (why: string) => handlers?.onDown(why) };
};

describe('a subscription', () => {
  it('tells what is said now, of its topics alone, and nothing that the broker had kept', () => {
    const { grant, said, heard, standing } = start();
    grant();
    said('t', 'kept', true);
    said('t', 'one');
    said('other', 'of no concern');
    said('t', 'two');
    expect(heard).toEqual(['one', 'two']);
    expect(standing).toEqual([null]);
  });

  it('gives up a broker that does not let it in, and tries again ever more rarely', async () => {
    const { clock, standing, counts, down } = start();
    await clock.advance(19_999);
    expect(standing).toEqual([]);
    await clock.advance(1);
    expect(standing).toEqual(['it does not let us in in time']);
    await clock.advance(1000);
    expect(counts()).toEqual({ dialled: 2, closed: 1 });
    down('refused');
    await clock.advance(1999);
    expect(counts()).toMatchObject({ dialled: 2 });
    await clock.advance(1);
    expect(counts()).toMatchObject({ dialled: 3 });
    for (const [more, delay] of [4000, 8000, 16_000, 32_000, 60_000, 60_000].entries()) {
      down('refused');
      await clock.advance(delay - 1);
      expect(counts()).toMatchObject({ dialled: 3 + more });
      await clock.advance(1);
    }
    expect(counts()).toMatchObject({ dialled: 9 });
  });

  it('stays for as long as it is granted, and comes back soon after a loss', async () => {
    const { clock, grant, down, standing, counts } = start();
    grant();
    await clock.advance(1_000_000);
    expect(counts()).toEqual({ dialled: 1, closed: 0 });
    down('it is gone');
    await clock.advance(1000);
    expect(counts()).toMatchObject({ dialled: 2 });
    grant();
    expect(standing).toEqual([null, 'it is gone', null]);
  });

  it('ends for good when it is closed', async () => {
    const { grant, subscriber, clock, counts, standing, down } = start();
    grant();
    subscriber.close();
    down('as it ends');
    await clock.advance(100_000);
    expect(counts()).toEqual({ dialled: 1, closed: 1 });
    expect(standing).toEqual([null]);
  });
});
