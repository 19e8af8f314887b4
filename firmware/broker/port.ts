/** Who we are to a broker, and what we want to hear of it. */
export interface Entry {
  /** At most 23 characters, which every broker takes (MQTT 3.1.1, 3.1.3.1). */
  readonly clientId: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly topics: readonly string[];
}

export interface BrokerHandlers {
  /** All topics are granted. */
  readonly onGranted: () => void;
  /** `kept`: the broker had it from before the subscription. */
  readonly onMessage: (topic: string, payload: Uint8Array, kept: boolean) => void;
  /** Once, when it failed or ended, with the reason for people. */
  readonly onDown: (why: string) => void;
}

/** A subscription at a broker that is up or on its way. */
export interface BrokerConnection {
  /** Ends it; no handler is called any more. */
  close(): void;
}

/** Begins one attempt to enter; whoever calls it tries again. */
export type BrokerDial = (entry: Entry, handlers: BrokerHandlers) => BrokerConnection;
