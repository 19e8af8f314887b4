import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { MqttClient } from 'mqtt';
import type { BrokerDial, BrokerHandlers, Entry } from '#broker/port.ts';
import { PACKET_BYTES_MAX, PacketBound } from './packet-bound.ts';

const TCP_KEEP_ALIVE_MS = 10_000;
/** A broker that says nothing for one and a half times this is given up. */
const KEEP_ALIVE_SECONDS = 15;
const REFUSED = 0x80;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** PEM: the roots its certificate must chain to; null: no TLS. */
  readonly trust: string | null;
  /** Seconds; absent: 15. */
  readonly keepAliveSeconds?: number;
}

const open = ({ host, port, trust }: BrokerAddress): Socket => {
  if (trust === null) return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS });
  const isName = /[a-zA-Z]/.test(host) && !host.includes(':');
  return connectTls({ host, port, ca: trust, minVersion: 'TLSv1.2', ...(isName ? { servername: host } : {}) });
};

/** One attempt and what it comes to: of the package only the protocol is used, since it would try again without pause or bound. */
class Attempt {
  readonly #address: BrokerAddress;
  readonly #entry: Entry;
  readonly #handlers: BrokerHandlers;
  #client: MqttClient | null = null;
  #why = 'the connection ended';
  #over = false;

  constructor(address: BrokerAddress, entry: Entry, handlers: BrokerHandlers) {
    this.#address = address;
    this.#entry = entry;
    this.#handlers = handlers;
  }

  /** The package comes into memory with the first attempt: a site without a broker does without its 15 MB. */
  async run(): Promise<void> {
    const { MqttClient: Client } = await import('mqtt');
    if (this.#over) return;
    const { clientId, user, password } = this.#entry;
    const client = new Client(() => this.#open(), {
      clientId,
      ...(user === null ? {} : { username: user }),
      ...(password === null ? {} : { password }),
      protocolVersion: 4,
      clean: true,
      keepalive: this.#address.keepAliveSeconds ?? KEEP_ALIVE_SECONDS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
    });
    this.#client = client;
    client.on('connect', () => this.#subscribe(client));
    client.on('message', (topic, payload, { retain }) => {
      if (!this.#over) this.#handlers.onMessage(topic, payload, retain);
    });
    client.on('error', ({ message }) => this.end(message));
    client.on('close', () => this.end(this.#why));
  }

  end(why: string): void {
    if (this.#over) return;
    this.close();
    this.#handlers.onDown(why);
  }

  close(): void {
    this.#over = true;
    this.#client?.end(true);
  }

  #open(): Socket {
    const socket = open(this.#address);
    const bound = new PacketBound();
    socket.on('error', ({ message }) => (this.#why = message));
    socket.on('data', (bytes) => {
      if (!bound.take(bytes)) socket.destroy(new Error(`a packet over ${PACKET_BYTES_MAX} bytes, or no MQTT`));
    });
    return socket;
  }

  #subscribe(client: MqttClient): void {
    client.subscribe([...this.#entry.topics], { qos: 1 }, (error, granted) => {
      if (this.#over) return;
      if (error !== null || granted === undefined || granted.some(({ qos }) => qos === REFUSED)) this.end('a topic is refused');
      else this.#handlers.onGranted();
    });
  }
}

/** Connects to a broker over TCP, or over TLS with a server certificate of that host; MQTT 3.1.1 by the mqtt package. */
export const brokerDial =
  (address: BrokerAddress): BrokerDial =>
  (entry, handlers) => {
    const attempt = new Attempt(address, entry, handlers);
    attempt.run().catch((error: unknown) => attempt.end(String(error)));
    return { close: () => attempt.close() };
  };
