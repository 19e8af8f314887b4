import type { MonoMs } from '#base/units.ts';
import type { Result } from '#base/result.ts';

/** Whose turn it is on the line; lower number first. A transaction on the wire is never cut. */
export const PRIORITY = { cut: 0, meter: 1, control: 2, verify: 3, inverter: 4, telemetry: 5, probe: 6, scan: 7 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export type Request =
  /** `count` registers from `address`, 1-125: holding registers (function 3), input registers (function 4), or coils (function 1; each is a word, 0 or 1). */
  | {
      readonly kind: 'read';
      readonly unitId: number;
      readonly address: number;
      readonly count: number;
      readonly table?: 'holding' | 'input' | 'coils';
    }
  /** Writes `words` from `address`: 1-123 registers (function 16); `single`: one register (function 6). Coils, words of 0 or 1: functions 15 and 5. */
  | {
      readonly kind: 'write';
      readonly unitId: number;
      readonly address: number;
      readonly words: readonly number[];
      readonly single?: boolean;
      readonly table?: 'coils';
    };

/** What was wrong with a frame that was thrown away. */
export type Garble = 'crc' | 'length' | 'foreign-unit' | 'foreign-function' | 'echo' | 'early';

export type LineFault =
  | { readonly kind: 'timeout'; readonly unitId: number }
  | { readonly kind: 'refused'; readonly unitId: number; readonly exceptionCode: number }
  /**
   * CRC, length, foreign unit or function, a write acknowledged for other registers (`echo`; also a local echo that differs
   * from what was sent), or a frame faster than the wire allows (`early`): it was thrown away and the line quarantined.
   */
  | {
      readonly kind: 'garbled';
      readonly unitId: number;
      readonly why: Garble;
    }
  /** The port is closed or failed. */
  | { readonly kind: 'down'; readonly why: string }
  /** Not queued: the queue is full or the request was withdrawn. */
  | { readonly kind: 'dropped' };

export interface Reply {
  /** Registers or coils read; empty for a write. */
  readonly words: Uint16Array;
  /** When the device began to answer: the best estimate of when the values were taken. */
  readonly takenAt: MonoMs;
}

export type Deliver = (result: Result<Reply, LineFault>) => void;

/** What the line's users see of it. One transaction in flight (design D9). */
export interface Line {
  readonly name: string;
  /** Queues a transaction. `key`: a queued, not yet sent transaction with the same key is replaced and delivered `dropped`. */
  submit(request: Request, priority: Priority, deliver: Deliver, key?: string): void;
  /** Wire time of a transaction at this line's speed, milliseconds, without turnaround. */
  wireTime(request: Request): number;
  /** Fraction of the last minute the wire was busy, 0-1. */
  use(): number;
}
