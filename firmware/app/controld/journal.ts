import type { Cancel, Clock, Files, Note } from '#base/ports.ts';
import { after, seconds } from '#base/units.ts';
import { isCompliance, type RecordBody, type Transition } from '#control/record.ts';
import { LogReader } from '#log/reader.ts';
import { type LogWriter, openLog } from '#log/writer.ts';
import type { Memory, MemoryStore } from './stores.ts';

const LOG_DIRECTORY = 'log';
const RECORD_FORMAT = 1;
/** Records held while the log is still being opened or cannot be; beyond it the oldest reading goes, then the oldest of all. */
const BACKLOG_MAX = 5000;
/** A plan that could not be saved is tried again this often. */
const SAVE_RETRY = seconds(1);
/** A log that could not be opened is tried again this often: without it nothing is told to the utility. */
const OPEN_RETRY = seconds(10);
/** Records looked through at a start for what the outbox already reached. */
const RECHECK_MAX = 20_000;

export interface JournalOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly bootId: string;
  readonly store: MemoryStore;
  /** What the predecessor left: its outbox stays in every save until the log is known to hold it. */
  readonly inherited: Pick<Memory, 'outbox' | 'logHead'>;
  readonly onCommitted: (head: number) => void;
  /** The plan that could not be read at the start can be read now: this life knows nothing of it, and saves and logs nothing any more. */
  readonly onBehind: () => void;
  readonly note: (note: Note) => void;
}

const sameTransition = (a: Transition, body: unknown): boolean => {
  const b = body as Partial<Transition> | null;
  return b?.kind === 'transition' && b.server === a.server && b.mRID === a.mRID && b.status === a.status && b.at === a.at;
};

/**
 * The order in which things become durable: the plan with its outbox of transitions first, then the transitions as log records; only
 * the log makes Responses. A kill in between repeats the second step at the next start, and neither loses nor doubles a record.
 * Never waited for by the tick.
 */
