import { seconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import type { ReadingRecord } from '#control/record.ts';
import type { ReadingsChannel, ReportPayload } from '#utility/report/delivery.ts';
import { joinRecords, wholeIntervals } from '#utility/report/interval.ts';
import type { Delivery } from '#utility/report/queue.ts';
import { outcomeOf } from '#utility/report/outcome.ts';
import type { MirrorRole } from '#utility/report/quantity.ts';
import { mirrorReadings, type MirrorContext, type MirrorPoint } from '#utility/report/reading.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';
import type { Channels } from './channels.ts';
import { statusOf, type Job, type Reply } from './job.ts';
import { MIRROR_ROLES, type MirrorReports } from './mirror-reports.ts';

/** One-minute records in one post: an hour, the longest post rate in use. */
const RECORDS_MAX = 60;

export interface ReadingPostsOptions extends MirrorContext {
  readonly channels: Channels;
  readonly mirrors: MirrorReports;
  readonly write: WriteOptions;
  /** Something for the log of the site. */
  readonly note: (event: string, text: string) => void;
}

/** Readings being posted: the same records to each point of the role in turn. */
interface Posting {
  readonly channel: ReadingsChannel;
  readonly role: MirrorRole;
  readonly seqs: readonly number[];
  readonly posts: readonly { readonly point: MirrorPoint; readonly url: string; readonly body: string }[];
}

/** Posts what the log holds of readings to the mirrors of their role. */
export class ReadingPosts {
  readonly #options: ReadingPostsOptions;
  #posting: Posting | null = null;

  constructor(options: ReadingPostsOptions) {
    this.#options = options;
  }

  async next(now: MonoMs, utility: UtilitySeconds): Promise<Job | null> {
    if (this.#posting === null) await this.#take(now, utility);
    const posting = this.#posting;
    const post = posting?.posts[0];
    if (posting === null || post === undefined) return null;
    return {
      what: `readings ${post.point.key}`,
      method: 'POST',
      url: post.url,
      body: post.body,
      settle: async (at, reply) => await this.#settle(posting, at, reply),
    };
  }

  async #take(now: MonoMs, utility: UtilitySeconds): Promise<void> {
    const { channels, mirrors } = this.#options;
    for (const role of MIRROR_ROLES) {
      const channel: ReadingsChannel = role === 'site' ? 'site-readings' : 'der-readings';
      if (mirrors.isHopeless(role)) {
        await this.#drop(channel, now, utility);
        continue;
      }
      const targets = mirrors.targets(now, role);
      if (targets.length === 0) continue;
      const records = channels.waiting(channel);
      const count = wholeIntervals(records, mirrors.interval(role), utility, RECORDS_MAX);
      const run = count === 0 ? [] : await channels.next(channel, now, count);
      if (run.length === 0) {
        if (count === 0) mirrors.drained(now, utility, role);
        continue;
      }
      const told = joinRecords(recordsOf(run), mirrors.interval(role));
      const posts = targets.flatMap(({ point, url }) => {
        const body = mirrorReadings(point, told, this.#options);
        return body === null ? [] : [{ point, url, body: writeResource('MirrorMeterReadingList', body, this.#options.write) }];
      });
      const seqs = run.map(({ seq }) => seq);
      if (posts.length > 0) {
        this.#posting = { channel, role, seqs, posts };
        return;
      }
      // Nothing of it was measured.
      await channels.settle(channel, seqs, { kind: 'accepted' }, now);
    }
  }

  async #drop(channel: ReadingsChannel, now: MonoMs, utility: UtilitySeconds): Promise<void> {
    const dropped = await this.#options.channels.dropOld(channel, now, utility);
    if (dropped > 0) this.#options.note('readings-unwanted', `${channel}: ${dropped} readings older than a day passed over`);
  }

  async #settle(posting: Posting, now: MonoMs, reply: Reply): Promise<void> {
    const { channels, mirrors, note } = this.#options;
    const status = statusOf(reply);
    const retryAfter = reply.ok && reply.value.retryAfter !== null ? seconds(reply.value.retryAfter) : null;
    const outcome = outcomeOf(status, retryAfter);
    const [post, ...rest] = posting.posts;
    if (post === undefined) return;
    if (outcome.kind === 'retry') {
      this.#posting = null;
      await channels.settle(posting.channel, posting.seqs, outcome, now);
      return;
    }
    if (outcome.kind === 'accepted') mirrors.accepted(post.point);
    else if (mirrors.refused(post.point)) {
      // The mirror is made again first; all of it is posted once more then.
      this.#posting = null;
      await channels.settle(posting.channel, posting.seqs, { kind: 'retry', after: seconds(1) }, now);
      return;
    } else {
      const [first = 0] = posting.seqs;
      note(
        'report-refused',
        `${posting.channel}: records from ${first} refused with ${String(status)} at ${post.point.key}${outcome.kind === 'refused' ? ', set aside' : ''}`,
      );
    }
    this.#posting = rest.length === 0 ? null : { ...posting, posts: rest };
    if (rest.length === 0) await channels.settle(posting.channel, posting.seqs, outcome, now);
  }
}

const recordsOf = (run: readonly Delivery<ReportPayload>[]): readonly ReadingRecord[] =>
  run.flatMap(({ payload }) => (payload.kind === 'reading' ? [payload.record] : []));
