import type { SerialSettings } from './port.ts';
import type { UnitCounters } from './unit.ts';

export interface LineSettings extends SerialSettings {
  readonly name: string;
  /** The adapter returns what is sent; exactly those bytes are stripped. */
  readonly localEcho: boolean;
  /** Replies take at least their wire time. False only for a pipe without byte times (a TCP gateway, a bare pty). */
  readonly paced: boolean;
}

/** One line at a glance: for the view, the log and the command line. */
export interface LineStatus {
  readonly name: string;
  /** Null while the port is open. */
  readonly down: string | null;
  readonly use: number;
  readonly queued: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly units: ReadonlyMap<number, UnitCounters>;
}
