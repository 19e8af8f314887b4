import type { Cancel, Clock, Entropy } from '#base/ports.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import {
  type BrokerPacket,
  DISCONNECT,
  encodeConnect,
  encodePuback,
  encodeSubscribe,
  type Entry,
  PacketReader,
  PINGREQ,
} from './packet.ts';
import type { BrokerConnection, BrokerDial } from './port.ts';

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 60_000;
const DOUBLINGS_MAX = 6;
const SUBSCRIBE_ID = 1;
const KEEP_ALIVE_SECONDS = 30;
/** A ping goes out so often, and its answer or anything else must come until the next. */
const PING_EVERY = seconds(10);
/** From the dial until the topics are granted. */
const ENTER_WITHIN = seconds(20);
/** MQTT 3.1.1, table 3.1. */
const REFUSALS = [
  '',
  'the protocol is refused',
  'the client id is refused',
  'the broker is not available',
  'user or password is wrong',
  'user, password or rights are wrong',
] as const;

export interface SubscriberOptions {
  readonly dial: BrokerDial;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly entry: Omit<Entry, 'keepAliveSeconds'>;
  readonly topics: readonly string[];
  /** Something was said just now. What the broker had kept is of unknown age and is not told. */
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** All topics are granted, or why they are not; the next attempt comes by itself. */
  readonly onStanding: (fault: string | null) => void;
}

/** Delay before attempt `failures` + 1, milliseconds: doubling, spread by a random half. */
export const brokerDelay = (failures: number, fraction: number): number =>
  Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, DOUBLINGS_MAX), RETRY_MAX_MS) * (0.5 + fraction / 2);

/** Holds a subscription at a broker, through losses of the connection. It only listens. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  #connection: BrokerConnection | null = null;
  #reader = new PacketReader();
  #alarm: Cancel = () => undefined;
  #failures = 0;
  #heard = false;
  #closed = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  start(): void {
    const { dial, entry } = this.#options;
    this.#reader = new PacketReader();
    this.#arm(ENTER_WITHIN, () => this.#lost('it does not let us in in time'));
    this.#connection = dial({
      onUp: () => this.#connection?.write(encodeConnect({ ...entry, keepAliveSeconds: KEEP_ALIVE_SECONDS })),
      onBytes: (bytes) => this.#hear(bytes),
      onDown: (why) => this.#lost(why),
    });
  }

  close(): void {
    this.#closed = true;
    this.#alarm();
    this.#connection?.write(DISCONNECT);
    this.#connection?.close();
    this.#connection = null;
  }

  #arm(span: ReturnType<typeof seconds>, run: () => void): void {
    const { clock } = this.#options;
    this.#alarm();
    this.#alarm = clock.at(after(clock.now(), span), run);
  }

  #hear(bytes: Uint8Array): void {
    this.#heard = true;
    const packets = this.#reader.push(bytes);
    if (!packets.ok) {
      this.#lost(packets.fault);
      return;
    }
    for (const packet of packets.value) if (this.#connection !== null) this.#take(packet);
  }

  #take(packet: BrokerPacket): void {
    const { topics, onMessage } = this.#options;
    switch (packet.kind) {
      case 'connack':
        if (packet.code === 0) this.#connection?.write(encodeSubscribe(topics, SUBSCRIBE_ID));
        else this.#lost(REFUSALS[packet.code] ?? `refused, ${packet.code}`);
        return;
      case 'suback':
        if (packet.granted.every(Boolean)) this.#entered();
        else this.#lost('a topic is refused');
        return;
      case 'publish':
        if (packet.id !== null) this.#connection?.write(encodePuback(packet.id));
        if (!packet.retained && topics.includes(packet.topic)) onMessage(packet.topic, packet.payload);
        return;
      case 'other':
    }
  }

  #entered(): void {
    this.#failures = 0;
    this.#options.onStanding(null);
    this.#ping();
  }

  #ping(): void {
    this.#heard = false;
    this.#connection?.write(PINGREQ);
    this.#arm(PING_EVERY, () => {
      if (this.#heard) this.#ping();
      else this.#lost('it says nothing any more');
    });
  }

  #lost(why: string): void {
    if (this.#closed) return;
    this.#connection?.close();
    this.#connection = null;
    const delay = durationMs(brokerDelay(this.#failures, this.#options.entropy.fraction()));
    this.#failures += 1;
    this.#arm(delay, () => this.start());
    this.#options.onStanding(why);
  }
}
