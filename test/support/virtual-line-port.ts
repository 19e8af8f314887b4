import { monoMs } from '#base/units.ts';
import type { LinePort } from '#drivers/line/port.ts';
import type { RigSite } from '../rig/site/site.ts';
import type { TimedSource, VirtualTime } from './virtual-clock.ts';

type Handlers = Parameters<LinePort['open']>[0];

/** A frame, or a piece of one, as it left or reached the gateway. */
export interface WireBytes {
  readonly at: number;
  readonly direction: 'request' | 'reply';
  readonly bytes: Uint8Array;
}

interface VirtualLineOptions {
  readonly time: VirtualTime;
  readonly site: RigSite;
  readonly onBytes?: (bytes: WireBytes) => void;
  /** Which of the site's lines; absent: the first. */
  readonly line?: number;
}

/**
 * The wire between the gateway and a simulated site in virtual time. The site's own time begins with this object.
 * The adapter can be pulled (the port goes down and does not open), which is another thing than a cut cable (`site.line.plug`).
 */
export class VirtualLine implements TimedSource {
  readonly #options: VirtualLineOptions;
  readonly #origin: number;
  #handlers: Handlers | null = null;
  #present = true;

  constructor(options: VirtualLineOptions) {
    this.#options = options;
    this.#origin = options.time.now;
    options.time.add(this);
  }

  /** Milliseconds of the site's time. */
  get siteNow(): number {
    return this.#options.time.now - this.#origin;
  }

  /** Virtual time of an instant of the site's. */
  timeOf(siteMs: number): number {
    return siteMs + this.#origin;
  }

  nextAt(): number | null {
    const next = this.#options.site.nextAt(this.#options.line);
    return next === null ? null : next + this.#origin;
  }

  act(): void {
    // The sum of two instants is rounded: the site's own idea of its next one decides, or it would never come.
    this.#deliver(Math.max(this.siteNow, this.#options.site.nextAt(this.#options.line) ?? 0));
  }

  /** Brings plant and truth to the present. */
  sync(): void {
    this.#deliver();
  }

  /** Pulls or plugs the adapter. */
  attach(present: boolean): void {
    this.#deliver();
    if (present === this.#present) return;
    this.#present = present;
    this.#options.site.lines[this.#options.line ?? 0]?.plug(present);
    const handlers = this.#handlers;
    if (present || handlers === null) return;
    this.#handlers = null;
    handlers.onDown('the device hung up');
  }

  /** The port of one process; another one that opens takes the line over. */
  port(): LinePort {
    let own: Handlers | null = null;
    return {
      open: (handlers) => {
        own = handlers;
        this.#open(handlers);
      },
      write: (bytes) => {
        if (own !== null && own === this.#handlers) this.#write(bytes);
      },
      flush: () => undefined,
      close: () => {
        if (own === this.#handlers) this.#handlers = null;
        own = null;
      },
    };
  }

  /** The process that had the line open died. */
  release(): void {
    this.#handlers = null;
  }

  #open(handlers: Handlers): void {
    const { time } = this.#options;
    this.#handlers = handlers;
    time.at(time.now, () => {
      if (this.#handlers !== handlers) return;
      if (this.#present) handlers.onUp();
      else {
        this.#handlers = null;
        handlers.onDown('no such device');
      }
    });
  }

  #write(bytes: Uint8Array): void {
    this.#deliver();
    this.#options.onBytes?.({ at: this.siteNow, direction: 'request', bytes });
    this.#options.site.receive(this.siteNow, bytes, this.#options.line);
  }

  #deliver(to = this.siteNow): void {
    for (const { at, bytes } of this.#options.site.advance(to, this.#options.line)) {
      this.#options.onBytes?.({ at, direction: 'reply', bytes });
      this.#handlers?.onBytes(bytes, monoMs(this.timeOf(at)));
    }
  }
}
