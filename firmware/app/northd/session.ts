import type { Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, elapsed, seconds, utilitySeconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import type { ReportChannel, ReportPayload } from '#utility/report/delivery.ts';
import { outcomeOf } from '#utility/report/outcome.ts';
import type { MirrorRole } from '#utility/report/quantity.ts';
import type { Delivery } from '#utility/report/queue.ts';
import { translate } from '#utility/translate/translate.ts';
import type { HttpFault, HttpMethod, HttpReply } from '#utility/walk/http-port.ts';
import { WalkMachine, type WalkEvent } from '#utility/walk/machine.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';
import type { Channels } from './channels.ts';
import type { ControlLink } from './control-link.ts';
import { DerReports } from './der-reports.ts';
import { MIRROR_ROLES, MirrorReports } from './mirror-reports.ts';
import type { NorthdConfig, NorthdPorts } from './northd.ts';
import type { Waker } from './waker.ts';

/** The log is looked at this often even when nobody rings. */
const IDLE_MAX = seconds(10);
/** Resolution of the server's Time: whole seconds. */
const TIME_RESOLUTION = 0.5;
/** Interval of a reading, seconds: what telemetry closes (CSIP-AUS tests post at 60 s). */
const READING_INTERVAL = 60;

type Reply = Result<HttpReply, HttpFault>;

/** One request of ours and what its reply means. */
interface Job {
  readonly what: string;
  readonly method: HttpMethod;
  readonly url: string;
  readonly body: string | null;
  readonly settle: (now: MonoMs, reply: Reply) => Promise<void> | void;
}

interface Parts {
  readonly channels: Channels;
  readonly control: ControlLink;
  readonly waker: Waker;
}

/** All exchange with one utility server: one request at a time, the most urgent first. */
export class UtilitySession {
  readonly #ports: NorthdPorts;
  readonly #config: NorthdConfig;
  readonly #parts: Parts;
  readonly #walk: WalkMachine;
  readonly #ders: DerReports;
  readonly #mirrors: MirrorReports;
  readonly #write: WriteOptions;
  #tree: WalkedTree | null = null;
  #time: { readonly utility: UtilitySeconds; readonly at: MonoMs } | null = null;
  #refusals = '';
  /** A list of programs was never readable at the last walk. */
  #partial = false;
  #stopping = false;

  constructor(ports: NorthdPorts, config: NorthdConfig, parts: Parts) {
    const { profile } = config;
    this.#ports = ports;
    this.#config = config;
    this.#parts = parts;
    this.#write = { csipAus: profile.csipAus, prefix: profile.prefix };
    this.#walk = new WalkMachine(config.walk, ports.clock.now());
    this.#ders = new DerReports(this.#write, profile.setGradWDefault);
    this.#mirrors = new MirrorReports({
      lfdi: config.lfdi,
      pen: config.pen,
      write: this.#write,
      settings: config.walk,
      interval: READING_INTERVAL,
      postRate: profile.rates.post,
    });
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
      const job = this.#nextJob(clock.now());
      if (job === null) {
        await this.#parts.waker.sleepUntil(this.#wakeAt(clock.now()));
        continue;
      }
      const reply = await http.request({ method: job.method, url: job.url, headers: this.#headers(job.body), body: job.body });
      // A request that our own stop ended has no outcome: it is made again by the next life.
      if (!reply.ok && reply.fault.kind === 'closed') break;
      this.#report(job, reply);
      await job.settle(clock.now(), reply);
    }
  }

  /** Responses first: the utility waits for them; then what it says, then what we tell. */
  #nextJob(now: MonoMs): Job | null {
    const tree = this.#walk.stopped || this.#walk.down ? null : this.#tree;
    const response = tree === null ? null : this.#responseJob(now);
    return (
      response ??
      this.#walkJob(now) ??
      (tree === null ? null : (this.#derJob(now, tree) ?? this.#mirrorJob(now) ?? this.#readingsJob(now)))
    );
  }

  #wakeAt(now: MonoMs): MonoMs {
    const walk = this.#walk.wakeAt(now);
    const idle = after(now, IDLE_MAX);
    if (this.#tree === null || this.#walk.stopped || this.#walk.down) return Math.min(walk, idle) as MonoMs;
    const { channels, control } = this.#parts;
    const der = control.snapshot === null ? idle : Math.max(this.#ders.wakeAt(now, this.#tree), now + 1000);
    const mirrors = this.#mirrors.wakeAt();
    return Math.min(walk, idle, channels.wakeAt('responses'), der, mirrors > now ? mirrors : idle) as MonoMs;
  }

  #walkJob(now: MonoMs): Job | null {
    const request = this.#walk.next(now);
    if (request === null) return null;
    const settle = (at: MonoMs, reply: Reply): void => {
      for (const event of this.#walk.onReply(at, reply)) this.#onWalk(event);
    };
    return { what: 'walk', ...request, settle };
  }

  #onWalk(event: WalkEvent): void {
    const { control } = this.#parts;
    switch (event.kind) {
      case 'time': {
        this.#time = { utility: event.utility, at: event.middle };
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
      case 'tree':
        this.#onTree(event.tree);
        break;
    }
  }

  #onTree(tree: WalkedTree): void {
    const newWalk = tree.walk !== this.#tree?.walk;
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

  #responseJob(now: MonoMs): Job | null {
    const delivery = this.#parts.channels.next('responses', now);
    if (delivery === null) return null;
    const { payload } = delivery;
    if (payload.kind !== 'response') return null;
    const body = writeResource('DERControlResponse', payload.body, this.#write);
    const what = `response ${payload.body.status} ${payload.body.subject}`;
    return {
      what,
      method: 'POST',
      url: payload.replyTo,
      body,
      settle: (at, reply) => this.#settle('responses', delivery, at, reply),
    };
  }

  #derJob(now: MonoMs, tree: WalkedTree): Job | null {
    const { snapshot } = this.#parts.control;
    const utility = this.#utilityNow(now);
    if (snapshot === null || utility === null) return null;
    const put = this.#ders.next(now, utility, tree, snapshot);
    if (put === null) return null;
    const settle = (at: MonoMs, reply: Reply): void => {
      const outcome = outcomeOf(statusOf(reply), null).kind;
      this.#ders.settle(at, put, outcome);
    };
    return { what: `der ${put.what}`, method: 'PUT', url: put.url, body: put.body, settle };
  }

  #mirrorJob(now: MonoMs): Job | null {
    const creation = this.#mirrors.creation(now);
    if (creation === null) return null;
    const settle = (at: MonoMs, reply: Reply): void => {
      const outcome = outcomeOf(statusOf(reply), null).kind;
      if (outcome === 'accepted' && reply.ok) this.#mirrors.created(creation.role, reply.value.location);
      else this.#mirrors.creationFailed(at, creation.role, outcome === 'refused');
    };
    return { what: `mirror ${creation.role}`, method: 'POST', url: creation.url, body: creation.body, settle };
  }

  #readingsJob(now: MonoMs): Job | null {
    const { channels } = this.#parts;
    for (const role of MIRROR_ROLES) {
      const url = this.#mirrors.target(now, role);
      if (url === null) continue;
      const channel: ReportChannel = role === 'site' ? 'site-readings' : 'der-readings';
      const delivery = channels.next(channel, now);
      if (delivery === null) {
        const utility = this.#utilityNow(now);
        if (channels.isEmpty(channel) && utility !== null) this.#mirrors.drained(now, utility, role);
        continue;
      }
      if (delivery.payload.kind !== 'readings') continue;
      const body = writeResource('MirrorMeterReadingList', delivery.payload.body, this.#write);
      return {
        what: `readings ${role}`,
        method: 'POST',
        url,
        body,
        settle: (at, reply) => this.#settle(channel, delivery, at, reply, role),
      };
    }
    return null;
  }

  async #settle(
    channel: ReportChannel,
    delivery: Delivery<ReportPayload>,
    now: MonoMs,
    reply: Reply,
    role?: MirrorRole,
  ): Promise<void> {
    const status = statusOf(reply);
    const retryAfter = reply.ok && reply.value.retryAfter !== null ? seconds(reply.value.retryAfter) : null;
    let outcome = outcomeOf(status, retryAfter);
    if (role !== undefined && outcome.kind === 'accepted') this.#mirrors.accepted(role);
    if (role !== undefined && outcome.kind === 'refused' && this.#mirrors.refused(role))
      outcome = { kind: 'retry', after: seconds(1) };
    if (outcome.kind === 'refused')
      this.#parts.control.note('report-refused', `${channel}: record ${delivery.seq} refused with ${status}, set aside`);
    await this.#parts.channels.settle(channel, delivery.seq, outcome, now);
  }

  /** Utility time as last read, carried on by the monotonic clock; null: never read. */
  #utilityNow(now: MonoMs): UtilitySeconds | null {
    return this.#time === null ? null : utilitySeconds(Math.floor(this.#time.utility + elapsed(this.#time.at, now) / 1000));
  }

  #headers(body: string | null): Readonly<Record<string, string>> {
    const { accept, contentType } = this.#config.profile;
    return body === null ? { accept } : { accept, 'content-type': contentType };
  }

  /** Polls are silent; what was told to the utility, and what it did not take, is not. */
  #report(job: Job, reply: Reply): void {
    const status = statusOf(reply);
    const taken = status !== null && status < 300;
    if (job.what === 'walk' && taken) return;
    const why = reply.ok ? `HTTP ${reply.value.status}` : `${reply.fault.kind}: ${reply.fault.text}`;
    const refusal = reply.ok && !taken ? ` ${new TextDecoder().decode(reply.value.body.subarray(0, REFUSAL_BYTES))}` : '';
    this.#note(
      'exchange',
      job.what === 'walk' || (taken && job.what === 'der status') ? 'debug' : taken ? 'info' : 'warn',
      `${job.what}: ${job.method} ${job.url} ${why}${refusal}`,
    );
  }

  #note(event: string, level: Note['level'], text: string): void {
    this.#ports.note({ event, level, text });
  }
}

const NOTE_TEXT_MAX = 1000;
/** Of the body of a refusal, shown to a person. */
const REFUSAL_BYTES = 300;

const statusOf = (reply: Reply): number | null => (reply.ok ? reply.value.status : null);
