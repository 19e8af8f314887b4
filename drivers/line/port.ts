import type { MonoMs } from '#base/units.ts';

export interface SerialSettings {
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/**
 * The byte pipe under a line: a serial port in production, a simulated wire in tests.
 * Handlers are set once, before `open`. Nothing throws; trouble arrives through `onDown`.
 */
export interface LinePort {
  open(handlers: {
    readonly onUp: () => void;
    /** Returns how many bytes are missing at least before another call can matter; a port may wait their wire time. 0: call at once. */
    readonly onBytes: (bytes: Uint8Array, at: MonoMs) => number;
    readonly onDown: (why: string) => void;
  }): void;
  write(bytes: Uint8Array): void;
  /** Discards what the driver has received and not yet delivered. */
  flush(): void;
  close(): void;
}

/** A connection that carries bytes, in order, both ways. */
export interface ByteConnection {
  write(bytes: Uint8Array): void;
  /** Ends it; no handler is called any more. */
  close(): void;
}

/** Begins a connection. `onUp` when it stands; `onDown` once, when it failed or ended. */
export type Dial = (handlers: {
  readonly onUp: () => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onDown: (why: string) => void;
}) => ByteConnection;
