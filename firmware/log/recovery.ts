import type { FileFault, Files } from '#base/ports.ts';
import { ok, type Result } from '#base/result.ts';
import { assert } from '#base/assert.ts';
import {
  decodeHeader,
  HEADER_BYTES,
  SEGMENT_BYTES_MAX,
  scanFrames,
  segmentName,
  segmentNumber,
  type SegmentHeader,
} from './segment.ts';

/** More numbers than any segment can hold: the jump over a segment that cannot be read, so that no number is used twice. */
const UNREADABLE_JUMP = 65_536;
/** Segments read backwards for the last record before the headers alone decide. */
const LOOK_BACK = 4;

export interface KnownSegment {
  readonly number: number;
  /** Null: damaged. */
  readonly header: SegmentHeader | null;
}

/** What a start finds in the directory of the log. */
export interface Recovered {
  readonly segments: readonly KnownSegment[];
  readonly nextSeq: number;
  /** Where the next record goes; length 0: a new segment, the header comes first. */
  readonly tail: { readonly number: number; readonly length: number };
  /** For an alarm; empty when all is well. */
  readonly problems: readonly string[];
}

/** Numbers of the segments in a directory, rising. An absent directory has none. */
export const listSegments = async (files: Files, directory: string): Promise<Result<readonly number[], FileFault>> => {
  const names = await files.list(directory);
  if (!names.ok) return names.fault.kind === 'absent' ? ok([]) : names;
  const numbers = names.value.map(segmentNumber).filter((number) => number !== null);
  return ok(numbers.sort((a, b) => a - b));
};

export const segmentPath = (directory: string, number: number): string => `${directory}/${segmentName(number)}`;

export const readHeader = async (files: Files, path: string): Promise<SegmentHeader | null> => {
  const bytes = await files.readRange(path, 0, HEADER_BYTES);
  return bytes.ok ? decodeHeader(bytes.value) : null;
};

/** Reads the headers of all segments and the records of the last. Fails only when the directory itself cannot be listed. */
export const recoverLog = async (files: Files, directory: string): Promise<Result<Recovered, FileFault>> => {
  const numbers = await listSegments(files, directory);
  if (!numbers.ok) return numbers;
  const segments: KnownSegment[] = [];
  let nextSeq = 1;
  for (const number of numbers.value) {
    const header = await readHeader(files, segmentPath(directory, number));
    segments.push({ number, header });
    if (header !== null) nextSeq = Math.max(nextSeq, header.firstSeq);
  }
  const problems: string[] = [];
  const last = numbers.value.at(-1);
  let tail = { number: 1, length: 0 };
  // Normally one round; an empty or torn last segment makes it look one further back.
  for (let back = 1; back <= Math.min(LOOK_BACK, segments.length); back += 1) {
    const segment = segments.at(-back);
    assert(segment !== undefined && last !== undefined, 'a segment listed is known');
    const path = segmentPath(directory, segment.number);
    const bytes = await files.read(path, SEGMENT_BYTES_MAX);
    if (!bytes.ok) {
      problems.push(`${path}: ${bytes.fault.kind}`);
      nextSeq += UNREADABLE_JUMP;
      if (back === 1) tail = { number: last + 1, length: 0 };
      continue;
    }
    const scan = scanFrames(bytes.value, segment.header === null ? 0 : HEADER_BYTES);
    if (scan.damaged > 0) problems.push(`${path}: ${scan.damaged} damaged places`);
    if (back === 1) tail = tailOf(segment, scan.end, scan.records.length);
    for (const record of scan.records) nextSeq = Math.max(nextSeq, record.seq + 1);
    if (scan.records.length > 0) break;
  }
  return ok({ segments, nextSeq, tail, problems });
};

/** A segment whose header is torn and that holds nothing is begun again; a damaged or compact one is left as it is. */
const tailOf = (last: KnownSegment, end: number, records: number): Recovered['tail'] => {
  if (last.header === null) return records === 0 ? { number: last.number, length: 0 } : { number: last.number + 1, length: 0 };
  return last.header.compact ? { number: last.number + 1, length: 0 } : { number: last.number, length: end };
};
