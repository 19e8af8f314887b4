import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { NO_DEMANDS, observeDemands, usableBy } from '#control/allocate/demand.ts';
import { type GenerationTrack, newTrack } from '#control/limiter/generation.ts';
import { toDeviceId } from '#site/device.ts';

const [SHADED, SUNNY] = [toDeviceId('one'), toDeviceId('two')];
const WMAX = watts(1000);

/** Held at 800 W since `disturbedAt`, and read each second until `readAt`, seconds. */
const track = (device: GenerationTrack['device'], output: number, [disturbedAt, readAt]: readonly [number, number]) => ({
  track: {
    ...newTrack(device, WMAX),
    state: 'throttled' as const,
    heldCap: watts(800),
    heldSince: monoMs(1000 * disturbedAt),
    disturbedAt: monoMs(1000 * disturbedAt),
    readings: [2, 1, 0].map((before) => ({ at: monoMs(1000 * (readAt - before)), generation: watts(output) })),
  },
  standing: 'answering' as const,
  least: watts(100),
  settleMs: 5000,
  gain: 1,
});

describe('what an inverter can use', () => {
  const usableAt = (times: readonly [number, number], now: number): number | null =>
    usableBy(observeDemands(NO_DEMANDS, [track(SHADED, 300, times), track(SUNNY, 800, times)], monoMs(1000 * now)), SHADED);

  it('is what it makes under a cap that it had time to follow', () => {
    expect(usableAt([50, 60], 60)).toBe(320);
    expect(usableAt([50, 53], 53)).toBeNull();
  });

  it('is not told by a reading from before its cap, however long ago that was', () => {
    expect(usableAt([50, 49], 60)).toBeNull();
    expect(usableAt([50, 54], 60)).toBeNull();
  });
});
