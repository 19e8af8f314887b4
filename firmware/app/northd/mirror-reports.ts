import { after, seconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import { INITIAL_MIRROR, mirrorStep, mirrorWants, type MirrorEvent, type MirrorState } from '#utility/report/mirror.ts';
import type { MirrorRole } from '#utility/report/quantity.ts';
import { mirrorMrid, mirrorUsagePoint, type MirrorContext } from '#utility/report/reading.ts';
import { hrefUrl } from '#utility/walk/links.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import type { WalkedMirrors } from '#utility/walk/tree.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';

export const MIRROR_ROLES: readonly MirrorRole[] = ['site', 'der'];
const RETRY = seconds(30);
/** Readings go a moment after the boundary, so that the newest interval is among them. */
const POST_LAG = seconds(2);

export interface MirrorOptions extends MirrorContext {
  readonly write: WriteOptions;
  readonly settings: WalkSettings;
  /** Seconds of a reading's interval, and the post rate asked for where the server states none. */
  readonly interval: number;
  readonly postRate: number;
}

interface Mirror {
  state: MirrorState;
  notBefore: MonoMs;
  /** Readings may go from then on. */
  postAt: MonoMs;
}

/** The two MirrorUsagePoints at the server: found, created, and where their readings go (reference 3.11). */
export class MirrorReports {
  readonly #options: MirrorOptions;
  readonly #mirrors: Readonly<Record<MirrorRole, Mirror>>;
  #list: WalkedMirrors | null = null;

  constructor(options: MirrorOptions) {
    this.#options = options;
    const start = (): Mirror => ({ state: INITIAL_MIRROR, notBefore: 0 as MonoMs, postAt: 0 as MonoMs });
    this.#mirrors = { site: start(), der: start() };
  }

  /** The list as the walk last read it; the same value again is no news. */
  onList(list: WalkedMirrors | null): void {
    if (list === this.#list || list === null) return;
    this.#list = list;
    const points = list.points.flatMap(({ url, point }) => (url === null ? [] : [{ ...point, href: url }]));
    for (const role of MIRROR_ROLES) this.#step(role, { kind: 'list', points });
  }

  /** The MirrorUsagePoint to POST; null: none is due. */
  creation(now: MonoMs): { readonly role: MirrorRole; readonly url: string; readonly body: string } | null {
    for (const role of MIRROR_ROLES) {
      const mirror = this.#mirrors[role];
      if (this.#list === null || mirrorWants(mirror.state) !== 'create' || mirror.notBefore > now) continue;
      const { interval, write } = this.#options;
      const body = writeResource('MirrorUsagePoint', mirrorUsagePoint(role, interval, this.#options), write);
      return { role, url: this.#list.url, body };
    }
    return null;
  }

  /** Location is relative to the list. */
  created(role: MirrorRole, location: string | null): void {
    const base = this.#list?.url ?? this.#options.settings.dcap;
    this.#step(role, { kind: 'created', location: hrefUrl(location ?? undefined, base, this.#options.settings) });
  }

  creationFailed(now: MonoMs, role: MirrorRole, final: boolean): void {
    if (final) this.#step(role, { kind: 'creation-refused' });
    this.#mirrors[role].notBefore = after(now, RETRY);
  }

  /** Where readings of `role` may be POSTed now; null: not now. */
  target(now: MonoMs, role: MirrorRole): string | null {
    const { state, postAt } = this.#mirrors[role];
    return state.kind === 'ready' && postAt <= now ? state.href : null;
  }

  /** All readings there were have gone: the next go at the next multiple of the post rate. */
  drained(now: MonoMs, utility: UtilitySeconds, role: MirrorRole): void {
    const { state } = this.#mirrors[role];
    if (state.kind !== 'ready') return;
    const rate = Math.max(1, state.postRate ?? this.#options.postRate);
    const wait = rate - (utility % rate);
    this.#mirrors[role].postAt = after(after(now, seconds(wait)), POST_LAG);
  }

  accepted(role: MirrorRole): void {
    this.#step(role, { kind: 'readings-accepted' });
  }

  /** True: the mirror is made again, the readings may be tried once more. */
  refused(role: MirrorRole): boolean {
    this.#step(role, { kind: 'readings-refused' });
    return this.#mirrors[role].state.kind === 'absent';
  }

  wakeAt(): MonoMs {
    return Math.min(...MIRROR_ROLES.map((role) => Math.max(this.#mirrors[role].postAt, this.#mirrors[role].notBefore))) as MonoMs;
  }

  #step(role: MirrorRole, event: MirrorEvent): void {
    const identity = { mRID: mirrorMrid(role, this.#options), lfdi: this.#options.lfdi, role };
    this.#mirrors[role].state = mirrorStep(this.#mirrors[role].state, event, identity);
  }
}
