import { durationMs, watts } from '#base/units.ts';
import type { Band, OnSilence } from '#site/device.ts';
import type { Order } from '../line/order-writer.ts';
import { applyScale } from '../sunspec/codec.ts';
import { derControlsModel } from '../sunspec/models/der-controls.ts';
import { spanTo } from '../sunspec/points.ts';
import { isWhole, type StorageTarget } from './window.ts';

const { points } = derControlsModel;
const READ = spanTo(derControlsModel, 'WSetRvrtRem');
/** Registers of WSetEna, WSetMod, WSet and WSetRvrt. */
const POWERS = 6;
const WATTS_MODE = 1;
const ROUNDING = 1e-9;
const NOT_IMPLEMENTED = 0x8000;
const LONGEST_TIMER_SECONDS = 0xfffe;

const pair = (value: number): readonly [number, number] => [Math.floor(value / 0x10000) & 0xffff, value & 0xffff];

/**
 * The register value of the power in the band that is nearest to rest. A device that takes a power has no window: where the band leaves
 * a choice it rests, rather than run on into another state of the site. The upper bound stands where a step is wider than the band.
 */
const rawPower = ({ least, most }: Band, scale: number): number => {
  const step = applyScale(1, scale);
  const power = Math.min(Math.max(0, least), most);
  if (power <= 0) return Math.floor(power / step + ROUNDING);
  const up = Math.ceil(power / step - ROUNDING);
  return up * step <= most + ROUNDING ? up : Math.floor(power / step + ROUNDING);
};

/**
 * A band as WSet of model 704 takes it: one write, with the reversion to 0 W where the profile asks for it; per cents that it does not
 * use stay as they were `found` (WSetPct, WSetPctRvrt). The whole range gives the device back to its own automatic.
 */
export const powerOrder = (
  band: Band,
  onSilence: OnSilence,
  { unitId, place, rating, scale }: StorageTarget,
  found: Uint16Array | null,
): Order<Band> => {
  const at = place.address + points.WSetEna.at;
  const read = { kind: 'read', unitId, address: place.address, count: READ } as const;
  const write = (words: readonly number[]) => [{ kind: 'write', unitId, address: at, words }] as const;
  if (isWhole(band, rating)) {
    const meaning = { least: watts(0 - rating.maxCharge), most: rating.maxDischarge };
    const stands = (words: Uint16Array): boolean => words[points.WSetEna.at] === 0;
    return { meaning, key: 'automatic', writes: write([0]), read, stands, lapses: null };
  }
  const raw = rawPower(band, scale);
  const power = watts(applyScale(raw, scale));
  const lapses = onSilence.kind === 'holds' ? null : onSilence.after;
  const timer = lapses === null ? 0 : Math.max(1, Math.min(Math.floor(lapses / 1000), LONGEST_TIMER_SECONDS));
  const rests = onSilence.kind === 'reverts-to' ? 1 : 0;
  const percents = [points.WSetPct.at, points.WSetPctRvrt.at].map((point) => found?.[point] ?? NOT_IMPLEMENTED);
  const words = [1, WATTS_MODE, ...pair(raw), ...pair(0), ...percents, rests, ...pair(timer)];
  const same = (seen: Uint16Array): boolean =>
    words.slice(0, POWERS).every((word, index) => seen[points.WSetEna.at + index] === word);
  const timerAt = points.WSetRvrtTms.at;
  return {
    meaning: { least: power, most: power },
    key: JSON.stringify([raw, timer, rests]),
    writes: write(words),
    read,
    stands: (seen) => {
      const left = (seen[timerAt] ?? 0) * 0x10000 + (seen[timerAt + 1] ?? 0);
      const runs = timer === 0 ? left === 0 || left === 0xffff_ffff : left >= 1 && left <= timer;
      return same(seen) && (timer === 0 || seen[points.WSetEnaRvrt.at] === rests) && runs;
    },
    lapses: lapses === null ? null : durationMs(lapses),
  };
};
