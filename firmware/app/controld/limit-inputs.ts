import type { Clock } from '#base/ports.ts';
import { after, type MonoMs, seconds } from '#base/units.ts';
import type { Heard, HeardLimits, SourceLimits } from '#control/local/inputs.ts';
import type { LocalLimitMessage } from '#link/message.ts';
import { isTopic, type InputConfiguration } from '../config/inputs.ts';

/** What the sources of limits beside the utility said last. It only remembers: what of it counts, the tick decides. */
export class LimitInputs {
  readonly #clock: Clock;
  /** The longest a message of each source counts, seconds. */
  readonly #expiries: ReadonlyMap<string, number>;
  readonly #onChange: () => void;
  readonly #heardAt = new Map<string, MonoMs>();
  #heard = new Map<string, HeardLimits>();

  constructor(clock: Clock, inputs: readonly InputConfiguration[], onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#expiries = new Map(inputs.filter(isTopic).map(({ name, mqtt }) => [name, mqtt.expirySeconds]));
  }

  /** By source; a new map whenever something changed. */
  get heard(): Heard {
    return this.#heard;
  }

  /** What a topic said; of no configured source, or older than what is known: nothing. */
  take({ source, heard, seconds: asked, exportW, generationW, importW }: LocalLimitMessage): void {
    const expiry = this.#expiries.get(source);
    const before = this.#heardAt.get(source);
    if (expiry === undefined || (before !== undefined && heard < before)) return;
    // What comes from the future would count for too long.
    const at = Math.min(heard, this.#clock.now()) as MonoMs;
    this.#heardAt.set(source, at);
    const until = after(at, seconds(Math.min(asked, expiry)));
    this.hear(source, { exportW, generationW, importW }, until);
  }

  /** What a source says, and before which instant it counts; one that only says on is no change. */
  hear(source: string, { exportW, generationW, importW }: SourceLimits, until: MonoMs): void {
    const before = this.#heard.get(source);
    this.#heard = new Map(this.#heard).set(source, { until, exportW, generationW, importW });
    const same = before?.exportW === exportW && before.generationW === generationW && before.importW === importW;
    if (!same || before.until <= this.#clock.now()) this.#onChange();
  }
}
