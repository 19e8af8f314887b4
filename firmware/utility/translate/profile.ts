import * as v from 'valibot';
import { fail, ok, type Result } from '#base/result.ts';
import { RAMP_SCOPES } from '#control/program.ts';
import { DER_READINGS, type MirrorWishes, SITE_READINGS, STATISTICS } from '../report/quantity.ts';

/** Format number of a utility profile (design D17). */
const PROFILE_FORMAT = 1;

const seconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400));

/** What profiles asked for before they had a list. */
const readingsOf = (minMax: boolean, frequency: boolean): MirrorWishes['readings'] => ({
  site: frequency ? ['W', 'var', 'V', 'Hz'] : ['W', 'var', 'V'],
  der: ['W', 'var'],
  statistics: minMax ? ['mean', 'max', 'min'] : ['mean'],
});

const profileSchema = v.pipe(
  v.strictObject({
    format: v.literal(PROFILE_FORMAT),
    name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)),
    /** CSIP-AUS version spoken; `none`: plain CSIP, no extension element is sent. */
    csipAus: v.picklist(['1.2', '1.3', 'none']),
    /** Prefix of the extension namespace; GE refuses any other than `ns2`. */
    prefix: v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9]{0,15}$/)),
    accept: v.pipe(v.string(), v.maxLength(200)),
    contentType: v.pipe(v.string(), v.maxLength(200)),
    /** Response.status values this utility takes; others are never sent. */
    responses: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255))), v.maxLength(32)),
    vanished: v.picklist(['keep', 'cancel']),
    noDefault: v.picklist(['fallback', 'siteCap']),
    /** Which changes setGradW paces. */
    rampScope: v.optional(v.picklist(RAMP_SCOPES), 'default-active'),
    /** An absent EndDevice is POSTed. */
    inBandRegistration: v.boolean(),
    /** DERSettings.setGradW while no default states one, hundredths of a per cent of setMaxW a second. */
    setGradWDefault: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    /** Seconds. `default`, `time`, `post`: where the server states none; `min`, `max`: clamp of what it states. */
    rates: v.strictObject({ default: seconds, time: seconds, min: seconds, max: seconds, post: seconds }),
    pageLimit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
    /** `well-known`: the version is chosen by /.well-known/csipaus of the configured host before anything else (CSIP-AUS v1.3). */
    discovery: v.picklist(['dcap', 'well-known']),
    /** The NMI is PUT to ConnectionPointLink. */
    connectionPoint: v.boolean(),
    /** Alarms with a standard code are POSTed as LogEvents where the EndDevice has a LogEventListLink. */
    logEvents: v.boolean(),
    /** DERAvailability is PUT where the server offers it. */
    availability: v.optional(v.boolean(), true),
    /** A Response `started` that was refused is sent again until the event has come to its end. */
    retryStarted: v.optional(v.boolean(), false),
    /** Optional members of DERStatus that are sent. */
    status: v.strictObject({ alarm: v.boolean(), inverter: v.boolean() }),
    /** DERCapability and DERSettings also once every period of the DERList, not only on change. */
    repeatRatings: v.boolean(),
    mirrors: v.pipe(
      v.strictObject({
        /** One MirrorUsagePoint for each role with all its readings, or one for each reading. */
        grouping: v.picklist(['role', 'quantity']),
        /** What is told of the connection point and of the DER, in order, each with these statistics; `last`: the value at the end. */
        readings: v.exactOptional(
          v.strictObject({
            site: v.pipe(v.array(v.picklist(SITE_READINGS)), v.minLength(1)),
            der: v.pipe(v.array(v.picklist(DER_READINGS)), v.minLength(1)),
            statistics: v.pipe(v.array(v.picklist(STATISTICS)), v.minLength(1)),
          }),
        ),
        /** Of profiles without `readings`: minimum and maximum beside the average; frequency beside W, var and V. */
        minMax: v.optional(v.boolean(), false),
        frequency: v.optional(v.boolean(), false),
        /** Lengths an average may have, seconds; the longest not above the post rate is used. */
        intervals: v.pipe(
          v.array(v.pipe(v.number(), v.integer(), v.minValue(60), v.maxValue(3600), v.multipleOf(60))),
          v.minLength(1),
          v.maxLength(8),
        ),
        /** A mirror made again is DELETEd first: this server would list it twice. */
        deleteFirst: v.boolean(),
      }),
      v.transform(({ minMax, frequency, ...mirrors }) => ({
        ...mirrors,
        readings: mirrors.readings ?? readingsOf(minMax, frequency),
      })),
    ),
  }),
  v.check(({ rates }) => rates.min <= rates.max, 'rates.min must not exceed rates.max'),
);

/** How one utility behaves and wants to be spoken to (design D15); one file of `config/utility`. */
export type UtilityProfile = v.InferOutput<typeof profileSchema>;

const PROBLEMS_MAX = 20;

/** Reads a profile from decoded JSON. The fault lists every problem with its path. */
export const decodeProfile = (value: unknown): Result<UtilityProfile, readonly string[]> => {
  const read = v.safeParse(profileSchema, value);
  if (read.success) return ok(read.output);
  return fail(read.issues.slice(0, PROBLEMS_MAX).map((issue) => `${v.getDotPath(issue) ?? 'profile'}: ${issue.message}`));
};
