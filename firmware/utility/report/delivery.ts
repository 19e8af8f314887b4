import type { AlarmRecord, ReadingRecord } from '#control/record.ts';
import type { LogRecord } from '#log/record.ts';
import type { MonoMs } from '#base/units.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import { logEventCode } from './log-event.ts';
import type { Delivery } from './queue.ts';
import type { MirrorContext } from './reading.ts';
import { reportedBody } from './record.ts';
import { type ResponseContext, responseFor } from './response.ts';

/** Streams that go north independently, each with a cursor of its own: a stuck one must not hold up the others. */
export const REPORT_CHANNELS = ['responses', 'site-readings', 'der-readings', 'log-events'] as const;
export type ReportChannel = (typeof REPORT_CHANNELS)[number];
export type ReadingsChannel = 'site-readings' | 'der-readings';

/** What a record makes: a Response to its `replyTo`, a reading for the role's mirrors, an alarm for the LogEventList. */
export type ReportPayload =
  | { readonly kind: 'response'; readonly replyTo: string; readonly body: ResourceOf<'DERControlResponse'> }
  | { readonly kind: 'reading'; readonly record: ReadingRecord }
  | { readonly kind: 'alarm'; readonly record: AlarmRecord; readonly bootId: string; readonly mono: MonoMs };

export interface ReportContext extends MirrorContext, ResponseContext {
  /** Name of the server in the configuration; transitions of another one are not told to it. */
  readonly server: string;
}

/** Alarms with a standard code go one after the other. */
const ALARMS = 'alarms';

/** What a log record makes this channel send; null: nothing, the cursor passes it. */
export const deliveryOf = (channel: ReportChannel, record: LogRecord, context: ReportContext): Delivery<ReportPayload> | null => {
  const body = reportedBody(record);
  if (body === null) return null;
  switch (body.kind) {
    case 'transition': {
      if (channel !== 'responses' || body.server !== context.server) return null;
      const response = responseFor(body, context);
      return response === null ? null : { seq: record.seq, subject: body.mRID, payload: { kind: 'response', ...response } };
    }
    case 'alarm': {
      if (channel !== 'log-events' || logEventCode(body.alarm, body.change) === null) return null;
      const { bootId, mono } = record;
      return { seq: record.seq, subject: ALARMS, payload: { kind: 'alarm', record: body, bootId, mono } };
    }
    case 'reading':
      // One subject: readings of a role go oldest first.
      return channel === 'responses' || channel === 'log-events'
        ? null
        : { seq: record.seq, subject: channel, payload: { kind: 'reading', record: body } };
  }
};
