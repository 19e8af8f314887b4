import { hertz, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { DeviceRecord, LeastFactor, ModelPlace, Nameplate, StorageRating } from '#site/device.ts';
import { decodeModel } from './codec.ts';
import type { Control, ControlModel, StorageControl } from './control-model.ts';
import { batteryModel } from './models/battery.ts';
import { derCapacityModel } from './models/der-capacity.ts';
import { derStorageModel } from './models/der-storage.ts';
import { nameplateModel } from './models/nameplate.ts';
import { settingsModel } from './models/settings.ts';
import { storageModel } from './models/storage.ts';
import { spanTo } from './points.ts';
import type { Model, ModelValues, PointTable } from './points.ts';

/** Models whose bodies hold what a device record keeps. */
export const BODY_MODELS = [120, 121, 123, 124, 702, 704, 713, 802] as const;

export interface Body {
  readonly place: ModelPlace;
  readonly words: Uint16Array;
}

/** The body of a model of the chain; null: it has none, or it was not read. */
export type Bodies = (model: number) => Body | null;

const valuesOf = <P extends PointTable>(model: Model<P>, body: Body | null): ModelValues<P> | null => {
  const decoded = body === null ? null : decodeModel(model, body.words, body.place);
  return decoded?.ok === true ? decoded.value.values : null;
};

const positive = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && value > 0 ? value : null;
const magnitude = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : Math.abs(value);
const map = <T>(value: number | null, unit: (value: number) => T): T | null => (value === null ? null : unit(value));

/** Signs tell the quadrant and differ by maker; more than 1, or nothing, is none. */
const leastFactor = (given: number | null | undefined, taken: number | null | undefined): { leastFactor?: LeastFactor } => {
  const [overExcited, underExcited] = [given, taken].map((one) => magnitude(one) ?? 0);
  const isFactor = (one: number | undefined): one is number => one !== undefined && one > 0 && one <= 1;
  return isFactor(overExcited) && isFactor(underExcited) ? { leastFactor: { overExcited, underExcited } } : {};
};

/**
 * Ratings of the family the device is limited through, the other family's when that one states no power. Null when neither does:
 * no cap can then be turned into per cent.
 */
export const readNameplate = (bodies: Bodies, control: Control): Nameplate | null => {
  const legacy = (): Nameplate | null => readLegacy(bodies(120), bodies(121));
  const der = (): Nameplate | null => readCapacity(bodies(702));
  return control === 704 || control === '704-power' ? (der() ?? legacy()) : (legacy() ?? der());
};

/** Of the nameplate (120) and settings (121) models; where one of WRtg and WMax is missing the other stands for both. */
const readLegacy = (nameplate: Body | null, settings: Body | null): Nameplate | null => {
  const rated = valuesOf(nameplateModel, nameplate);
  const set = valuesOf(settingsModel, settings);
  const ratedPower = positive(rated?.WRtg);
  const maxPower = positive(set?.WMax);
  const either = ratedPower ?? maxPower;
  if (either === null) return null;
  return {
    ratedPower: watts(either),
    maxPower: watts(maxPower ?? either),
    ratedApparent: map(positive(rated?.VARtg), voltAmperes),
    referenceVoltage: map(positive(set?.VRef), volts),
    nominalFrequency: map(positive(set?.ECPNomHz), hertz),
    ratedVarInjected: magnitude(rated?.VArRtgQ1),
    ratedVarAbsorbed: magnitude(rated?.VArRtgQ4),
    ...leastFactor(rated?.PFRtgQ1, rated?.PFRtgQ4),
  };
};

/** Of the capacity model (702): ratings and settings in one. */
const readCapacity = (capacity: Body | null): Nameplate | null => {
  const values = valuesOf(derCapacityModel, capacity);
  const ratedPower = positive(values?.WMaxRtg);
  const maxPower = positive(values?.WMax);
  const either = ratedPower ?? maxPower;
  if (either === null) return null;
  return {
    ratedPower: watts(either),
    maxPower: watts(maxPower ?? either),
    ratedApparent: map(positive(values?.VAMaxRtg), voltAmperes),
    referenceVoltage: map(positive(values?.VNomRtg), volts),
    nominalFrequency: null,
    ratedVarInjected: magnitude(values?.VarMaxInjRtg),
    ratedVarAbsorbed: magnitude(values?.VarMaxAbsRtg),
    ...leastFactor(values?.PFOvrExtRtg, values?.PFUndExtRtg),
  };
};

/** Where the setting WMax is read, from the model's ID to its scale factor. */
export interface SettingsRead {
  readonly place: ModelPlace;
  readonly registers: number;
}

/** WMax is the base of the limit's per cent: of 121 for a device limited through 123, of 702 for one through 704. Null: it has no such model. */
export const settingsRead = (record: DeviceRecord, control: ControlModel): SettingsRead | null => {
  const find = (id: number): ModelPlace | undefined => record.models.find((place) => place.id === id);
  const [first, second] = control === 704 ? [702, 121] : [121, 702];
  const place = find(first) ?? find(second);
  if (place === undefined) return null;
  const registers = place.id === 121 ? spanTo(settingsModel, 'WMax_SF') : spanTo(derCapacityModel, 'W_SF');
  return { place, registers };
};

/** WMax of such a read; null: not the model, not implemented or not positive. */
export const maxPowerOf = (words: Uint16Array, place: ModelPlace): number | null => {
  const decoded = place.id === 121 ? decodeModel(settingsModel, words, place) : decodeModel(derCapacityModel, words, place);
  return decoded.ok ? positive(decoded.value.values.WMax) : null;
};

/**
 * What storage takes and gives at most. The bases of 124 are WChaMax and the discharge rate of nameplate (120) or battery (802), WChaMax
 * where neither says; those of 704 are the rates of 702. Null: it does not say what it takes.
 */
export const readStorageRating = (bodies: Bodies, control: StorageControl): StorageRating | null => {
  const battery = valuesOf(batteryModel, bodies(802));
  const rated = valuesOf(nameplateModel, bodies(120));
  const rates =
    control === 124
      ? [valuesOf(storageModel, bodies(124))?.WChaMax, rated?.MaxDisChaRte ?? battery?.WDisChaRteMax]
      : capacityRates(valuesOf(derCapacityModel, bodies(702)));
  const maxCharge = positive(rates[0]);
  if (maxCharge === null) return null;
  const held = [valuesOf(derStorageModel, bodies(713))?.WHRtg, battery?.WHRtg, rated?.WHRtg].map(positive);
  const capacity = held.find((one) => one !== null) ?? null;
  return {
    maxCharge: watts(maxCharge),
    maxDischarge: watts(positive(rates[1]) ?? maxCharge),
    capacity: map(capacity, wattHours),
  };
};

const capacityRates = (
  values: ModelValues<(typeof derCapacityModel)['points']> | null,
): readonly (number | null | undefined)[] => [
  positive(values?.WChaRteMax) ?? values?.WChaRteMaxRtg,
  positive(values?.WDisChaRteMax) ?? values?.WDisChaRteMaxRtg,
];
