import { SerialPort } from 'serialport';
import type { Clock } from '#base/ports.ts';
import type { LinePort, SerialSettings } from './port.ts';

type Handlers = Parameters<LinePort['open']>[0];

/**
 * A line over a serial device (or a pty). 8 data bits, exclusive lock, low latency where the driver knows it. One SerialPort object per
 * opening: a failed one is never reused. `onDown` is called once per opening, for an open that failed, an unplug or a write error; not after `close`.
 */
export class SerialLinePort implements LinePort {
  readonly #path: string;
  readonly #serial: SerialSettings;
  readonly #clock: Clock;
  #current: SerialPort | null = null;

  /** `path` as in `/dev/serial/by-id/...`; bytes are stamped with `clock` as they arrive. */
  constructor(path: string, serial: SerialSettings, clock: Clock) {
    this.#path = path;
    this.#serial = serial;
    this.#clock = clock;
  }

  open(handlers: Handlers): void {
    this.close();
    const { baudRate, parity, stopBits } = this.#serial;
    const port = new SerialPort({ path: this.#path, baudRate, parity, stopBits, dataBits: 8, lock: true, autoOpen: false });
    this.#current = port;
    const down = (why: string): void => {
      if (this.#current !== port) return;
      this.#current = null;
      release(port);
      handlers.onDown(why);
    };
    port.on('data', (bytes: Buffer) => {
      if (this.#current === port) handlers.onBytes(bytes, this.#clock.now());
    });
    port.on('error', (error: Error) => down(error.message));
    port.on('end', () => down('the device hung up'));
    port.on('close', (error: Error | null) => down(error?.message ?? 'closed'));
    port.open((error) => {
      if (error !== null) {
        down(error.message);
        return;
      }
      if (this.#current !== port) {
        release(port);
        return;
      }
      const wish: { lowLatency: boolean; rts: boolean; dtr: boolean } = { lowLatency: true, rts: true, dtr: true };
      port.set(wish, ignoreOutcome);
      handlers.onUp();
    });
  }

  write(bytes: Uint8Array): void {
    this.#current?.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  flush(): void {
    this.#current?.flush(ignoreOutcome);
  }

  close(): void {
    const port = this.#current;
    this.#current = null;
    if (port !== null) release(port);
  }
}

/** Ptys and some drivers know neither low latency nor flush; a port that really failed says so by `close`. */
const ignoreOutcome = (): void => undefined;

const release = (port: SerialPort): void => {
  if (port.isOpen) port.close(ignoreOutcome);
};
