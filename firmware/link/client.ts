import type { Cancel, Clock, Entropy, Note } from '#base/ports.ts';
import { after, durationMs } from '#base/units.ts';
import { type Decode, linkFaultText } from './codec.ts';
import { type Hello, LINK_PROTOCOL } from './message.ts';
import type { LinkPort, LinkStream } from './port.ts';
import { isHello, sendOn } from './server.ts';

const RETRY_FIRST_MS = 100;
/** A dial on a local socket costs next to nothing, and each second without the link is one in which controld does not hear of a limit. */
const RETRY_MAX_MS = 500;
/** Longest wait for the server's hello. */
const HELLO_TIMEOUT = durationMs(5_000);

interface Typed {
  readonly type: string;
}

export interface ClientOptions<In extends Typed> {
  readonly port: LinkPort;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly path: string;
  readonly decode: Decode<In | Hello>;
  readonly hello: () => Hello;
  /** The server said hello in our version: the link may be used. */
  readonly onUp: (hello: Hello) => void;
  readonly onMessage: (message: In) => void;
  /** After `onUp`, when the link is lost; it is dialled again by itself. Not after `close`. */
  readonly onDown: (why: string) => void;
  readonly note: (note: Note) => void;
}

export interface LinkClient<Out extends Typed> {
  /** False: not up now; nothing is kept for later. */
  send(message: Out): boolean;
  /** Ends it for good. */
  close(): void;
}

/** Delay before attempt `failures` + 1: doubling, at most RETRY_MAX_MS, spread by a random half. */
export const retryDelay = (failures: number, fraction: number): number =>
  Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, 16), RETRY_MAX_MS) * (0.5 + fraction / 2);

class Connector<In extends Typed, Out extends Typed> implements LinkClient<Out> {
  readonly #options: ClientOptions<In>;
  #stream: LinkStream | null = null;
  #up = false;
  #closed = false;
  #failures = 0;
  #alarm: Cancel = () => undefined;

  constructor(options: ClientOptions<In>) {
    this.#options = options;
  }

  dial(): void {
    const { port, path, hello, note, clock } = this.#options;
    port.dial(
      path,
      (stream) => {
        if (this.#closed) {
          stream.close();
          return;
        }
        this.#stream = stream;
        this.#alarm = clock.at(after(clock.now(), HELLO_TIMEOUT), () => stream.close());
        sendOn(stream, hello(), note);
      },
      { onLine: (line) => this.#take(line), onClosed: (why) => this.#lost(why) },
    );
  }

  send(message: Out): boolean {
    return this.#up && this.#stream !== null && sendOn(this.#stream, message, this.#options.note);
  }

  close(): void {
    this.#closed = true;
    this.#alarm();
    this.#stream?.close();
  }

  #take(line: string): void {
    const message = this.#options.decode(line);
    if (this.#closed) return;
    if (!message.ok) this.#refuse(linkFaultText(message.fault));
    else if (isHello(message.value)) this.#greet(message.value);
    else if (this.#up) this.#options.onMessage(message.value);
    else this.#refuse(`${message.value.type} before hello`);
  }

  #greet(hello: Hello): void {
    this.#alarm();
    if (hello.protocol !== LINK_PROTOCOL) {
      this.#refuse(`protocol ${hello.protocol}, ours is ${LINK_PROTOCOL}`);
    } else if (this.#up) {
      this.#refuse('a second hello');
    } else {
      this.#up = true;
      this.#failures = 0;
      this.#options.onUp(hello);
    }
  }

  #refuse(why: string): void {
    this.#options.note({ event: 'link-peer-refused', level: 'warn', text: `${this.#options.path}: ${why}` });
    this.#stream?.close();
  }

  #lost(why: string): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#stream = null;
    this.#alarm();
    if (this.#closed) return;
    if (wasUp) this.#options.onDown(why);
    const { clock, entropy } = this.#options;
    const delay = durationMs(retryDelay(this.#failures, entropy.fraction()));
    this.#failures += 1;
    this.#alarm = clock.at(after(clock.now(), delay), () => this.dial());
  }
}

/** Dials the server of one role and keeps dialling until closed. */
export const connectLink = <In extends Typed, Out extends Typed>(options: ClientOptions<In>): LinkClient<Out> => {
  const connector = new Connector<In, Out>(options);
  connector.dial();
  return connector;
};
