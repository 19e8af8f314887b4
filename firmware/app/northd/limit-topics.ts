import type { Cancel, Clock, Entropy, Note } from '#base/ports.ts';
import { after, durationMs } from '#base/units.ts';
import type { LinkClient } from '#link/client.ts';
import type { LocalLimitMessage } from '#link/message.ts';
import type { LinkPort } from '#link/port.ts';
import { connectPlan, type FromNorth } from '#link/role.ts';
import { decodeLimits } from '#broker/limit-payload.ts';
import type { BrokerDial } from '#broker/port.ts';
import { Subscriber } from '#broker/subscriber.ts';
import type { TopicInput } from '../config/inputs.ts';

/** However fast a topic speaks, controld hears its newest word so often at most. */
const TELL_EVERY = durationMs(100);
const CLIENT_ID_BYTES = 8;

export interface LimitTopicsOptions {
  readonly dial: BrokerDial;
  readonly user: string | null;
  readonly password: string | null;
  readonly inputs: readonly TopicInput[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly link: LinkPort;
  /** Runtime directory. */
  readonly directory: string;
  readonly release: string;
  readonly note: (note: Note) => void;
}

/**
 * Limits that come on topics of a broker, told to controld, which alone decides what counts. A message that is no limit is as good as
 * none: the source falls silent, and its fallback binds.
 */
export class LimitTopics {
  readonly #options: LimitTopicsOptions;
  readonly #subscriber: Subscriber;
  readonly #link: LinkClient<FromNorth>;
  /** The newest word of each source, and those that controld was not told yet. */
  readonly #said = new Map<string, LocalLimitMessage>();
  readonly #untold = new Set<string>();
  /** Sources that spoke nonsense last. */
  readonly #garbled = new Set<string>();
  #fault: string | null = null;
  #faultTold: string | null = null;
  #telling: Cancel | null = null;

  constructor(options: LimitTopicsOptions) {
    this.#options = options;
    const { clock, entropy, inputs, user, password, note } = options;
    const id = Buffer.from(entropy.bytes(CLIENT_ID_BYTES)).toString('hex');
    const topics = [...new Set(inputs.map(({ mqtt }) => mqtt.topic))];
    this.#subscriber = new Subscriber({
      dial: options.dial,
      clock,
      entropy,
      entry: { clientId: `gridward${id}`.slice(0, 23), user, password, topics },
      onMessage: (topic, payload) => this.#hear(topic, payload),
      onStanding: (fault) => this.#stand(fault),
    });
    this.#link = connectPlan({
      ...options,
      port: options.link,
      onUp: () => {
        for (const source of this.#said.keys()) this.#untold.add(source);
        this.#faultTold = null;
        this.#tell();
      },
      onMessage: () => undefined,
      onDown: (why) => note({ event: 'link-down', level: 'warn', text: `controld: ${why}` }),
    });
  }

  start(): void {
    this.#subscriber.start();
  }

  close(): void {
    this.#telling?.();
    this.#subscriber.close();
    this.#link.close();
  }

  #hear(topic: string, payload: Uint8Array): void {
    const { inputs, clock } = this.#options;
    for (const { name: source, mqtt, fallback } of inputs) {
      if (mqtt.topic !== topic) continue;
      const said = decodeLimits(payload, fallback);
      if (!said.ok) {
        this.#garble(source, said.fault);
        continue;
      }
      this.#garbled.delete(source);
      const { exportW, generationW, importW, seconds: span } = said.value;
      const limits = { exportW, generationW, importW };
      this.#said.set(source, {
        type: 'local-limit',
        source,
        heard: clock.now(),
        seconds: Math.min(span ?? mqtt.expirySeconds, mqtt.expirySeconds),
        ...limits,
      });
      this.#untold.add(source);
    }
    this.#telling ??= clock.at(after(clock.now(), TELL_EVERY), () => this.#tell());
  }

  #garble(source: string, why: string): void {
    if (this.#garbled.has(source)) return;
    this.#garbled.add(source);
    this.#options.note({ event: 'limit-not-understood', level: 'warn', text: `${source}: ${why}` });
  }

  #stand(fault: string | null): void {
    if ((fault === null) === (this.#fault === null) && this.#fault !== null) return;
    this.#fault = fault;
    const text = fault === null ? 'the broker is heard' : `the broker is not heard: ${fault}`;
    this.#options.note({ event: 'broker', level: fault === null ? 'info' : 'warn', text });
    this.#tell();
  }

  #tell(): void {
    this.#telling?.();
    this.#telling = null;
    for (const source of this.#untold) {
      const message = this.#said.get(source);
      if (message === undefined || this.#link.send(message)) this.#untold.delete(source);
    }
    if (this.#fault === this.#faultTold) return;
    const text = `the broker is not heard: ${this.#fault ?? this.#faultTold ?? ''}`;
    if (this.#link.send({ type: 'north-note', event: 'broker', text, standing: this.#fault !== null }))
      this.#faultTold = this.#fault;
  }
}
