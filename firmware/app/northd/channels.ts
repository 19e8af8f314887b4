import type { Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import type { MonoMs } from '#base/units.ts';
import { LogReader } from '#log/reader.ts';
import { StateFile } from '#log/state-file.ts';
import {
  deliveryOf,
  REPORT_CHANNELS,
  type ReportChannel,
  type ReportContext,
  type ReportPayload,
} from '#utility/report/delivery.ts';
import {
  next,
  offer,
  openQueue,
  room,
  settle,
  START,
  wakeAt,
  type Cursor,
  type Delivery,
  type DeliveryOutcome,
  type QueueState,
} from '#utility/report/queue.ts';

/** Base name of the state file that northd alone writes (design D17). */
const STATE_NAME = 'north';
const STATE_FORMAT = 1;
const LOG_DIRECTORY = 'log';

type Cursors = Readonly<Record<ReportChannel, Cursor>>;

export interface ChannelOptions {
  /** The state directory. */
  readonly files: Files;
  readonly context: ReportContext;
  /** Response.status values that the utility takes; others are never sent. */
  readonly responses: readonly number[];
  readonly note: (note: Note) => void;
}

/** The streams from the log to the utility: what waits, and how far each has come, kept on disk after each answer of the server (design D3). */
export class Channels {
  readonly #options: ChannelOptions;
  readonly #state: StateFile<Cursors>;
  readonly #queues: Record<ReportChannel, QueueState<ReportPayload>>;
  readonly #readers: Readonly<Record<ReportChannel, LogReader>>;
  #logFailed = false;

  constructor(options: ChannelOptions) {
    const { files } = options;
    this.#options = options;
    this.#state = new StateFile({ files, name: STATE_NAME, format: STATE_FORMAT, decode: decodeCursors });
    const reader = (): LogReader => new LogReader({ files, directory: LOG_DIRECTORY });
    this.#queues = { responses: openQueue(START), 'site-readings': openQueue(START), 'der-readings': openQueue(START) };
    this.#readers = { responses: reader(), 'site-readings': reader(), 'der-readings': reader() };
  }

  async load(): Promise<void> {
    const { value, problems } = await this.#state.load();
    for (const text of problems) this.#options.note({ event: 'north-state-damaged', level: 'warn', text });
    if (value !== null) for (const channel of REPORT_CHANNELS) this.#queues[channel] = openQueue(value[channel]);
  }

  /** Takes what the log has up to the committed record `head`. */
  async fill(head: number): Promise<void> {
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
        const delivery = this.#taken(deliveryOf(channel, record, this.#options.context));
        this.#queues[channel] = offer(this.#queues[channel], record.seq, delivery);
      }
    }
  }

  next(channel: ReportChannel, now: MonoMs): Delivery<ReportPayload> | null {
    const taken = next(this.#queues[channel], now);
    if (taken === null) return null;
    this.#queues[channel] = taken.state;
    return taken.delivery;
  }

  /** The cursor is on disk before the next request goes out: after a kill at most this one is sent twice. */
  async settle(channel: ReportChannel, seq: number, outcome: DeliveryOutcome, now: MonoMs): Promise<void> {
    this.#queues[channel] = settle(this.#queues[channel], seq, outcome, now);
    if (outcome.kind !== 'retry') await this.save();
  }

  async save(): Promise<void> {
    const cursors: Cursors = {
      responses: this.#queues.responses.cursor,
      'site-readings': this.#queues['site-readings'].cursor,
      'der-readings': this.#queues['der-readings'].cursor,
    };
    const saved = await this.#state.save(cursors);
    if (!saved.ok)
      this.#options.note({
        event: 'north-state-unsaved',
        level: 'error',
        text: `the cursors were not saved: ${saved.fault.kind}`,
      });
  }

  isEmpty(channel: ReportChannel): boolean {
    return this.#queues[channel].pending.length === 0;
  }

  wakeAt(channel: ReportChannel): MonoMs {
    return wakeAt(this.#queues[channel]) ?? (Number.POSITIVE_INFINITY as MonoMs);
  }

  #taken(delivery: Delivery<ReportPayload> | null): Delivery<ReportPayload> | null {
    const status = delivery?.payload.kind === 'response' ? delivery.payload.body.status : undefined;
    return status === undefined || this.#options.responses.includes(status) ? delivery : null;
  }

  #sayLogFailed(text: string): void {
    if (!this.#logFailed) this.#options.note({ event: 'log-unreadable', level: 'warn', text });
    this.#logFailed = true;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCursor = (value: unknown): value is Cursor => {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, beyond } = value as Partial<Record<keyof Cursor, unknown>>;
  return isCount(seq) && Array.isArray(beyond) && beyond.every(isCount);
};

const decodeCursors = (value: unknown): Result<Cursors, string> => {
  if (typeof value !== 'object' || value === null) return fail('no cursors');
  const read = value as Partial<Record<ReportChannel, unknown>>;
  const { responses } = read;
  const site = read['site-readings'];
  const der = read['der-readings'];
  if (!isCursor(responses) || !isCursor(site) || !isCursor(der)) return fail('a cursor is missing or none');
  return ok({ responses, 'site-readings': site, 'der-readings': der });
};
