import type { Lfdi } from '../identity/fingerprint.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { MirrorRole } from './quantity.ts';
import { ROLE_FLAGS } from './quantity.ts';

/** How one of our usage points stands at the server. */
export type MirrorState =
  /** The MirrorUsagePointList must be read. */
  | { readonly kind: 'unknown'; readonly recreated: boolean }
  /** Not there: POST it. `stale`: where it was, for servers that would list it twice. */
  | { readonly kind: 'absent'; readonly recreated: boolean; readonly stale: string | null }
  /** Accepted without a Location: to be found in the list, which may lag. */
  | { readonly kind: 'created'; readonly recreated: boolean; readonly searches: number }
  /** Readings go to `href`, as served. `postRate` in seconds; null: the server says none. */
  | { readonly kind: 'ready'; readonly recreated: boolean; readonly href: string; readonly postRate: number | null }
  /** The server takes no mirror of ours, or never shows it; tried again only after `restart`. */
  | { readonly kind: 'refused' };

export type MirrorEvent =
  /** The complete list was read; empty for 204. */
  | { readonly kind: 'list'; readonly points: readonly ResourceOf<'MirrorUsagePoint'>[] }
  /** POST answered 201 or 204. */
  | { readonly kind: 'created'; readonly location: string | null }
  /** POST answered with a final refusal (400, 403, 405, ...). */
  | { readonly kind: 'creation-refused' }
  /** POST answered 404: the list is elsewhere, or gone for now. */
  | { readonly kind: 'list-gone' }
  /** The stale one was DELETEd, or is gone anyway. */
  | { readonly kind: 'deleted' }
  /** Readings answered 400 or 404: the server does not know this mirror, or its types. */
  | { readonly kind: 'readings-refused' }
  | { readonly kind: 'readings-accepted' }
  /** Another list, another registration, an hour after a refusal: everything anew. */
  | { readonly kind: 'restart' };

/** What to do next for the mirror; `post-readings` means that readings may go. */
export type MirrorWant = 'read-list' | 'delete' | 'create' | 'post-readings' | 'nothing';

/** Readings of the list before a mirror that was accepted and never appears is given up. */
const SEARCHES_MAX = 3;

export const INITIAL_MIRROR: MirrorState = { kind: 'unknown', recreated: false };

export interface MirrorIdentity {
  readonly mRID: string;
  readonly lfdi: Lfdi;
  readonly role: MirrorRole;
  /** The only point of its role: one that the server itself made for device and role is taken for it (GE). */
  readonly alone: boolean;
}

export const mirrorWants = (state: MirrorState, deleteFirst = false): MirrorWant => {
  switch (state.kind) {
    case 'unknown':
    case 'created':
      return 'read-list';
    case 'absent':
      return deleteFirst && state.stale !== null ? 'delete' : 'create';
    case 'ready':
      return 'post-readings';
    case 'refused':
      return 'nothing';
  }
};

/**
 * Adopts a mirror that exists, creates it when absent, creates it once again when the server stops knowing it.
 * A refusal of the re-created one is the readings' own fault: they are set aside, the mirror stays.
 */
export const mirrorStep = (state: MirrorState, event: MirrorEvent, identity: MirrorIdentity): MirrorState => {
  switch (event.kind) {
    case 'list':
      return afterList(state, event.points, identity);
    case 'created':
      return afterCreation(state, event.location);
    case 'creation-refused':
      return state.kind === 'absent' ? { kind: 'refused' } : state;
    case 'readings-refused':
      return state.kind === 'ready' && !state.recreated ? { kind: 'absent', recreated: true, stale: state.href } : state;
    case 'list-gone':
      return state.kind === 'absent' ? { kind: 'unknown', recreated: false } : state;
    case 'deleted':
      return state.kind === 'absent' ? { ...state, stale: null } : state;
    case 'readings-accepted':
      return state.kind === 'ready' ? { ...state, recreated: false } : state;
    case 'restart':
      return INITIAL_MIRROR;
  }
};

const afterCreation = (state: MirrorState, location: string | null): MirrorState => {
  if (state.kind !== 'absent') return state;
  const { recreated } = state;
  return location === null
    ? { kind: 'created', recreated, searches: 0 }
    : { kind: 'ready', recreated, href: location, postRate: null };
};

const afterList = (
  state: MirrorState,
  points: readonly ResourceOf<'MirrorUsagePoint'>[],
  identity: MirrorIdentity,
): MirrorState => {
  if (state.kind === 'refused') return state;
  // The list may still show what the server just said not to know: a re-creation under way is carried through.
  if (state.kind === 'absent' && state.recreated) return state;
  const { recreated } = state;
  const found = findMirror(points, identity);
  if (found?.href !== undefined) return { kind: 'ready', recreated, href: found.href, postRate: found.postRate ?? null };
  if (state.kind !== 'created') return { kind: 'absent', recreated, stale: null };
  return state.searches + 1 >= SEARCHES_MAX ? { kind: 'refused' } : { ...state, searches: state.searches + 1 };
};

/** By mRID; else one the server itself made for this device and role (GE). */
const findMirror = (
  points: readonly ResourceOf<'MirrorUsagePoint'>[],
  identity: MirrorIdentity,
): ResourceOf<'MirrorUsagePoint'> | undefined =>
  points.find((point) => point.mRID.toUpperCase() === identity.mRID) ??
  points.find((point) => identity.alone && point.deviceLFDI === identity.lfdi && point.roleFlags === ROLE_FLAGS[identity.role]);
