/** Brokers that do not behave, at a real socket: what a mosquitto will not do for us. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { assert } from '#base/assert.ts';
import { brokerDial } from '#platform/broker/broker-dial.ts';

const WAIT = { timeout: 15_000, interval: 20 };
const CONNACK = Uint8Array.of(0x20, 2, 0, 0);
const CONNECT = 0x10;
const SUBSCRIBE = 0x82;
const PINGREQ = 0xc0;
/** SUBACK of the packet id that was asked with. */
const suback = (asked: Buffer, code: number): Uint8Array => Uint8Array.of(0x90, 3, asked[2] ?? 0, asked[3] ?? 0, code);

interface Manners {
  readonly code?: number;
  readonly isSilent?: boolean;
  /** Sent once the topic is granted. */
  readonly says?: Uint8Array;
}

let server: Server | null = null;
let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server?.close();
});

const answer = (socket: Socket, bytes: Buffer, { code = 1, isSilent = false, says }: Manners): void => {
  if (bytes[0] === CONNECT) socket.write(CONNACK);
  if (bytes[0] === PINGREQ && !isSilent) socket.write(Uint8Array.of(0xd0, 0));
  if (bytes[0] !== SUBSCRIBE) return;
  socket.write(suback(bytes, code));
  if (says !== undefined) socket.write(says);
};

const enter = async (manners: Manners) => {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (bytes: Buffer) => answer(socket, bytes, manners));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object', 'a port');
  const told: string[] = [];
  brokerDial({ host: '127.0.0.1', port: address.port, trust: null, keepAliveSeconds: 1 })(
    { clientId: 'gridward', user: null, password: null, topics: ['t'] },
    {
      onGranted: () => told.push('granted'),
      onMessage: (_topic, payload) => told.push(new TextDecoder().decode(payload)),
      onDown: (why) => told.push(`down: ${why}`),
    },
  );
  return told;
};

describe('a broker', () => {
  it('that falls silent is given up', async () => {
    const told = await enter({ isSilent: true });
    await vi.waitFor(() => expect(told).toEqual(['granted', expect.stringMatching(/^down: .*keepalive/i)]), WAIT);
  });

  it('that refuses the topic is no source', async () => {
    const told = await enter({ code: 0x80 });
    await vi.waitFor(() => expect(told).toEqual(['down: a topic is refused']), WAIT);
  });

  it('that announces more than a limit can take is cut off before it is heard', async () => {
    const told = await enter({ says: Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x01, 0, 1, 0x74) });
    await vi.waitFor(() => expect(told).toEqual(['granted', 'down: a packet over 4096 bytes, or no MQTT']), WAIT);
  });

  it('that speaks something else is no source', async () => {
    const told = await enter({ says: new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n') });
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^down: /), WAIT);
    expect(told.filter((one) => one.startsWith('down'))).toHaveLength(1);
  });
});