export class Journal {
  readonly #options: JournalOptions;
  #log: LogWriter | null = null;
  #backlog: RecordBody[] = [];
  #dropped = 0;
  /** Transitions not yet known to be in a committed record. `saved`: the plan file holds them; `seq`: their record, once it is queued. */
  #outbox: { readonly transition: Transition; saved: boolean; seq: number | null }[] = [];
  #head: number;
  #memory: Omit<Memory, 'outbox' | 'logHead'> | null = null;
  #saving: Promise<void> | null = null;
  #dirty = false;
  #failing = false;
  #retry: Cancel | null = null;
  /** The log could not be opened. */
  #isShut = false;
  #reopen: Cancel | null = null;
  #opening: Promise<void> | null = null;
  #isBehind = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#head = options.inherited.logHead;
    this.#outbox = options.inherited.outbox.map((transition) => ({ transition, saved: true, seq: null }));
  }

  /** Opens the log and finishes what a killed predecessor began. A log that cannot be opened is tried again until it can. */
  async open(): Promise<void> {
    this.#opening = this.#tryOpen();
    await this.#opening;
  }

  async #tryOpen(): Promise<void> {
    const { files, clock, bootId, store, note } = this.#options;
    // What is said of events that a plan nobody could read knows better becomes no record.
    if (store.isUnread) {
      this.#openAgain();
      return;
    }
    const opened = await openLog({
      files,
      clock,
      directory: LOG_DIRECTORY,
      bootId,
      format: RECORD_FORMAT,
      isCompliance: (body) => isCompliance(body as RecordBody),
      onCommitted: (head) => this.#committed(head),
      note,
    });
    if (!opened.ok) {
      if (!this.#isShut)
        note({ event: 'log-unavailable', level: 'error', text: `the event log cannot be opened: ${opened.fault.kind}` });
      this.#isShut = true;
      this.#openAgain();
      return;
    }
    if (this.#isShut) note({ event: 'log-available', level: 'info', text: 'the event log is open again' });
    this.#isShut = false;
    const logged = await this.#alreadyLogged();
    // Nothing is awaited from the new head to the filter: a save between them would name this head beside the predecessor's outbox, and
    // the next life would look for those records behind it, miss them and log them again.
    this.#head = opened.value.head;
    this.#log = opened.value;
    this.#outbox = this.#outbox.filter(({ transition }) => !logged.has(transition));
    this.#queueSaved();
    const waiting = this.#backlog;
    this.#backlog = [];
    for (const body of waiting) this.#append(body);
    this.#options.onCommitted(this.#head);
  }

  /** Records other than transitions: alarms, limits, readings. */
  add(bodies: readonly RecordBody[]): void {
    for (const body of bodies) this.#append(body);
  }

  /** The plan or clock changed, with these transitions: saved, then logged. */
  keep(memory: Omit<Memory, 'outbox' | 'logHead'>, transitions: readonly Transition[]): void {
    this.#memory = memory;
    this.#dirty = true;
    for (const transition of transitions) this.#outbox.push({ transition, saved: false, seq: null });
    this.#saving ??= this.#saveLoop();
  }

  get head(): number {
    return this.#head;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when everything handed over is as durable as it gets. */
  async flush(): Promise<void> {
    this.#retry?.();
    this.#reopen?.();
    await this.#opening;
    await this.#saving;
    await this.#log?.close();
  }

  /** Those of the predecessor's outbox that reached the log before it died. */
  async #alreadyLogged(): Promise<ReadonlySet<Transition>> {
    const { outbox, logHead } = this.#options.inherited;
    if (outbox.length === 0) return new Set();
    const reader = new LogReader({ files: this.#options.files, directory: LOG_DIRECTORY });
    const read = await reader.readAfter(logHead, RECHECK_MAX);
    const found = read.ok ? read.value : [];
    return new Set(outbox.filter((transition) => found.some((record) => sameTransition(transition, record.body))));
  }

  async #saveLoop(): Promise<void> {
    while (this.#dirty && this.#memory !== null && !this.#isBehind) {
      this.#dirty = false;
      const pending = this.#outbox.filter((entry) => !entry.saved);
      const outbox = this.#outbox.map((entry) => entry.transition);
      const saved = await this.#options.store.save({ ...this.#memory, outbox, logHead: this.#oldestHead() });
      if (this.#options.store.isBehind) this.#leave();
      this.#report(saved);
      if (!saved) this.#again();
      // A plan that cannot be saved must not hold back the record: then a kill may double a Response, which the server tolerates.
      for (const entry of pending) entry.saved = true;
      this.#queueSaved();
    }
    this.#saving = null;
  }

  #leave(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    const { note, onBehind } = this.#options;
    note({ event: 'plan-readable', level: 'warn', text: 'the stored plan can be read again: starting anew with it' });
    onBehind();
  }

  /** A disk that heals must find the newest plan: without this a kill before the next change would take the limit with it. */
  #again(): void {
    if (this.#retry !== null) return;
    const { clock } = this.#options;
    this.#retry = clock.at(after(clock.now(), SAVE_RETRY), () => {
      this.#retry = null;
      this.#dirty = true;
      this.#saving ??= this.#saveLoop();
    });
  }

  #openAgain(): void {
    const { clock } = this.#options;
    this.#reopen = clock.at(after(clock.now(), OPEN_RETRY), () => {
      this.#reopen = null;
      this.#opening = this.#tryOpen();
    });
  }

  #queueSaved(): void {
    const log = this.#log;
    if (log === null) return;
    for (const entry of this.#outbox) if (entry.saved && entry.seq === null) entry.seq = log.queue(entry.transition);
  }

  /** Everything in the outbox was made after this record. */
  #oldestHead(): number {
    return this.#outbox.reduce((least, entry) => (entry.seq === null ? least : Math.min(least, entry.seq - 1)), this.#head);
  }

  #append(body: RecordBody): void {
    if (this.#log !== null) {
      this.#log.queue(body);
      return;
    }
    if (this.#backlog.length >= BACKLOG_MAX) {
      const victim = Math.max(
        0,
        this.#backlog.findIndex((one) => !isCompliance(one)),
      );
      this.#backlog.splice(victim, 1);
      this.#dropped += 1;
    }
    this.#backlog.push(body);
  }

  #committed(head: number): void {
    this.#head = head;
    this.#outbox = this.#outbox.filter((entry) => entry.seq === null || entry.seq > head);
    this.#options.onCommitted(head);
  }

  #report(saved: boolean): void {
    if (saved === !this.#failing) return;
    this.#failing = !saved;
    this.#options.note(
      saved
        ? { event: 'plan-saved', level: 'info', text: 'the plan is saved again' }
        : {
            event: 'plan-not-saved',
            level: 'error',
            text: 'the plan cannot be saved; the limit holds, a restart would not know it',
          },
    );
  }
}
