import type { AppendFile, Cancel, Clock, FileFault, Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { after } from '#base/units.ts';
import { CommitQueue, type Queued } from './commit-queue.ts';
import { LOG_LIMITS, type LogLimits } from './limits.ts';
import { recoverLog, segmentPath, type Recovered } from './recovery.ts';
import { Retention } from './retention.ts';
import { encodeHeader, encodeRecord } from './segment.ts';

export interface LogOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** Directory of the segments below the root of `files`: `log`. */
  readonly directory: string;
  readonly bootId: string;
  /** Format number of the bodies (design D17). */
  readonly format: number;
  readonly isCompliance: (body: unknown) => boolean;
  /** The newest durable record changed; called outside `queue`. */
  readonly onCommitted: (head: number) => void;
  readonly note: (note: Note) => void;
  readonly limits?: LogLimits;
}

export interface LogCounters {
  readonly commits: number;
  readonly failedCommits: number;
  readonly droppedTelemetry: number;
  readonly droppedCompliance: number;
  readonly waiting: number;
  readonly bytesWritten: number;
}

/**
 * The one writer of the log. `queue` never waits: records are grouped and made durable in the background, one fdatasync a
 * commit. A slow or failing disk only makes the bounded queue longer (limits.ts).
 */
export class LogWriter {
  readonly #options: LogOptions;
  readonly #limits: LogLimits;
  readonly #queue: CommitQueue;
  readonly #retention: Retention;
  #tail: { number: number; length: number };
  #file: AppendFile | null = null;
  #nextSeq: number;
  #head = 0;
  #alarm: { readonly cancel: Cancel; readonly at: number } | null = null;
  #committing: Promise<void> | null = null;
  #failing = false;
  #closed = false;
  #commits = 0;
  #failedCommits = 0;
  #bytesWritten = 0;

  constructor(options: LogOptions, recovered: Recovered) {
    this.#options = options;
    this.#limits = options.limits ?? LOG_LIMITS;
    this.#queue = new CommitQueue(this.#limits);
    this.#retention = new Retention({ ...options, limits: this.#limits }, recovered.segments, recovered.tail.number);
    this.#tail = { ...recovered.tail };
    this.#nextSeq = recovered.nextSeq;
  }

