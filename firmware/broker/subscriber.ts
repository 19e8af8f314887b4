import type { Cancel, Clock, Entropy } from '#base/ports.ts';
import { after, type DurationMs, durationMs, seconds } from '#base/units.ts';
import type { BrokerConnection, BrokerDial, Entry } from './port.ts';

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 60_000;
const DOUBLINGS_MAX = 6;
/** From the dial until the topics are granted. */
const ENTER_WITHIN = seconds(20);

export interface SubscriberOptions {
  readonly dial: BrokerDial;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly entry: Entry;
  /** Something was said just now. What the broker had kept is of unknown age and is not told. */
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** All topics are granted, or why they are not; the next attempt comes by itself. */
  readonly onStanding: (fault: string | null) => void;
}

/** Delay before attempt `failures` + 1, milliseconds: doubling, spread by a random half. */
const brokerDelay = (failures: number, fraction: number): number =>
  Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, DOUBLINGS_MAX), RETRY_MAX_MS) * (0.5 + fraction / 2);

/** Holds a subscription at a broker, through losses of the connection. It only listens. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  #connection: BrokerConnection | null = null;
  #alarm: Cancel = () => undefined;
  #failures = 0;
  #closed = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  start(): void {
    const { dial, entry, onMessage, onStanding } = this.#options;
    this.#arm(ENTER_WITHIN, () => this.#lost('it does not let us in in time'));
    this.#connection = dial(entry, {
      onGranted: () => {
        this.#alarm();
        this.#failures = 0;
        onStanding(null);
      },
      onMessage: (topic, payload, kept) => {
        if (!kept && entry.topics.includes(topic)) onMessage(topic, payload);
      },
      onDown: (why) => this.#lost(why),
    });
  }

  close(): void {
    this.#closed = true;
    this.#alarm();
    this.#connection?.close();
    this.#connection = null;
  }

  #arm(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    this.#alarm();
    this.#alarm = clock.at(after(clock.now(), span), run);
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
