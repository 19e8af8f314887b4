import type { Files, Note } from '#base/ports.ts';
import type { MonoMs, UtilitySeconds } from '#base/units.ts';
import type { ReadingRecord } from '#control/record.ts';
import { LogReader } from '#log/reader.ts';
import type { LogRecord } from '#log/record.ts';
import { StateFile } from '#log/state-file.ts';
import {
  deliveryOf,
  REPORT_CHANNELS,
  type ReadingsChannel,
  type ReportChannel,
  type ReportContext,
  type ReportPayload,
} from '#utility/report/delivery.ts';
import {
  isFinal,
  nextRun,
  offer,
  openQueue,
  room,
  settle,
  START,
  wakeAt,
  type Delivery,
  type DeliveryOutcome,
  type QueueState,
} from '#utility/report/queue.ts';
import { decodeNorthState, type NorthState } from './north-state.ts';
import { Suspects } from './suspects.ts';

/** Base name of the state file that northd alone writes (design D17). */
const STATE_NAME = 'north';
const STATE_FORMAT = 1;
const LOG_DIRECTORY = 'log';
/** Where the server takes no readings: what is older is not worth waiting for (reference 3.11), seconds. */
const UNWANTED_AFTER = 86_400;

export interface ChannelOptions {
  /** The state directory. */
  readonly files: Files;
  readonly context: ReportContext;
  readonly note: (note: Note) => void;
}

/** The streams from the log to the utility: what waits, and how far each has come, kept on disk after each answer of the server (design D3). */
export class Channels {
  readonly #options: ChannelOptions;
  readonly #state: StateFile<NorthState>;
  readonly #queues: Record<ReportChannel, QueueState<ReportPayload>>;
  readonly #readers: Readonly<Record<ReportChannel, LogReader>>;
  readonly #suspects = new Suspects();
  #logFailed = false;
  #clean = false;
  /** Where the cursors stand is on a disk that cannot be read: nothing is taken meanwhile, or all of the log would be told again. */
  #isUnread = false;

  constructor(options: ChannelOptions) {
    const { files } = options;
    this.#options = options;
    this.#state = new StateFile({ files, name: STATE_NAME, format: STATE_FORMAT, decode: decodeNorthState });
    this.#queues = perChannel(() => openQueue<ReportPayload>(START));
    this.#readers = perChannel(() => new LogReader({ files, directory: LOG_DIRECTORY }));
  }

