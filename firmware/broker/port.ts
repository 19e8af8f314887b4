/** A connection to a broker: bytes in order, both ways. */
export interface BrokerConnection {
  write(bytes: Uint8Array): void;
  /** Ends it; no handler is called any more. */
  close(): void;
}

/** Begins a connection. `onUp` when it stands, TLS included; `onDown` once, when it failed or ended. */
export type BrokerDial = (handlers: {
  readonly onUp: () => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onDown: (why: string) => void;
}) => BrokerConnection;
