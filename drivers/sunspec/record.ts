import type { DeviceId, DeviceRecord, DeviceRole, ModelPlace } from '#site/device.ts';
import type { Found } from './discovery.ts';
import { controlsModel } from './models/controls.ts';
import { inverterModel } from './models/inverter.ts';
import { meterModel, singlePhaseMeterModel } from './models/meter.ts';

/** Models that measure a meter's connection point. */
export const METER_IDS = [...singlePhaseMeterModel.ids, ...meterModel.ids];

/** The first place of one of these models on the device; copies further down the chain are not used. Null: none. */
export const placeOf = (record: DeviceRecord, ids: readonly number[]): ModelPlace | null =>
  record.models.find((place) => ids.includes(place.id)) ?? null;

export const recordFrom = (device: DeviceId, role: DeviceRole, found: Found): DeviceRecord => ({
  device,
  role,
  ...found.common,
  base: found.base,
  models: found.models,
  nameplate: role === 'inverter' ? found.nameplate : null,
  limitScale: role === 'inverter' ? found.limitScale : null,
});

/** Has the device what its role needs? An inverter: measurements, ratings and a limit with a usable scale. A meter: a meter model. */
export const suits = (record: DeviceRecord): boolean => {
  if (record.role === 'meter') return placeOf(record, METER_IDS) !== null;
  return (
    placeOf(record, inverterModel.ids) !== null &&
    placeOf(record, controlsModel.ids) !== null &&
    record.nameplate !== null &&
    record.limitScale !== null
  );
};
