import type { Garble } from './transaction.ts';

/** What happened on one line since the process started. Plain counts; they never reset. */
export class LineCounters {
  requests = 0;
  replies = 0;
  refused = 0;
  timeouts = 0;
  /** Replies that came after their time-out and were thrown away. */
  late = 0;
  /** Pieces of bytes nobody waited for. */
  strays = 0;
  quarantines = 0;
  /** Requests that never were sent: queue full, or replaced. */
  dropped = 0;
  /** Times the port failed or would not open. */
  downs = 0;
  /** Times the port was opened afresh because no unit answered. */
  reopens = 0;
  bytesReceived = 0;
  readonly #garbled: Record<Garble, number> = {
    crc: 0,
    length: 0,
    'foreign-unit': 0,
    'foreign-function': 0,
    echo: 0,
    early: 0,
  };

  garbled(why: Garble): void {
    this.#garbled[why] += 1;
  }

  snapshot(): Readonly<Record<string, number>> {
    const { requests, replies, refused, timeouts, late, strays, quarantines, dropped, downs, reopens, bytesReceived } = this;
    return {
      requests,
      replies,
      refused,
      timeouts,
      late,
      strays,
      quarantines,
      dropped,
      downs,
      reopens,
      bytesReceived,
      ...this.#garbled,
    };
  }
}
