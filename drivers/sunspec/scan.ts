import { type Fingerprint, Fingerprinting, type Fit } from '../profile/fingerprint.ts';
import { Discovery } from './discovery.ts';
import type { DiscoveryAction, DiscoveryInput, Found } from './discovery.ts';

/** Unit ids that makers ship (sunspec.md 1.4), tried before all others. */
const LIKELY: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 71, 100, 126, 200, 240, 247];
const HIGHEST = 247;
/** The probe of a unit nobody knows: marker, first model and its length at the likeliest base. */
const PROBE_ADDRESS = 40_000;
const PROBE_COUNT = 4;
/** Tries of a read once a unit has answered. */
const WALK_TRIES = 2;

/** What the scan wants read next. */
export type ScanAction =
  | {
      readonly kind: 'read';
      readonly unitId: number;
      readonly address: number;
      readonly count: number;
      readonly table?: 'input';
    }
  | { readonly kind: 'done' };

export type ScanInput =
  | DiscoveryInput
  /** Something came that was no reply: noise, or two units under one id. */
  | { readonly kind: 'garbled' };

/** A unit that answered. `found` null: it has no SunSpec map; `noise`: what came was never a whole reply. */
export interface ScanUnit {
  readonly unitId: number;
  readonly found: Found | null;
  readonly noise: boolean;
  /** Profiles whose register map it has, the likeliest first; absent: none that is known. */
  readonly fits?: readonly Fit[];
}

export interface ScanProgress {
  /** Unit ids that are dealt with. */
  readonly tried: number;
  readonly total: number;
  readonly units: readonly ScanUnit[];
}

/** Every legal unit id once, likely ones first. */
export const scanOrder = (): readonly number[] => {
  const all = Array.from({ length: HIGHEST }, (_, index) => index + 1);
  return [...LIKELY, ...all.filter((id) => !LIKELY.includes(id))];
};

/**
 * Looks for units on a line: one short probe an id; who answers, if only with an exception, is walked. Ids that gave noise are tried
 * once more at the end. Who has no SunSpec map is asked for the identity registers of the profiles. Sans I/O: each call says what to read next, one transaction at a time.
 */
export class Scan {
  readonly #units = new Map<number, ScanUnit>();
  readonly #total: number;
  #waiting: number[];
  #noisy: number[] = [];
  #retrying = false;
  #unitId: number | null = null;
  #discovery: Discovery | null = null;
  #fingerprinting: Fingerprinting | null = null;
  readonly #fingerprints: readonly Fingerprint[];
  #tried = 0;

  constructor(ids: readonly number[] = scanOrder(), fingerprints: readonly Fingerprint[] = []) {
    this.#fingerprints = fingerprints;
    this.#waiting = [...ids];
    this.#total = ids.length;
  }

  start(): ScanAction {
    return this.#nextUnit();
  }

  /** What to do after the last read's result. */
  next(input: ScanInput): ScanAction {
    const unitId = this.#unitId;
    if (unitId === null) return { kind: 'done' };
    if (this.#fingerprinting !== null) return this.#identify(unitId, this.#fingerprinting, input);
    if (this.#discovery !== null)
      return this.#walk(unitId, this.#discovery.next(input.kind === 'garbled' ? { kind: 'no-reply' } : input));
    if (input.kind === 'no-reply') return this.#nextUnit();
    if (input.kind === 'garbled') {
      if (this.#retrying) this.#units.set(unitId, { unitId, found: null, noise: true });
      else this.#noisy.push(unitId);
      return this.#nextUnit();
    }
    // The probe was the walk's own first read: its answer is not asked for again.
    this.#discovery = new Discovery(WALK_TRIES);
    this.#discovery.start();
    return this.#walk(unitId, this.#discovery.next(input));
  }

  progress(): ScanProgress {
    return { tried: this.#tried, total: this.#total, units: [...this.#units.values()] };
  }

  #walk(unitId: number, action: DiscoveryAction): ScanAction {
    if (action.kind === 'read') return { kind: 'read', unitId, address: action.address, count: action.count };
    const isOther = action.kind === 'failed' && this.#fingerprints.length > 0;
    if (isOther) {
      this.#fingerprinting = new Fingerprinting(this.#fingerprints);
      return this.#identify(unitId, this.#fingerprinting, null);
    }
    this.#units.set(unitId, { unitId, found: action.kind === 'found' ? action.found : null, noise: false });
    return this.#nextUnit();
  }

  /** It answers and has no SunSpec map. A place that stays silent is not asked twice: it is another maker's. */
  #identify(unitId: number, fingerprinting: Fingerprinting, input: ScanInput | null): ScanAction {
    const place = fingerprinting.next(input?.kind === 'words' ? input.words : null);
    if (place !== null) {
      const { address, count } = place;
      return { kind: 'read', unitId, address, count, ...(place.function === 4 ? { table: 'input' as const } : {}) };
    }
    const fits = fingerprinting.fits();
    this.#units.set(unitId, { unitId, found: null, noise: false, ...(fits.length > 0 ? { fits } : {}) });
    return this.#nextUnit();
  }

  #nextUnit(): ScanAction {
    if (this.#unitId !== null && !this.#retrying) this.#tried += 1;
    this.#discovery = null;
    this.#fingerprinting = null;
    let next = this.#waiting.shift();
    if (next === undefined && !this.#retrying) {
      this.#retrying = true;
      this.#waiting = this.#noisy;
      this.#noisy = [];
      next = this.#waiting.shift();
    }
    this.#unitId = next ?? null;
    return next === undefined ? { kind: 'done' } : { kind: 'read', unitId: next, address: PROBE_ADDRESS, count: PROBE_COUNT };
  }
}
