import type { DeviceId, DeviceRecord, DeviceRole, ModelPlace } from '#site/device.ts';
import { type Control, modelOf } from './control-model.ts';
import type { Found } from './discovery.ts';
import { derMeasureModel } from './models/der-measure.ts';
import { inverterFloatModel } from './models/inverter-float.ts';
import { inverterModel } from './models/inverter.ts';
import { meterFloatModel } from './models/meter-float.ts';
import { meterModel, singlePhaseMeterModel } from './models/meter.ts';

/** Families that measure an inverter, best first: integers with scale factors, floats, the DER family. */
const INVERTER_FAMILIES = [inverterModel.ids, inverterFloatModel.ids, derMeasureModel.ids];
const METER_FAMILIES = [[...singlePhaseMeterModel.ids, ...meterModel.ids], meterFloatModel.ids];

/** The first place of one of these models on the device; copies further down the chain are not used. Null: none. */
export const placeOf = (record: DeviceRecord, ids: readonly number[]): ModelPlace | null =>
  record.models.find((place) => ids.includes(place.id)) ?? null;

/** The one model the device is measured through, where several say the same; null: none. */
export const measurementPlace = (record: DeviceRecord): ModelPlace | null => {
  const families = record.role === 'meter' ? METER_FAMILIES : INVERTER_FAMILIES;
  for (const ids of families) {
    const place = placeOf(record, ids);
    if (place !== null) return place;
  }
  return null;
};

export const recordFrom = (device: DeviceId, role: DeviceRole, found: Found): DeviceRecord => ({
  device,
  role,
  ...found.common,
  base: found.base,
  models: found.models,
  nameplate: role === 'meter' ? null : found.nameplate,
  limitScale: role === 'meter' ? null : found.limitScale,
  ...(role === 'storage' && found.storage !== null ? { storage: found.storage } : {}),
});

/**
 * Has the device what its role needs? An inverter: measurements, ratings and a limit with a usable scale; storage: the same with the
 * ratings of storage. A meter: a meter model.
 */
export const suits = (record: DeviceRecord, control: Control | null): boolean => {
  if (measurementPlace(record) === null) return false;
  if (control === null) return true;
  const isRated = record.role === 'storage' ? record.storage !== undefined : record.nameplate !== null;
  return placeOf(record, [modelOf(control)]) !== null && isRated && record.limitScale !== null;
};
