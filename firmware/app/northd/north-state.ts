import { fail, ok, type Result } from '#base/result.ts';
import { REPORT_CHANNELS, type ReportChannel } from '#utility/report/delivery.ts';
import type { Cursor } from '#utility/report/queue.ts';

/** A record that is being worked on, or that a life of this process ended with. */
export interface InHand {
  readonly channel: ReportChannel;
  readonly seq: number;
}

/** What northd alone keeps on disk (design D17). Members that an older release does not know are left out by it without harm. */
export interface NorthState extends Readonly<Record<ReportChannel, Cursor>> {
  /** The last life ended as asked. */
  readonly clean: boolean;
  /** Being worked on when this was written. */
  readonly inHand: InHand | null;
  /** Records that a life ended with, and how often. */
  readonly crashes: readonly (InHand & { readonly count: number })[];
}

/** Records suspected at a time; the oldest suspicion goes first. */
export const SUSPECTS_MAX = 16;

/** `log-events` is younger than the others: without it the alarms up to the last Response count as told. */
export const decodeNorthState = (value: unknown): Result<NorthState, string> => {
  if (typeof value !== 'object' || value === null) return fail('no cursors');
  const read = value as Partial<Record<ReportChannel | 'clean' | 'inHand' | 'crashes', unknown>>;
  const { responses } = read;
  const site = read['site-readings'];
  const der = read['der-readings'];
  if (!isCursor(responses) || !isCursor(site) || !isCursor(der)) return fail('a cursor is missing or none');
  const events = read['log-events'];
  const cursors = {
    responses,
    'site-readings': site,
    'der-readings': der,
    'log-events': isCursor(events) ? events : { seq: responses.seq, beyond: [] },
  };
  const crashes = Array.isArray(read.crashes) ? read.crashes.filter(isCrash).slice(-SUSPECTS_MAX) : [];
  return ok({ ...cursors, clean: read.clean === true, inHand: isInHand(read.inHand) ? read.inHand : null, crashes });
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCursor = (value: unknown): value is Cursor => {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, beyond } = value as Partial<Record<keyof Cursor, unknown>>;
  return isCount(seq) && Array.isArray(beyond) && beyond.every(isCount);
};

const isInHand = (value: unknown): value is InHand => {
  if (typeof value !== 'object' || value === null) return false;
  const { channel, seq } = value as Partial<Record<keyof InHand, unknown>>;
  return REPORT_CHANNELS.some((known) => known === channel) && isCount(seq);
};

const isCrash = (value: unknown): value is InHand & { readonly count: number } =>
  isInHand(value) && isCount((value as Partial<Record<'count', unknown>>).count);
