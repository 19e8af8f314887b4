import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import { monoMs } from '#base/units.ts';
import { RefreshPhase } from '#drivers/meter/refresh.ts';

const FAST_MS = 250;
const POLL_TAKES_MS = 90;

interface Polled {
  readonly at: number;
  /** Number of the refresh whose values it read. */
  readonly refresh: number;
  /** Since that refresh. */
  readonly age: number;
  readonly learned: boolean;
}

/** A meter polled as its session does it; `refreshOf` numbers the refreshes by time. */
const pollFor = (seconds: number, startOf: (refresh: number) => number, closely = false, delay: () => number = () => 0) => {
  const phase = new RefreshPhase();
  const polls: Polled[] = [];
  let seen = -1;
  let refresh = 0;
  for (let at = 1000; at < 1000 + seconds * 1000; ) {
    while (startOf(refresh + 1) <= at) refresh += 1;
    phase.polled(monoMs(at), refresh !== seen);
    seen = refresh;
    polls.push({ at, refresh, age: at - startOf(refresh), learned: phase.isLearned });
    const next = phase.next(closely) ?? at + FAST_MS;
    at = Math.max(Math.min(next, at + 1200), at + POLL_TAKES_MS) + delay();
  }
  return { phase, polls, late: polls.slice(Math.floor(polls.length / 2)) };
};

const steady = (period: number, offset: number) => (refresh: number) => offset + refresh * period;
const missed = (polls: readonly Polled[]): number =>
  polls.filter(({ refresh }, index) => index > 0 && refresh > (polls[index - 1]?.refresh ?? 0) + 1).length;

describe('RefreshPhase', () => {
  it.each([
    [1000, 0],
    [1000, 777],
    [1004, 130],
    [990, 400],
    [700, 50],
  ])('reads soon after each refresh of a meter of %d ms, phase %d, with little more than one poll', (period, offset) => {
    const { polls, late } = pollFor(200, steady(period, offset));
    const refreshes = new Set(late.map(({ refresh }) => refresh)).size;
    expect(missed(polls)).toBe(0);
    expect(late.length / refreshes).toBeLessThan(1.35);
    const fresh = late.filter(({ refresh }, index) => index > 0 && refresh !== late[index - 1]?.refresh).map(({ age }) => age);
    expect(Math.max(...fresh)).toBeLessThan(200);
    expect(fresh.reduce((sum, age) => sum + age, 0) / fresh.length).toBeLessThan(90);
  });

  it('brackets each refresh with two polls while a change is attended', () => {
    const { late } = pollFor(200, steady(1000, 300), true);
    const brackets = late.flatMap(({ at, refresh }, index) => {
      const before = late[index - 1];
      return before !== undefined && refresh === before.refresh + 1 ? [at - before.at] : [];
    });
    expect(brackets.length).toBeGreaterThan(90);
    expect(Math.max(...brackets)).toBeLessThan(FAST_MS);
  });

  it.each([100, 200, 400])('leaves a meter of %d ms to fast polling', (period) => {
    const { polls } = pollFor(60, steady(period, 20));
    expect(polls.every(({ learned }) => !learned)).toBe(true);
  });

  it('reads a meter of two seconds once a second at least', () => {
    const { polls } = pollFor(200, steady(2000, 300));
    expect(missed(polls)).toBe(0);
    const gaps = polls.slice(1).map(({ at }, index) => at - (polls[index]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(1201);
  });

  it('polls fast again when the registers no longer move', () => {
    const stopsAt = 100;
    const { polls } = pollFor(150, (refresh) => (refresh <= stopsAt ? refresh * 1000 : Infinity));
    const after = polls.filter(({ at }) => at > (stopsAt + 3) * 1000);
    expect(after.every(({ learned }) => !learned)).toBe(true);
    expect(after.length).toBeGreaterThan(40 * 3.5);
  });

  it('finds a rhythm that changed', () => {
    const { polls, late } = pollFor(300, (refresh) => (refresh <= 100 ? refresh * 1000 : 100_000 + (refresh - 100) * 900));
    expect(missed(polls.filter(({ at }) => at > 200_000))).toBe(0);
    expect(late.at(-1)?.learned).toBe(true);
  });

  it('misses no refresh of a meter whose polls wait for others on the line', () => {
    const random = new SeededRandom(1, 'line');
    const { polls } = pollFor(600, steady(1000, 210), false, () => (random.fraction() < 0.3 ? random.between(0, 200) : 0));
    expect(missed(polls)).toBe(0);
  });

  it('forgets', () => {
    const { phase } = pollFor(60, steady(1000, 0));
    expect(phase.isLearned).toBe(true);
    phase.forget();
    expect(phase.next(false)).toBeNull();
  });
});
