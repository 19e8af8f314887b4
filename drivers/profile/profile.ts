import * as v from 'valibot';
import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import { durationMs, percent, seconds, watts } from '#base/units.ts';
import type { Watts } from '#base/units.ts';
import { STANDARD_ALARMS } from '#site/alarm.ts';
import type { OnSilence } from '#site/device.ts';
import { controlPoint } from '../sunspec/control-model.ts';
import type { ConnectionModel, ControlModel } from '../sunspec/control-model.ts';
import { VENDOR_EVENTS } from '../sunspec/events.ts';
import { registersOf } from '../sunspec/points.ts';
import { mapInverterProfile } from './inverter-map.ts';
import type { MapInverterProfile } from './inverter-map.ts';
import { meterMap } from './register-map.ts';
import { loadProfile, storageProfile } from './storage-profile.ts';

/** Format number of a profile file (design D17). */
export const PROFILE_FORMAT = 1;

const milliseconds = (low: number, high: number) =>
  v.pipe(v.number(), v.minValue(low), v.maxValue(high), v.transform(durationMs));
const wholeSeconds = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high), v.transform(seconds));

const HIGHEST_VALUE = 0xfffe;
const pointName = v.pipe(v.string(), v.minLength(1), v.maxLength(32));
const fixedValue = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(HIGHEST_VALUE));

/**
 * One point of the write block: `limit` is the cap, `reversion` the seconds until the device does by itself what `onSilence` says (0 = never),
 * `reversion-limit` the cap it then falls to, a number is written as it stands.
 */
const blockPoint = v.strictObject({
  point: pointName,
  value: v.union([v.literal('limit'), v.literal('reversion'), v.literal('reversion-limit'), fixedValue]),
  /** Compared with what was written when the block is read back. */
  readBack: v.boolean(),
});

/** One point of the block that opens and closes the connection: `connection` is 0 open, 1 closed; a number is written as it stands. */
const connectionPoint = v.strictObject({
  point: pointName,
  value: v.union([v.literal('connection'), fixedValue]),
  /** Compared with what was written when the block is read back. */
  readBack: v.boolean(),
});

type Named = readonly { readonly point: string }[];

/** Do the points exist in the model, in adjacent registers, in their order? */
const isBlock = (model: ControlModel | ConnectionModel, block: Named): boolean => {
  let next: number | null = null;
  for (const { point: name } of block) {
    const point = controlPoint(model, name);
    if (point === null || (next !== null && point.at !== next)) return false;
    next = point.at + registersOf(point);
  }
  return true;
};

const BLOCK_EXPECTED = 'points of the model, in adjacent registers, in their order';
const count = (block: readonly { readonly value: unknown }[], value: string): number =>
  block.filter((entry) => entry.value === value).length;

const control = v.pipe(
  v.strictObject({
    /** The SunSpec model that takes the limit. */
    model: v.optional(v.picklist([123, 704]), 123),
    writeBlock: v.pipe(
      v.array(blockPoint),
      v.minLength(1),
      v.maxLength(8),
      v.check((block) => count(block, 'limit') === 1, 'exactly one point with the value "limit"'),
    ),
    /** Modbus function of its writes: 6 writes one register, so the block has one. */
    function: v.optional(v.picklist([6, 16]), 16),
    /** A switch that must stand beside the limit and may not be written with every value (flash): written only when it reads otherwise. */
    enable: v.optional(v.nullable(v.strictObject({ point: pointName, value: fixedValue })), null),
    /** Least time between two writes: the device drops or queues what comes sooner. */
    spacingMs: v.optional(milliseconds(0, 60_000), 0),
    /** What the device makes of 0 %: no output, standby with a long restart, or no limit at all; that one is never told less than a step. */
    zeroMeans: v.optional(v.picklist(['zero', 'standby', 'unlimited']), 'zero'),
    /** The device's true step in per cent where it is coarser than WMaxLimPct_SF says; null: as the scale factor says. */
    resolutionPercent: v.nullable(v.pipe(v.number(), v.gtValue(0), v.maxValue(10))),
    /** From the write's reply to the read-back: some devices apply a write after they acknowledged it. */
    readBackDelayMs: milliseconds(0, 5000),
    /** How often the block is read to see that the cap still stands. */
    checkSeconds: wholeSeconds(1, 600),
  }),
  v.forward(
    v.check(({ model, writeBlock }) => isBlock(model, writeBlock), BLOCK_EXPECTED),
    ['writeBlock'],
  ),
  v.forward(
    v.check((block) => block.function === 16 || block.writeBlock.length === 1, 'one point: function 6 writes one register'),
    ['writeBlock'],
  ),
  v.forward(
    v.check(({ model, enable }) => enable === null || isBlock(model, [enable]), 'a point of the model'),
    ['enable'],
  ),
);

