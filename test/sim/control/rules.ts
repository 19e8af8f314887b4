/** The export limit that ought to be in force, from what was served and when; forgets what is long over (compare test/sim/oracle.ts). */
import type { DrawnEvent } from './draw.ts';

type Phase = 'waiting' | 'running' | 'over';

interface Tracked {
  readonly event: DrawnEvent;
  readonly start: number;
  readonly end: number;
  cancelledAt: number;
  phase: Phase;
}

/** Kept after its end, seconds: longer than it is listed. */
const KEPT_SECONDS = 400;

const isBetter = (a: Tracked, b: Tracked): boolean =>
  a.event.program < b.event.program || (a.event.program === b.event.program && a.event.createdAt > b.event.createdAt);

const overlaps = (a: Tracked, b: Tracked): boolean => a.start < b.end && b.start < a.end;

/** When time alone changes it next. */
const dueOf = ({ phase, start, end, cancelledAt }: Tracked, at: number): number =>
  phase === 'over' ? Infinity : Math.min(...[start, end, cancelledAt].filter((one) => one > at));

/** Lowest primacy, then newest; what begins ends every worse one that runs, for ever; the better program's default in between (IEEE 2030.5 10.10.4.2). */
export class Rules {
  readonly #default: number;
  readonly #utilityPhase: number;
  readonly #tracked = new Map<string, Tracked>();
  #isKnown = false;
  /** What a source beside the utility said, until when; null: nothing. */
  #said: { readonly limitW: number | null; readonly until: number } | null = null;
  readonly #fallbackW: number | null;
  #nextAt = Infinity;
  #at = 0;
  /** Limit in force, watts; null: the utility has said nothing yet. */
  limitW: number | null = null;
  source = 'nothing';
  /** Since when, and the one before. */
  since = 0;
  before: number | null = null;
  /** Changes so far. */
  changes = 0;

  /** @param fallbackW while the source beside the utility is silent, watts; null: there is none */
  constructor(defaultW: number, utilityPhase: number, fallbackW: number | null) {
    this.#default = defaultW;
    this.#utilityPhase = utilityPhase;
    this.#fallbackW = fallbackW;
  }

  /** The source beside the utility was heard; null: whatever it said is forgotten. */
  hear(now: number, said: { readonly limitW: number | null; readonly until: number } | null): void {
    this.advance(now);
    this.#said = said;
    this.#step(now);
  }

  /** When the last event that was served ends, if nothing cancels it, or would have; seconds. */
  get lastEnd(): number {
    let last = -Infinity;
    for (const { end } of this.#tracked.values()) last = Math.max(last, end);
    return last;
  }

  get size(): number {
    return this.#tracked.size;
  }

  /** The gateway was told of these events now. */
  serve(listed: readonly DrawnEvent[], now: number): void {
    this.advance(now);
    this.#isKnown = true;
    for (const event of listed) {
      const known = this.#tracked.get(event.mRID);
      const cancelled = event.cancelAt !== null && event.cancelAt <= now;
      if (known === undefined) {
        const start = event.start - this.#utilityPhase;
        this.#tracked.set(event.mRID, {
          ...{ event, start, end: start + event.durationSeconds, phase: 'waiting' },
          cancelledAt: cancelled ? now : Infinity,
        });
      } else if (cancelled) known.cancelledAt = Math.min(known.cancelledAt, now);
    }
    this.#step(now);
  }

  advance(now: number): void {
    while (this.#nextAt <= now) this.#step(this.#nextAt);
    this.#at = now;
  }

  #step(at: number): void {
    this.#at = at;
    const all = [...this.#tracked.values()];
    for (const one of all) {
      if (one.end <= at || one.cancelledAt <= at) one.phase = 'over';
      if (one.end + KEPT_SECONDS < at) this.#tracked.delete(one.event.mRID);
    }
    const due = all.filter(({ phase, start }) => phase === 'waiting' && start <= at).sort((a, b) => (isBetter(a, b) ? -1 : 1));
    for (const one of due) if (one.phase === 'waiting') this.#begin(one, all);
    const running = all.filter(({ phase }) => phase === 'running').sort((a, b) => (isBetter(a, b) ? -1 : 1))[0];
    const counts = this.#said !== null && this.#said.until > at ? this.#said : null;
    this.#bind(running, counts === null ? this.#fallbackW : counts.limitW);
    this.#nextAt = all.reduce((next, one) => Math.min(next, dueOf(one, at)), counts?.until ?? Infinity);
  }

  /** The tighter of the two; null: the source beside the utility sets no limit, or there is none. */
  #bind(running: Tracked | undefined, localW: number | null): void {
    const utilityW = running?.event.limitW ?? this.#default;
    if (localW !== null && localW < utilityW) this.#hold(localW, 'source');
    else this.#hold(utilityW, running?.event.mRID ?? 'default');
  }

  #begin(one: Tracked, all: readonly Tracked[]): void {
    const others = all.filter((other) => other !== one && overlaps(other, one));
    if (others.some((other) => other.phase === 'running' && isBetter(other, one))) {
      one.phase = 'over';
      return;
    }
    one.phase = 'running';
    for (const other of others) if (other.phase === 'running' && isBetter(one, other)) other.phase = 'over';
  }

  #hold(limitW: number, source: string): void {
    if (!this.#isKnown || (limitW === this.limitW && source === this.source)) return;
    this.before = this.limitW;
    this.limitW = limitW;
    this.source = source;
    this.since = this.#at;
    this.changes += 1;
  }
}
