import { after, elapsed, seconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import type { SiteSnapshot } from '#link/message.ts';
import { derCapability, derSettings } from '#utility/report/rating.ts';
import { dateStatus, derStatus, statusChanged, type DatedStatus } from '#utility/report/status.ts';
import type { DerPlaces, WalkedTree } from '#utility/walk/tree.ts';
import { writeResource, type WriteOptions } from '#utility/wire/write.ts';
import type { SiteStatus } from '#link/message.ts';

export interface Put {
  readonly what: 'capability' | 'settings' | 'status';
  readonly url: string;
  readonly body: string;
}

/** DERStatus on change at most this often (reference 3.12). */
const STATUS_SPACING = seconds(10);
const RETRY = seconds(15);
/** The same bytes that were refused are not sent again before this. */
const REFUSED_RETRY = seconds(3600);

interface Sent {
  /** Place and content as last accepted. */
  readonly key: string;
}

/** Keeps DERCapability, DERSettings and DERStatus at the server as they are at the site (CSIP G29, reference 3.12). */
export class DerReports {
  readonly #write: WriteOptions;
  readonly #setGradWDefault: number;
  readonly #sent = new Map<Put['what'], Sent>();
  readonly #notBefore = new Map<Put['what'], MonoMs>();
  #status: DatedStatus | null = null;
  #statusSent: { readonly status: SiteStatus; readonly at: MonoMs; readonly url: string } | null = null;
  #settingsAt: { readonly key: string; readonly since: UtilitySeconds } | null = null;

  constructor(write: WriteOptions, setGradWDefault: number) {
    this.#write = write;
    this.#setGradWDefault = setGradWDefault;
  }

  /** The PUT that is due; null: none. Without utility time nothing can be dated, so nothing is. */
  next(now: MonoMs, utility: UtilitySeconds, tree: WalkedTree, snapshot: SiteSnapshot): Put | null {
    const places = tree.ders[0];
    if (places === undefined) return null;
    this.#status = dateStatus(this.#status, snapshot.status, utility);
    return (
      this.#capability(now, places, snapshot) ??
      this.#settings(now, utility, places, tree, snapshot) ??
      this.#statusPut(now, utility, places, tree)
    );
  }

  /** `refused`: a final 4xx. */
  settle(now: MonoMs, put: Put, outcome: 'accepted' | 'retry' | 'refused'): void {
    if (outcome !== 'accepted') {
      this.#notBefore.set(put.what, after(now, outcome === 'refused' ? REFUSED_RETRY : RETRY));
      return;
    }
    this.#notBefore.delete(put.what);
    if (put.what === 'status' && this.#status !== null) this.#statusSent = { status: this.#status.status, at: now, url: put.url };
    else this.#sent.set(put.what, { key: `${put.url} ${put.body}` });
  }

  /** When a DERStatus is due at the latest. */
  wakeAt(now: MonoMs, tree: WalkedTree): MonoMs {
    const last = this.#statusSent;
    return last === null ? after(now, seconds(1)) : after(last.at, seconds(tree.derRate));
  }

  #capability(now: MonoMs, places: DerPlaces, snapshot: SiteSnapshot): Put | null {
    const value = derCapability(snapshot.nameplate);
    if (places.capability === null || value === null) return null;
    return this.#due(now, {
      what: 'capability',
      url: places.capability,
      body: writeResource('DERCapability', value, this.#write),
    });
  }

  #settings(now: MonoMs, utility: UtilitySeconds, places: DerPlaces, tree: WalkedTree, snapshot: SiteSnapshot): Put | null {
    const setGradW = gradientOf(tree) ?? this.#setGradWDefault;
    const key = JSON.stringify([setGradW, snapshot.nameplate]);
    if (this.#settingsAt?.key !== key) this.#settingsAt = { key, since: utility };
    const value = derSettings(snapshot.nameplate, { setGradW, updatedAt: this.#settingsAt.since });
    if (places.settings === null || value === null) return null;
    return this.#due(now, { what: 'settings', url: places.settings, body: writeResource('DERSettings', value, this.#write) });
  }

  #statusPut(now: MonoMs, utility: UtilitySeconds, places: DerPlaces, tree: WalkedTree): Put | null {
    if (places.status === null || this.#status === null || this.#held(now, 'status')) return null;
    const last = this.#statusSent;
    const span = last === null ? Number.POSITIVE_INFINITY : elapsed(last.at, now);
    const changed =
      last === null || last.url !== places.status || (statusChanged(last.status, this.#status.status) && span >= STATUS_SPACING);
    if (!changed && span < seconds(tree.derRate)) return null;
    return {
      what: 'status',
      url: places.status,
      body: writeResource('DERStatus', derStatus(this.#status, utility), this.#write),
    };
  }

  #due(now: MonoMs, put: Put): Put | null {
    if (this.#held(now, put.what)) return null;
    return this.#sent.get(put.what)?.key === `${put.url} ${put.body}` ? null : put;
  }

  #held(now: MonoMs, what: Put['what']): boolean {
    return (this.#notBefore.get(what) ?? 0) > now;
  }
}

/** setGradW of the best program's default that states one; it updates the setting of the same name (CSIP-AUS ALL-13). */
const gradientOf = (tree: WalkedTree): number | null => {
  const byPriority = [...tree.programs].sort((a, b) => a.program.primacy - b.program.primacy);
  for (const { defaultControl } of byPriority) if (defaultControl?.setGradW !== undefined) return defaultControl.setGradW;
  return null;
};
