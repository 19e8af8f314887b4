import { after, type MonoMs } from '#base/units.ts';
import type { LogLimits } from './limits.ts';

export interface Queued {
  readonly seq: number;
  readonly frame: Uint8Array;
  readonly compliance: boolean;
  readonly queuedAt: MonoMs;
}

/** Records waiting for their commit, in the order of their numbers. Pure: says when a commit is due and what goes into it. */
export class CommitQueue {
  readonly #limits: LogLimits;
  #items: Queued[] = [];
  /** Items at the front that are being written: never dropped. */
  #inFlight = 0;
  #telemetry = 0;
  #droppedTelemetry = 0;
  #droppedCompliance = 0;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** Over its bound the oldest of the same class is dropped and counted. */
  push(item: Queued): void {
    this.#items.push(item);
    if (!item.compliance) this.#telemetry += 1;
    if (this.#telemetry > this.#limits.telemetryQueue && this.#dropOldest(false)) {
      this.#telemetry -= 1;
      this.#droppedTelemetry += 1;
    }
    if (this.#items.length - this.#telemetry > this.#limits.complianceQueue && this.#dropOldest(true)) {
      this.#droppedCompliance += 1;
    }
  }

  /** When the next commit has to start; null: nothing waits. */
  dueAt(): MonoMs | null {
    const oldest = this.#items[0];
    if (oldest === undefined) return null;
    const telemetryDue = after(oldest.queuedAt, this.#limits.telemetryDelay);
    const compliance = this.#items.find((item) => item.compliance);
    if (compliance === undefined) return telemetryDue;
    const complianceDue = after(compliance.queuedAt, this.#limits.complianceDelay);
    return complianceDue < telemetryDue ? complianceDue : telemetryDue;
  }

  /** The items of the next commit, oldest first, at least one where any waits; they stay queued until `settle`. */
  take(): readonly Queued[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      if (count > 0 && bytes + item.frame.length > this.#limits.commitBytes) break;
      bytes += item.frame.length;
      count += 1;
    }
    this.#inFlight = count;
    return this.#items.slice(0, count);
  }

  /** The taken items are durable, or have to be written again. */
  settle(committed: boolean): void {
    if (committed) {
      for (const item of this.#items.slice(0, this.#inFlight)) if (!item.compliance) this.#telemetry -= 1;
      this.#items = this.#items.slice(this.#inFlight);
    }
    this.#inFlight = 0;
  }

  get length(): number {
    return this.#items.length;
  }

  get dropped(): { readonly telemetry: number; readonly compliance: number } {
    return { telemetry: this.#droppedTelemetry, compliance: this.#droppedCompliance };
  }

  #dropOldest(compliance: boolean): boolean {
    const at = this.#items.findIndex((item, index) => index >= this.#inFlight && item.compliance === compliance);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }
}
