import { after, seconds } from '#base/units.ts';
import type { DurationMs, MonoMs } from '#base/units.ts';

/** What was taken away lately is looked at so often: what another master lets through in between is exported. */
const CONTESTED_CHECK: DurationMs = seconds(1);
/** So long after the last time that it was gone. */
const CONTESTED_SPAN: DurationMs = seconds(60);

/** When a cap or order that stands is looked at again: at the pace of its profile, or each second for a while after it was gone. */
export class CheckPace {
  readonly #usual: DurationMs;
  #goneAt: MonoMs | null = null;

  /** `usual`: the profile's span between two looks. */
  constructor(usual: DurationMs) {
    this.#usual = usual;
  }

  /** Something else stood where it was written, or the output says so. */
  gone(now: MonoMs): void {
    this.#goneAt = now;
  }

  /** The next look after one that found it standing. */
  next(now: MonoMs): MonoMs {
    const contested = this.#goneAt !== null && now - this.#goneAt < CONTESTED_SPAN && CONTESTED_CHECK < this.#usual;
    return after(now, contested ? CONTESTED_CHECK : this.#usual);
  }
}
