import * as v from 'valibot';
import { durationMs, seconds, watts } from '#base/units.ts';
import type { Watts } from '#base/units.ts';
import type { OnSilence } from '#site/device.ts';

const milliseconds = (low: number, high: number) =>
  v.pipe(v.number(), v.minValue(low), v.maxValue(high), v.transform(durationMs));
const wholeSeconds = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high), v.transform(seconds));
const address = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));

/** How an order is proven and how often it may change. */
const proof = {
  /** From the last write's reply to the read-back. */
  readBackDelayMs: milliseconds(0, 5000),
  /** How often the registers are read to see that the order still stands. */
  checkSeconds: wholeSeconds(1, 600),
  /** Least time between two orders: the device drops or queues what comes sooner. */
  spacingMs: v.optional(milliseconds(0, 60_000), 0),
};

const silence = v.variant('kind', [
  v.strictObject({ kind: v.literal('holds') }),
  /** Back to its own automatic. */
  v.pipe(
    v.strictObject({ kind: v.literal('opens'), afterSeconds: wholeSeconds(30, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'opens' as const, after: afterSeconds })),
  ),
  /** It rests: 0 W is the safe power of storage. 704 alone can. */
  v.pipe(
    v.strictObject({ kind: v.literal('rests'), afterSeconds: wholeSeconds(30, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'reverts-to' as const, cap: watts(0), after: afterSeconds })),
  ),
]);

/** Storage on the AC side, or behind a hybrid inverter. */
export const storageProfile = v.pipe(
  v.strictObject({
    format: v.literal(1),
    name: v.string(),
    kind: v.literal('storage'),
    control: v.strictObject({
      /** 124: a window of power. 704: a power (WSet). */
      model: v.picklist([124, 704]),
      /** 124: InOutWRte_WinTms and InOutWRte_RvrtTms are written with the rates; false: the device keeps timers of its own. */
      writesTimers: v.optional(v.boolean(), true),
      /** 124: what 100 % of both rates is, watts, where that is not the ratings (calibrate by the measured response); null: the ratings. */
      baseW: v.optional(v.nullable(v.pipe(v.number(), v.gtValue(0), v.transform(watts))), null),
      ...proof,
    }),
    /** `ac`: 101-103, 111-113 or 701 is the battery's own; `dc-inputs`: modules 3 (charging) and 4 (discharging) of 160. */
    measure: v.optional(v.picklist(['ac', 'dc-inputs']), 'ac'),
    onSilence: silence,
    turnaroundMs: milliseconds(0, 2000),
    /** From an order to the time at which the measured power must be inside its band. */
    settleMs: milliseconds(100, 600_000),
    poll: v.strictObject({
      normalMs: milliseconds(200, 60_000),
      attendingMs: milliseconds(100, 60_000),
      /** State of charge. */
      chargeSeconds: wholeSeconds(1, 3600),
    }),
  }),
  v.forward(
    v.check(({ control, onSilence }) => control.model === 704 || onSilence.kind !== 'reverts-to', 'rests with model 704 alone'),
    ['onSilence'],
  ),
);

/** A load that may be switched or turned down. */
export const loadProfile = v.strictObject({
  format: v.literal(1),
  name: v.string(),
  kind: v.literal('load'),
  control: v.variant('kind', [
    v.strictObject({
      kind: v.literal('coil'),
      address,
      /** Modbus function of its writes. */
      function: v.picklist([5, 15]),
      /** What the coil reads while the load may run; 0: a relay that opens when energised. */
      on: v.optional(v.picklist([0, 1]), 1),
      ...proof,
    }),
    v.strictObject({
      kind: v.literal('register'),
      address,
      function: v.picklist([6, 16]),
      /** Watts of one step of the register. */
      stepW: v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000_000)),
      ...proof,
    }),
  ]),
  turnaroundMs: milliseconds(0, 2000),
});

export type StorageProfile = v.InferOutput<typeof storageProfile>;
export type LoadProfile = v.InferOutput<typeof loadProfile>;

/** What storage of this profile does when the gateway falls silent; goes into every Setpoint (design D8). */
export const storageSilenceOf = ({ onSilence }: StorageProfile): OnSilence => onSilence;

/** Does this load take any power, or is it on or off? */
export const stepsOf = ({ control }: LoadProfile): 'relay' | 'scale' => (control.kind === 'coil' ? 'relay' : 'scale');

/** Watts worth of the register that is at most `most`. */
export const registerAtMost = (most: Watts, stepW: number): number =>
  Math.max(0, Math.min(0xfffe, Math.floor(most / stepW + 1e-9)));
