import type { Note } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import type { Result } from '#base/result.ts';
import { assert } from '#base/assert.ts';
import { after, elapsed, monoMs, seconds, type DurationMs, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import { backOff, RETRY_AFTER_MAX } from './back-off.ts';
import { Complaints } from './complaints.ts';
import { pageUrl } from './href.ts';
import type { HttpFault, HttpMethod, HttpReply } from './http-port.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { isListKind, itemsOn, readPage, type Page } from './page.ts';
import { isControlKind, nextTurn, NEVER, TaskTable, type Task } from './tasks.ts';
import { LIST_ITEMS_MAX, PAGES_MAX, PIN_RECHECK, REQUESTS_MAX, type WalkSettings } from './settings.ts';
import { Knowledge, type Got } from './knowledge.ts';
import { WalkedTime } from './time.ts';
import type { WalkedTree } from './tree.ts';
import { registrationBody } from './registration.ts';

export interface WalkRequest {
  readonly method: HttpMethod;
  readonly url: string;
  /** Null: none. */
  readonly body: string | null;
}

/** What the walk found out. */
export type WalkEvent =
  | { readonly kind: 'tree'; readonly tree: WalkedTree }
  /** Utility time in the middle of the exchange, which took `roundTrip`. */
  | { readonly kind: 'time'; readonly utility: UtilitySeconds; readonly middle: MonoMs; readonly roundTrip: DurationMs }
  | { readonly kind: 'note'; readonly note: Note }
  /** Our EndDevice is not there, or not enabled: nothing below it counts any more. */
  | { readonly kind: 'absent' }
  /** The registration PIN is another one: nothing is asked any more but that, once a day. */
  | { readonly kind: 'stopped' };

/** A registration whose PIN is not ours, and when it is looked at again. */
export interface PinStop {
  readonly url: string;
  readonly at: MonoMs;
}

interface Current {
  readonly task: Task;
  readonly sentAt: MonoMs;
  readonly pages: readonly Page[];
  /** What the pages so far say about the length of the list; null before the first. */
  readonly all: number | null;
  readonly restarted: boolean;
}

/**
 * Fetches what the utility says, each resource at its own rate, one request at a time, and says it as a `WalkedTree`
 * (IEEE 2030.5 reference 1.4-1.6, 3.1-3.4, 3.9, 3.10). Synchronous: `next` gives a request, `onReply` takes what became of it.
 */
export class WalkMachine {
  readonly #settings: WalkSettings;
  readonly #random: SeededRandom;
  readonly #tasks = new TaskTable();
  readonly #knowledge: Knowledge;
  /** A request of this task is on its way, or the next page of its list is to be asked for. */
  #current: Current | null = null;
  #inFlight = false;
  /** While the server is down: when DeviceCapability is tried next. */
  #probeAt: MonoMs | null = null;
  #failures = 0;
  #stopped: { readonly task: Task; readonly at: MonoMs } | null = null;
  #walk = 0;
  /** Control-relevant answers since the last tree; and any answers. */
  #controlChanged = false;
  #changed = false;
  #spent = 0;
  /** A tree was told, and not taken back since. */
  #published = false;
  #rediscoveredAt: MonoMs | null = null;
  readonly #time = new WalkedTime();
  readonly #complaints = new Complaints();

  /** `stop`: as an earlier life left it; nothing else is asked before that look. */
  constructor(settings: WalkSettings, now: MonoMs, stop: PinStop | null = null) {
    this.#settings = settings;
    this.#random = new SeededRandom(settings.seed, 'walk');
    this.#knowledge = new Knowledge(settings, this.#tasks);
    this.#tasks.put('dcap', settings.dcap, now);
    if (stop !== null) this.#stopped = { task: this.#tasks.put('registration', stop.url, NEVER), at: stop.at };
  }

  get stopped(): boolean {
    return this.#stopped !== null;
  }

  /** Null: the registration is ours as far as is known. */
  get pinStop(): PinStop | null {
    return this.#stopped === null ? null : { url: this.#stopped.task.url, at: this.#stopped.at };
  }

  /** A person wants the registration looked at now. */
  recheck(now: MonoMs): void {
    if (this.#stopped !== null) this.#stopped = { ...this.#stopped, at: now };
  }

  /** The server did not serve at its last chance. */
  get down(): boolean {
    return this.#probeAt !== null;
  }

  /** When `next` will have something: NEVER while a request is on its way or after a stop. */
  wakeAt(now: MonoMs): MonoMs {
    if (this.#inFlight) return NEVER;
    if (this.#stopped !== null) return this.#stopped.at;
    if (this.#probeAt !== null) return this.#probeAt;
    return this.#current === null ? this.#tasks.wakeAt() : now;
  }

  /** The request that is due now, null: none. After one was given, `onReply` must follow before the next. */
  next(now: MonoMs): WalkRequest | null {
    if (this.#inFlight) return null;
    if (this.#stopped !== null) {
      if (now < this.#stopped.at) return null;
      this.#current = { task: this.#stopped.task, sentAt: now, pages: [], all: null, restarted: false };
    } else if (this.#current === null) {
      const task = this.#due(now);
      if (task === null) return null;
      this.#current = { task, sentAt: now, pages: [], all: null, restarted: false };
    }
    this.#inFlight = true;
    this.#spent += 1;
    this.#current = { ...this.#current, sentAt: now };
    return this.#requestFor(this.#current, now);
  }

  /** What became of the request that `next` gave. */
  onReply(now: MonoMs, result: Result<HttpReply, HttpFault>): readonly WalkEvent[] {
    assert(this.#inFlight && this.#current !== null, 'a reply answers a request');
    const current = this.#current;
    this.#inFlight = false;
    const outcome = outcomeOf(result, current.task.kind === 'register' ? 'POST' : 'GET');
    const events: WalkEvent[] = [];
    if (this.#stopped !== null) {
      this.#onPin(now, current, outcome, events);
      return events;
    }
    if (outcome.kind === 'down' && !(current.task.failing && current.task.kind !== 'dcap')) {
      this.#onDown(now, current.task, outcome, events);
      return events;
    }
    this.#take(now, current, outcome, events);
    this.#publish(now, events);
    return events;
  }

  #due(now: MonoMs): Task | null {
    if (this.#probeAt !== null) return now >= this.#probeAt ? (this.#tasks.of('dcap')[0] ?? null) : null;
    const task = this.#tasks.due(now);
    if (task === null || this.#spent < REQUESTS_MAX) return task;
    // A server whose tree never ends: what was not reached stays unread until the next turn.
    this.#tasks.postpone(now, after(now, seconds(this.#knowledge.dcapRate)));
    this.#spent = 0;
    return null;
  }

  #requestFor({ task, pages }: Current, now: MonoMs): WalkRequest {
    if (task.kind === 'register') {
      const body = registrationBody(this.#settings, this.#time.at(now));
      return { method: 'POST', url: task.url, body };
    }
    if (!isListKind(task.kind)) return { method: 'GET', url: task.url, body: null };
    const start = pages.reduce((sum, page) => sum + itemsOn(page), 0);
    return { method: 'GET', url: pageUrl(task.url, start, this.#settings.pageLimit), body: null };
  }

  /** One failure of the server: it is left alone, then one probe of DeviceCapability at a time, then a full walk. */
  #onDown(now: MonoMs, task: Task, outcome: Outcome & { kind: 'down' }, events: WalkEvent[]): void {
    this.#current = null;
    task.failing = task.kind !== 'dcap';
    this.#failures += 1;
    const wait = backOff(this.#failures, this.#probeRate(), outcome.retryAfter, this.#random);
    if (this.#probeAt === null) {
      events.push(
        noteOf('utility-down', 'warn', `${task.kind} ${task.url}: ${outcome.text}; tried again in ${(wait / 1000).toFixed(1)} s`),
      );
    }
    this.#probeAt = after(now, wait);
  }

  /** The server answered, or fails at this resource alone. */
  #take(now: MonoMs, current: Current, outcome: Outcome, events: WalkEvent[]): void {
    const { task } = current;
    if (isListKind(task.kind) && outcome.kind === 'body') {
      const page = readPage(task.kind, outcome.reply.url, outcome.reply.body);
      if (!page.ok) {
        this.#failed(now, task, { text: `unreadable: ${page.fault}` }, events);
        return;
      }
      const pages = this.#collect(current, page.value);
      if (pages === null) return;
      this.#done(now, current, { kind: 'list', pages }, events);
      return;
    }
    const got = gotOf(current, outcome);
    if (got !== null) this.#done(now, current, got, events);
    else if (outcome.kind !== 'body' && outcome.kind !== 'empty') this.#notGot(now, task, outcome, events);
  }

  #notGot(now: MonoMs, task: Task, outcome: Exclude<Outcome, { kind: 'body' | 'empty' }>, events: WalkEvent[]): void {
    const isGone = outcome.kind === 'gone';
    const mayAppear = !task.seen && task.looks < LOOKS_MAX && task.kind !== 'dcap' && task.kind !== 'register';
    if (isGone && mayAppear) {
      this.#lookAgain(now, task);
      return;
    }
    const wasSeen = task.seen;
    if (isGone) task.seen = false;
    this.#failed(now, task, outcome, events);
    if (isGone && wasSeen) this.#rediscover(now);
  }

  /** A link that has just appeared: some servers show what is behind it after seconds only (reference 1.4, 404). */
  #lookAgain(now: MonoMs, task: Task): void {
    this.#current = null;
    this.#knowledge.onFailure(task, false);
    task.looks += 1;
    task.due = after(now, LOOK_AGAIN);
    this.#mark(task);
  }

  /** While the server is down it is tried at least as often as its quickest resource is polled (CSIP-AUS ALL-23), seconds. */
  #probeRate(): number {
    return Math.min(this.#knowledge.dcapRate, this.#tasks.shortestPeriod() ?? Number.POSITIVE_INFINITY);
  }

  #done(now: MonoMs, { task, sentAt }: Current, got: Got, events: WalkEvent[]): void {
    const due = task.due;
    const effect = this.#knowledge.learn(task, got, now);
    if (effect.kind === 'failed') {
      this.#failed(now, task, effect, events);
      return;
    }
    this.#current = null;
    if (effect.kind === 'stopped') {
      this.#stopped = { task, at: after(now, seconds(PIN_RECHECK)) };
      events.push(noteOf('registration-pin-mismatch', 'error', effect.text), { kind: 'stopped' });
      return;
    }
    task.failing = false;
    task.seen = true;
    task.looks = 0;
    task.period = effect.period;
    this.#complaints.isNews(`${task.key} failed`, '');
    this.#say(task, effect.event, effect.notes.join('; '), events);
    const time = effect.utility === undefined ? null : this.#time.take(sentAt, now, effect.utility);
    if (time !== null) events.push({ kind: 'time', utility: time.utility, middle: time.middle, roundTrip: time.roundTrip });
    if (task.kind === 'dcap') this.#onDcap(now, events);
    // Learning may have made the task due again (a registration does).
    if (task.due === due) task.due = effect.period === null ? NEVER : nextTurn(due, now, effect.period);
    task.due = monoMs(Math.min(task.due, time?.again ?? NEVER));
    this.#mark(task);
  }

  /** The resource cannot be used now; the server is well. It has its next turn, its program is unread meanwhile. */
  #failed(now: MonoMs, task: Task, why: Failure, events: WalkEvent[]): void {
    this.#current = null;
    this.#knowledge.onFailure(task, why.kind === 'gone' || why.kind === 'refused');
    this.#say(task, 'resource-failed', `${task.kind} ${task.url}: ${why.text}`, events);
    const period = this.#knowledge.periodAfterFailure(task);
    if (task.kind === 'dcap' && this.#probeAt !== null) {
      this.#failures += 1;
      this.#probeAt = after(now, backOff(this.#failures, this.#probeRate(), null, this.#random));
      return;
    }
    const turn = period === null ? NEVER : nextTurn(task.due, now, period);
    // What a server asks for counts for the one resource, too.
    task.due =
      turn === NEVER ? NEVER : monoMs(Math.max(turn, after(now, seconds(Math.min(why.retryAfter ?? 0, RETRY_AFTER_MAX)))));
    this.#mark(task);
  }

  /** The daily look at a PIN that was not ours: everything goes on once it is, or the server keeps none. */
  #onPin(now: MonoMs, { task }: Current, outcome: Outcome, events: WalkEvent[]): void {
    this.#current = null;
    this.#stopped = { task, at: after(now, seconds(PIN_RECHECK)) };
    if (outcome.kind === 'gone') {
      // That registration is no more: from the root, where it is compared before anything below it is asked.
      this.#stopped = null;
      this.#tasks.only('registration', [], now);
      this.#tasks.allDue(now, 'registration');
      events.push(noteOf('registration-gone', 'warn', 'the registration with another PIN is gone: looking for a new one'));
      return;
    }
    if (outcome.kind !== 'body' && outcome.kind !== 'empty') return;
    const got: Got =
      outcome.kind === 'empty' ? { kind: 'none' } : { kind: 'body', base: outcome.reply.url, body: outcome.reply.body };
    if (this.#knowledge.learn(task, got, now).kind !== 'learned') return;
    this.#stopped = null;
    task.due = NEVER;
    this.#tasks.allDue(now, 'registration');
    events.push(noteOf('registration-pin-matches', 'info', 'the registration PIN is ours now: communication goes on'));
  }

  /** DeviceCapability answered: after a failure everything is read again, not only what failed. */
  #onDcap(now: MonoMs, events: WalkEvent[]): void {
    if (this.#probeAt === null) return;
    this.#probeAt = null;
    this.#tasks.allDue(now, 'dcap');
    events.push(noteOf('utility-up', 'info', 'the utility server answers again'));
  }

  /** A link that worked leads nowhere: discovery from the root, not more often than its rate. */
  #rediscover(now: MonoMs): void {
    const rate = seconds(this.#knowledge.dcapRate);
    if (this.#rediscoveredAt !== null && elapsed(this.#rediscoveredAt, now) < rate) return;
    this.#rediscoveredAt = now;
    for (const kind of ['dcap', 'end-devices', 'assignments', 'programs'] as const) {
      for (const task of this.#tasks.of(kind)) task.due = after(now, seconds(1));
    }
  }

  #mark(task: Task): void {
    this.#changed = true;
    if (isControlKind(task.kind)) this.#controlChanged = true;
  }

  /** What is known belongs together when nothing of it is due: then it is published. */
  #publish(now: MonoMs, events: WalkEvent[]): void {
    if (this.#stopped !== null || this.#current !== null || !this.#changed || !this.#tasks.settled(now)) return;
    if (this.#controlChanged) this.#walk += 1;
    this.#spent = 0;
    const tree = this.#knowledge.catalogue.tree(this.#walk);
    this.#changed = false;
    if (tree === null) {
      if (this.#published && this.#knowledge.catalogue.endDevice === null) events.push({ kind: 'absent' });
      this.#published &&= this.#knowledge.catalogue.endDevice !== null;
      return;
    }
    this.#published = true;
    if (this.#controlChanged) this.#failures = 0;
    this.#controlChanged = false;
    events.push({ kind: 'tree', tree });
  }

  /** Says what is wrong with a resource when it is news. An empty text: nothing is wrong any more. */
  #say(task: Task, event: string, text: string, events: WalkEvent[]): void {
    const subject = `${task.key} ${event === 'resource-failed' ? 'failed' : 'learned'}`;
    if (this.#complaints.isNews(subject, text)) events.push(noteOf(event, 'warn', text));
  }

  /** Null: more pages are to come. A list that moved while it was paged is read again, once. */
  #collect(current: Current, page: Page): readonly Page[] | null {
    const pages = [...current.pages, page];
    const { all } = page.list;
    if (current.all !== null && current.all !== all && !current.restarted) {
      this.#current = { ...current, pages: [], all: null, restarted: true };
      return null;
    }
    const items = pages.reduce((sum, each) => sum + itemsOn(each), 0);
    const done = itemsOn(page) === 0 || items >= Math.min(all, LIST_ITEMS_MAX) || pages.length >= PAGES_MAX;
    if (done) return pages;
    this.#current = { ...current, pages, all };
    return null;
  }
}

/** What an answer brings that needs no more pages; null: nothing that can be used. */
const gotOf = ({ task, pages }: Current, outcome: Outcome): Got | null => {
  if (outcome.kind === 'body') return { kind: 'body', base: outcome.reply.url, body: outcome.reply.body };
  if (outcome.kind === 'empty') return isListKind(task.kind) ? { kind: 'list', pages } : { kind: 'none' };
  return outcome.kind === 'gone' && (task.kind === 'default' || task.kind === 'registration') ? { kind: 'none' } : null;
};

/** Why a resource cannot be used; of an outcome, or of what was in it. */
interface Failure {
  readonly kind?: string;
  readonly text: string;
  readonly retryAfter?: number | null;
}

/** Looks at a link that leads nowhere yet, within half a minute. */
const LOOKS_MAX = 3;
const LOOK_AGAIN = seconds(9);

const noteOf = (event: string, level: Note['level'], text: string): WalkEvent => ({ kind: 'note', note: { event, level, text } });