  /** Makes durable what a killed predecessor may have left in the page cache, so that `head` may be told. */
  async start(): Promise<Result<void, FileFault>> {
    if (this.#nextSeq === 1) return ok(undefined);
    const opened = await this.#open();
    if (opened.ok) this.#head = this.#nextSeq - 1;
    return opened.ok ? ok(undefined) : opened;
  }

  /**
   * Numbers the record and queues it; durable once `onCommitted` says so. Null: the body is over RECORD_BYTES_MAX and was
   * refused with an error note.
   */
  queue(body: unknown): number | null {
    const { clock, bootId, format, isCompliance, note } = this.#options;
    const seq = this.#nextSeq;
    const queuedAt = clock.now();
    const frame = encodeRecord({ seq, format, bootId, mono: queuedAt, body });
    if (frame === null || this.#closed) {
      note({ event: 'log-record-refused', level: 'error', text: this.#closed ? 'the log is closed' : 'a record is too long' });
      return null;
    }
    this.#nextSeq += 1;
    this.#queue.push({ seq, frame, compliance: isCompliance(body), queuedAt });
    this.#arm();
    return seq;
  }

  /** Newest durable record; 0: none known. */
  get head(): number {
    return this.#head;
  }

  get counters(): LogCounters {
    return {
      commits: this.#commits,
      failedCommits: this.#failedCommits,
      droppedTelemetry: this.#queue.dropped.telemetry,
      droppedCompliance: this.#queue.dropped.compliance,
      waiting: this.#queue.length,
      bytesWritten: this.#bytesWritten,
    };
  }

  /** Commits what waits now. Resolves when it is durable, or false at the first failure. */
  async flush(): Promise<boolean> {
    const target = this.#nextSeq - 1;
    for (;;) {
      if (this.#committing !== null) await this.#committing;
      if (this.#queue.length === 0 || this.#head >= target) return true;
      this.#begin();
      await this.#committing;
      if (this.#failing) return false;
    }
  }

  /** Flushes, then takes no more records. */
  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#alarm?.cancel();
    this.#alarm = null;
    await this.#file?.close();
    this.#file = null;
  }

  #arm(): void {
    if (this.#committing !== null || this.#closed) return;
    const due = this.#queue.dueAt();
    if (due === null) return;
    const at = this.#failing ? after(this.#options.clock.now(), this.#limits.retryDelay) : due;
    if (this.#alarm !== null) {
      if (this.#failing || this.#alarm.at <= at) return;
      this.#alarm.cancel();
    }
    this.#alarm = { at, cancel: this.#options.clock.at(at, () => this.#begin()) };
  }

  #begin(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    if (this.#committing !== null || this.#closed) return;
    this.#committing = this.#commit();
  }

  async #commit(): Promise<void> {
    const batch = this.#queue.take();
    const written = batch.length === 0 ? ok(undefined) : await this.#write(batch);
    this.#queue.settle(written.ok);
    this.#report(written);
    if (written.ok && this.#tail.length >= this.#limits.segmentBytes) await this.#roll();
    this.#committing = null;
    const last = batch.at(-1);
    if (written.ok && last !== undefined) {
      this.#head = last.seq;
      this.#options.onCommitted(last.seq);
    }
    this.#arm();
  }

  async #write(batch: readonly Queued[]): Promise<Result<void, FileFault>> {
    const opened = await this.#open();
    if (!opened.ok) return opened;
    const first = batch[0]?.seq ?? this.#nextSeq;
    const header = this.#tail.length === 0 ? [encodeHeader({ firstSeq: first, compact: false, bodyBytes: 0 })] : [];
    const bytes = Buffer.concat([...header, ...batch.map((item) => item.frame)]);
    const written = await opened.value.append(bytes);
    if (written.ok) {
      this.#tail.length += bytes.length;
      this.#bytesWritten += bytes.length;
      this.#commits += 1;
      return ok(undefined);
    }
    // Part of it may stand in the file: the next opening cuts it off.
    await opened.value.close();
    this.#file = null;
    if (written.fault.kind === 'full') await this.#retention.makeRoom();
    return written;
  }

  async #open(): Promise<Result<AppendFile, FileFault>> {
    if (this.#file !== null) return ok(this.#file);
    const opened = await this.#options.files.openAppend(
      segmentPath(this.#options.directory, this.#tail.number),
      this.#tail.length,
    );
    if (opened.ok) this.#file = opened.value;
    return opened;
  }

  async #roll(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    this.#retention.sealed(this.#tail.number);
    this.#tail = { number: this.#tail.number + 1, length: 0 };
    const kept = await this.#retention.enforce();
    if (!kept.ok) this.#options.note({ event: 'log-retention-failed', level: 'warn', text: describe(kept.fault) });
  }

  /** One note a change, not one an attempt. */
  #report(written: Result<void, FileFault>): void {
    if (!written.ok) this.#failedCommits += 1;
    if (written.ok === !this.#failing) return;
    this.#failing = !written.ok;
    this.#options.note(
      written.ok
        ? { event: 'log-writable', level: 'info', text: 'the event log is written again' }
        : { event: 'log-failing', level: 'error', text: `the event log cannot be written: ${describe(written.fault)}` },
    );
  }
}

const describe = (fault: FileFault): string => ('why' in fault ? `${fault.path}: ${fault.why}` : `${fault.path}: ${fault.kind}`);

/** Recovers the log and opens it for writing. Fails only when its directory cannot be listed; a bad segment is only reported. */
export const openLog = async (options: LogOptions): Promise<Result<LogWriter, FileFault>> => {
  const recovered = await recoverLog(options.files, options.directory);
  if (!recovered.ok) return fail(recovered.fault);
  for (const problem of recovered.value.problems) options.note({ event: 'log-damaged', level: 'error', text: problem });
  const writer = new LogWriter(options, recovered.value);
  const started = await writer.start();
  if (!started.ok) options.note({ event: 'log-failing', level: 'error', text: describe(started.fault) });
  return ok(writer);
};
