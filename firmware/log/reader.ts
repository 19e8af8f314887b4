import type { FileFault, Files } from '#base/ports.ts';
import { ok, type Result } from '#base/result.ts';
import type { LogRecord } from './record.ts';
import { listSegments, readHeader, segmentPath } from './recovery.ts';
import { decodeHeader, HEADER_BYTES, SEGMENT_BYTES_MAX, scanFrames } from './segment.ts';

export interface LogReaderOptions {
  readonly files: Files;
  readonly directory: string;
}

interface Place {
  readonly number: number;
  readonly offset: number;
  /** Newest record before `offset`. */
  readonly seq: number;
}

/** Reads the log beside its writer, read-only. Keeps no cursor: that is a state file of the reader's process. */
export class LogReader {
  readonly #files: Files;
  readonly #directory: string;
  /** First number of each segment seen; it never changes. Forgotten with the segment. */
  #firstSeqs = new Map<number, number>();
  /** How far the newest segment was read. Never kept of an older one: those may be rewritten without their telemetry. */
  #place: Place | null = null;

  constructor(options: LogReaderOptions) {
    this.#files = options.files;
    this.#directory = options.directory;
  }

  /**
   * At most `max` records after number `seq` in order, empty when there are none. `upTo` is the newest record known to be
   * committed (link LogHead): a record behind it may vanish in a power cut, and whoever acts on records must pass it.
   */
  async readAfter(seq: number, max: number, upTo = Number.MAX_SAFE_INTEGER): Promise<Result<readonly LogRecord[], FileFault>> {
    const listed = await listSegments(this.#files, this.#directory);
    if (!listed.ok) return listed;
    const numbers = listed.value;
    const newest = numbers.at(-1);
    const found: LogRecord[] = [];
    const start = await this.#startOf(numbers, seq);
    for (const number of numbers.slice(start)) {
      const isNewest = number === newest;
      const read = await this.#readSegment(number, seq, isNewest);
      if (!read.ok) return read;
      const wanted = read.value.records.filter((record) => record.seq > seq && record.seq <= upTo);
      const room = max - found.length;
      found.push(...wanted.slice(0, room));
      const last = found.at(-1)?.seq ?? seq;
      const tookAll = wanted.length <= room && (read.value.records.at(-1)?.seq ?? 0) <= upTo;
      if (isNewest && tookAll) this.#place = { number, offset: read.value.end, seq: last };
      if (found.length >= max) break;
    }
    return ok(found);
  }

  /** Index of the last segment that may hold the record after `seq`. */
  async #startOf(numbers: readonly number[], seq: number): Promise<number> {
    const known = new Map<number, number>();
    let start = 0;
    for (const [index, number] of numbers.entries()) {
      const first =
        this.#firstSeqs.get(number) ?? (await readHeader(this.#files, segmentPath(this.#directory, number)))?.firstSeq;
      if (first === undefined) continue;
      known.set(number, first);
      if (first <= seq + 1) start = index;
    }
    this.#firstSeqs = known;
    return start;
  }

  async #readSegment(
    number: number,
    seq: number,
    isNewest: boolean,
  ): Promise<Result<{ readonly records: readonly LogRecord[]; readonly end: number }, FileFault>> {
    const path = segmentPath(this.#directory, number);
    const place = this.#place;
    if (isNewest && place !== null && place.number === number && place.seq === seq) {
      const more = await this.#files.readRange(path, place.offset, SEGMENT_BYTES_MAX);
      if (!more.ok) return gone(more.fault);
      const scan = scanFrames(more.value, 0);
      return ok({ records: scan.records, end: place.offset + scan.end });
    }
    const bytes = await this.#files.read(path, SEGMENT_BYTES_MAX);
    if (!bytes.ok) return gone(bytes.fault);
    return ok(scanFrames(bytes.value, decodeHeader(bytes.value) === null ? 0 : HEADER_BYTES));
  }
}

/** A segment removed between listing and reading holds nothing any more. */
const gone = (fault: FileFault): Result<{ readonly records: readonly LogRecord[]; readonly end: number }, FileFault> =>
  fault.kind === 'absent' ? ok({ records: [], end: 0 }) : { ok: false, fault };
