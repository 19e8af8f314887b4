import { describe, expect, it } from 'vitest';
import { assert } from '#base/assert.ts';
import type { Note } from '#base/ports.ts';
import { monoMs, utilitySeconds } from '#base/units.ts';
import { connectPlan, type FromNorth, helloOf, servePlan, type ToNorth } from '#link/role.ts';
import type { Peer } from '#link/server.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryLink } from '../../support/memory-link.ts';

const anchor: FromNorth = {
  type: 'clock-anchor',
  bootId: 'b',
  mono: monoMs(5),
  utility: utilitySeconds(1_800_000_000),
  error: 0.5,
};

const world = () => {
  const link = memoryLink();
  const clock = manualClock();
  const notes: Note[] = [];
  const received: FromNorth[] = [];
  const peers: Peer<ToNorth>[] = [];
  const north: string[] = [];
  const serve = async () => {
    const served = await servePlan({
      port: link,
      directory: '/run',
      hello: () => helloOf('r1', 'plan-7'),
      onPeer: (peer) => {
        peers.push(peer);
        return { onMessage: (message) => received.push(message), onClosed: (why) => north.push(`server lost: ${why}`) };
      },
      note: (note) => notes.push(note),
    });
    assert(served.ok, 'it listens');
    return served.value;
  };
  const connect = () =>
    connectPlan({
      port: link,
      clock,
      entropy: { bytes: (length) => new Uint8Array(length), fraction: () => 1 },
      directory: '/run',
      release: 'r2',
      onUp: (hello) => north.push(`up ${hello.planId}`),
      onMessage: (message) => north.push(message.type),
      onDown: (why) => north.push(`down: ${why}`),
      note: (note) => notes.push(note),
    });
  return { link, clock, notes, received, peers, north, serve, connect };
};

describe('the plan role', () => {
  it('exchanges hellos, then messages both ways', async () => {
    const { link, received, north, serve, connect } = world();
    const server = await serve();
    const client = connect();
    expect(client.send(anchor)).toBe(false);
    link.deliver();
    expect(north).toEqual(['up plan-7']);
    expect(client.send(anchor)).toBe(true);
    server.broadcast({ type: 'log-head', seq: 9 });
    link.deliver();
    expect(received).toEqual([anchor]);
    expect(north).toEqual(['up plan-7', 'log-head']);
  });

  it('dials again with a growing delay until the server is there, and after it was lost', async () => {
    const { link, clock, north, peers, serve, connect } = world();
    connect();
    link.deliver();
    for (const delay of [100, 200, 400, 500, 500, 500]) {
      const before = link.dials;
      await clock.advance(delay - 1);
      expect(link.dials).toBe(before);
      await clock.advance(1);
      expect(link.dials).toBe(before + 1);
      link.deliver();
    }
    await serve();
    await clock.advance(500);
    link.deliver();
    peers[0]?.close();
    link.deliver();
    await clock.advance(100);
    link.deliver();
    expect(north).toEqual(['up plan-7', 'server lost: closed here', 'down: the peer hung up', 'up plan-7']);
  });

  it.each([
    ['a message before hello', JSON.stringify(anchor)],
    ['no JSON', 'GET / HTTP/1.1'],
    ['another protocol', JSON.stringify({ ...helloOf('r', null), protocol: 99 })],
    ['an unknown message', '{"type":"reboot"}'],
  ])('closes on %s and serves the others on', async (_, line) => {
    const { link, notes, received, serve, connect } = world();
    await serve();
    const client = connect();
    link.deliver();
    const seen: string[] = [];
    link.dial('/run/control.sock', (stream) => stream.send(line), {
      onLine: () => seen.push('line'),
      onClosed: (why) => seen.push(why),
    });
    link.deliver();
    expect(seen.at(-1)).toBe('the peer hung up');
    expect(notes.map((note) => note.event)).toEqual(['link-peer-refused']);
    client.send(anchor);
    link.deliver();
    expect(received).toEqual([anchor]);
  });

  it('closes a peer that says hello twice, and takes no more peers than it has room for', async () => {
    const { link, notes, serve } = world();
    await serve();
    const closed: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      link.dial('/run/control.sock', (stream) => stream.send(JSON.stringify(helloOf('r', null))), {
        onLine: () => undefined,
        onClosed: () => closed.push(n),
      });
    }
    link.deliver();
    expect(closed).toEqual([8]);
    expect(notes.map((note) => note.event)).toEqual(['link-refused']);
  });

  it('gives up on a server that never says hello', async () => {
    const { link, clock, connect } = world();
    let closed = false;
    await link.listen('/run/control.sock', 0o600, () => ({ onLine: () => undefined, onClosed: () => (closed = true) }));
    connect();
    link.deliver();
    await clock.advance(5_000);
    link.deliver();
    expect(closed).toBe(true);
  });
});
