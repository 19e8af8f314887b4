import type { FileFault, Files, Note } from '#base/ports.ts';
import { ok, type Result } from '#base/result.ts';
import type { LogLimits } from './limits.ts';
import { type KnownSegment, segmentPath } from './recovery.ts';
import { decodeHeader, encodeHeader, encodeRecord, HEADER_BYTES, SEGMENT_BYTES_MAX, scanFrames } from './segment.ts';

interface Sealed {
  readonly number: number;
  readonly compact: boolean;
  readonly bytes: number;
}

export interface RetentionOptions {
  readonly files: Files;
  readonly directory: string;
  readonly limits: LogLimits;
  readonly isCompliance: (body: unknown) => boolean;
  readonly note: (note: Note) => void;
}

/**
 * Keeps the log inside its bounds. The oldest whole segments lose their telemetry first (rewritten in place, atomically, with
 * the compliance records alone); only when those alone exceed their own bound does the oldest of them go, with an error note.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #sealed: Sealed[] = [];

  constructor(options: RetentionOptions, segments: readonly KnownSegment[], open: number) {
    this.#options = options;
    for (const { number, header } of segments) {
      if (number !== open) this.#sealed.push({ number, compact: header?.compact === true, bytes: header?.bodyBytes ?? 0 });
    }
  }

  sealed(number: number): void {
    this.#sealed.push({ number, compact: false, bytes: 0 });
  }

  /** Brings the log back inside its bounds; a fault stops it until the next call. */
  async enforce(): Promise<Result<void, FileFault>> {
    while (this.#sealed.filter((segment) => !segment.compact).length > this.#options.limits.wholeSegments) {
      const freed = await this.makeRoom();
      if (!freed.ok) return freed;
    }
    while (this.#compactBytes() > this.#options.limits.compactBytes) {
      const removed = await this.#removeOldestCompact();
      if (!removed.ok) return removed;
    }
    return ok(undefined);
  }

  /**
   * Takes the telemetry out of the oldest whole segment. True: there was one. On a full disk a rewrite may not fit: then the
   * next segments are tried, for one without compliance records goes without a rewrite.
   */
  async makeRoom(): Promise<Result<boolean, FileFault>> {
    let full: Result<boolean, FileFault> = ok(false);
    for (const segment of this.#sealed.filter((each) => !each.compact)) {
      full = await this.#compact(segment);
      if (full.ok || full.fault.kind !== 'full') return full;
    }
    return full;
  }

  async #compact(segment: Sealed): Promise<Result<boolean, FileFault>> {
    const { files, directory, isCompliance, note } = this.#options;
    const at = this.#sealed.indexOf(segment);
    const path = segmentPath(directory, segment.number);
    const bytes = await files.read(path, SEGMENT_BYTES_MAX);
    if (!bytes.ok) {
      // Unreadable is not removable: it stays, out of the count, for whoever repairs the disk.
      this.#sealed.splice(at, 1);
      note({ event: 'log-segment-unreadable', level: 'error', text: `${path}: ${bytes.fault.kind}` });
      return ok(true);
    }
    const header = decodeHeader(bytes.value);
    const kept = scanFrames(bytes.value, header === null ? 0 : HEADER_BYTES).records.filter((record) =>
      isCompliance(record.body),
    );
    const first = header?.firstSeq ?? kept[0]?.seq;
    if (first === undefined || kept.length === 0) {
      const removed = await files.remove(path);
      if (!removed.ok && removed.fault.kind !== 'absent') return removed;
      this.#sealed.splice(at, 1);
      return ok(true);
    }
    const frames = kept.map(encodeRecord).filter((frame) => frame !== null);
    const bodyBytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const content = Buffer.concat([encodeHeader({ firstSeq: first, compact: true, bodyBytes }), ...frames]);
    const replaced = await files.replace(path, content);
    if (!replaced.ok) return replaced;
    this.#sealed[at] = { number: segment.number, compact: true, bytes: bodyBytes };
    return ok(true);
  }

  #compactBytes(): number {
    return this.#sealed.reduce((sum, segment) => sum + (segment.compact ? segment.bytes : 0), 0);
  }

  async #removeOldestCompact(): Promise<Result<void, FileFault>> {
    const at = this.#sealed.findIndex((segment) => segment.compact);
    const segment = this.#sealed[at];
    if (segment === undefined) return ok(undefined);
    const path = segmentPath(this.#options.directory, segment.number);
    const removed = await this.#options.files.remove(path);
    if (!removed.ok && removed.fault.kind !== 'absent') return removed;
    this.#sealed.splice(at, 1);
    this.#options.note({
      event: 'log-compliance-removed',
      level: 'error',
      text: `the oldest compliance records (${segment.bytes} bytes) were removed: their bound is reached`,
    });
    return ok(undefined);
  }
}
