import type { Clock } from '#base/ports.ts';
import { MbapTranslator } from './mbap.ts';
import type { ByteConnection, Dial, LinePort } from './port.ts';

type Handlers = Parameters<LinePort['open']>[0];

/** A line over Modbus TCP: one connection at a time; the unit ids behind it are the units of the line. */
export class TcpLinePort implements LinePort {
  readonly #dial: Dial;
  readonly #clock: Clock;
  readonly #translator = new MbapTranslator();
  #connection: ByteConnection | null = null;
  /** Events of an earlier connection are ignored. */
  #attempt = 0;

  constructor(dial: Dial, clock: Clock) {
    this.#dial = dial;
    this.#clock = clock;
  }

  open(handlers: Handlers): void {
    this.close();
    this.#translator.reset();
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isOurs = (): boolean => attempt === this.#attempt;
    const down = (why: string): void => {
      if (!isOurs()) return;
      this.close();
      handlers.onDown(why);
    };
    this.#connection = this.#dial({
      onUp: () => {
        if (isOurs()) handlers.onUp();
      },
      onBytes: (bytes) => {
        if (!isOurs()) return;
        const { frames, broken } = this.#translator.receive(bytes);
        for (const frame of frames) if (isOurs()) handlers.onBytes(frame, this.#clock.now());
        if (broken) down('the other end does not speak Modbus TCP');
      },
      onDown: down,
    });
  }

  write(bytes: Uint8Array): void {
    this.#connection?.write(this.#translator.request(bytes));
  }

  flush(): void {
    // What came for an earlier request is dropped by its transaction.
  }

  close(): void {
    this.#attempt += 1;
    this.#connection?.close();
    this.#connection = null;
  }
}
