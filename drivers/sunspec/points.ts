/**
 * The words a SunSpec model table is written in. A table is data; the type of a decoded model is inferred from it.
 * Types, sizes and not-implemented values: SunSpec Device Information Model, table of point types.
 */
export type PointType =
  | 'uint16'
  | 'int16'
  | 'enum16'
  | 'bitfield16'
  | 'sunssf'
  | 'count'
  | 'pad'
  | 'uint32'
  | 'int32'
  | 'acc32'
  | 'bitfield32'
  | 'acc64'
  | 'uint64'
  | 'float32'
  | 'string';

export interface PointSpec {
  /** Registers from the model's ID register. */
  readonly at: number;
  readonly type: PointType;
  /** Registers, of a string only. */
  readonly size?: number;
  /** Name of the scale factor point in the same model. */
  readonly sf?: string;
  readonly units?: string;
  /** Absent: read only. */
  readonly access?: 'RW';
}

export type PointTable = Readonly<Record<string, PointSpec>>;

/** One model, or several that share a layout (101-103). */
export interface Model<P extends PointTable> {
  readonly ids: readonly number[];
  readonly name: string;
  /** Registers after ID and L by the standard; a device may have more, never fewer. */
  readonly length: number;
  readonly points: P;
}

/** What decoding a table yields. Null: not implemented, or not among the registers that were read. */
export type ModelValues<P extends PointTable> = {
  readonly [K in keyof P]: P[K]['type'] extends 'string'
    ? string | null
    : P[K]['type'] extends 'acc64'
      ? bigint | null
      : number | null;
};

const REGISTERS: Readonly<Record<Exclude<PointType, 'string'>, number>> = {
  uint16: 1,
  int16: 1,
  enum16: 1,
  bitfield16: 1,
  sunssf: 1,
  count: 1,
  pad: 1,
  uint32: 2,
  int32: 2,
  acc32: 2,
  bitfield32: 2,
  acc64: 4,
  uint64: 4,
  float32: 2,
};

/** Registers a point takes. */
export const registersOf = (point: PointSpec): number => (point.type === 'string' ? (point.size ?? 0) : REGISTERS[point.type]);

/** Registers from the ID register up to and including the named point: the length of a read that identifies itself. */
export const spanTo = <P extends PointTable>(model: Model<P>, last: keyof P & string): number => {
  const point = model.points[last];
  return point === undefined ? 0 : point.at + registersOf(point);
};

/** Fixes a table's literal types. */
export const defineModel = <const P extends PointTable>(model: Model<P>): Model<P> => model;

/** Registers of the ID and L header. */
export const HEADER_REGISTERS = 2;
