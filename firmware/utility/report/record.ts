import * as v from 'valibot';
import { REFUSALS } from '#control/program.ts';
import { MORE_QUANTITIES, type RecordBody } from '#control/record.ts';
import type { LogRecord } from '#log/record.ts';

/** The records that make something go to the utility. */
export type ReportedBody = Extract<RecordBody, { readonly kind: 'transition' | 'reading' | 'alarm' }>;

/** Formats of the bodies read here: this release's and the next one's (design D17). */
const FORMATS: readonly number[] = [1, 2];

const number = v.pipe(v.number(), v.finite());
const last = v.exactOptional(v.nullable(number));
const spread = v.nullable(v.object({ mean: number, min: number, max: number, last }));
const quad = v.exactOptional(v.tuple([number, number, number, v.nullable(number)]));
const more = v.object(Object.fromEntries(MORE_QUANTITIES.map((quantity) => [quantity, quad])));
const count = v.pipe(number, v.integer(), v.minValue(0));

const reported = v.variant('kind', [
  v.object({
    kind: v.literal('transition'),
    server: v.string(),
    mRID: v.pipe(v.string(), v.regex(/^[0-9A-Fa-f]{1,32}$/)),
    status: v.picklist(['received', 'started', 'completed', 'cancelled', 'superseded', ...REFUSALS]),
    at: number,
    replyTo: v.nullable(v.pipe(v.string(), v.nonEmpty())),
    responseRequired: v.pipe(count, v.maxValue(0xff)),
    modes: v.array(v.string()),
    taker: v.exactOptional(v.picklist(['same-program', 'other-program', 'other-server'])),
  }),
  v.object({
    kind: v.literal('alarm'),
    alarm: v.string(),
    change: v.picklist(['raised', 'cleared']),
    device: v.nullable(v.string()),
    text: v.string(),
    at: v.optional(v.nullable(number), null),
  }),
  v.object({
    kind: v.literal('reading'),
    start: v.pipe(number, v.integer()),
    duration: count,
    coverage: number,
    siteNetImport: spread,
    siteReactiveImport: spread,
    siteVoltage: spread,
    siteFrequency: spread,
    generation: spread,
    generationReactive: spread,
    importedEnergy: v.nullable(number),
    exportedEnergy: v.nullable(number),
    more: v.exactOptional(more),
    storedEnergy: v.exactOptional(v.nullable(number)),
  }),
]);

/** What of a log record concerns the utility; null: another kind, another format, or not what it claims to be (skipped, D3). */
export const reportedBody = (record: LogRecord): ReportedBody | null => {
  if (!FORMATS.includes(record.format)) return null;
  const parsed = v.safeParse(reported, record.body);
  return parsed.success ? (parsed.output as ReportedBody) : null;
};
