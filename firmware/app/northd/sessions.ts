import { discovered, watchPlace } from './discovery.ts';
import type { NorthdConfig, NorthdPorts } from './northd.ts';
import { Patience } from './patience.ts';
import { waitOutSilence } from './pin-silence.ts';
import { UtilitySession, type Parts } from './session.ts';
import { Waker } from './waker.ts';

/** One session after the other with one utility: another begins when DNS says that the server has moved. */
export class Sessions {
  readonly #ports: NorthdPorts;
  readonly #config: NorthdConfig;
  readonly #parts: Omit<Parts, 'stop'>;
  readonly #patience: Patience;
  /** It waits by itself, and proves nothing of the session's health. */
  readonly #placePatience: Patience;
  #session: UtilitySession | null = null;
  /** Where DNS found the server of this session; null: it is configured, or looked for. */
  #place: string | null = null;

  constructor(ports: NorthdPorts, config: NorthdConfig, parts: Omit<Parts, 'stop'>) {
    this.#ports = ports;
    this.#config = config;
    this.#parts = parts;
    this.#patience = new Patience(ports.clock, parts.waker, ports.onGoodTurn);
    this.#placePatience = new Patience(ports.clock, new Waker(ports.clock), () => undefined);
  }

  /** Programs of the last walk. */
  get programs(): number {
    return this.#session?.programs ?? 0;
  }

  /** Until stopped. */
  async run(): Promise<void> {
    const watched = {
      place: () => this.#place,
      isDown: () => this.#session?.isDown ?? false,
      onMoved: () => this.#moved(),
    };
    await Promise.all([this.#serve(), watchPlace(this.#ports, this.#config, watched, this.#placePatience)]);
  }

  stop(): void {
    this.#patience.stop();
    this.#placePatience.stop();
    this.#session?.stop();
  }

  #moved(): void {
    this.#place = null;
    this.#session?.stop();
  }

  async #serve(): Promise<void> {
    const isStopping = (): boolean => this.#patience.isStopping;
    let stop = await waitOutSilence(this.#parts.silence, this.#ports.clock, this.#patience);
    while (!isStopping()) {
      const found = await discovered(this.#ports, this.#config, this.#patience);
      if (found === null || isStopping()) return;
      this.#session = new UtilitySession(this.#ports, found.config, { ...this.#parts, stop });
      this.#place = found.place;
      await this.#session.run();
      // Ended for a server that moved: another one has a registration of its own, compared anew.
      stop = null;
    }
  }
}
