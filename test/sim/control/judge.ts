/** Judges a run as it goes, by the world's truth alone; keeps no more than the last half minute. */
import type { Transition } from '#control/record.ts';
import type { Violation } from '../check.ts';
import type { Chapter, DrawnEvent, Fault, FaultSpan, Site } from './draw.ts';
import { RATED_W } from './draw.ts';
import type { Rules } from './rules.ts';

const BAND_W = 100;
const HARD_SECONDS = 15;
const SPELL_JOIN = 2;
const RETURN_SECONDS = 12;
const STALE_SECONDS = 2;
const FROZEN_SECONDS = 15;
const TOLD_SECONDS = 2.5;
const TICK_GAP_MS = 1500;
const WRITES_AN_HOUR = 120;
const WRITES_A_CHANGE = 15;
const LOAD_MEMORY = 20;
const UNLEARNED_SECONDS = 60;
const GAIN_LEAST = 0.9;
const READ_SECONDS = 0.4;
const RESTART_SECONDS = 2;
/** A clock ahead by a minute is worked off at half speed. */
const WORKED_OFF_SECONDS = 130;
const DOUBTS_KEPT = 64;
const GIVEN_WAY_W = 150;
const ASLEEP_BELOW_W = 100;
const ASLEEP_SECONDS = 90;
/** Of the truth, seconds. */
export const CELL_SECONDS = 0.5;
const KEPT_CELLS = 64;
const RISE_CELLS = 10;
const VIOLATIONS_KEPT = 20;
const USED_PART = 0.95;
const USED_PART_COARSE = 0.9;
/** The profile of a device that resolves whole per cents whatever its scale says. */
const COARSE = 'abb-fimer';
/** Registers older than nobody told the gateway: what they miss of a sun that steps is taken for a load that went, for a while. */
const OLD_MS = 400;

/** The inverter cannot be told, or does not do what it is told. */
const UNTOLD: readonly Fault[] = [
  'inverter-silent',
  'inverter-ignores',
  'inverter-forgets',
  'inverter-late',
  'inverter-refuses',
  'inverter-unsure',
  'inverter-restarts',
  'second-master',
];

export interface Part {
  readonly generation: number;
  readonly available: number;
}

/** When something last was so; -Infinity: never. */
class Lately {
  #standing = 0;
  #last = -Infinity;

  turn(on: boolean, at: number): void {
    this.#standing += on ? 1 : -1;
    this.#last = at;
  }

  /** Now, or no longer than `seconds` ago. */
  within(seconds: number, at: number): boolean {
    return this.#standing > 0 || at - this.#last <= seconds;
  }

  get stands(): boolean {
    return this.#standing > 0;
  }

  get since(): number {
    return this.#last;
  }
}

const RANK: Readonly<Record<string, number>> = { received: 0, started: 1, completed: 2, cancelled: 2, superseded: 2 };

export class Judge {
  readonly #site: Site;
  readonly #rules: Rules;
  /** Seconds this plant needs beyond a first-order second. */
  readonly #slowness: number;
  readonly #budget: number;
  /** What cannot be helped: inverters that stay at their minimum whatever they are told, watts. */
  readonly #floor: number;
  readonly #back: number;
  readonly #untold: readonly Lately[];
  readonly #line = new Lately();
  readonly #dead = new Lately();
  readonly #frozen = new Lately();
  readonly #turned = new Lately();
  readonly #meterSilent = new Lately();
  readonly #unclear = new Lately();
  readonly #doubts: { readonly from: number; until: number }[] = [];
  readonly #scarce = new Lately();
  readonly #loads = new Float64Array(KEPT_CELLS);
  readonly #generations = new Float64Array(KEPT_CELLS);
  readonly #parts: readonly Float64Array[];
  readonly #statuses = new Map<string, Transition['status'][]>();
  readonly #servedAt = new Map<string, number>();
  #cells = 0;
  #spellFrom: number | null = null;
  #spellLast = 0;
  #toldFor = 0;
  /** Generating more than the limit with a silent meter, seconds. */
  #blindFor = 0;
  #writes = 0;
  #changesAt = 0;
  #used = 0;
  #allowed = 0;
  #tickAt: number | null = null;
  #startedAt: number | null = null;
  #darkAt = -Infinity;
  readonly violations: Violation[] = [];

