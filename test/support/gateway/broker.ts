import type { BrokerConnection, BrokerDial, BrokerHandlers } from '#broker/port.ts';
import type { VirtualTime } from '../virtual-clock.ts';

const LATENCY_MS = 20;

interface Subscription {
  readonly topics: readonly string[];
  readonly handlers: BrokerHandlers;
}

/** The broker as one process reaches it. */
export interface ProcessBroker {
  readonly dial: BrokerDial;
  /** The process died: it hears nothing any more. */
  kill(): void;
}

/** An MQTT broker in virtual time that lets everybody in and keeps no message: who is not there does not hear it. */
export class VirtualBroker {
  readonly #time: VirtualTime;
  readonly #all = new Set<Subscription>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  process(): ProcessBroker {
    const mine = new Set<Subscription>();
    return {
      dial: ({ topics }, handlers): BrokerConnection => {
        const subscription = { topics, handlers };
        mine.add(subscription);
        this.#time.at(this.#time.now + LATENCY_MS, () => {
          if (!mine.has(subscription)) return;
          this.#all.add(subscription);
          this.#time.touch();
          handlers.onGranted();
        });
        return {
          close: () => {
            mine.delete(subscription);
            this.#all.delete(subscription);
          },
        };
      },
      kill: () => {
        for (const each of mine) this.#all.delete(each);
        mine.clear();
      },
    };
  }

  publish(topic: string, payload: string): void {
    const bytes = new TextEncoder().encode(payload);
    this.#time.touch();
    for (const { topics, handlers } of this.#all) if (topics.includes(topic)) handlers.onMessage(topic, bytes, false);
  }
}
