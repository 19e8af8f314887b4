import { SeededRandom } from '#base/random.ts';
import type { SiteSettings } from '../../rig/site/site.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import { drawImport } from '../draw-storage.ts';
import { drawFaults, type WholeSpan } from './faults.ts';
import { drawLocal, type DrawnLocal } from './local.ts';
import { drawWholeSite, hasBeside, linesOf, type SiteKind } from './site.ts';

/** An event that the server publishes at `createdAt`. */
export interface WholeEvent {
  readonly program: 'site' | 'feeder';
  readonly createdAt: number;
  readonly start: number;
  readonly durationSeconds: number;
  readonly limitW: number;
  /** Import limit, and power wanted of storage; absent: none. */
  readonly importW?: number;
  readonly targetW?: number;
  /** Null: never. */
  readonly cancelAt: number | null;
}

/** Everything a seed decides. */
export interface Whole {
  readonly seed: number;
  readonly seconds: number;
  /** From here on nothing fails. */
  readonly healedAt: number;
  readonly kind: SiteKind;
  readonly site: SiteSettings;
  readonly loadSteps: readonly number[];
  readonly faults: readonly WholeSpan[];
  readonly events: readonly WholeEvent[];
  readonly defaultW: number;
  /** Import limit of the default; null: none. */
  readonly importDefaultW: number | null;
  readonly pollSeconds: number;
  readonly local: DrawnLocal;
  /** What the machine's own clock shows at the start, seconds since 1970. */
  readonly wallSeconds: number;
}

const HEALING_SECONDS = 600;
/** As in the field, where rates of the demonstration would hide what a long pause does. */
const FIELD_POLL_SECONDS = 300;
const TARGET_MOST_W = 5000;
const WALL_MOST_SECONDS = 100_000;

const drawEvents = (random: SeededRandom, healedAt: number, stores: boolean): readonly WholeEvent[] => {
  const events: WholeEvent[] = [];
  const pause = random.between(60, 500);
  let at = random.between(10, 200);
  while (at < healedAt - 100) {
    const createdAt = Math.round(at);
    const start = createdAt + Math.round(random.chance(0.2) ? -random.between(0, 60) : random.between(0, 600));
    const durationSeconds = Math.round(random.between(30, 900));
    const cancelled = random.chance(0.2);
    if (start + durationSeconds < healedAt - 10) {
      events.push({
        ...{ program: random.chance(0.5) ? 'site' : 'feeder', createdAt, start, durationSeconds },
        limitW: random.chance(0.15) ? 0 : Math.round(random.between(100, 9000)),
        ...(stores ? { importW: drawImport(random) } : {}),
        ...(stores && random.chance(0.25) ? { targetW: Math.round(random.between(0 - TARGET_MOST_W, TARGET_MOST_W)) } : {}),
        cancelAt: cancelled ? Math.round(at + random.between(10, 600)) : null,
      });
    }
    at += random.between(10, pause);
  }
  return events;
};

/** Everything that happens to the whole gateway with this seed; each concern has draws of its own, so that one that grows leaves the others. */
export const drawWhole = (seed: number, hours: number): Whole => {
  const random = (concern: string): SeededRandom => new SeededRandom(seed, `whole ${concern}`);
  const rates = random('rates');
  const pollSeconds = rates.chance(0.25) ? FIELD_POLL_SECONDS : rates.integer(10, 60);
  const seconds = Math.max(1800, hours * 3600);
  const healedAt = seconds - HEALING_SECONDS - (pollSeconds === FIELD_POLL_SECONDS ? 2 * pollSeconds : 0);
  const { kind, site, loadSteps } = drawWholeSite(random('site'), healedAt, seed);
  const stores = hasBeside(site);
  const isUnset = rates.chance(0.3);
  const targets = {
    inverters: 1 + (site.others?.length ?? 0),
    beside: (site.batteries?.length ?? 0) + (site.switchedLoads?.length ?? 0) > 0,
    lines: linesOf(site),
  };
  return {
    ...{ seed, seconds, healedAt, kind, site, loadSteps, pollSeconds },
    faults: drawFaults(random('faults'), healedAt, targets),
    events: drawEvents(random('events'), healedAt, stores),
    local: drawLocal(random('local'), healedAt, seconds),
    defaultW: Math.round(rates.between(1000, 6000)),
    importDefaultW: stores ? Math.round(rates.between(1500, 9000)) : null,
    wallSeconds: isUnset ? 0 : STARTED_AT + rates.between(0 - WALL_MOST_SECONDS, WALL_MOST_SECONDS),
  };
};
