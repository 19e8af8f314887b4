import type { SeededRandom } from '#base/random.ts';
import type { Damage } from '../../rig/utility/stage.ts';
import { BESIDE_FAULTS, type Fault, FAULTS, RARE_FAULTS } from '../draw.ts';

/** What can go wrong with the utility and on the way to it. */
export const NORTH_FAULTS = [
  'network-cut',
  'name-server-away',
  'server-refuses',
  'server-busy',
  'server-damages',
  'server-drips',
  'server-slow',
  'server-hangs',
  'server-resets',
  'server-redirects',
  'server-forgets',
  'server-moves',
  'server-clock',
] as const;
/** And with the machine as a whole, beside what the control simulation knows. */
const MACHINE_FAULTS = [
  'northd-killed',
  'controld-killed-at-call',
  'northd-killed-at-call',
  'power-cut',
  'power-cut-on-disk',
  'disk-slow',
] as const;
/** Those of the control simulation that the whole machine has in another form. */
type Elsewhere = 'server-silent' | 'controld-killed-on-disk';
type OfSite = Exclude<Fault, Elsewhere>;
export type WholeFault = OfSite | (typeof NORTH_FAULTS)[number] | (typeof MACHINE_FAULTS)[number];

const ofSite = FAULTS.filter(
  (fault): fault is Exclude<(typeof FAULTS)[number], Elsewhere> =>
    fault !== 'server-silent' && fault !== 'controld-killed-on-disk',
);
const KINDS: readonly WholeFault[] = [...ofSite, ...RARE_FAULTS, ...NORTH_FAULTS, ...MACHINE_FAULTS];
const SITE_KINDS: ReadonlySet<string> = new Set<string>([...ofSite, ...RARE_FAULTS, ...BESIDE_FAULTS]);

/** True of a fault that the checks of the site know. */
export const isSiteFault = (fault: WholeFault): fault is OfSite => SITE_KINDS.has(fault);

/** Seconds from the start of the run. */
export interface WholeSpan {
  readonly fault: WholeFault;
  readonly from: number;
  readonly until: number;
  /** Of 0 to 1. */
  readonly strength: number;
  /** Which inverter, which battery or load, which line it befalls. */
  readonly inverter: number;
  readonly beside: number;
  readonly line: number;
}

/** What there is of each on the site. */
export interface Targets {
  readonly inverters: number;
  readonly beside: boolean;
  readonly lines: number;
}

/** Not 400: that is a verdict on what was sent, and final. */
const STATUSES = [401, 403, 404, 410, 429, 500, 503] as const;
const DAMAGES: readonly Damage[] = ['truncated', 'garbled', 'junk', 'empty', 'not-utf8', 'foreign', 'nested', 'false-coding'];

/** One of several by a strength of 0 to 1. */
const pick = <T>(of: readonly T[], strength: number): T => {
  const chosen = of[Math.min(of.length - 1, Math.floor(strength * of.length))];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
};

export const statusOf = (strength: number): number => pick(STATUSES, strength);
export const damageOf = (strength: number): Damage => pick(DAMAGES, strength);

const JUMP_MOST_SECONDS = 540;
/** How far the server's clock is wrong, seconds; never nearer than a minute. */
export const jumpOf = (strength: number): number =>
  Math.round((strength < 0.5 ? -1 : 1) * (60 + JUMP_MOST_SECONDS * Math.abs(2 * strength - 1)));

/**
 * What befalls the gateway: how often, how long and of which kinds is the seed's. A seed knows half of the kinds or all of them, so that
 * the few it knows come often.
 */
export const drawFaults = (random: SeededRandom, healedAt: number, targets: Targets): readonly WholeSpan[] => {
  const all = targets.beside ? [...KINDS, ...BESIDE_FAULTS] : KINDS;
  const some = all.filter(() => random.chance(0.5));
  const kinds = random.chance(0.5) || some.length === 0 ? all : some;
  const faults: WholeSpan[] = [];
  const pause = random.between(40, 400);
  const brief = random.between(0.2, 0.7);
  const crowded = random.between(0, 0.5);
  let at = 90 + random.between(0, pause);
  while (at < healedAt - 200) {
    const fault = pick(kinds, random.fraction());
    const span = random.chance(brief) ? random.between(1, 20) : random.between(20, 240);
    const until = Math.min(at + span, healedAt - 30);
    const inverter = random.integer(0, targets.inverters - 1);
    const line = random.integer(0, targets.lines - 1);
    faults.push({ fault, from: at, until, strength: random.fraction(), inverter, beside: random.integer(0, 1), line });
    at = random.chance(crowded) ? at + span / 2 : until + random.between(20, pause);
  }
  return faults;
};
