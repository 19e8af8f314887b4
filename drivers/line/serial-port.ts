import { readSync, writeSync } from 'node:fs';
import { SerialPort } from 'serialport';
import type { Cancel, Clock } from '#base/ports.ts';
import { after, durationMs } from '#base/units.ts';
import type { LinePort, SerialSettings } from './port.ts';
import { characterTime, LONGEST_FRAME_BYTES } from './wire-time.ts';

type Handlers = Parameters<LinePort['open']>[0];
type Binding = Awaited<ReturnType<typeof SerialPort.binding.open>>;
/** The binding of a Unix: a file descriptor that does not block, and its poller. */
type UnixBinding = Extract<Binding, { readonly poller: unknown }>;

/** A driver buffers 4 KiB. */
const FLUSH_READS_MAX = 16;

/**
 * A line over a serial device (or a pty). 8 data bits, exclusive lock, low latency where the driver knows it. One opening is never used
 * again after it failed. `onDown` is called once per opening, for an open that failed, an unplug or a write error; not after `close`.
 *
 * `serialport` opens and sets the device; reading and writing is ours. Its stream would pass each piece of a frame through the thread
 * pool and ask again for what is not there yet: ten times the processor time of the protocol.
 */
export class SerialLinePort implements LinePort {
  readonly #path: string;
  readonly #serial: SerialSettings;
  readonly #clock: Clock;
  #current: Opening | null = null;

  /** `path` as in `/dev/serial/by-id/...`; bytes are stamped with `clock` as they arrive. */
  constructor(path: string, serial: SerialSettings, clock: Clock) {
    this.#path = path;
    this.#serial = serial;
    this.#clock = clock;
  }

  open(handlers: Handlers): void {
    this.close();
    const opening = new Opening(this.#clock, characterTime(this.#serial), handlers);
    this.#current = opening;
    const { baudRate, parity, stopBits } = this.#serial;
    SerialPort.binding.open({ path: this.#path, baudRate, parity, stopBits, dataBits: 8, lock: true }).then(
      (binding) => opening.opened(binding),
      (error: unknown) => opening.down(textOf(error)),
    );
  }

  write(bytes: Uint8Array): void {
    this.#current?.write(bytes);
  }

  flush(): void {
    this.#current?.flush();
  }

  close(): void {
    this.#current?.end();
    this.#current = null;
  }
}

/** One opening of the device, until it fails or is closed. */
class Opening {
  readonly #clock: Clock;
  readonly #character: number;
  readonly #handlers: Handlers;
  readonly #buffer = new Uint8Array(LONGEST_FRAME_BYTES);
  #binding: UnixBinding | null = null;
  #ended = false;
  #cancelWait: Cancel | null = null;

  constructor(clock: Clock, character: number, handlers: Handlers) {
    this.#clock = clock;
    this.#character = character;
    this.#handlers = handlers;
  }

  opened(binding: Binding): void {
    if (!('poller' in binding)) {
      this.down('no serial port of this system');
      return;
    }
    if (this.#ended) {
      release(binding);
      return;
    }
    this.#binding = binding;
    const wish: { lowLatency: boolean; rts: boolean; dtr: boolean } = { lowLatency: true, rts: true, dtr: true };
    binding.set(wish).catch(ignore);
    this.#listen();
    this.#handlers.onUp();
  }

  write(bytes: Uint8Array): void {
    const fd = this.#binding?.fd ?? null;
    if (this.#ended || fd === null) return;
    try {
      // The driver's buffer is empty between two transactions and takes any frame at once.
      const taken = writeSync(fd, bytes);
      if (taken < bytes.length) this.#soonDown(`the driver took ${taken} of ${bytes.length} bytes`);
    } catch (error) {
      this.#soonDown(textOf(error));
    }
  }

  flush(): void {
    const fd = this.#binding?.fd ?? null;
    if (fd === null) return;
    try {
      for (let reads = 0; reads < FLUSH_READS_MAX; reads += 1) if (readSync(fd, this.#buffer) < this.#buffer.length) return;
    } catch {
      // Nothing there; what else may be wrong shows when it is read.
    }
  }

  end(): void {
    this.#ended = true;
    this.#cancelWait?.();
    this.#cancelWait = null;
    if (this.#binding !== null) release(this.#binding);
    this.#binding = null;
  }

  down(why: string): void {
    if (this.#ended) return;
    this.end();
    this.#handlers.onDown(why);
  }

  /** Not inside `write`: whoever writes is not ready to hear of it. */
  #soonDown(why: string): void {
    this.#clock.at(this.#clock.now(), () => this.down(why));
  }

  #listen(): void {
    this.#binding?.poller.once('readable', (error) => {
      if (this.#ended) return;
      if (error === null) this.#read();
      else this.down(error.message);
    });
  }

  #read(): void {
    const fd = this.#binding?.fd ?? null;
    if (fd === null) return;
    let length: number;
    try {
      length = readSync(fd, this.#buffer);
    } catch (error) {
      if (isNothingThere(error)) this.#listen();
      else this.down(textOf(error));
      return;
    }
    if (length === 0) {
      this.down('the device hung up');
      return;
    }
    const at = this.#clock.now();
    const missing = this.#handlers.onBytes(this.#buffer.slice(0, length), at);
    if (this.#ended) return;
    if (missing === 0) this.#listen();
    else this.#listenAfter(missing);
  }

  /** The rest of a frame cannot be there before its wire time is over: one look then, instead of one for each piece. */
  #listenAfter(bytes: number): void {
    const now = this.#clock.now();
    this.#cancelWait = this.#clock.at(after(now, durationMs(bytes * this.#character)), () => {
      this.#cancelWait = null;
      this.#listen();
    });
  }
}

const isNothingThere = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Ptys and some drivers know neither low latency nor flush; a port that really failed says so when it is read. */
const ignore = (): void => undefined;

const release = (binding: UnixBinding): void => {
  if (binding.isOpen) binding.close().catch(ignore);
};
