import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { follow, FOLLOWING, type FollowState, isCountedAsIs } from '#control/follow/follow.ts';
import { type GenerationTrack, newTrack, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { inverterSample, PV, WMAX } from './site.ts';

interface Seen {
  readonly state: FollowState;
  /** When it had to be written again, milliseconds since the cap. */
  readonly asserted: readonly number[];
}

/** An inverter under `cap` from time 0, read each 250 ms. */
const watch = (cap: number | null, output: (t: number) => number, span: number, settleMs = 5000): Seen => {
  let track: GenerationTrack = newTrack(PV, watts(WMAX));
  if (cap !== null) track = withHeldCap(track, watts(cap), monoMs(0));
  let state = FOLLOWING;
  const asserted: number[] = [];
  for (let t = 250; t <= span; t += 250) {
    track = withReading(track, inverterSample(t, output(t)));
    const step = follow(state, track, { gain: 1, settleMs }, monoMs(t));
    state = step.state;
    if (step.assert) asserted.push(t);
  }
  return { state, asserted };
};

/** First-order lag from 9 kW to the cap. */
const lag = (cap: number, seconds: number) => (t: number) => cap + (9000 - cap) * Math.exp(-t / (1000 * seconds));

describe('an inverter', () => {
  it.each([
    ['does what it was told', 4000, () => 4000],
    ['delivers ten per cent more: the trim sees to that', 4000, () => 4400],
    ['has no cap', null, () => 9000],
    ['is on its way down, slowly', 4000, lag(4000, 4)],
  ])('that %s obeys', (_, cap, output) => {
    const { state, asserted } = watch(cap, output, 30_000);
    expect(state.obedience).toBe('obeys');
    expect(asserted).toEqual([]);
  });

  it('that stays above its cap is told again after three seconds, then each ten; disobeys after ten', () => {
    expect(watch(4000, () => 9000, 2750).asserted).toEqual([]);
    expect(watch(4000, () => 9000, 9000)).toMatchObject({ asserted: [3250, 6250], state: { obedience: 'resists' } });
    expect(watch(4000, () => 9000, 2750).state.obedience).toBe('lags');
    // the others give way before the alarm
    expect(isCountedAsIs(watch(4000, () => 9000, 2750).state)).toBe(false);
    expect(isCountedAsIs(watch(4000, () => 9000, 9000).state)).toBe(true);
    const long = watch(4000, () => 9000, 40_000);
    expect(long.state.obedience).toBe('disobeys');
    expect(long.asserted.length).toBeLessThanOrEqual(7);
  });

  it('that rises above a cap that stood for long has lost it: told again at once', () => {
    const rises = (t: number): number => (t < 20_000 ? 4000 : Math.min(9000, 4000 + 2 * (t - 20_000)));
    const [first = Infinity] = watch(4000, rises, 30_000).asserted;
    // 4680 W count as above.
    expect(first).toBeGreaterThan(20_340);
    expect(first).toBeLessThanOrEqual(20_750);
    // Soon after a new cap it may still be on the way that the one before it gave.
    expect(watch(4000, (t) => Math.min(9000, 4000 + 2 * t), 2750).asserted).toEqual([]);
  });

  it('that is slow by nature gets its settling time', () => {
    const slow = (t: number): number => 9000 - 0.05 * t;
    expect(watch(4000, slow, 24_000, 25_000).state.obedience).toBe('lags');
    expect(watch(4000, slow, 26_000, 25_000).state.obedience).toBe('disobeys');
  });

  it('that does not come down at all gets no longer than a dead time may be, however slow it is thought to be', () => {
    // 0.4 of what it takes to settle: it was once given up for slow because it ignored a cap.
    expect(watch(4000, () => 9000, 9750, 25_000).state.obedience).toBe('lags');
    expect(watch(4000, (t) => 8000 + 0.02 * t, 10_500, 25_000).state.obedience).toBe('disobeys');
    expect(isCountedAsIs(watch(4000, () => 9000, 6000, 25_000).state)).toBe(false);
  });

  it('that came down is believed after three readings', () => {
    const output = (t: number): number => (t < 20_000 ? 9000 : 4000);
    expect(watch(4000, output, 20_250).state.obedience).toBe('disobeys');
    expect(watch(4000, output, 20_500).state.obedience).toBe('obeys');
  });
});