  constructor(site: Site, rules: Rules) {
    this.#site = site;
    this.#rules = rules;
    this.#slowness = Math.max(
      ...site.inverters.map(
        ({ plant: { deadSeconds, lagSeconds, slewPercentPerSecond } }) =>
          deadSeconds + 3 * Math.max(0, lagSeconds - 1) + 90 / slewPercentPerSecond,
      ),
    );
    this.#floor = site.inverters.reduce(
      (sum, { plant: { minimumOutput, ratedW } }) =>
        sum + (minimumOutput?.below === 'floor' ? (minimumOutput.percent / 100) * ratedW : 0),
      0,
    );
    this.#budget = HARD_SECONDS + this.#slowness;
    this.#back = RETURN_SECONDS + this.#budget;
    this.#untold = site.inverters.map(() => new Lately());
    this.#parts = site.inverters.map(() => new Float64Array(KEPT_CELLS));
  }

  /** Things that are kept; bounded. */
  get size(): number {
    return this.#statuses.size + this.#servedAt.size + this.#rules.size;
  }

  say(rule: string, at: number, text: string): void {
    if (this.violations.length < VIOLATIONS_KEPT) this.violations.push({ rule, at, text });
  }

  turn(fault: Fault, inverter: number, on: boolean, at: number): void {
    if (UNTOLD.includes(fault)) this.#untold[inverter]?.turn(on, at);
    if (fault === 'line-down') this.#line.turn(on, at);
    if (fault === 'meter-frozen') this.#frozen.turn(on, at);
    if (fault === 'meter-turned') this.#turned.turn(on, at);
    if (fault === 'meter-silent') this.#meterSilent.turn(on, at);
    if (fault === 'anchor-off') this.#doubtClock(on, at);
    if (fault === 'samples-lost' || fault === 'samples-late') this.#scarce.turn(on, at);
  }

  killed(at: number): void {
    this.#dead.turn(true, at);
    this.#tickAt = null;
    this.#startedAt = null;
  }

  started(at: number): void {
    if (this.#dead.stands) this.#dead.turn(false, at);
    this.#tickAt = at;
    this.#startedAt = at;
  }

  ticked(at: number): void {
    const gap = this.#tickAt === null ? 0 : 1000 * (at - this.#tickAt);
    if (gap > TICK_GAP_MS) this.say('tick', at, `${gap.toFixed(0)} ms without a good tick`);
    this.#tickAt = at;
  }

  served(listed: readonly DrawnEvent[], at: number): void {
    for (const { mRID } of listed) if (!this.#servedAt.has(mRID)) this.#servedAt.set(mRID, at);
    if (this.#unclear.within(WORKED_OFF_SECONDS, at)) this.#doubt(at);
  }

  transition({ mRID, status }: Transition): void {
    const known = this.#statuses.get(mRID);
    if (known === undefined) this.#statuses.set(mRID, [status]);
    else known.push(status);
  }

  /** The utility's time is told wrong, by less than what needs a second word: nobody can say which event holds until all of that time are over. */
  #doubtClock(on: boolean, at: number): void {
    this.#unclear.turn(on, at);
    const last = this.#doubts.at(-1);
    if (last === undefined || at > last.until) this.#doubts.push({ from: at, until: at });
    if (this.#doubts.length > DOUBTS_KEPT) this.#doubts.shift();
    this.#doubt(at);
  }

  #doubt(at: number): void {
    const doubt = this.#doubts.at(-1);
    if (doubt !== undefined) doubt.until = Math.max(at, this.#rules.lastEnd) + WORKED_OFF_SECONDS + this.#back;
  }

  #isUnclear(at: number): boolean {
    return this.#unclear.stands || at <= (this.#doubts.at(-1)?.until ?? -Infinity);
  }

  /** An inverter was told a cap while the site took `load`, watts both. */
  wrote(at: number, cap: number, load: number): void {
    this.#writes += 1;
    this.#rules.advance(at);
    if (this.#startedAt !== null) this.#startedAt = null;
    if (
      at < 3 + this.#slowness ||
      this.#frozen.within(FROZEN_SECONDS, at) ||
      this.#turned.within(FROZEN_SECONDS + LOAD_MEMORY, at)
    )
      return;
    if (this.#isUnclear(at) || this.#rules.limitW === null) return;
    const { limitW, before, since } = this.#rules;
    const limit = at - since < 2 ? Math.max(limitW, before ?? limitW) : limitW;
    const gain = 1 + Math.min(0, ...this.#site.inverters.map(({ plant }) => plant.gainErrorPercent)) / 100;
    const oldest = Math.max(...this.#site.inverters.map(({ readingAgeMs }) => readingAgeMs)) / 1000;
    const allowed = limit + Math.max(load, this.#peakLoad()) + BAND_W + 0.02 * RATED_W + this.#moved() * (READ_SECONDS + oldest);
    // One that goes its own way is taken for one with a gain error, of a tenth at most; that is unlearned once it obeys.
    const misled = this.#untold.some((one) => one.within(UNLEARNED_SECONDS, at)) ? GAIN_LEAST : 1;
    if (cap * gain * misled * 0.99 > allowed)
      this.say('setpoint', at, `cap of ${Math.round(cap)} W where ${Math.round(allowed)} W are allowed`);
  }

  /** The truth of one cell. */
  see(at: number, load: number, parts: readonly Part[], toldW: number | null): void {
    const slot = this.#cells % KEPT_CELLS;
    let generation = 0;
    let available = 0;
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index] as Part;
      generation += part.generation;
      available += part.available;
      (this.#parts[index] as Float64Array)[slot] = part.generation;
    }
    this.#loads[slot] = load;
    this.#generations[slot] = generation;
    this.#cells += 1;
    this.#rules.advance(at);
    if (available <= ASLEEP_BELOW_W) this.#darkAt = at;
    this.#export(at, generation - load);
    this.#blind(at, generation);
    this.#told(at, toldW);
    this.#start(at);
    this.#energy(at, generation, load, available);
  }

  /** The end of a chapter: what is counted over it. */
  close(chapter: Chapter): void {
    const { until, faults, events, from } = chapter;
    const steps = (until - from) / this.#site.load.stepSeconds;
    const changes = steps + this.#rules.changes - this.#changesAt + faults.length + 60;
    const allowed = this.#site.inverters.length * ((WRITES_AN_HOUR * (until - from)) / 3600 + WRITES_A_CHANGE * changes);
    if (this.#writes > allowed) this.say('write-rate', until, `${this.#writes} writes, ${allowed.toFixed(0)} allowed`);
    const coarse =
      this.#site.profile === COARSE ||
      this.#site.inverters.some(({ limitScale, readingAgeMs }) => limitScale === 0 || readingAgeMs > OLD_MS);
    const part = this.#used / this.#allowed;
    if (this.#allowed > 0 && part < (coarse ? USED_PART_COARSE : USED_PART))
      this.say('energy', until, `${(100 * part).toFixed(1)} % of the allowed energy used after healing`);
    this.#writes = 0;
    this.#used = 0;
    this.#allowed = 0;
    this.#changesAt = this.#rules.changes;
    for (const event of events) this.#event(event, faults);
  }

  #event({ mRID, start, durationSeconds, limitW }: DrawnEvent, faults: readonly FaultSpan[]): void {
    const mine = this.#statuses.get(mRID) ?? [];
    const servedAt = this.#servedAt.get(mRID);
    this.#statuses.delete(mRID);
    this.#servedAt.delete(mRID);
    const end = start + durationSeconds;
    if (this.#doubts.some(({ from, until }) => start - WORKED_OFF_SECONDS < until && end + WORKED_OFF_SECONDS > from)) return;
    const ranks = mine.map((status) => RANK[status] ?? 9);
    const rising = ranks.every((rank, index) => index === 0 || rank > (ranks[index - 1] ?? 0));
    const inTime = servedAt !== undefined && servedAt < start + durationSeconds - 2;
    // Below what the inverters give at least no limit is ever carried out.
    const isExcused = (): boolean =>
      limitW < this.#floor || (servedAt !== undefined && this.#isUntoldThrough(Math.max(start, servedAt), end, faults));
    const text = `${mRID}: ${mine.length === 0 ? 'none' : mine.join(', ')}`;
    if (!rising || (inTime && ranks[0] !== 0)) this.say('transitions', start, text);
    else if (inTime && ranks.at(-1) !== 2 && !(ranks.at(-1) === 0 && isExcused()))
      this.say('transitions', start, `never ended: ${text}`);
  }

  /** Somebody could not be told at any time of an event: it was never carried out, and nobody may say that it was. */
  #isUntoldThrough(from: number, until: number, faults: readonly FaultSpan[]): boolean {
    let coveredUntil = from;
    for (const span of faults) {
      const excuses = UNTOLD.includes(span.fault) || span.fault === 'line-down' || span.fault === 'controld-killed';
      if (excuses && span.from <= coveredUntil) coveredUntil = Math.max(coveredUntil, span.until + this.#back);
    }
    return coveredUntil >= until;
  }

  /** Sum over the inverters that can be told, or over the others, so many cells ago. */
  #sum(told: boolean, cellsAgo: number, at: number): number {
    const slot = (this.#cells - 1 - Math.min(cellsAgo, this.#cells - 1)) % KEPT_CELLS;
    return this.#parts.reduce(
      (sum, part, index) => ((this.#untold[index] as Lately).within(this.#back, at) === told ? sum : sum + (part[slot] ?? 0)),
      0,
    );
  }

  #helpless(at: number, excess: number): boolean {
    if (this.#sum(true, 0, at) + this.#sum(false, 0, at) <= this.#floor + GIVEN_WAY_W) return true;
    if (!this.#untold.some((one) => one.within(this.#back, at))) return false;
    if (this.#untold.length === 1) return true;
    const rise = this.#sum(false, 0, at) - this.#sum(false, RISE_CELLS, at);
    return this.#sum(true, 0, at) <= this.#floor + GIVEN_WAY_W || excess <= BAND_W + rise;
  }

  #isExcused(at: number): boolean {
    return this.#isUnclear(at) || [this.#line, this.#dead, this.#frozen, this.#turned].some((one) => one.within(this.#back, at));
  }

  #export(at: number, netExport: number): void {
    const { limitW, since } = this.#rules;
    if (limitW === null || netExport <= limitW + BAND_W || this.#isExcused(at) || this.#helpless(at, netExport - limitW)) {
      if (at - this.#spellLast > SPELL_JOIN) this.#spellFrom = null;
      return;
    }
    if (this.#spellFrom === null || this.#spellFrom < since) this.#spellFrom = at;
    this.#spellLast = at;
    if (at - this.#spellFrom <= this.#budget) return;
    this.say('export', at, `${Math.round(netExport)} W over ${limitW} W since ${this.#spellFrom.toFixed(1)} s`);
    this.#spellFrom = at;
  }

  #blind(at: number, generation: number): void {
    const budget = STALE_SECONDS + this.#budget;
    const { limitW, since } = this.#rules;
    const over = this.#meterSilent.stands && limitW !== null && generation > limitW + BAND_W;
    if (!over) this.#blindFor = 0;
    if (!over || at - this.#meterSilent.since <= budget || at - this.#darkAt <= budget || at - since <= budget) return;
    const away = RETURN_SECONDS + budget;
    const excused = [this.#line, this.#dead, ...this.#untold].some((one) => one.within(away, at));
    if (excused || this.#isUnclear(at) || generation <= this.#floor + GIVEN_WAY_W) return;
    this.#blindFor += CELL_SECONDS;
    if (this.#blindFor <= HARD_SECONDS) return;
    this.#blindFor = 0;
    this.say('blind', at, `generates ${Math.round(generation)} W with a silent meter under ${limitW} W`);
  }

  /** What the gateway says binds; `toldW` undefined while it is dead. */
  #told(at: number, toldW: number | null): void {
    const { limitW, source } = this.#rules;
    const wrong = toldW !== null && limitW !== null && toldW !== limitW && !this.#isUnclear(at);
    this.#toldFor = wrong ? this.#toldFor + CELL_SECONDS : 0;
    if (this.#toldFor === Math.ceil(TOLD_SECONDS / CELL_SECONDS) * CELL_SECONDS)
      this.say('limit', at, `gateway holds ${toldW} W, ${source} says ${limitW} W`);
  }

  /** A process started again writes the cap at once. */
  #start(at: number): void {
    if (this.#startedAt === null || at - this.#startedAt < RESTART_SECONDS) return;
    const from = this.#startedAt;
    this.#startedAt = null;
    const excused = [this.#line, ...this.#untold].some((one) => one.within(RETURN_SECONDS, at));
    if (from < 5 || excused || at - this.#darkAt <= ASLEEP_SECONDS) return;
    this.say('restart', from, `no cap written within ${RESTART_SECONDS} s of the start`);
  }

  #energy(at: number, generation: number, load: number, available: number): void {
    const { seconds, healing } = this.#site.chapters;
    const healed = (at % seconds) - (seconds - healing);
    const { limitW } = this.#rules;
    if (limitW === null || healed < 150 + 4 * this.#slowness) return;
    this.#used += generation;
    this.#allowed += Math.min(available, Math.max(0, limitW + load));
  }

  #peakLoad(): number {
    let peak = 0;
    for (let ago = 0; ago <= Math.min(LOAD_MEMORY / CELL_SECONDS, this.#cells - 1); ago += 1)
      peak = Math.max(peak, this.#loads[(this.#cells - 1 - ago) % KEPT_CELLS] ?? 0);
    return peak;
  }

  /** Meter and inverter are read one after the other: how far the output moved within a second or two. */
  #moved(): number {
    const now = this.#generations[(this.#cells - 1) % KEPT_CELLS] ?? 0;
    let most = 0;
    for (let ago = 1; ago <= Math.min(3, this.#cells - 1); ago += 1)
      most = Math.max(most, Math.abs(now - (this.#generations[(this.#cells - 1 - ago) % KEPT_CELLS] ?? 0)));
    return most;
  }
}
