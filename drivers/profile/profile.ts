import * as v from 'valibot';
import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import { durationMs, seconds } from '#base/units.ts';
import type { OnSilence } from '#site/device.ts';
import { controlsModel } from '../sunspec/models/controls.ts';

/** Format number of a profile file (design D17). */
export const PROFILE_FORMAT = 1;

const milliseconds = (low: number, high: number) =>
  v.pipe(v.number(), v.minValue(low), v.maxValue(high), v.transform(durationMs));
const wholeSeconds = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high), v.transform(seconds));

const controlPoint = v.pipe(
  v.string(),
  v.check((name) => Object.hasOwn(controlsModel.points, name), 'a point of SunSpec model 123'),
);

/** One register of the write block: `limit` is the cap, `reversion` the seconds until the device opens (0 = hold), a number is written as it stands. */
const blockPoint = v.strictObject({
  point: controlPoint,
  value: v.union([
    v.literal('limit'),
    v.literal('reversion'),
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xfffe)),
  ]),
  /** Compared with what was written when the block is read back. */
  readBack: v.boolean(),
});

const writeBlock = v.pipe(
  v.array(blockPoint),
  v.minLength(1),
  v.maxLength(8),
  v.check((block) => addressesFollow(block.map(({ point }) => point)), 'points in adjacent registers, in their order'),
  v.check((block) => block.filter(({ value }) => value === 'limit').length === 1, 'exactly one point with the value "limit"'),
);

/** One register of the block that opens and closes the connection: `connection` is Conn (0 open, 1 closed), a number is written as it stands. */
const connectionPoint = v.strictObject({
  point: controlPoint,
  value: v.union([v.literal('connection'), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xfffe))]),
  /** Compared with what was written when the block is read back. */
  readBack: v.boolean(),
});

const connectionBlock = v.pipe(
  v.array(connectionPoint),
  v.minLength(1),
  v.maxLength(4),
  v.check((block) => addressesFollow(block.map(({ point }) => point)), 'points in adjacent registers, in their order'),
  v.check(
    (block) => block.filter(({ value }) => value === 'connection').length === 1,
    'exactly one point with the value "connection"',
  ),
);

const addressesFollow = (names: readonly string[]): boolean => {
  const addresses = names.map((name) => pointAddress(name));
  return addresses.every((at, index) => index === 0 || at === (addresses[index - 1] ?? 0) + 1);
};

/** Registers from the ID of model 123 to the named point; -1 for a name the model does not have. */
export const pointAddress = (name: string): number =>
  Object.entries(controlsModel.points).find(([key]) => key === name)?.[1].at ?? -1;

const onSilence = v.variant('kind', [
  v.strictObject({ kind: v.literal('holds') }),
  /** Seconds: the longest timer the device takes; 28800 is the longest known (Fronius). */
  v.pipe(
    v.strictObject({ kind: v.literal('opens'), afterSeconds: wholeSeconds(30, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'opens' as const, after: afterSeconds })),
  ),
]);

const inverterProfile = v.strictObject({
  format: v.literal(PROFILE_FORMAT),
  name: v.string(),
  kind: v.literal('inverter'),
  control: v.strictObject({
    writeBlock,
    /** The device's true step in per cent where it is coarser than WMaxLimPct_SF says; null: as the scale factor says. */
    resolutionPercent: v.nullable(v.pipe(v.number(), v.gtValue(0), v.maxValue(10))),
    /** From the write's reply to the read-back: some devices apply a write after they acknowledged it. */
    readBackDelayMs: milliseconds(0, 5000),
    /** How often the block is read to see that the cap still stands. */
    checkSeconds: wholeSeconds(1, 600),
  }),
  connection: v.strictObject({
    writeBlock: connectionBlock,
    /** From the write's reply to the read-back. */
    readBackDelayMs: milliseconds(0, 5000),
    /** How often an open connection is read to see that it still stands. */
    checkSeconds: wholeSeconds(1, 600),
    /** After reconnection the inverter waits and ramps by itself, as its grid code says; else the gateway holds it back. */
    returnsByItself: v.boolean(),
  }),
  /** Fraction of WMax below which the inverter may fall into standby. */
  minimumStableOutput: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.1),
  onSilence,
  turnaroundMs: milliseconds(0, 2000),
  /** From a write to the time at which the measured power must have followed. */
  settleMs: milliseconds(100, 600_000),
  poll: v.strictObject({
    normalMs: milliseconds(200, 60_000),
    attendingMs: milliseconds(100, 60_000),
    statusSeconds: wholeSeconds(5, 3600),
    settingsSeconds: wholeSeconds(5, 3600),
  }),
});

const meterProfile = v.strictObject({
  format: v.literal(PROFILE_FORMAT),
  name: v.string(),
  kind: v.literal('meter'),
  turnaroundMs: milliseconds(0, 2000),
  /** How often the meter renews its registers. */
  refreshMs: milliseconds(20, 60_000),
  poll: v.strictObject({ fastMs: milliseconds(50, 10_000), slowSeconds: wholeSeconds(1, 3600) }),
});

const profile = v.variant('kind', [inverterProfile, meterProfile]);

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

/** What an inverter of this profile does when the gateway falls silent; goes into every Setpoint (design D8). */
export const onSilenceOf = (inverter: InverterProfile): OnSilence => inverter.onSilence;
