import * as v from 'valibot';
import { durationMs, percent, seconds } from '#base/units.ts';
import { block, isWithin, mapPoint, sizeOf } from './register-map.ts';

const milliseconds = (low: number, high: number) =>
  v.pipe(v.number(), v.minValue(low), v.maxValue(high), v.transform(durationMs));
const wholeSeconds = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high), v.transform(seconds));
const address = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));
const word = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));
const readFunction = v.picklist([3, 4]);
const wordOrder = v.picklist(['high-first', 'low-first']);

const STATES = ['off', 'sleeping', 'starting', 'producing', 'throttled', 'shutting-down', 'fault', 'standby'] as const;

/** A quantity of the inverter; `scaleAt`: a register with the exponent of ten that it is to be multiplied with (SunSpec sunssf). */
const quantity = v.strictObject({ ...mapPoint.entries, scaleAt: v.exactOptional(address) });

const measured = v.strictObject({
  W: quantity,
  VAr: v.exactOptional(quantity),
  PhVphA: v.exactOptional(quantity),
  PhVphB: v.exactOptional(quantity),
  PhVphC: v.exactOptional(quantity),
  Hz: v.exactOptional(quantity),
  WH: v.exactOptional(quantity),
});

/** Where an inverter that is limited in registers of its own keeps what. Wire addresses from 0. */
const inverterMap = v.pipe(
  v.strictObject({
    /** Modbus function of its measured blocks. */
    function: readFunction,
    /** Of measured values in two registers. */
    wordOrder,
    /** Read at every poll: power and state. */
    fast: block,
    /** Read one a poll in turn, each `poll.statusSeconds`. */
    slow: v.pipe(v.array(block), v.maxLength(4)),
    /** Registers of the fast block that say that this is the map: each holds one of its values, before the first write and ever after. */
    expects: v.pipe(
      v.array(v.strictObject({ at: address, values: v.pipe(v.array(word), v.minLength(1), v.maxLength(16)) })),
      v.maxLength(4),
    ),
    /** An inverter whose number cannot be read is never written: every map has one. */
    serial: v.strictObject({
      function: readFunction,
      address,
      count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
      type: v.picklist(['uint32', 'string']),
    }),
    /** Continuous active power, the base of a limit in per cent. */
    rating: v.strictObject({ ...mapPoint.entries, function: readFunction, wordOrder }),
    points: measured,
    /** What the state register's values mean; others are unknown. */
    state: v.strictObject({
      at: address,
      values: v.pipe(v.array(v.strictObject({ value: word, state: v.picklist(STATES) })), v.minLength(1), v.maxLength(32)),
    }),
  }),
  v.check(
    ({ fast, points: { W }, state, expects }) =>
      isWithin(W.at, sizeOf(W), fast) &&
      (W.scaleAt === undefined || isWithin(W.scaleAt, 1, fast)) &&
      isWithin(state.at, 1, fast) &&
      expects.every(({ at }) => isWithin(at, 1, fast)),
    'W with its scale, the state and what is expected within the fast block',
  ),
  v.check(
    ({ fast, slow, points }) =>
      Object.values(points).every((point) =>
        [fast, ...slow].some(
          (one) => isWithin(point.at, sizeOf(point), one) && (point.scaleAt === undefined || isWithin(point.scaleAt, 1, one)),
        ),
      ),
    'every point with its scale within one of the blocks',
  ),
);

/** One register, or two, of the order: the limit, the seconds of the maker's own time-out, the limit it then falls to, or a fixed number. */
const orderWrite = v.strictObject({
  at: address,
  type: v.picklist(['int16', 'uint16', 'int32', 'uint32', 'float32']),
  value: v.union([v.literal('limit'), v.literal('timeout'), v.literal('fallback'), v.pipe(v.number(), v.finite())]),
  /** `different`: a setting, perhaps in flash; written only when it reads otherwise. */
  when: v.picklist(['always', 'different']),
});

