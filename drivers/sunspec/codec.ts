import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import type { ModelPlace } from '#site/device.ts';
import { HEADER_REGISTERS, registersOf } from './points.ts';
import type { Model, ModelValues, PointSpec, PointTable, PointType } from './points.ts';

/** Scale factors outside these are nonsense (SunSpec point type sunssf). */
const SCALE_MIN = -10;
const SCALE_MAX = 10;

/** The registers are not the model they were asked as: nothing of them may be believed. */
export type BlockFault =
  | { readonly kind: 'short'; readonly registers: number }
  | { readonly kind: 'wrong-model'; readonly expected: number; readonly found: number }
  | { readonly kind: 'wrong-length'; readonly expected: number; readonly found: number };

interface Decoded<P extends PointTable> {
  readonly values: ModelValues<P>;
  /** Scale factor points that were read and lie outside -10..10; what they scale is null. */
  readonly badScales: readonly string[];
}

/** What came back as the head of a model: does it say that it is the model at `place`? */
export const checkHeader = (words: Uint16Array, place: ModelPlace): Result<void, BlockFault> => {
  const [id, length] = words;
  if (id === undefined || length === undefined) return fail({ kind: 'short', registers: words.length });
  if (id !== place.id) return fail({ kind: 'wrong-model', expected: place.id, found: id });
  if (length !== place.length) return fail({ kind: 'wrong-length', expected: place.length, found: length });
  return ok(undefined);
};

/**
 * Decodes registers that begin with the model's ID. The reply identifies itself: another id or length than the recorded
 * one is a fault. Points beyond the registers given are null; so are not-implemented values, and values whose scale
 * factor is not implemented, out of range or not among the registers: an unscaled number would be off by powers of ten.
 * Never throws.
 */
export const decodeModel = <P extends PointTable>(
  model: Model<P>,
  words: Uint16Array,
  place: ModelPlace,
): Result<Decoded<P>, BlockFault> => {
  const header = checkHeader(words, place);
  if (!header.ok) return header;
  if (!model.ids.includes(place.id)) return fail({ kind: 'wrong-model', expected: model.ids[0] ?? 0, found: place.id });
  const end = Math.min(words.length, HEADER_REGISTERS + place.length);
  const known = words.subarray(0, end);
  const values: Record<string, number | bigint | string | null> = {};
  const badScales: string[] = [];
  for (const name of Object.keys(model.points)) {
    const point = model.points[name];
    if (point === undefined) continue;
    const raw = decodePoint(point, known);
    const misscaled = point.type === 'sunssf' && typeof raw === 'number' && (raw < SCALE_MIN || raw > SCALE_MAX);
    if (misscaled) badScales.push(name);
    values[name] = misscaled ? null : scaled(model, point, raw, known);
  }
  // Keys and value types are those of the table by construction.
  return ok({ values: values as ModelValues<P>, badScales });
};

const scaled = <P extends PointTable>(
  model: Model<P>,
  point: PointSpec,
  raw: number | bigint | string | null,
  words: Uint16Array,
): number | bigint | string | null => {
  if (typeof raw !== 'number' || point.sf === undefined) return raw;
  const scalePoint = model.points[point.sf];
  const scale = scalePoint === undefined ? null : decodePoint(scalePoint, words);
  return typeof scale === 'number' && scale >= SCALE_MIN && scale <= SCALE_MAX ? applyScale(raw, scale) : null;
};

/** raw x 10^scale. Divides for negative scales: 10^-n is no binary number, 10^n is. */
export const applyScale = (raw: number, scale: number): number => (scale < 0 ? raw / 10 ** -scale : raw * 10 ** scale);

/** Register values that mean not implemented (SunSpec point types). An accumulator's 0 also means that nothing was counted yet. */
const ABSENT: Readonly<Record<Exclude<PointType, 'string' | 'acc64' | 'float32' | 'pad'>, number>> = {
  int16: 0x8000,
  sunssf: 0x8000,
  uint16: 0xffff,
  enum16: 0xffff,
  bitfield16: 0xffff,
  count: 0xffff,
  uint32: 0xffff_ffff,
  bitfield32: 0xffff_ffff,
  int32: 0x8000_0000,
  acc32: 0,
  uint64: 2 ** 64,
};

const SIGN_BIT_32 = 0x8000_0000;
const WRAP_32 = 2 ** 32;

/** One point, unscaled; null when not implemented or beyond the registers. */
const decodePoint = (point: PointSpec, words: Uint16Array): number | bigint | string | null => {
  const size = registersOf(point);
  if (point.at + size > words.length || point.type === 'pad') return null;
  if (point.type === 'string') return decodeString(words.subarray(point.at, point.at + size));
  if (point.type === 'acc64') return decodeAcc64(words.subarray(point.at, point.at + size));
  if (point.type === 'float32') return decodeFloat(words.subarray(point.at, point.at + size));
  let value = 0;
  for (let index = point.at; index < point.at + size; index += 1) value = value * 0x10000 + (words[index] ?? 0);
  if (value === ABSENT[point.type]) return null;
  if (point.type === 'int32') return value >= SIGN_BIT_32 ? value - WRAP_32 : value;
  return point.type === 'int16' || point.type === 'sunssf' ? (value << 16) >> 16 : value;
};

/** IEEE 754 single precision, high word first; NaN and the infinities mean not implemented. */
export const decodeFloat = (words: Uint16Array): number | null => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, words[0] ?? 0);
  view.setUint16(2, words[1] ?? 0);
  const value = view.getFloat32(0);
  return Number.isFinite(value) ? value : null;
};

const decodeAcc64 = (words: Uint16Array): bigint | null => {
  let sum = 0n;
  for (const word of words) sum = (sum << 16n) | BigInt(word);
  return sum === 0n ? null : sum;
};

/** High byte first, ends at the first NUL (what follows is often garbage); control characters are dropped. */
const decodeString = (words: Uint16Array): string | null => {
  const bytes: number[] = [];
  for (const word of words) bytes.push(word >> 8, word & 0xff);
  const nul = bytes.indexOf(0);
  const text = new TextDecoder('utf-8').decode(Uint8Array.from(nul < 0 ? bytes : bytes.slice(0, nul)));
  const clean = text.replace(/\p{Cc}/gu, '').trim();
  return clean === '' ? null : clean;
};

/** Largest uint16 that is a value: 65535 reads as not implemented. */
const UINT16_MAX = 0xfffe;

/**
 * The register value of a uint16 that is worth at most `value`: the nearest step when that is not worth more, else the one
 * below; a multiple of `step`, inside 0..65534. `worth` turns a register value into the unit of `value`, in proportion; because
 * the same function judges, a value once rounded rounds to itself.
 */
export const encodeAtMost = (value: number, worth: (raw: number) => number, step = 1): number => {
  const steps = value / worth(step);
  if (!(steps > 0)) return 0;
  const highest = Math.floor(UINT16_MAX / step);
  if (steps >= highest) return highest * step;
  const nearest = Math.round(steps) * step;
  return worth(nearest) <= value ? nearest : Math.floor(steps) * step;
};
