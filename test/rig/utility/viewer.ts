/** Who asks, when, for which page; and what every resource is written with: links, rates, pages of a list. */
import type { Body } from './body.ts';
import { hrefOf, type ResourceKind } from './hrefs.ts';
import type { Device, UtilityState } from './state.ts';

/** `s` and `l` of the query. */
export interface Page {
  readonly start: number;
  readonly limit: number;
}

/** A body of `type`; null: the resource exists and is empty (204). */
export type Served = { readonly type: string; readonly body: Body } | null;

export interface Viewer {
  readonly state: UtilityState;
  /** null: a client that may register itself. */
  readonly device: Device | null;
  readonly at: number;
  readonly page: Page;
}

export const link = (href: string): Body => ({ '@href': href });
export const listLink = (href: string, all: number): Body => ({ '@href': href, '@all': all });

export const own = (viewer: Viewer, kind: ResourceKind, item: string | null = null): string =>
  hrefOf(viewer.state.hrefs, kind, viewer.device?.lfdi ?? null, item);
export const shared = (viewer: Viewer, kind: ResourceKind, item: string | null = null): string =>
  hrefOf(viewer.state.hrefs, kind, null, item);

export const as = (type: string, body: Body | null | undefined): Served =>
  body === null || body === undefined ? null : { type, body };

const TIME_POLL_RATE = 900;
const REGISTRATION_POLL_RATE = 86_400;

/** pollRate of a resource: its own when one was set (null: none is stated), else the server's. */
export const rateOf = (viewer: Viewer, kind: ResourceKind): Body => {
  const usual: Partial<Record<ResourceKind, number>> = { tm: TIME_POLL_RATE, registration: REGISTRATION_POLL_RATE };
  const given = viewer.state.rates.get(kind);
  const rate = given === undefined ? (usual[kind] ?? viewer.state.pollRate) : given;
  return rate === null ? {} : { '@pollRate': rate };
};

/** How a list is paged wrongly; what is absent is as it should be. */
export interface Paging {
  /** `all` said instead of the number of items. */
  readonly all?: number;
  /** `results` said instead of the number on the page. */
  readonly results?: number;
  /** Most items of a page. */
  readonly pageLimit?: number;
  /** From this item on pages are empty, whatever `all` says. */
  readonly emptyFrom?: number;
  /** `s` is not heeded: every page is the first. */
  readonly ignoresStart?: boolean;
  /** Behind the last item the list goes on with copies of the items, each with an mRID of its own. */
  readonly endless?: boolean;
}

const COPY_DIGITS = 24;
const PEN_DIGITS = 8;
const MAX_ALL = 4_294_967_295;

/** An item again, as one never seen. */
const copyOf = (item: Body, number: number): Body => {
  const { mRID } = item;
  const fresh = number.toString(16).toUpperCase().padStart(COPY_DIGITS, '0');
  return typeof mRID === 'string' ? { ...item, mRID: `${fresh}${mRID.slice(-PEN_DIGITS)}` } : item;
};

interface ListPlace {
  readonly kind: ResourceKind;
  readonly href: string;
  /** Element name of an item. */
  readonly member: string;
  /** Attributes besides href, all and results. */
  readonly extra: Body;
}

/** One page of `items`, each written when it is shown, with the attributes every list has. */
export const list = <T>(viewer: Viewer, place: ListPlace, items: readonly T[], write: (item: T) => Body): Body => {
  const paging = viewer.state.paging.get(place.kind) ?? {};
  const limit = Math.min(viewer.page.limit, paging.pageLimit ?? viewer.state.options.pageLimit);
  const start = paging.ignoresStart === true ? 0 : viewer.page.start;
  const end = paging.endless === true && items.length > 0 ? start + limit : Math.min(start + limit, items.length);
  const shown: Body[] = [];
  for (let index = start; index < end && start < (paging.emptyFrom ?? Infinity); index += 1) {
    const item = items[index % items.length];
    if (item !== undefined) shown.push(index < items.length ? write(item) : copyOf(write(item), index));
  }
  return {
    '@href': place.href,
    '@all': paging.all ?? (paging.endless === true ? MAX_ALL : items.length),
    '@results': paging.results ?? shown.length,
    ...place.extra,
    ...(shown.length === 0 ? {} : { [place.member]: shown }),
  };
};