const control = v.pipe(
  v.strictObject({
    /** Written one after another, in this order. */
    writes: v.pipe(v.array(orderWrite), v.minLength(1), v.maxLength(8)),
    /** Of values in two registers. */
    wordOrder,
    /** Modbus function of its writes. */
    function: v.picklist([6, 16]),
    /** Holding registers with all of them: the read that proves an order. */
    readBack: block,
    /** The limit is per cent of the rating, or watts. */
    unit: v.picklist(['percent', 'watts']),
    /** Steps that make one of the unit: 10 for tenths. A whole register counts steps; a float holds the unit itself. */
    stepsPerUnit: v.pipe(v.number(), v.gtValue(0), v.maxValue(1000)),
    /** What the device makes of 0: no output, standby with a long restart, or no limit; that one is never told less than a step. */
    zeroMeans: v.picklist(['zero', 'standby', 'unlimited']),
    spacingMs: milliseconds(0, 60_000),
    readBackDelayMs: milliseconds(0, 5000),
    checkSeconds: wholeSeconds(1, 600),
  }),
  v.check(({ writes }) => {
    const limits = writes.filter(({ value }) => value === 'limit');
    return limits.length === 1 && limits[0]?.when === 'always';
  }, 'exactly one limit, written always'),
  v.check(
    ({ writes, readBack }) => writes.every((one) => isWithin(one.at, sizeOf(one), readBack)),
    'every write within readBack',
  ),
  v.check((one) => one.function === 16 || one.writes.every((write) => sizeOf(write) === 1), 'function 6 writes one register'),
);

const onSilence = v.variant('kind', [
  v.strictObject({ kind: v.literal('holds') }),
  v.pipe(
    v.strictObject({ kind: v.literal('opens'), afterSeconds: wholeSeconds(10, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'opens' as const, after: afterSeconds })),
  ),
  /** Falls to no output: the one fallback that is below every limit in force. */
  v.pipe(
    v.strictObject({ kind: v.literal('reverts-to'), percent: v.literal(0), afterSeconds: wholeSeconds(10, 65_534) }),
    v.transform(({ afterSeconds }) => ({ kind: 'reverts-to' as const, percent: percent(0), after: afterSeconds })),
  ),
]);

/** Reads of one unit differ in length, so that a late reply to one cannot pass for another (design D9). */
const lengthsOf = (map: v.InferOutput<typeof inverterMap>, readBack: v.InferOutput<typeof block> | null): readonly number[] => [
  map.fast.count,
  ...map.slow.map(({ count }) => count),
  map.serial.count,
  sizeOf(map.rating),
  ...(readBack === null ? [] : [readBack.count]),
];

/** An inverter limited in registers of its own, without SunSpec's control models. */
export const mapInverterProfile = v.pipe(
  v.strictObject({
    format: v.literal(1),
    name: v.string(),
    kind: v.literal('map-inverter'),
    map: inverterMap,
    /** Null: nothing of it may be written, for the reason in `neverWritten`; it is read and counted. */
    control: v.nullable(control),
    neverWritten: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(400))),
    /** Fraction of the rating below which the inverter may fall into standby. */
    minimumStableOutput: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    onSilence,
    turnaroundMs: milliseconds(0, 2000),
    /** From a write to the time at which the measured power must have followed. */
    settleMs: milliseconds(100, 600_000),
    poll: v.strictObject({
      normalMs: milliseconds(200, 60_000),
      attendingMs: milliseconds(100, 60_000),
      /** Of the slow blocks. */
      statusSeconds: wholeSeconds(5, 3600),
    }),
  }),
  v.check(({ control: one, neverWritten }) => (one === null) === (neverWritten !== undefined), 'a control, or why there is none'),
  v.check(({ map, control: one }) => {
    const lengths = lengthsOf(map, one?.readBack ?? null);
    return new Set(lengths).size === lengths.length;
  }, 'reads of different lengths'),
  v.check(({ control: one, onSilence: silence }) => {
    const has = (value: string): boolean => (one?.writes ?? []).some((write) => write.value === value);
    const isSafe = silence.kind === 'reverts-to';
    return has('fallback') === isSafe && (!isSafe || has('timeout')) && (silence.kind !== 'holds' || !has('timeout'));
  }, 'reverts-to with a fallback and a timeout, holds with neither'),
);

export type MapInverterProfile = v.InferOutput<typeof mapInverterProfile>;
export type InverterControl = NonNullable<MapInverterProfile['control']>;
export type InverterMap = MapInverterProfile['map'];
export type InverterQuantity = v.InferOutput<typeof quantity>;
