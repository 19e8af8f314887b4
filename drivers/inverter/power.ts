import { watts } from '#base/units.ts';
import type { DeviceRecord, ModelPlace } from '#site/device.ts';
import type { InverterSample } from '#site/sample.ts';
import type { Reply } from '../line/transaction.ts';
import { applyScale, decodeFloat } from '../sunspec/codec.ts';
import { inverterFloatModel } from '../sunspec/models/inverter-float.ts';
import { inverterModel } from '../sunspec/models/inverter.ts';

const REGISTERS = 2;
const NOT_IMPLEMENTED = 0x8000;
const SCALE_MOST = 10;
/** Output beyond this multiple of the rating is no measurement (sunspec.md 2.3). */
const PLAUSIBLE_RATING = 1.5;
const NONE = { a: null, b: null, c: null } as const;

/** Where the power alone stands: W and W_SF of 101-103, W of 111-113; null: the model has no such pair (701). */
export const powerPlace = (place: ModelPlace): ModelPlace | null => {
  const isFloat = inverterFloatModel.ids.includes(place.id);
  if (!isFloat && !inverterModel.ids.includes(place.id)) return null;
  const at = isFloat ? inverterFloatModel.points.W.at : inverterModel.points.W.at;
  return { id: place.id, address: place.address + at, length: REGISTERS - 2 };
};

export const POWER_REGISTERS = REGISTERS;

const signed = (word: number): number => (word << 16) >> 16;

const powerOf = (words: Uint16Array, id: number): number | null => {
  const [value = NOT_IMPLEMENTED, exponent = NOT_IMPLEMENTED] = words;
  if (inverterFloatModel.ids.includes(id)) return decodeFloat(words);
  const scale = signed(exponent);
  if (words.length < REGISTERS || value === NOT_IMPLEMENTED || Math.abs(scale) > SCALE_MOST) return null;
  return applyScale(signed(value), scale);
};

/** A sample of the power alone. State and alarms are those of the last whole reading, everything else was not read. */
export const powerSample = (
  { words, takenAt }: Reply,
  id: number,
  about: { readonly record: DeviceRecord; readonly last: InverterSample },
): InverterSample => {
  const { record, last } = about;
  const power = powerOf(words, id);
  const plausible = power !== null && Math.abs(power) <= PLAUSIBLE_RATING * (record.nameplate?.ratedPower ?? 0);
  return {
    kind: 'inverter',
    device: record.device,
    takenAt,
    generation: plausible ? watts(power) : null,
    reactive: null,
    apparent: null,
    current: null,
    voltage: NONE,
    frequency: null,
    lifetimeEnergy: null,
    state: last.state,
    ...(last.alarms === undefined ? {} : { alarms: last.alarms }),
  };
};
