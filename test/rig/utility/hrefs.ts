/** Where each resource lives. Paths are minted when first needed and never derived from each other, except in the `/api/v2` layout. */
import { assert } from '#base/assert.ts';
import type { SeededRandom } from '#base/random.ts';
import type { Layout } from './options.ts';

export type ResourceKind =
  | 'dcap'
  | 'tm'
  | 'edev-list'
  | 'edev'
  | 'registration'
  | 'fsa-list'
  | 'fsa'
  | 'program-list'
  | 'program'
  | 'default-control'
  | 'control-list'
  | 'control'
  | 'curve-list'
  | 'curve'
  | 'associated-list'
  | 'der-list'
  | 'der'
  | 'der-capability'
  | 'der-settings'
  | 'der-status'
  | 'der-availability'
  | 'mup-list'
  | 'mup'
  | 'response-set-list'
  | 'response-set'
  | 'response-list'
  | 'response'
  | 'log-event-list'
  | 'log-event'
  | 'connection-point'
  | 'subscription-list';

/** Resources of one of a device's several DER, `item` being its number. */
export const DER_PARTS: readonly ResourceKind[] = ['der', 'der-capability', 'der-settings', 'der-status', 'der-availability'];

/** `device` is the LFDI of the only client that may see it, null for all; `item` names it among its kind (an event: `program/mRID`). */
export interface Resource {
  readonly kind: ResourceKind;
  readonly device: string | null;
  readonly item: string | null;
}

export interface Hrefs {
  readonly layout: Layout;
  readonly random: SeededRandom;
  readonly byKey: Map<string, string>;
  readonly byPath: Map<string, Resource>;
  /** Keys of resources that left the place their layout gives them. */
  readonly moved: Set<string>;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const MAX_DRAWS = 100;

const segment = (random: SeededRandom): string =>
  Array.from({ length: random.integer(3, 9) }, () => LETTERS[random.integer(0, LETTERS.length - 1)] ?? 'x').join('');

const randomPath = (hrefs: Hrefs): string => {
  for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
    const path = `/${Array.from({ length: hrefs.random.integer(1, 3) }, () => segment(hrefs.random)).join('/')}`;
    if (!hrefs.byPath.has(path)) return path;
  }
  throw new Error('no free path could be drawn');
};

const dashed = (random: SeededRandom): string => {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** The links of the CPPALUE external party procedure. */
const apiPath = (resource: Resource, random: SeededRandom): string => {
  const root = '/api/v2';
  const name = `GW_${(resource.device ?? '').slice(-6)}`;
  const device = `${root}/edev/${name}`;
  const item = (resource.item ?? '').replace(/[^\w/-]/g, '_');
  const der = `${device}/der/${name}${item === '' || item === '1' ? '' : `_${item}`}`;
  const paths: Record<ResourceKind, () => string> = {
    dcap: () => `${root}/dcap`,
    tm: () => `${root}/tm`,
    'edev-list': () => `${root}/edev`,
    edev: () => device,
    registration: () => `${device}/rg`,
    'fsa-list': () => `${device}/fsa`,
    fsa: () => `${device}/fsa/${item}`,
    'program-list': () => `${device}/fsa/${item}/derp`,
    program: () => `${root}/derp/${item}`,
    'default-control': () => `${root}/derp/${item}/dderc`,
    'control-list': () => `${root}/derp/${item}/derc`,
    control: () => `${root}/derp/${item.replace('/', '/derc/')}`,
    'curve-list': () => `${root}/derp/${item}/dc`,
    curve: () => `${root}/derp/${item.replace('/', '/dc/')}`,
    'der-list': () => `${device}/der`,
    der: () => der,
    'der-capability': () => `${der}/dercap`,
    'der-settings': () => `${der}/derg`,
    'der-status': () => `${der}/ders`,
    'der-availability': () => `${der}/dera`,
    'associated-list': () => `${der}/derp`,
    'mup-list': () => `${root}/mup`,
    mup: () => `${root}/mup/${dashed(random)}`,
    'response-set-list': () => `${root}/rsps`,
    'response-set': () => `${root}/rsps/res-ms`,
    'response-list': () => `${root}/rsps/res-ms/rsp`,
    response: () => `${root}/rsps/res-ms/rsp/${item}`,
    'log-event-list': () => `${device}/lel`,
    'log-event': () => `${device}/lel/${item}`,
    'connection-point': () => `${device}/cp`,
    'subscription-list': () => `${device}/sub`,
  };
  return paths[resource.kind]();
};

const keyOf = (kind: ResourceKind, device: string | null, item: string | null): string => JSON.stringify([kind, device, item]);

/** The path of a resource, the same for the whole life of this server or until it is moved. */
export const hrefOf = (hrefs: Hrefs, kind: ResourceKind, device: string | null = null, item: string | null = null): string => {
  const key = keyOf(kind, device, item);
  const known = hrefs.byKey.get(key);
  if (known !== undefined) return known;
  const resource: Resource = { kind, device, item };
  const moved = hrefs.moved.has(key);
  const path = hrefs.layout === 'apiV2' && !moved ? apiPath(resource, hrefs.random) : randomPath(hrefs);
  assert(!hrefs.byPath.has(path), `two resources at ${path}`);
  hrefs.byKey.set(key, path);
  hrefs.byPath.set(path, resource);
  return path;
};

/** Lets every resource of a kind live elsewhere from now on; nothing is at the old paths any more. */
export const moveKind = (hrefs: Hrefs, kind: ResourceKind): void => {
  for (const [path, resource] of [...hrefs.byPath]) {
    if (resource.kind !== kind) continue;
    const key = keyOf(kind, resource.device, resource.item);
    hrefs.byPath.delete(path);
    hrefs.byKey.delete(key);
    hrefs.moved.add(key);
  }
};
