/** The request log: what clients asked and were told, and what can be read out of it by a judge that trusts nothing else. */
import type { Body } from './body.ts';
import type { ResourceKind } from './hrefs.ts';

/** One request and its answer. Times are server time in seconds. */
export interface Exchange {
  readonly number: number;
  readonly at: number;
  /** null: no client certificate reached the core. */
  readonly lfdi: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** null: nothing lives at that path. */
  readonly resource: ResourceKind | null;
  readonly status: number;
  /** Root element of a body that was read. */
  readonly type: string | null;
  readonly body: Body | null;
  /** Why it was refused. */
  readonly problem: string | null;
  readonly location: string | null;
  /** Content-Encoding of the answer. */
  readonly coding: string | null;
}

/** A DERControlResponse that was accepted. */
export interface ReceivedResponse {
  readonly subject: string;
  readonly status: number;
  readonly at: number;
  readonly createdDateTime: number | null;
  readonly lfdi: string | null;
}

/** A DERCapability, DERSettings, DERStatus, DERAvailability or ConnectionPoint that was accepted. */
export interface ReceivedPut {
  readonly type: string;
  readonly at: number;
  readonly lfdi: string | null;
  readonly body: Body;
}

/** One reading, scaled: `value` is in the unit of `uom`. */
export interface ReceivedReading {
  readonly at: number;
  readonly lfdi: string;
  readonly mirror: string;
  readonly roleFlags: string;
  readonly mRID: string;
  readonly uom: number | null;
  readonly phase: number | null;
  readonly flowDirection: number | null;
  readonly start: number | null;
  readonly duration: number | null;
  readonly value: number;
  readonly qualityFlags: string | null;
}

export interface Journal {
  readonly exchanges: Exchange[];
  readonly readings: ReceivedReading[];
  /** How many of the oldest were dropped. */
  dropped: number;
}

/** Bounds of what is kept: a week of one client at its quickest. */
const MAX_EXCHANGES = 200_000;
const MAX_READINGS = 200_000;

export const newJournal = (): Journal => ({ exchanges: [], readings: [], dropped: 0 });

export const recordExchange = (journal: Journal, exchange: Exchange): void => {
  journal.exchanges.push(exchange);
  if (journal.exchanges.length > MAX_EXCHANGES) {
    journal.exchanges.shift();
    journal.dropped += 1;
  }
};

export const recordReading = (journal: Journal, reading: ReceivedReading): void => {
  journal.readings.push(reading);
  if (journal.readings.length > MAX_READINGS) journal.readings.shift();
};

const accepted = (exchange: Exchange): boolean => exchange.status < 300;

/** Accepted Responses in the order they came. */
export const responses = (journal: Journal): readonly ReceivedResponse[] =>
  journal.exchanges
    .filter((exchange) => accepted(exchange) && exchange.type === 'DERControlResponse' && exchange.body !== null)
    .map((exchange) => ({
      subject: typeof exchange.body?.['subject'] === 'string' ? exchange.body['subject'] : '',
      status: Number(exchange.body?.['status'] ?? 0),
      at: exchange.at,
      createdDateTime: typeof exchange.body?.['createdDateTime'] === 'number' ? exchange.body['createdDateTime'] : null,
      lfdi: exchange.lfdi,
    }));

/** Accepted PUT bodies in the order they came. */
export const puts = (journal: Journal): readonly ReceivedPut[] =>
  journal.exchanges.flatMap((exchange) =>
    accepted(exchange) && exchange.method === 'PUT' && exchange.type !== null && exchange.body !== null
      ? [{ type: exchange.type, at: exchange.at, lfdi: exchange.lfdi, body: exchange.body }]
      : [],
  );

/** Accepted LogEvents in the order they came. */
export const logEvents = (journal: Journal): readonly { readonly at: number; readonly body: Body }[] =>
  journal.exchanges.flatMap((exchange) =>
    accepted(exchange) && exchange.type === 'LogEvent' && exchange.body !== null
      ? [{ at: exchange.at, body: exchange.body }]
      : [],
  );

/** Requests answered with 400 or more. */
export const refusals = (journal: Journal): readonly Exchange[] => journal.exchanges.filter((exchange) => exchange.status >= 400);
