import { hertz, vars, volts, wattHours, watts } from '#base/units.ts';
import type { MonoMs, Watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { InverterSample } from '#site/sample.ts';
import { mapValue } from '../meter/map-reading.ts';
import type { Registers } from '../meter/map-reading.ts';
import type { InverterMap, InverterQuantity } from '../profile/inverter-map.ts';
import { applyScale } from '../sunspec/codec.ts';

/** Output beyond this multiple of the rating is no measurement (sunspec.md 2.3). */
const PLAUSIBLE_RATING = 1.5;
const SIGN = 0x8000;
const SCALE_MOST = 10;
/** Beyond this a rating is no number of an inverter. */
const RATING_MOST = 10_000_000;

/** The registers of a reply by address. */
export const registersOf = (address: number, words: Uint16Array): Registers =>
  new Map([...words].map((word, index) => [address + index, word]));

/** Do the registers say that this is the map? */
export const isExpected = (registers: Registers, expects: InverterMap['expects']): boolean =>
  expects.every(({ at, values }) => {
    const found = registers.get(at);
    return found !== undefined && values.includes(found);
  });

/** Rated power in watts; null: not a positive number. */
export const ratingOf = (registers: Registers, rating: InverterMap['rating']): Watts | null => {
  const value = mapValue(registers, rating, rating.wordOrder);
  return value !== null && value > 0 && value <= RATING_MOST ? watts(value) : null;
};

/** What a value that the device does not have reads as (SunSpec point types; the makers use the same), as `mapValue` gives it before its factor. */
const ABSENT: Readonly<Record<InverterQuantity['type'], readonly number[]>> = {
  int16: [-0x8000],
  uint16: [0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0xffff_ffff],
  float32: [],
};

/** Null: not read, no number, not implemented, or a scale out of range. */
const quantityOf = (registers: Registers, point: InverterQuantity | undefined, map: InverterMap): number | null => {
  if (point === undefined) return null;
  const plain = mapValue(registers, { ...point, factor: 1 }, map.wordOrder);
  if (plain === null || ABSENT[point.type].includes(plain)) return null;
  const value = plain * point.factor;
  if (point.scaleAt === undefined) return value;
  const raw = registers.get(point.scaleAt);
  if (raw === undefined) return null;
  const exponent = raw >= SIGN ? raw - 2 * SIGN : raw;
  return Math.abs(exponent) > SCALE_MOST ? null : applyScale(value, exponent);
};

/** Makes a sample of the registers read last. `refused`: power beyond what the device can give was thrown out. */
export const readInverterMap = (
  registers: Registers,
  map: InverterMap,
  about: { readonly device: DeviceId; readonly takenAt: MonoMs; readonly rating: Watts },
): { readonly sample: InverterSample; readonly refused: boolean } => {
  const value = <T>(name: keyof InverterMap['points'], unit: (value: number) => T): T | null => {
    const number = quantityOf(registers, map.points[name], map);
    return number === null ? null : unit(number);
  };
  const generation = value('W', watts);
  const refused = generation !== null && Math.abs(generation) > PLAUSIBLE_RATING * about.rating;
  const state = registers.get(map.state.at);
  const sample: InverterSample = {
    kind: 'inverter',
    device: about.device,
    takenAt: about.takenAt,
    generation: refused ? null : generation,
    reactive: value('VAr', vars),
    apparent: null,
    current: null,
    voltage: { a: value('PhVphA', volts), b: value('PhVphB', volts), c: value('PhVphC', volts) },
    frequency: value('Hz', hertz),
    lifetimeEnergy: value('WH', wattHours),
    state: map.state.values.find((one) => one.value === state)?.state ?? 'unknown',
  };
  return { sample, refused };
};