const connection = v.pipe(
  v.strictObject({
    /** The SunSpec model that opens and closes the connection. */
    model: v.optional(v.picklist([123, 703]), 123),
    writeBlock: v.pipe(
      v.array(connectionPoint),
      v.minLength(1),
      v.maxLength(4),
      v.check((block) => count(block, 'connection') === 1, 'exactly one point with the value "connection"'),
    ),
    /** From the write's reply to the read-back. */
    readBackDelayMs: milliseconds(0, 5000),
    /** How often an open connection is read to see that it still stands. */
    checkSeconds: wholeSeconds(1, 600),
    /** After reconnection the inverter waits and ramps by itself, as its grid code says; else the gateway holds it back. */
    returnsByItself: v.boolean(),
  }),
  v.forward(
    v.check(({ model, writeBlock }) => isBlock(model, writeBlock), BLOCK_EXPECTED),
    ['writeBlock'],
  ),
);

const onSilence = v.variant('kind', [
  v.strictObject({ kind: v.literal('holds') }),
  /** Seconds: the longest timer the device takes; 28800 is the longest known (Fronius). */
  v.pipe(
    v.strictObject({ kind: v.literal('opens'), afterSeconds: wholeSeconds(30, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'opens' as const, after: afterSeconds })),
  ),
  /** Falls to `percent` of WMax, or stays below it: 704 alone can. */
  v.pipe(
    v.strictObject({
      kind: v.literal('reverts-to'),
      percent: v.pipe(v.number(), v.minValue(0), v.maxValue(100), v.transform(percent)),
      afterSeconds: wholeSeconds(30, 65_534),
    }),
    v.transform(({ percent: share, afterSeconds }) => ({ kind: 'reverts-to' as const, percent: share, after: afterSeconds })),
  ),
]);

const inverterFields = v.strictObject({
  format: v.literal(PROFILE_FORMAT),
  name: v.string(),
  kind: v.literal('inverter'),
  control,
  connection,
  /** Fraction of WMax below which the inverter may fall into standby. */
  minimumStableOutput: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.1),
  onSilence,
  /** Sign of reactive power and power factor in model 123: 1, giving var to the grid is positive; vendors differ. */
  varSign: v.optional(v.picklist([1, -1]), 1),
  turnaroundMs: milliseconds(0, 2000),
  /** From a write to the time at which the measured power must have followed. */
  settleMs: milliseconds(100, 600_000),
  poll: v.strictObject({
    normalMs: milliseconds(200, 60_000),
    attendingMs: milliseconds(100, 60_000),
    statusSeconds: wholeSeconds(5, 3600),
    settingsSeconds: wholeSeconds(5, 3600),
  }),
  /** Bits of the maker's own event registers that mean a standard alarm; read only when there are any. */
  vendorEvents: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          point: v.picklist(VENDOR_EVENTS),
          bit: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(31)),
          alarm: v.picklist(STANDARD_ALARMS),
        }),
      ),
      v.maxLength(64),
    ),
    [],
  ),
});

const inverterProfile = v.pipe(
  inverterFields,
  v.forward(
    v.check(
      ({ control: { writeBlock }, onSilence: silence }) =>
        (silence.kind === 'reverts-to') === (count(writeBlock, 'reversion-limit') === 1),
      'reverts-to with a point "reversion-limit", else neither',
    ),
    ['onSilence'],
  ),
);

const meterProfile = v.strictObject({
  format: v.literal(PROFILE_FORMAT),
  name: v.string(),
  kind: v.literal('meter'),
  turnaroundMs: milliseconds(0, 2000),
  /** How often the meter renews its registers. */
  refreshMs: milliseconds(20, 60_000),
  poll: v.strictObject({ fastMs: milliseconds(50, 10_000), slowSeconds: wholeSeconds(1, 3600) }),
  /** How old the registers may be when read: a meter behind an inverter is read by its host now and then. */
  readingAgeMs: v.optional(milliseconds(0, 10_000), 0),
  /** Absent: the meter speaks SunSpec (201-204, 211-214). */
  map: v.optional(v.nullable(meterMap), null),
});

const profile = v.variant('kind', [inverterProfile, mapInverterProfile, meterProfile, storageProfile, loadProfile]);

export type InverterProfile = v.InferOutput<typeof inverterProfile>;
export type MeterProfile = v.InferOutput<typeof meterProfile>;
export type Profile = v.InferOutput<typeof profile>;

/** One thing wrong in a profile file. */
export interface ProfileProblem {
  readonly path: string;
  readonly expected: string;
}

/** Decodes a device profile; every problem is listed with its path. Never throws. */
export const decodeProfile = (json: unknown): Result<Profile, readonly ProfileProblem[]> => {
  const parsed = v.safeParse(profile, json);
  if (parsed.success) return ok(parsed.output);
  return fail(parsed.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', expected: issue.message })));
};

/** What an inverter of this profile does when the gateway falls silent; goes into every Setpoint (design D8). `maxPower`: WMax, null while unknown. */
export const onSilenceOf = (
  { onSilence: silence }: Pick<InverterProfile, 'onSilence'> | Pick<MapInverterProfile, 'onSilence'>,
  maxPower: Watts | null,
): OnSilence =>
  silence.kind === 'reverts-to'
    ? { kind: 'reverts-to', cap: watts(((maxPower ?? 0) * silence.percent) / 100), after: silence.after }
    : silence;
