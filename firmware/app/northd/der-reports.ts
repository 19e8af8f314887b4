import type { Result } from '#base/result.ts';
import { after, type DurationMs, elapsed, seconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import type { DeliveryOutcome } from '#utility/report/queue.ts';
import { DEFAULT_SETTINGS, type DefaultSetting } from '#control/program.ts';
import type { SiteSnapshot, SiteStatus } from '#link/message.ts';
import { derCapability, derSettings } from '#utility/report/rating.ts';
import { dateStatus, derAvailability, derStatus, statusChanged, type DatedStatus } from '#utility/report/status.ts';
import type { UtilityProfile } from '#utility/translate/profile.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { parseResource } from '#utility/wire/parse.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';

export type Told = 'connection-point' | 'capability' | 'settings' | 'status' | 'availability';

/** A PUT, or a GET that asks whether the server still holds what was PUT before. */
export interface DerJob {
  readonly what: Told;
  readonly method: 'PUT' | 'GET';
  readonly url: string;
  /** Of a GET: what was PUT there. */
  readonly body: string;
}

/** What came of it; `absent`: the server holds nothing there (404, 204 or no body to a GET). */
export interface DerReply {
  readonly outcome: DeliveryOutcome['kind'];
  readonly absent: boolean;
  readonly body: Uint8Array;
}

export interface DerOptions {
  readonly write: WriteOptions;
  readonly profile: UtilityProfile;
  readonly nmi: string | null;
}

/** DERStatus on change at most this often (reference 3.12). */
const STATUS_SPACING = seconds(10);
/** What is in reserve changes with every cloud. */
const AVAILABILITY_SPACING = seconds(60);
const RETRY = seconds(15);
/** Who may not speak for a while, or says something else each time. */
const DENIED_RETRY = seconds(300);
/** The same bytes that were refused are not sent again before this. */
const REFUSED_RETRY = seconds(3600);
/** A server that shows nothing of what was PUT is asked again after this: it may have been one bad day. */
const SILENT_LOOK = seconds(86_400);

const waitAfter = (what: Told, outcome: DerReply['outcome']): DurationMs => {
  if (outcome === 'retry') return RETRY;
  const isNewEachTime = what === 'status' || what === 'availability';
  return outcome === 'denied' || isNewEachTime ? DENIED_RETRY : REFUSED_RETRY;
};

interface Sent {
  readonly url: string;
  readonly body: string;
  /** When it was last sent, or found to be still there. */
  readonly at: MonoMs;
  /** Whether a GET of it tells anything: many servers never give back what was PUT. `doubted`: one refused it, as in a bad minute. */
  readonly echo: 'unknown' | 'doubted' | 'shows' | 'silent';
}

/** What a refused look says of the next: one that never showed anything, and refuses twice, is not asked any more. */
const refusedEcho = (echo: Sent['echo']): Sent['echo'] => (echo === 'unknown' ? 'doubted' : echo === 'doubted' ? 'silent' : echo);

/**
 * Keeps the ConnectionPoint, DERCapability, DERSettings and DERStatus at the server as they are at the site (CSIP G29, reference 3.12),
 * and sends them again when the server no longer holds them.
 */
export class DerReports {
  readonly #options: DerOptions;
  readonly #sent = new Map<Told, Sent>();
  /** Not before, for these bytes at this place. */
  readonly #held = new Map<Told, { readonly url: string; readonly body: string; readonly until: MonoMs }>();
  #status: DatedStatus | null = null;
  /** Last told of what is told at the rate of the DERList. */
  readonly #dynamic = new Map<Told, { readonly status: SiteStatus; readonly at: MonoMs; readonly url: string }>();
  #settingsAt: { readonly key: string; readonly since: UtilitySeconds } | null = null;

  constructor(options: DerOptions) {
    this.#options = options;
  }

  /** Another registration, or the same made anew: nothing that was sent counts. */
  forget(): void {
    this.#sent.clear();
    this.#held.clear();
    this.#dynamic.clear();
  }

  /** The request that is due; null: none. Without utility time nothing can be dated, so nothing is. */
  next(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree, snapshot: SiteSnapshot): DerJob | null {
    this.#status = dateStatus(this.#status, snapshot.status, utility);
    return (
      this.#connectionPoint(now, tree) ??
      this.#capability(now, tree, snapshot) ??
      this.#settings(now, utility, tree, snapshot) ??
      this.#statusPut(now, utility, tree) ??
      this.#availability(now, utility, tree, snapshot)
    );
  }

  settle(now: MonoMs, job: DerJob, reply: DerReply): void {
    if (job.method === 'GET') this.#compared(now, job, reply);
    else if (reply.outcome === 'accepted') this.#accepted(now, job);
    else {
      // A place that is gone is found again by the walk: that is no fault of the bytes.
      const wait = reply.absent ? RETRY : waitAfter(job.what, reply.outcome);
      this.#held.set(job.what, { url: job.url, body: job.body, until: after(now, wait) });
    }
  }

  /** When a DERStatus is due at the latest. */
  wakeAt(now: MonoMs, tree: WalkedTree): MonoMs {
    const last = this.#dynamic.get('status');
    return last === undefined ? after(now, seconds(1)) : after(last.at, seconds(tree.derRate));
  }

  #accepted(now: MonoMs, { what, url, body }: DerJob): void {
    this.#held.delete(what);
    if (what === 'status' || what === 'availability') {
      if (this.#status !== null) this.#dynamic.set(what, { status: this.#status.status, at: now, url });
      return;
    }
    const before = this.#sent.get(what);
    this.#sent.set(what, { url, body, at: now, echo: before?.url === url ? before.echo : 'unknown' });
  }

  /** The server's copy against ours: absent or other than ours, it is sent again. One that never shows anything is not asked any more. */
  #compared(now: MonoMs, { what, url, body }: DerJob, reply: DerReply): void {
    const sent = this.#sent.get(what);
    if (sent?.url !== url || sent.body !== body) return;
    const seen = reply.absent ? 'other' : reply.outcome === 'accepted' ? seenIn(what, reply.body, body) : 'nothing';
    const isRefused = reply.outcome === 'refused' || reply.outcome === 'denied';
    if (seen === 'ours') this.#sent.set(what, { ...sent, at: now, echo: 'shows' });
    // A trouble of the moment says nothing of a server that has shown it before.
    else if (seen === 'nothing') {
      const echo = isRefused ? refusedEcho(sent.echo) : sent.echo;
      this.#sent.set(what, { ...sent, at: now, echo });
    } else if (sent.echo === 'shows') this.#sent.set(what, { ...sent, body: '', at: now, echo: 'unknown' });
    else if (sent.echo !== 'silent') this.#sent.set(what, { ...sent, body: '', at: now, echo: 'silent' });
    else this.#sent.set(what, { ...sent, at: now });
  }

  #connectionPoint(now: MonoMs, tree: WalkedTree): DerJob | null {
    const { profile, nmi, write } = this.#options;
    if (!profile.connectionPoint || nmi === null || tree.connectionPoint === null || write.csipAus === 'none') return null;
    const body = writeResource('ConnectionPoint', { connectionPointId: nmi }, write);
    return this.#keep(now, tree, { what: 'connection-point', method: 'PUT', url: tree.connectionPoint, body });
  }

  #capability(now: MonoMs, tree: WalkedTree, snapshot: SiteSnapshot): DerJob | null {
    const url = tree.ders[0]?.capability ?? null;
    const value = derCapability(snapshot.nameplate, snapshot.modes);
    if (url === null || value === null) return null;
    const body = writeResource('DERCapability', value, this.#options.write);
    return this.#keep(now, tree, { what: 'capability', method: 'PUT', url, body });
  }

  #settings(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree, snapshot: SiteSnapshot): DerJob | null {
    const url = tree.ders[0]?.settings ?? null;
    const settings = { setGradW: this.#options.profile.setGradWDefault, ...settingsOf(tree) };
    const key = JSON.stringify([settings, snapshot.nameplate]);
    if (this.#settingsAt?.key !== key) this.#settingsAt = { key, since: utility };
    const value = derSettings(snapshot.nameplate, { settings, updatedAt: this.#settingsAt.since }, snapshot.modes);
    if (url === null || value === null) return null;
    const body = writeResource('DERSettings', value, this.#options.write);
    return this.#keep(now, tree, { what: 'settings', method: 'PUT', url, body });
  }

  #statusPut(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree): DerJob | null {
    const url = tree.ders[0]?.status ?? null;
    if (url === null || this.#status === null || !this.#isDue(now, tree, { what: 'status', url, changed: statusChanged }))
      return null;
    const { write, profile } = this.#options;
    const body = writeResource('DERStatus', derStatus(this.#status, utility, profile.status), write);
    return { what: 'status', method: 'PUT', url, body };
  }

  #availability(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree, { nameplate }: SiteSnapshot): DerJob | null {
    const { write, profile } = this.#options;
    const url = profile.availability ? (tree.ders[0]?.availability ?? null) : null;
    const changed = (before: SiteStatus, status: SiteStatus): boolean => before.reserve !== status.reserve;
    if (url === null || this.#status === null || !this.#isDue(now, tree, { what: 'availability', url, changed })) return null;
    const body = writeResource('DERAvailability', derAvailability(this.#status.status, nameplate, utility), write);
    return { what: 'availability', method: 'PUT', url, body };
  }

  /** At the rate of the DERList, at once to another place, and soon on a change. */
  #isDue(
    now: MonoMs,
    tree: WalkedTree,
    one: {
      readonly what: 'status' | 'availability';
      readonly url: string;
      readonly changed: (before: SiteStatus, now: SiteStatus) => boolean;
    },
  ): boolean {
    const { what, url } = one;
    const held = this.#held.get(what);
    if (this.#status === null || (held?.url === url && held.until > now)) return false;
    const last = this.#dynamic.get(what);
    if (last?.url !== url) return true;
    const span = elapsed(last.at, now);
    const spacing = what === 'status' ? STATUS_SPACING : AVAILABILITY_SPACING;
    return span >= seconds(tree.derRate) || (span >= spacing && one.changed(last.status, this.#status.status));
  }

  /** What is at its place already is looked at once a period of the DERList, or PUT again where the utility wants that. */
  #keep(now: MonoMs, tree: WalkedTree, job: DerJob): DerJob | null {
    const due = this.#put(now, job);
    const sent = this.#sent.get(job.what);
    if (due !== null || this.#isHeld(now, job) || sent?.url !== job.url || sent.body !== job.body) return due;
    if (elapsed(sent.at, now) < seconds(tree.derRate)) return null;
    if (this.#options.profile.repeatRatings && job.what !== 'connection-point') return job;
    return sent.echo === 'silent' && elapsed(sent.at, now) < SILENT_LOOK ? null : { ...job, method: 'GET' };
  }

  /** Null: it is there, or these bytes were not taken there a short while ago. */
  #put(now: MonoMs, job: DerJob): DerJob | null {
    if (this.#isHeld(now, job)) return null;
    const sent = this.#sent.get(job.what);
    return sent?.url === job.url && sent.body === job.body ? null : job;
  }

  #isHeld(now: MonoMs, { what, url, body }: DerJob): boolean {
    const held = this.#held.get(what);
    return held?.url === url && held.body === body && held.until > now;
  }
}

/** What the server's copy is, by the one member that is mandatory and says most; `nothing`: it cannot be read. */
const seenIn = (what: Told, served: Uint8Array, ours: string): 'ours' | 'other' | 'nothing' => {
  const own = new TextEncoder().encode(ours);
  if (what === 'connection-point')
    return compared(
      [parseResource('ConnectionPoint', served), parseResource('ConnectionPoint', own)],
      (one) => one.connectionPointId,
    );
  if (what === 'capability')
    return compared([parseResource('DERCapability', served), parseResource('DERCapability', own)], ({ rtgMaxW }) =>
      String(watts(rtgMaxW)),
    );
  return compared(
    [parseResource('DERSettings', served), parseResource('DERSettings', own)],
    ({ setGradW, setMaxW }) => `${String(setGradW)} ${watts(setMaxW)}`,
  );
};

const compared = <T, F>(
  [theirs, mine]: readonly [Result<T, F>, Result<T, F>],
  keyOf: (one: T) => string,
): 'ours' | 'other' | 'nothing' => {
  if (!theirs.ok || !mine.ok) return 'nothing';
  return keyOf(theirs.value) === keyOf(mine.value) ? 'ours' : 'other';
};

const watts = ({ multiplier, value }: { readonly multiplier: number; readonly value: number }): number =>
  Math.round(value * 10 ** multiplier);

/**
 * Each setting of the best program's default that states it; it updates the setting of the same name (CSIP-AUS ALL-13). Those of
 * setES* that only a device could keep, the bands of voltage and frequency, are not told: no device here is given them.
 */
const settingsOf = (tree: WalkedTree): Readonly<Partial<Record<DefaultSetting, number>>> => {
  const defaults = tree.programs
    .toSorted((a, b) => a.program.primacy - b.program.primacy)
    .flatMap(({ defaultControl }) => (defaultControl === null ? [] : [defaultControl]));
  const stated = DEFAULT_SETTINGS.flatMap((name) => {
    const value = defaults.find((one) => one[name] !== undefined)?.[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(stated);
};
