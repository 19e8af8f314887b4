import type { Cancel, Clock } from '#base/ports.ts';
import { type DurationMs, monoMs } from '#base/units.ts';
import type { DeviceStanding } from '#site/sample.ts';
import type { Wire } from './draw.ts';

/** As the drivers keep contact (drivers/sunspec/contact.ts): silent after three failures, probed after a second, then each ten. */
const FAILURES = 3;
const FIRST_PROBE_MS = 1000;
const PROBE_MS = 10_000;
/** Transactions that verify a device. */
const VERIFYING = 2;

/** The way to the devices: a transaction takes its time; on a shared line one after the other. Not reproduced: bytes, priorities. */
export class Bus {
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly wire: Wire;
  #freeAt = 0;

  constructor(clock: Clock, wire: Wire) {
    this.#clock = clock;
    this.wire = wire;
    this.#shared = wire.shared;
  }

  /** `done` once it is over; `at`: when the device began to answer. */
  take(milliseconds: number, done: (at: number) => void): Cancel {
    const now = this.#clock.now();
    const begins = this.#shared ? Math.max(now, this.#freeAt) : now;
    const ends = begins + milliseconds;
    this.#freeAt = ends;
    return this.#clock.at(monoMs(ends), () => done(begins + milliseconds * 0.3));
  }
}

export interface ReachOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  /** Does the device answer now? */
  readonly isHeard: () => boolean;
  readonly wouldSleep: () => boolean;
  readonly onVerified: () => void;
  readonly onLost: () => void;
  readonly onStanding: () => void;
}

/** Contact with one device, as its driver keeps it. */
export class Reach {
  readonly #options: ReachOptions;
  #standing: DeviceStanding = 'unverified';
  #isVerified = false;
  #isWaiting = false;
  #failures = 0;
  #cancel: Cancel = () => undefined;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  get standing(): DeviceStanding {
    return this.#standing;
  }

  get isVerified(): boolean {
    return this.#isVerified;
  }

  identify(): void {
    this.#cancel();
    this.#isWaiting = false;
    const { bus, isHeard } = this.#options;
    const { wire } = bus;
    const heard = isHeard();
    this.#cancel = bus.take(heard ? VERIFYING * wire.proofMs : wire.timeoutMs, () => {
      if (!isHeard() || !heard) this.#unanswered();
      else this.#verified();
    });
  }

  probeNow(): void {
    if (this.#isWaiting) this.identify();
  }

  answered(): void {
    this.#failures = 0;
  }

  /** A transaction of the session was not answered. */
  failed(): void {
    if (this.#isVerified) this.#unanswered();
  }

  #verified(): void {
    this.#failures = 0;
    this.#isVerified = true;
    this.#stand('answering');
    this.#options.onVerified();
  }

  #unanswered(): void {
    const away = this.#standing === 'silent' || this.#standing === 'asleep';
    if (away) {
      this.#wait(PROBE_MS);
      return;
    }
    this.#failures += 1;
    if (this.#failures < FAILURES) {
      if (!this.#isVerified) this.identify();
      return;
    }
    if (this.#isVerified) this.#options.onLost();
    this.#isVerified = false;
    this.#stand(this.#options.wouldSleep() ? 'asleep' : 'silent');
    this.#wait(FIRST_PROBE_MS);
  }

  #wait(span: number): void {
    const { clock } = this.#options;
    this.#cancel();
    this.#isWaiting = true;
    this.#cancel = clock.at(monoMs(clock.now() + (span as DurationMs)), () => this.identify());
  }

  #stand(standing: DeviceStanding): void {
    if (standing === this.#standing) return;
    this.#standing = standing;
    this.#options.onStanding();
  }
}
