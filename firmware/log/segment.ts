import { crc32 } from 'node:zlib';
import { assert } from '#base/assert.ts';
import { monoMs } from '#base/units.ts';
import type { LogRecord } from './record.ts';

/**
 * One segment file: a header, then frames.
 *
 *     header  'GWSG'  format u16  flags u16  firstSeq f64  bodyBytes u32  crc32 of the 20 bytes before u32
 *     frame   length u32  crc32 of length and payload u32  payload: LogRecord as JSON
 *
 * All little-endian. A frame begins with its length, so zeros (a sector that never reached the flash) are never a frame.
 */
export const SEGMENT_FORMAT = 1;
export const HEADER_BYTES = 24;
const FRAME_HEAD_BYTES = 8;
/** Longest payload of one record. */
export const RECORD_BYTES_MAX = 64 * 1024;
/** A segment is sealed when it is this long; it overshoots by at most one commit. */
export const SEGMENT_BYTES = 1024 * 1024;
/** Longest segment a reader takes. */
export const SEGMENT_BYTES_MAX = 2 * SEGMENT_BYTES;

const MAGIC = 0x47535747;
const COMPACT_FLAG = 1;
/** Every payload begins like this: cheap to look for behind a damaged place. */
const PAYLOAD_START = new TextEncoder().encode('{"seq":');
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export interface SegmentHeader {
  readonly format: number;
  /** Sequence number of the first record the segment was made for. */
  readonly firstSeq: number;
  /** The telemetry was taken out of it. */
  readonly compact: boolean;
  /** Bytes of frames, known only of a compact segment, else 0. */
  readonly bodyBytes: number;
}

export const encodeHeader = (header: Omit<SegmentHeader, 'format'>): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, SEGMENT_FORMAT, true);
  view.setUint16(6, header.compact ? COMPACT_FLAG : 0, true);
  view.setFloat64(8, header.firstSeq, true);
  view.setUint32(16, header.bodyBytes, true);
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true);
  return bytes;
};

/** Null: not a header (torn, damaged, or of a format from the far future). */
export const decodeHeader = (bytes: Uint8Array): SegmentHeader | null => {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(20, true) !== crc32(bytes.subarray(0, 20))) return null;
  const format = view.getUint16(4, true);
  const firstSeq = view.getFloat64(8, true);
  if (format > SEGMENT_FORMAT + 1 || !Number.isSafeInteger(firstSeq) || firstSeq < 1) return null;
  return {
    format,
    firstSeq,
    compact: (view.getUint16(6, true) & COMPACT_FLAG) !== 0,
    bodyBytes: view.getUint32(16, true),
  };
};

/** One frame. Null: the record is longer than RECORD_BYTES_MAX. The body must be a JSON value. */
export const encodeRecord = (record: LogRecord): Uint8Array | null => {
  assert(Number.isSafeInteger(record.seq) && record.seq > 0, 'a record is numbered from 1');
  // `seq` goes first whatever the order of the caller's object: the search behind a damaged place relies on it.
  const { seq, format, bootId, mono, body } = record;
  const payload = encoder.encode(JSON.stringify({ seq, format, bootId, mono, body: body ?? null }));
  if (payload.length > RECORD_BYTES_MAX) return null;
  const frame = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length, true);
  frame.set(payload, FRAME_HEAD_BYTES);
  view.setUint32(4, crc32(payload, crc32(frame.subarray(0, 4))), true);
  return frame;
};

const isRecord = (value: unknown): value is LogRecord => {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof LogRecord, unknown>>;
  return (
    Number.isSafeInteger(record.seq) &&
    (record.seq as number) > 0 &&
    typeof record.format === 'number' &&
    typeof record.bootId === 'string' &&
    typeof record.mono === 'number'
  );
};

const parsePayload = (payload: Uint8Array): LogRecord | null => {
  try {
    const value: unknown = JSON.parse(decoder.decode(payload));
    return isRecord(value) ? { ...value, mono: monoMs(value.mono) } : null;
  } catch {
    return null;
  }
};

/** Length of the payload of a valid frame at `offset`; null: none there. */
const frameAt = (bytes: Uint8Array, view: DataView, offset: number): number | null => {
  if (offset + FRAME_HEAD_BYTES > bytes.length) return null;
  const length = view.getUint32(offset, true);
  const start = offset + FRAME_HEAD_BYTES;
  if (length === 0 || length > RECORD_BYTES_MAX || start + length > bytes.length) return null;
  const sum = crc32(bytes.subarray(start, start + length), crc32(bytes.subarray(offset, offset + 4)));
  return sum === view.getUint32(offset + 4, true) ? length : null;
};

/** Offset of the next valid frame after a damaged place; null: none. */
const nextFrame = (bytes: Uint8Array, view: DataView, from: number): number | null => {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = haystack.indexOf(PAYLOAD_START, from + FRAME_HEAD_BYTES); at >= 0; at = haystack.indexOf(PAYLOAD_START, at + 1)) {
    if (frameAt(bytes, view, at - FRAME_HEAD_BYTES) !== null) return at - FRAME_HEAD_BYTES;
  }
  return null;
};

export interface Scan {
  readonly records: readonly LogRecord[];
  /** Offset behind the last valid frame: where the next one is appended. */
  readonly end: number;
  /** Places between valid frames that were not readable. The torn tail behind `end` is not counted: it was never acknowledged. */
  readonly damaged: number;
}

/**
 * Reads the frames from `offset`. Never throws, whatever the bytes: a torn tail is left out, a damaged place between two
 * frames is stepped over and counted, a frame of an unknown payload is skipped (design D17).
 */
export const scanFrames = (bytes: Uint8Array, offset: number): Scan => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: LogRecord[] = [];
  let damaged = 0;
  let at = Math.min(offset, bytes.length);
  let end = at;
  for (;;) {
    const length = frameAt(bytes, view, at);
    if (length === null) {
      const next = nextFrame(bytes, view, at);
      if (next === null) return { records, end, damaged };
      damaged += 1;
      at = next;
      continue;
    }
    const start = at + FRAME_HEAD_BYTES;
    const record = parsePayload(bytes.subarray(start, start + length));
    if (record !== null) records.push(record);
    at = start + length;
    end = at;
  }
};

export const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.seg`;

/** Number of a segment file; null: some other file. */
export const segmentNumber = (name: string): number | null => {
  const match = /^(\d{8})\.seg$/.exec(name);
  return match === null ? null : Number(match[1]);
};