  async load(): Promise<void> {
    const { value, problems, isUnread } = await this.#state.load();
    if (!this.#isUnread) for (const text of problems) this.#options.note({ event: 'north-state-damaged', level: 'warn', text });
    this.#isUnread = isUnread;
    if (value !== null) {
      for (const channel of REPORT_CHANNELS) this.#queues[channel] = openQueue(value[channel]);
      this.#suspects.load(value);
      // From here on this life has not ended as asked.
      if (value.clean) await this.save();
    }
  }

  /** Takes what the log has up to the committed record `head`. */
  async fill(head: number): Promise<void> {
    if (this.#isUnread) await this.load();
    if (this.#isUnread) return;
    for (const channel of REPORT_CHANNELS) {
      const queue = this.#queues[channel];
      const free = room(queue);
      if (free === 0 || queue.offered >= head) continue;
      const records = await this.#readers[channel].readAfter(queue.offered, free, head);
      if (!records.ok) {
        this.#sayLogFailed(`the log cannot be read: ${records.fault.kind} ${records.fault.path}`);
        return;
      }
      this.#logFailed = false;
      for (const record of records.value) {
        const delivery = await this.#deliveryOf(channel, record);
        this.#queues[channel] = offer(this.#queues[channel], record.seq, delivery);
      }
    }
  }

  /** What may go now, oldest first, at most `max` of one subject: each must be settled. Empty: nothing. */
  async next(channel: ReportChannel, now: MonoMs, max = 1): Promise<readonly Delivery<ReportPayload>[]> {
    const taken = nextRun(this.#queues[channel], now, max);
    if (taken === null) return [];
    this.#queues[channel] = taken.state;
    const first = taken.run[0];
    if (first !== undefined) await this.#watch({ channel, seq: first.seq });
    return taken.run;
  }

  /** The cursor is on disk before the next request goes out: after a kill at most this one is sent twice. True: a record was set aside. */
  async settle(channel: ReportChannel, seqs: readonly number[], outcome: DeliveryOutcome, now: MonoMs): Promise<boolean> {
    this.#suspects.done();
    let final = false;
    for (const seq of seqs) {
      final ||= isFinal(this.#queues[channel], seq, outcome);
      this.#queues[channel] = settle(this.#queues[channel], seq, outcome, now);
    }
    if (final) await this.save();
    return final && outcome.kind !== 'accepted';
  }

  /** A later record of the same subject waits behind `seq`. */
  isFollowed(channel: ReportChannel, seq: number): boolean {
    const { pending } = this.#queues[channel];
    const subject = pending.find((item) => item.seq === seq)?.subject;
    return pending.some((item) => item.subject === subject && item.seq > seq);
  }

  /** Passes over readings older than a day of a role whose mirrors the server does not take; how many. */
  async dropOld(channel: ReadingsChannel, now: MonoMs, utility: UtilitySeconds): Promise<number> {
    const old = this.#queues[channel].pending.filter(
      ({ payload }) => payload.kind === 'reading' && payload.record.start < utility - UNWANTED_AFTER,
    );
    const run = old.length === 0 ? [] : await this.next(channel, now, old.length);
    if (run.length === 0) return 0;
    const seqs = run.map(({ seq }) => seq);
    await this.settle(channel, seqs, { kind: 'refused' }, now);
    return seqs.length;
  }

  async save(): Promise<void> {
    if (this.#isUnread) return;
    const cursors = perChannel((channel) => this.#queues[channel].cursor);
    const saved = await this.#state.save({ ...cursors, clean: this.#clean, ...this.#suspects.state });
    if (!saved.ok)
      this.#options.note({
        event: 'north-state-unsaved',
        level: 'error',
        text: `the cursors were not saved: ${saved.fault.kind}`,
      });
  }

  /** The last save of a life that ends as asked. */
  async close(): Promise<void> {
    this.#clean = true;
    this.#suspects.done();
    await this.save();
  }

  /** Readings that wait, oldest first. */
  waiting(channel: ReadingsChannel): readonly ReadingRecord[] {
    return this.#queues[channel].pending.flatMap(({ payload }) => (payload.kind === 'reading' ? [payload.record] : []));
  }

  wakeAt(channel: ReportChannel): MonoMs {
    return wakeAt(this.#queues[channel]) ?? (Number.POSITIVE_INFINITY as MonoMs);
  }

  async #deliveryOf(channel: ReportChannel, record: LogRecord): Promise<Delivery<ReportPayload> | null> {
    const hand = { channel, seq: record.seq };
    if (this.#suspects.isGuilty(hand)) {
      const text = `${channel}: record ${record.seq} ended this process three times, set aside`;
      this.#options.note({ event: 'record-set-aside', level: 'error', text });
      return null;
    }
    const watched = await this.#watch(hand);
    const delivery = deliveryOf(channel, record, this.#options.context);
    if (watched) this.#suspects.done();
    return delivery;
  }

  async #watch(hand: { readonly channel: ReportChannel; readonly seq: number }): Promise<boolean> {
    const watched = this.#suspects.take(hand);
    if (watched) await this.save();
    return watched;
  }

  #sayLogFailed(text: string): void {
    if (!this.#logFailed) this.#options.note({ event: 'log-unreadable', level: 'warn', text });
    this.#logFailed = true;
  }
}

const perChannel = <T>(of: (channel: ReportChannel) => T): Record<ReportChannel, T> => ({
  responses: of('responses'),
  'site-readings': of('site-readings'),
  'der-readings': of('der-readings'),
  'log-events': of('log-events'),
});
