import type { LogRecord } from '#log/record.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { MirrorRole } from './quantity.ts';
import type { Delivery } from './queue.ts';
import type { MirrorContext } from './reading.ts';
import { mirrorReadings } from './reading.ts';
import { reportedBody } from './record.ts';
import { responseFor } from './response.ts';

/** Streams that go north independently, each with a cursor of its own: a stuck one must not hold up the others. */
export const REPORT_CHANNELS = ['responses', 'site-readings', 'der-readings'] as const;
export type ReportChannel = (typeof REPORT_CHANNELS)[number];

/** Something to POST: a Response to its `replyTo`, readings to the href of the role's mirror. */
export type ReportPayload =
  | { readonly kind: 'response'; readonly replyTo: string; readonly body: ResourceOf<'DERControlResponse'> }
  | { readonly kind: 'readings'; readonly role: MirrorRole; readonly body: ResourceOf<'MirrorMeterReadingList'> };

export interface ReportContext extends MirrorContext {
  /** Name of the server in the configuration; transitions of another one are not told to it. */
  readonly server: string;
}

/** What a log record makes this channel send; null: nothing, the cursor passes it. */
export const deliveryOf = (channel: ReportChannel, record: LogRecord, context: ReportContext): Delivery<ReportPayload> | null => {
  const body = reportedBody(record);
  if (body === null) return null;
  if (body.kind === 'transition') {
    if (channel !== 'responses' || body.server !== context.server) return null;
    const response = responseFor(body, context);
    return response === null ? null : { seq: record.seq, subject: body.mRID, payload: { kind: 'response', ...response } };
  }
  if (channel === 'responses') return null;
  const role = channel === 'site-readings' ? 'site' : 'der';
  const readings = mirrorReadings(role, body, context);
  // One subject: readings of a mirror go oldest first.
  return readings === null ? null : { seq: record.seq, subject: role, payload: { kind: 'readings', role, body: readings } };
};
