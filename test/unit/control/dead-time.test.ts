import { describe, expect, it } from 'vitest';
import { durationMs, monoMs, type Watts, watts } from '#base/units.ts';
import { envelope, type GenerationTrack, newTrack, withAskedCap, withHeldCap, withReading } from '#control/limiter/generation.ts';
import { toDeviceId } from '#site/device.ts';

const DEVICE = toDeviceId('pv');
const NONE = { a: null, b: null, c: null };

const read = (track: GenerationTrack, at: number, generation: number): GenerationTrack =>
  withReading(track, {
    kind: 'inverter',
    device: DEVICE,
    takenAt: monoMs(at),
    generation: watts(generation),
    state: 'throttled',
    reactive: null,
    apparent: null,
    current: null,
    voltage: NONE,
    frequency: null,
    lifetimeEnergy: null,
  });

/** An inverter at 1 kW that was let up to 2.4 kW at 10 s, and is cut to `then` at 14 s. */
const raisedThenCut = (then: number): GenerationTrack => {
  const low = withHeldCap(newTrack(DEVICE, watts(10_000)), watts(1000), monoMs(0));
  const raised = read(withHeldCap(low, watts(2400), monoMs(10_000)), 13_000, 1000);
  return read(withHeldCap(raised, watts(then), monoMs(14_000)), 14_500, 1000);
};
const highest = (track: GenerationTrack, from: number, { gain = 1, settleMs = 12_500 } = {}): Watts | undefined =>
  envelope(track, monoMs(from), monoMs(from + 300), durationMs(150), { gain, settleMs })?.high;

it('an inverter of which no cap is proven may get what was asked for long ago at any instant: its line is back', () => {
  const asked = withAskedCap(newTrack(DEVICE, watts(10_000)), watts(0), monoMs(1000));
  const known = (track: GenerationTrack) =>
    envelope(read(track, 14_500, 4800), monoMs(14_600), monoMs(14_900), durationMs(150), { gain: 1, settleMs: 5000 });
  expect(known(asked)?.low).toBe(0);
  // Once it holds something, what is not read back soon was lost.
  const holds = withHeldCap(asked, watts(5000), monoMs(1200));
  expect(known(withAskedCap(holds, watts(0), monoMs(2000)))?.low).toBe(known(holds)?.low);
});

it('an inverter that was not heard for seconds, and lost its cap, may have delivered anything meanwhile', () => {
  const held = withHeldCap(newTrack(DEVICE, watts(10_000)), watts(3200), monoMs(0));
  const bounds = (gap: number, isLost: boolean) => {
    const heard = read(read(held, 1000, 3200), 2000, 3200);
    const back = read(isLost ? withHeldCap(heard, null, monoMs(2000 + gap)) : heard, 2000 + gap, 3100);
    const one = envelope(back, monoMs(1500 + gap), monoMs(1900 + gap), durationMs(0), { gain: 1, settleMs: 2500 });
    return one === null ? [] : [Math.round(one.low), Math.round(one.high)];
  };
  expect(bounds(1000, true)).toEqual([3110, 3150]);
  expect(bounds(4000, true)).toEqual([0, 10_000]);
  // On a noisy line it is what it was told.
  expect(bounds(4000, false)).toEqual([3103, 3113]);
});

it('an inverter that was raised while the meter refreshed may have told of it late', () => {
  const at3 = withHeldCap(newTrack(DEVICE, watts(10_000)), watts(3000), monoMs(0));
  const raised = withHeldCap(read(read(at3, 9000, 3000), 10_000, 3000), watts(4500), monoMs(10_200));
  // Registers that are renewed once a second: what was read at 10.9 s was given before 10.2 s.
  const back = read(read(raised, 10_900, 3000), 11_500, 4400);
  const most = (from: number) => envelope(back, monoMs(from), monoMs(10_700), durationMs(150), { gain: 1, settleMs: 2500 })?.high;
  expect(most(9700)).toBeGreaterThan(4300);
  expect(most(10_300)).toBe(most(9700));
});

describe('an inverter with a dead time', () => {
  it('may still rise to the cap that was held before', () => {
    expect(highest(raisedThenCut(2000), 14_600)).toBe(2400);
  });

  it('rises by its own gain above what it is told', () => {
    expect(highest(raisedThenCut(2000), 14_600, { gain: 1.05 })).toBeCloseTo(2520);
    expect(highest(raisedThenCut(2000), 14_600, { gain: 0.95 })).toBe(2400);
  });

  it('acts no more on a cap left longer ago than it ever took', () => {
    const quick = { settleMs: 2500 };
    expect(highest(read(raisedThenCut(2000), 16_000, 1000), 16_100, quick)).toBe(2000);
  });

  it('remembers a bounded number of caps', () => {
    let track = newTrack(DEVICE, watts(10_000));
    for (let at = 0; at < 100; at += 1) track = withHeldCap(track, watts(1000 + at), monoMs(100 * at));
    expect(track.left?.length).toBe(6);
    expect(track.left?.at(-1)?.cap).toBe(1098);
  });

  it('is read from a tape that knows no caps left', () => {
    const { left, ...older } = raisedThenCut(2000);
    expect(left?.map(({ cap }) => cap)).toEqual([1000, 2400]);
    expect(highest(older, 14_600)).toBe(2000);
  });

  it('told by old registers, may have gone up further already; not once it has settled', () => {
    const low = withHeldCap(newTrack(DEVICE, watts(10_000)), watts(1000), monoMs(0));
    let track = withHeldCap(low, watts(6000), monoMs(20_000));
    for (const [at, generation] of [
      [20_500, 1500],
      [21_000, 2500],
      [21_500, 3500],
      [22_500, 4500],
    ] as const)
      track = read(track, at, generation);
    const between = { gain: 1, settleMs: 2500, deadTime: { least: 0, most: 300, isConfirmed: true } };
    const at = (from: number, response = between) => envelope(track, monoMs(from), monoMs(from + 100), durationMs(150), response);
    expect(at(20_500)).toMatchObject({ low: 1500, high: 3600 });
    expect(at(20_500, { ...between, settleMs: 400 })?.high).toBeLessThan(2100);
  });

  it('may go up as late as any plant does, until its dead time is known', () => {
    const raised = (at: number, generation = 1000): GenerationTrack =>
      read(
        withHeldCap(withHeldCap(newTrack(DEVICE, watts(10_000)), watts(1000), monoMs(0)), watts(6000), monoMs(20_000)),
        at,
        generation,
      );
    const deadTime = { least: 0, most: 300, isConfirmed: true };
    const high = (track: GenerationTrack, at: number, known = {}): number | undefined =>
      envelope(track, monoMs(at), monoMs(at + 300), durationMs(150), { gain: 1, settleMs: 2500, ...known })?.high;
    expect(high(raised(30_000), 30_100)).toBe(6000);
    expect(high(raised(30_000), 30_100, { deadTime })).toBe(1000);
    expect(high(raised(36_000), 36_100)).toBe(1000);
    // It stands at its cap: there is nothing to wait for.
    expect(high(raised(30_000, 5900), 30_100)).toBe(5900);
  });
});
