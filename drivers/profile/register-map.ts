import * as v from 'valibot';

const ADDRESS_MAX = 0xffff;
/** Longest read of the strictest device known (Eastron: 40 values of two registers). */
const READ_MAX = 80;

const address = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(ADDRESS_MAX));
/** Adjacent registers of one read. */
export const block = v.strictObject({ address, count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(READ_MAX)) });

/** One value of a register map. */
export const mapPoint = v.strictObject({
  /** First register. */
  at: address,
  type: v.picklist(['int16', 'uint16', 'int32', 'uint32', 'float32']),
  /** What the register value is multiplied with to be watts, vars, volts, hertz or watt-hours. */
  factor: v.optional(v.pipe(v.number(), v.finite()), 1),
});

const points = v.strictObject({
  W: mapPoint,
  WphA: v.exactOptional(mapPoint),
  WphB: v.exactOptional(mapPoint),
  WphC: v.exactOptional(mapPoint),
  VAR: v.exactOptional(mapPoint),
  PhVphA: v.exactOptional(mapPoint),
  PhVphB: v.exactOptional(mapPoint),
  PhVphC: v.exactOptional(mapPoint),
  Hz: v.exactOptional(mapPoint),
  TotWhImp: v.exactOptional(mapPoint),
  TotWhExp: v.exactOptional(mapPoint),
});

/** Do `size` registers from `at` lie within the block? */
export const isWithin = (at: number, size: number, { address: first, count }: v.InferOutput<typeof block>): boolean =>
  at >= first && at + size <= first + count;

/** Registers of a value. */
export const sizeOf = ({ type }: Pick<v.InferOutput<typeof mapPoint>, 'type'>): number =>
  type === 'int16' || type === 'uint16' ? 1 : 2;

/** Where a meter without SunSpec keeps what. Wire addresses from 0. */
export const meterMap = v.pipe(
  v.strictObject({
    /** Modbus function of its reads. */
    function: v.picklist([3, 4]),
    /** Of values in two registers. */
    wordOrder: v.picklist(['high-first', 'low-first']),
    /** Read at every poll: power, and something that never stands still, such as a voltage or the frequency. */
    fast: block,
    /** Read one a poll in turn, each `slowSeconds`. */
    slow: v.pipe(v.array(block), v.maxLength(4)),
    /** Null: the device has none; then nothing tells it from another of its kind. */
    serial: v.nullable(
      v.strictObject({
        function: v.picklist([3, 4]),
        address,
        count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
        type: v.picklist(['uint32', 'string']),
      }),
    ),
    points,
  }),
  v.check(({ fast, points: { W } }) => isWithin(W.at, sizeOf(W), fast), 'W within the fast block'),
  v.check(
    ({ fast, slow, points: named }) =>
      Object.values(named).every((point) => [fast, ...slow].some((one) => isWithin(point.at, sizeOf(point), one))),
    'every point within one of the blocks',
  ),
);

export type MeterMap = v.InferOutput<typeof meterMap>;
export type MapPoint = v.InferOutput<typeof mapPoint>;
