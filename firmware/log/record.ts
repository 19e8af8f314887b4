import type { MonoMs } from '#base/units.ts';

/** A record as stored: numbered for ever, dated by boot and monotonic clock (design D7). The body is any JSON value: the log knows nothing of energy. */
export interface LogRecord {
  /** 1 for the first record of this installation; rising, never reused once committed. A gap means that telemetry was dropped or a sector was lost. */
  readonly seq: number;
  /** Format number of the body (design D17). */
  readonly format: number;
  readonly bootId: string;
  readonly mono: MonoMs;
  readonly body: unknown;
}
