import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { isStray, obey, OBEYING, type ObeyState } from '#control/storage/obey.ts';
import { newStorageTrack, type StorageTrack } from '#control/storage/track.ts';
import { type Band, toDeviceId } from '#site/device.ts';

/** Charges with twice what it discharges with, as hybrids do. */
const RATING = { maxCharge: watts(4000), maxDischarge: watts(2000) };
const band = (least: number, most: number): Band => ({ least: watts(least), most: watts(most) });

/** Half a minute at `power` under the band that was asked for and the one that is held. */
const watched = (asked: Band, held: Band, power: number): ObeyState => {
  let state = OBEYING;
  for (let second = 1; second <= 30; second += 1) {
    const now = monoMs(second * 1000);
    const track: StorageTrack = {
      ...newStorageTrack(toDeviceId('battery-1'), RATING),
      readings: [{ at: now, discharge: watts(power) }],
      held,
      asked: { band: asked, at: monoMs(0) },
    };
    ({ state } = obey(state, track, now));
  }
  return state;
};

describe('a battery that is to charge with more than it can be forced to', () => {
  it('obeys with what can be held of the band', () => {
    expect(watched(band(-4000, -3500), band(-4000, -2000), -2050).disobeys).toBe(false);
  });

  it('does not obey with less', () => {
    expect(watched(band(-4000, -3500), band(-4000, -2000), -1500).disobeys).toBe(true);
  });
});

describe('a battery that may not charge', () => {
  it('does not obey while it charges', () => {
    expect(watched(band(0, 2000), band(0, 2000), 0).disobeys).toBe(false);
    expect(watched(band(0, 2000), band(0, 2000), -500).disobeys).toBe(true);
  });
});

describe('a battery whose band moves faster than it is read', () => {
  /** Told 400 W less charge each second, read each 1.3 s: what it does at second `at` is `power(at)`. */
  const straysAt = (seconds: number, power: (at: number) => number): boolean => {
    let state = OBEYING;
    let readings: StorageTrack['readings'] = [];
    let isOne = false;
    for (let tick = 1; tick <= 10 * seconds; tick += 1) {
      const at = tick / 10;
      const now = monoMs(at * 1000);
      if (tick % 13 === 0) readings = [...readings, { at: now, discharge: watts(power(at)) }];
      const least = Math.min(0, -3200 + 400 * Math.floor(at));
      const track: StorageTrack = {
        ...newStorageTrack(toDeviceId('battery-1'), RATING),
        ...{ readings, held: band(least - 400, least) },
        asked: { band: band(least, least), at: monoMs(Math.floor(at) * 1000) },
      };
      ({ state } = obey(state, track, now));
      isOne ||= isStray(state, track, now);
    }
    return isOne;
  };

  it('is none of its own mind while it comes towards it', () => {
    expect(straysAt(8, (at) => Math.min(0, -4000 + 400 * at))).toBe(false);
  });

  it('is one where it stays as it is', () => {
    expect(straysAt(8, () => -3200)).toBe(true);
  });
});
