import type { Note } from '#base/ports.ts';
import { after, elapsed, seconds, utilitySeconds, wallSeconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import { validityAt, validityText } from '#utility/identity/chain.ts';
import { logEventFor } from '#utility/report/log-event.ts';
import { outcomeOf } from '#utility/report/outcome.ts';
import { translate } from '#utility/translate/translate.ts';
import { Complaints } from '#utility/walk/complaints.ts';
import { WalkMachine, type PinStop, type WalkEvent } from '#utility/walk/machine.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';
import type { Channels } from './channels.ts';
import type { ControlLink } from './control-link.ts';
import { DerReports } from './der-reports.ts';
import { statusOf, type Job, type Reply } from './job.ts';
import { MirrorReports } from './mirror-reports.ts';
import type { NorthdConfig, NorthdPorts } from './northd.ts';
import type { PinSilence } from './pin-silence.ts';
import { ReadingPosts } from './reading-posts.ts';
import type { Waker } from './waker.ts';

/** The log is looked at this often even when nobody rings. */
const IDLE_MAX = seconds(10);
/** Resolution of the server's Time: whole seconds. */
const TIME_RESOLUTION = 0.5;

export interface Parts {
  readonly channels: Channels;
  readonly control: ControlLink;
  readonly waker: Waker;
  readonly silence: PinSilence;
  /** What an earlier life knew of a registration that is not ours; null: nothing. */
  readonly stop: PinStop | null;
}

/** All exchange with one utility server: one request at a time, the most urgent first. */
export class UtilitySession {
  readonly #ports: NorthdPorts;
  readonly #config: NorthdConfig;
  readonly #parts: Parts;
  readonly #walk: WalkMachine;
  readonly #ders: DerReports;
  readonly #mirrors: MirrorReports;
  readonly #readings: ReadingPosts;
  readonly #write: WriteOptions;
  #tree: WalkedTree | null = null;
  #time: { readonly utility: UtilitySeconds; readonly at: MonoMs } | null = null;
  /** What is told counts for this registration alone; null: none seen. */
  #registration: string | null = null;
  #refusals = '';
  readonly #complaints = new Complaints();
  /** A list of programs was never readable at the last walk. */
  #partial = false;
  #certificateAt = 0;
  #stopping = false;

  constructor(ports: NorthdPorts, config: NorthdConfig, parts: Parts) {
    const { profile } = config;
    this.#ports = ports;
    this.#config = config;
    this.#parts = parts;
    this.#write = { csipAus: profile.csipAus, prefix: profile.prefix };
    this.#walk = new WalkMachine(config.walk, ports.clock.now(), parts.stop);
    this.#ders = new DerReports({ write: this.#write, profile, nmi: config.nmi });
    const context = { lfdi: config.lfdi, pen: config.pen, write: this.#write };
    this.#mirrors = new MirrorReports({
      ...context,
      settings: config.walk,
      shape: profile.mirrors,
      postRate: profile.rates.post,
    });
    const note = (event: string, text: string): void => parts.control.note(event, text);
    this.#readings = new ReadingPosts({ ...context, channels: parts.channels, mirrors: this.#mirrors, note });
  }

  /** Programs of the last walk. */
  get programs(): number {
    return this.#tree?.programs.length ?? 0;
  }

  /** The server does not serve: it is probed. */
  get isDown(): boolean {
    return this.#walk.down;
  }

  stop(): void {
    this.#stopping = true;
    this.#parts.waker.wake();
  }

  /** Until stopped. */
  async run(): Promise<void> {
    const { clock, http } = this.#ports;
    while (!this.#stopping) {
      await this.#parts.channels.fill(this.#parts.control.head);
      if (this.#walk.stopped && (await this.#parts.silence.isWanted())) this.#walk.recheck(clock.now());
      const job = await this.#nextJob(clock.now());
      if (job === null) {
        this.#ports.onGoodTurn();
        await this.#parts.waker.sleepUntil(this.#wakeAt(clock.now()));
        continue;
      }
      const reply = await http.request({ method: job.method, url: job.url, headers: this.#headers(job.body), body: job.body });
      // A request that our own stop ended has no outcome: it is made again by the next life.
      if (!reply.ok && reply.fault.kind === 'closed') break;
      this.#report(job, reply);
      await job.settle(clock.now(), reply);
      this.#ports.onGoodTurn();
    }
  }

  /** Responses and alarms first: the utility waits for them; then what it says, then what we tell. */
  async #nextJob(now: MonoMs): Promise<Job | null> {
    const tree = this.#walk.stopped || this.#walk.down ? null : this.#tree;
    if (tree === null) return this.#walkJob(now);
    const urgent = (await this.#responseJob(now)) ?? (await this.#logEventJob(now, tree)) ?? this.#walkJob(now);
    if (urgent !== null) return urgent;
    const utility = this.#utilityNow(now);
    if (utility === null) return null;
    return this.#derJob(now, utility, tree) ?? this.#mirrorJob(now) ?? (await this.#readings.next(now, utility));
  }

  #wakeAt(now: MonoMs): MonoMs {
    const walk = this.#walk.wakeAt(now);
    const idle = after(now, IDLE_MAX);
    if (this.#tree === null || this.#walk.stopped || this.#walk.down) return Math.min(walk, idle) as MonoMs;
    const { channels, control } = this.#parts;
    const der = control.snapshot === null ? idle : Math.max(this.#ders.wakeAt(now, this.#tree), now + 1000);
    const mirrors = this.#mirrors.wakeAt(now);
    const logEvents = this.#tree.logEvents === null ? idle : channels.wakeAt('log-events');
    return Math.min(walk, idle, channels.wakeAt('responses'), logEvents, der, mirrors) as MonoMs;
  }

  #walkJob(now: MonoMs): Job | null {
    const request = this.#walk.next(now);
    if (request === null) return null;
    const settle = async (at: MonoMs, reply: Reply): Promise<void> => {
      const events = this.#walk.onReply(at, reply);
      // Kept before it is told: who was told of the silence can rely on it.
      await this.#parts.silence.keep(this.#walk.pinStop);
      for (const event of events) this.#onWalk(event);
    };
    return { what: 'walk', ...request, settle };
  }

  #onWalk(event: WalkEvent): void {
    const { control } = this.#parts;
    switch (event.kind) {
      case 'time': {
        this.#time = { utility: event.utility, at: event.middle };
        this.#checkCertificate(event.utility);
        const error = event.roundTrip / 2000 + TIME_RESOLUTION;
        control.anchor({ type: 'clock-anchor', bootId: this.#config.bootId, mono: event.middle, utility: event.utility, error });
        break;
      }
      case 'note':
        this.#ports.note(event.note);
        if (event.note.level !== 'debug') control.note(event.note.event, event.note.text.slice(0, NOTE_TEXT_MAX));
        break;
      case 'stopped':
        this.#tree = null;
        break;
      case 'absent':
        this.#tree = null;
        this.#forget();
        break;
      case 'tree':
        this.#onTree(event.tree);
        break;
    }
  }

  #onTree(tree: WalkedTree): void {
    const newWalk = tree.walk !== this.#tree?.walk;
    const registered = registrationOf(tree);
    if (registered !== this.#registration) this.#forget();
    this.#registration = registered;
    this.#tree = tree;
    this.#mirrors.onList(tree.mirrors);
    if (!newWalk) return;
    if (tree.complete === this.#partial) {
      this.#partial = !tree.complete;
      const text = tree.complete
        ? 'every list of programs is read'
        : 'a list of programs was never readable: the others count alone';
      this.#onWalk({ kind: 'note', note: { event: 'plan-partial', level: 'warn', text } });
    }
    const { set, notes } = translate(tree, this.#config.server, this.#config.profile);
    const refusals = notes.map(({ text }) => text).join('; ');
    if (refusals !== this.#refusals) for (const note of notes) this.#onWalk({ kind: 'note', note });
    this.#refusals = refusals;
    if (this.#parts.control.offer(set)) {
      const events = set.programs.reduce((sum, program) => sum + program.events.length, 0);
      const unread = set.programs.filter(({ read }) => read === 'unread').length;
      this.#note('program-set', 'info', `${set.programs.length} programs (${unread} unread), ${events} events`);
    }
  }

  /** Once a day of utility time; the device's own clock may be decades off. */
  #checkCertificate(utility: UtilitySeconds): void {
    if (utility < this.#certificateAt) return;
    this.#certificateAt = utility + CERTIFICATE_EVERY;
    const validity = validityAt(this.#config.certificate, wallSeconds(utility));
    if (validity.kind === 'good') return;
    const note = { event: `certificate-${validity.kind}`, level: 'warn', text: validityText(validity) } as const;
    this.#onWalk({ kind: 'note', note });
  }

  /** Everything is told again: to a new registration, or to a server that lost the old one. */
  #forget(): void {
    this.#ders.forget();
    this.#mirrors.forget();
  }

  async #responseJob(now: MonoMs): Promise<Job | null> {
    const [delivery] = await this.#parts.channels.next('responses', now);
    if (delivery?.payload.kind !== 'response') return null;
    const { body, replyTo } = delivery.payload;
    return {
      what: `response ${String(body.status)} ${body.subject}`,
      method: 'POST',
      url: replyTo,
      body: writeResource('DERControlResponse', body, this.#write),
      settle: async (at, reply) =>
        await this.#settle('responses', delivery.seq, at, this.#insists(delivery.seq, body.status) ? unrefused(reply) : reply),
    };
  }

  /** `started` is wanted until the event has come to its end (Energy Queensland). */
  #insists(seq: number, status: number | undefined): boolean {
    return this.#config.profile.retryStarted && status === STARTED && !this.#parts.channels.isFollowed('responses', seq);
  }

  /** A server without a LogEventList hears of alarms by alarmStatus alone: they are passed over (reference 3.13). */
  async #logEventJob(now: MonoMs, tree: WalkedTree): Promise<Job | null> {
    const { channels } = this.#parts;
    const [delivery] = await channels.next('log-events', now);
    if (delivery?.payload.kind !== 'alarm') return null;
    const { record, bootId, mono } = delivery.payload;
    const at = record.at ?? (bootId === this.#config.bootId ? this.#utilityNow(mono) : null);
    const body = at === null ? null : logEventFor(record, delivery.seq, at);
    const url = tree.logEvents;
    if (url === null || !this.#config.profile.logEvents || body === null) {
      await channels.settle('log-events', [delivery.seq], { kind: 'refused' }, now);
      return null;
    }
    return {
      what: `log event ${body.logEventCode}`,
      method: 'POST',
      url,
      body: writeResource('LogEvent', body, this.#write),
      settle: async (settledAt, reply) => await this.#settle('log-events', delivery.seq, settledAt, reply),
    };
  }

  #derJob(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree): Job | null {
    const { snapshot } = this.#parts.control;
    const job = snapshot === null ? null : this.#ders.next(now, utility, tree, snapshot);
    if (job === null) return null;
    const settle = (at: MonoMs, reply: Reply): void => {
      const status = statusOf(reply);
      const body = reply.ok ? reply.value.body : new Uint8Array();
      const gone = status === 404 || status === 410;
      const absent = gone || (job.method === 'GET' && status !== null && status < 300 && body.length === 0);
      this.#ders.settle(at, job, { outcome: outcomeOf(status, null).kind, absent, body });
    };
    const { method, url } = job;
    return { what: `der ${job.what}`, method, url, body: method === 'PUT' ? job.body : null, settle };
  }

  #mirrorJob(now: MonoMs): Job | null {
    const job = this.#mirrors.job(now);
    if (job === null) return null;
    const settle = (at: MonoMs, reply: Reply): void => {
      const status = statusOf(reply);
      const location = reply.ok ? reply.value.location : null;
      this.#mirrors.settle(at, job, outcomeOf(status, null).kind, { location, gone: status === 404 || status === 410 });
    };
    const method = job.kind === 'create' ? 'POST' : 'DELETE';
    return { what: `mirror ${job.point.key}`, method, url: job.url, body: job.body, settle };
  }

  async #settle(channel: 'responses' | 'log-events', seq: number, now: MonoMs, reply: Reply): Promise<void> {
    const status = statusOf(reply);
    const retryAfter = reply.ok && reply.value.retryAfter !== null ? seconds(reply.value.retryAfter) : null;
    const isAside = await this.#parts.channels.settle(channel, [seq], outcomeOf(status, retryAfter), now);
    if (isAside)
      this.#parts.control.note('report-refused', `${channel}: record ${seq} refused with ${String(status)}, set aside`);
  }

  /** Utility time as last read, carried on by the monotonic clock; null: never read. */
  #utilityNow(now: MonoMs): UtilitySeconds | null {
    return this.#time === null ? null : utilitySeconds(Math.floor(this.#time.utility + elapsed(this.#time.at, now) / 1000));
  }

  #headers(body: string | null): Readonly<Record<string, string>> {
    const { accept, contentType } = this.#config.profile;
    return body === null ? { accept } : { accept, 'content-type': contentType };
  }

  /** Polls are silent; what was told to the utility, and what it did not take, is not. The same trouble with the same thing is said once. */
  #report(job: Job, reply: Reply): void {
    const status = statusOf(reply);
    const taken = status !== null && status < 300;
    if (job.what === 'walk' && taken) return;
    const thing = `${job.method} ${job.what}`;
    if (job.method === 'GET' && job.what !== 'walk' && status !== null && status < 500) {
      this.#complaints.isNews(thing, '');
      return;
    }
    const why = reply.ok ? `HTTP ${reply.value.status}` : `${reply.fault.kind}: ${reply.fault.text}`;
    const refusal = reply.ok && !taken ? ` ${new TextDecoder().decode(reply.value.body.subarray(0, REFUSAL_BYTES))}` : '';
    const text = `${job.what}: ${job.method} ${job.url} ${why}${refusal}`;
    const isNews = this.#complaints.isNews(thing, taken ? '' : text);
    const isQuiet = job.what === 'walk' || (taken ? job.what === 'der status' : !isNews);
    this.#note('exchange', isQuiet ? 'debug' : taken ? 'info' : 'warn', text);
  }

  #note(event: string, level: Note['level'], text: string): void {
    this.#ports.note({ event, level, text });
  }
}

/** Response.status "event started". */
const STARTED = 2;
const UNAVAILABLE = 503;

/** A refusal that is to be tried again counts as an answer of a server that was busy. */
const unrefused = (reply: Reply): Reply =>
  reply.ok && outcomeOf(reply.value.status, null).kind === 'refused'
    ? { ...reply, value: { ...reply.value, status: UNAVAILABLE } }
    : reply;

const NOTE_TEXT_MAX = 1000;
/** Seconds between two looks at our certificate's validity. */
const CERTIFICATE_EVERY = 86_400;
/** Of the body of a refusal, shown to a person. */
const REFUSAL_BYTES = 300;

/** Changes when the server registered us anew, although at the same place. */
const registrationOf = ({ endDevice: { url, device } }: WalkedTree): string => `${String(url)} ${device.changedTime}`;
