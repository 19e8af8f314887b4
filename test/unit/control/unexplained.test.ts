import { describe, expect, it } from 'vitest';
import { type MonoMs, monoMs, watts } from '#base/units.ts';
import { newTrack, withReading } from '#control/limiter/generation.ts';
import { NOT_YET_SEEN, type SightState } from '#control/limiter/sight.ts';
import { observeUnexplained, type Unexplained } from '#control/tick/unexplained.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { inverterSample, PLANT, PV, WMAX } from './site.ts';

const OTHER = toDeviceId('other');

/** What is thought of a site that exports `exported(second)`: the one inverter is read at 2 kW or what it `delivers`, the other stands as `standing` says. */
const after = (
  seconds: number,
  exported: (second: number) => number | null,
  standing: (second: number) => DeviceStanding = () => 'asleep',
  before: Unexplained | null = null,
  delivers = 2000,
): Unexplained | null => {
  let state = before;
  for (let second = 0; second <= seconds; second += 1) {
    const now: MonoMs = monoMs(1000 * second);
    const export_ = exported(second);
    const sight: SightState = { ...NOT_YET_SEEN, seen: export_ !== null, netImport: export_ === null ? null : watts(-export_) };
    const read = withReading(newTrack(PV, watts(WMAX / 2)), inverterSample(1000 * second, delivers));
    const standings = new Map<typeof PV, DeviceStanding>([
      [PV, 'answering'],
      [OTHER, standing(second)],
    ]);
    state = observeUnexplained(state, { sight, tracks: [read, newTrack(OTHER, watts(WMAX / 2))], standings, plant: PLANT }, now);
  }
  return state;
};

describe('an inverter that is taken to sleep', () => {
  it('sleeps while the flow is what the others give, less a load', () => {
    expect(after(20, () => 2250)).toBeNull();
    expect(after(20, () => -500)).toBeNull();
  });

  it('counts as awake once more was exported for three seconds, each of them or nearly', () => {
    expect(after(2, () => 4000)?.isCounted).toBe(false);
    expect(after(3, () => 4000)?.isCounted).toBe(true);
    expect(after(4, (second) => (second === 2 ? 1900 : 4000))?.isCounted).toBe(true);
    // A flow and an output that were read one after the other, while the output fell.
    expect(after(20, (second) => (second < 2 ? 4000 : 1900))).toBeNull();
  });

  it('counts so through a meter that is lost, and half a minute after the last sign', () => {
    expect(after(20, (second) => (second < 5 ? 4000 : null))?.isCounted).toBe(true);
    expect(after(33, (second) => (second < 5 ? 4000 : 1900))?.isCounted).toBe(true);
    expect(after(40, (second) => (second < 5 ? 4000 : 1900))).toBeNull();
  });

  it('is no other where it answers now and then and never says what it gives', () => {
    expect(
      after(
        6,
        () => 4000,
        (second) => (second % 2 === 0 ? 'asleep' : 'answering'),
      )?.isCounted,
    ).toBe(true);
  });

  it('counts as awake where nobody sees the flow and another delivers', () => {
    expect(after(2, () => null)?.isCounted).toBe(false);
    expect(after(3, () => null)?.isCounted).toBe(true);
    // At night all of them sleep, or the one that answers delivers next to nothing.
    expect(after(20, () => null, undefined, null, 100)).toBeNull();
    // One that answers and is capped needs no room.
    expect(
      after(
        20,
        () => null,
        () => 'answering',
      ),
    ).toBeNull();
  });

  it('that is given up for silent is counted already', () => {
    expect(
      after(
        20,
        () => 4000,
        () => 'silent',
      ),
    ).toBeNull();
  });
});
