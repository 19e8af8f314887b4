import { after, seconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import { intervalFor } from '#utility/report/interval.ts';
import { INITIAL_MIRROR, mirrorStep, mirrorWants, type MirrorEvent, type MirrorState } from '#utility/report/mirror.ts';
import type { DeliveryOutcome } from '#utility/report/queue.ts';
import type { MirrorRole } from '#utility/report/quantity.ts';
import { mirrorPoints, mirrorUsagePoint, type MirrorContext, type MirrorPoint } from '#utility/report/reading.ts';
import type { UtilityProfile } from '#utility/translate/profile.ts';
import { hrefUrl } from '#utility/walk/href.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import type { WalkedMirrors } from '#utility/walk/tree.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';

export const MIRROR_ROLES: readonly MirrorRole[] = ['site', 'der'];
const RETRY = seconds(30);
/** A server that let us make no mirror is asked again after this. */
const DENIED_RETRY = seconds(300);
/** And after this where it did not like the mirror (400). */
const REFUSED_RETRY = seconds(3600);
/** Readings go a moment after the boundary, so that the newest interval is among them. */
const POST_LAG = seconds(5);

export interface MirrorOptions extends MirrorContext {
  readonly write: WriteOptions;
  readonly settings: WalkSettings;
  readonly shape: UtilityProfile['mirrors'];
  /** Seconds, where the server states none. */
  readonly postRate: number;
}

interface Mirror {
  readonly point: MirrorPoint;
  state: MirrorState;
  notBefore: MonoMs;
}

/** A request about a mirror itself. */
export interface MirrorJob {
  readonly kind: 'create' | 'delete';
  readonly point: MirrorPoint;
  readonly url: string;
  readonly body: string | null;
}

/** The MirrorUsagePoints at the server: found, created, made again when the server lost them, and where readings go (reference 3.11). */
export class MirrorReports {
  readonly #options: MirrorOptions;
  readonly #mirrors: readonly Mirror[];
  /** Readings of a role may go from then on. */
  readonly #postAt: Record<MirrorRole, MonoMs> = { site: 0 as MonoMs, der: 0 as MonoMs };
  #list: WalkedMirrors | null = null;

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#mirrors = MIRROR_ROLES.flatMap((role) => mirrorPoints(role, options.shape, options)).map((point) => ({
      point,
      state: INITIAL_MIRROR,
      notBefore: 0 as MonoMs,
    }));
  }

  /** The list as the walk last read it; the same value again is no news. Null: the server offers none, or it was not read yet. */
  onList(list: WalkedMirrors | null): void {
    if (list === this.#list) return;
    if (list?.url !== this.#list?.url) this.forget();
    this.#list = list;
    if (list === null) return;
    const rates = MIRROR_ROLES.map((role) => this.rate(role));
    for (const mirror of this.#mirrors) this.#compare(mirror);
    // Another rate counts at once: what is whole goes now, the next at a multiple of the new one.
    MIRROR_ROLES.forEach((role, index) => {
      if (this.rate(role) !== rates[index]) this.#postAt[role] = 0 as MonoMs;
    });
  }

  /** Another registration: nothing of what was there counts. */
  forget(): void {
    this.#list = null;
    for (const mirror of this.#mirrors) {
      this.#step(mirror, { kind: 'restart' });
      mirror.notBefore = 0 as MonoMs;
    }
  }

  /** The request that is due for a mirror itself; null: none. */
  job(now: MonoMs): MirrorJob | null {
    for (const mirror of this.#mirrors) {
      if (this.#list === null || mirror.notBefore > now) continue;
      if (mirror.state.kind === 'refused') {
        this.#step(mirror, { kind: 'restart' });
        this.#compare(mirror);
      }
      const { state, point } = mirror;
      const wanted = mirrorWants(state, this.#options.shape.deleteFirst);
      if (wanted === 'delete' && state.kind === 'absent' && state.stale !== null)
        return { kind: 'delete', point, url: state.stale, body: null };
      if (wanted === 'create') return { kind: 'create', point, url: this.#list.url, body: this.#bodyOf(point) };
    }
    return null;
  }

  /** What became of it: `gone` is a 404. Location is relative to the list. */
  settle(
    now: MonoMs,
    job: MirrorJob,
    outcome: DeliveryOutcome['kind'],
    reply: { readonly location: string | null; readonly gone: boolean },
  ): void {
    const mirror = this.#of(job.point);
    if (mirror === undefined) return;
    if (outcome === 'retry') mirror.notBefore = after(now, RETRY);
    else if (job.kind === 'delete') this.#step(mirror, { kind: 'deleted' });
    else if (outcome === 'accepted') {
      const base = this.#list?.url ?? this.#options.settings.dcap;
      this.#step(mirror, { kind: 'created', location: hrefUrl(reply.location ?? undefined, base, this.#options.settings) });
    } else {
      this.#step(mirror, { kind: reply.gone ? 'list-gone' : 'creation-refused' });
      mirror.notBefore = after(now, reply.gone ? RETRY : outcome === 'denied' ? DENIED_RETRY : REFUSED_RETRY);
    }
  }

  /** Where readings of `role` may be POSTed now, each point with its address; empty: not now. */
  targets(now: MonoMs, role: MirrorRole): readonly { readonly point: MirrorPoint; readonly url: string }[] {
    if (this.#postAt[role] > now) return [];
    const ours = this.#ofRole(role);
    if (ours.some(({ state }) => state.kind !== 'ready' && state.kind !== 'refused')) return [];
    return ours.flatMap(({ point, state }) => (state.kind === 'ready' ? [{ point, url: state.href }] : []));
  }

  /** The server takes no readings of this role: it offers no mirrors, or refuses ours. */
  isHopeless(role: MirrorRole): boolean {
    return this.#list === null || this.#ofRole(role).every(({ state }) => state.kind === 'refused');
  }

  /** Post rate in force, seconds. */
  rate(role: MirrorRole): number {
    const stated = this.#ofRole(role).flatMap(({ state }) => (state.kind === 'ready' ? [state.postRate] : []));
    return Math.max(1, stated.find((rate) => rate !== null) ?? this.#options.postRate);
  }

  /** Length of the averages told, seconds. */
  interval(role: MirrorRole): number {
    return intervalFor(this.#options.shape.intervals, this.rate(role));
  }

  /** All readings there were have gone: the next go at the next multiple of the post rate. */
  drained(now: MonoMs, utility: UtilitySeconds, role: MirrorRole): void {
    const rate = this.rate(role);
    this.#postAt[role] = after(after(now, seconds(rate - (utility % rate))), POST_LAG);
  }

  accepted(point: MirrorPoint): void {
    const mirror = this.#of(point);
    if (mirror !== undefined) this.#step(mirror, { kind: 'readings-accepted' });
  }

  /** True: the mirror is made again, the readings may be tried once more. */
  refused(point: MirrorPoint): boolean {
    const mirror = this.#of(point);
    if (mirror === undefined) return false;
    this.#step(mirror, { kind: 'readings-refused' });
    return mirror.state.kind !== 'ready' && mirror.state.kind !== 'refused';
  }

  /** When something will be due that no list and no record announces. */
  wakeAt(now: MonoMs): MonoMs {
    const posts = MIRROR_ROLES.map((role) => this.#postAt[role]);
    const retries = this.#mirrors.filter(({ state }) => state.kind === 'absent' || state.kind === 'refused');
    const times = [...posts, ...retries.map(({ notBefore }) => notBefore)].filter((time) => time > now);
    return Math.min(Number.POSITIVE_INFINITY, ...times) as MonoMs;
  }

  #bodyOf(point: MirrorPoint): string {
    const rates = { interval: this.interval(point.role), postRate: this.#options.postRate };
    return writeResource('MirrorUsagePoint', mirrorUsagePoint(point, rates, this.#options), this.#options.write);
  }

  #compare(mirror: Mirror): void {
    const points = (this.#list?.points ?? []).flatMap(({ url, point }) => (url === null ? [] : [{ ...point, href: url }]));
    this.#step(mirror, { kind: 'list', points });
  }

  #of(point: MirrorPoint): Mirror | undefined {
    return this.#mirrors.find((mirror) => mirror.point.key === point.key);
  }

  #ofRole(role: MirrorRole): readonly Mirror[] {
    return this.#mirrors.filter(({ point }) => point.role === role);
  }

  #step(mirror: Mirror, event: MirrorEvent): void {
    const { lfdi, shape } = this.#options;
    const { mRID, role } = mirror.point;
    mirror.state = mirrorStep(mirror.state, event, { mRID, lfdi, role, alone: shape.grouping === 'role' });
  }
}
