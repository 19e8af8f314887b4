import { percent, wattHours } from '#base/units.ts';
import type { Percent, WattHours } from '#base/units.ts';
import type { StandardAlarm } from '#site/alarm.ts';
import type { DeviceRecord, ModelPlace } from '#site/device.ts';
import type { StorageMode } from '#site/sample.ts';
import { decodeModel } from '../sunspec/codec.ts';
import { batteryAlarms } from '../sunspec/events.ts';
import { batteryModel } from '../sunspec/models/battery.ts';
import { derStorageModel } from '../sunspec/models/der-storage.ts';
import { storageModel } from '../sunspec/models/storage.ts';
import { placeOf } from '../sunspec/record.ts';

/** How full storage is, as its slow models say. */
export interface Charge {
  readonly stateOfCharge: Percent | null;
  readonly stored: WattHours | null;
  readonly mode: StorageMode;
  /** What the battery itself reports; absent: it reports nothing. */
  readonly alarms?: readonly StandardAlarm[];
  /** It says that it has an error; absent: it says nothing of it. */
  readonly isFaulty?: boolean;
}

export const NO_CHARGE: Charge = { stateOfCharge: null, stored: null, mode: 'unknown' };

const FIRST_CHA_ST = 1;
const MODES: readonly StorageMode[] = ['off', 'empty', 'discharging', 'charging', 'full', 'holding', 'testing'];
/** Sta of 713 and State of 802. */
const STORE_ERROR = 2;
const BATTERY_FAULT = 99;
/** 713 does not say it in words, per cent. */
const FULL_PERCENT = 99.5;
const EMPTY_PERCENT = 0.5;

const modeOf = (chaSt: number | null): StorageMode => (chaSt === null ? 'unknown' : (MODES[chaSt - FIRST_CHA_ST] ?? 'unknown'));

const within = (value: number | null): number | null => (value !== null && value >= 0 && value <= 100 ? value : null);

/** The one model that says how full it is, best first; null: none does. */
export const chargePlace = (record: DeviceRecord): ModelPlace | null =>
  placeOf(record, derStorageModel.ids) ?? placeOf(record, batteryModel.ids) ?? placeOf(record, storageModel.ids);

/** The battery itself (802), where another model says how full it is: asked for its alarms alone. Null: none beside it. */
export const batteryBeside = (record: DeviceRecord): ModelPlace | null => {
  const battery = placeOf(record, batteryModel.ids);
  return battery === chargePlace(record) ? null : battery;
};

/** How full it is, with what the battery itself told beside that. */
export const withBattery = (charge: Charge, battery: Charge | null): Charge =>
  battery === null
    ? charge
    : {
        ...charge,
        alarms: battery.alarms ?? [],
        isFaulty: charge.isFaulty === true || battery.isFaulty === true,
      };

const of = (level: number | null, chaSt: StorageMode, capacity: WattHours | null): Charge => {
  const stateOfCharge = within(level);
  const stored = stateOfCharge === null || capacity === null ? null : wattHours((capacity * stateOfCharge) / 100);
  return { stateOfCharge: stateOfCharge === null ? null : percent(stateOfCharge), stored, mode: chaSt };
};

/** Of registers read from the ID of 713, 802 or 124; null: not that model. `capacity`: of the record. */
export const readCharge = (words: Uint16Array, place: ModelPlace, capacity: WattHours | null): Charge | null => {
  if (derStorageModel.ids.includes(place.id)) {
    const decoded = decodeModel(derStorageModel, words, place);
    if (!decoded.ok) return null;
    const { SoC, WHAvail, Sta } = decoded.value.values;
    const level = within(SoC);
    const mode = level === null ? 'unknown' : level >= FULL_PERCENT ? 'full' : level <= EMPTY_PERCENT ? 'empty' : 'holding';
    const charge = { ...of(SoC, mode, capacity), ...(Sta === null ? {} : { isFaulty: Sta === STORE_ERROR }) };
    return WHAvail === null ? charge : { ...charge, stored: wattHours(WHAvail) };
  }
  if (batteryModel.ids.includes(place.id)) {
    const decoded = decodeModel(batteryModel, words, place);
    if (!decoded.ok) return null;
    const { SoC, ChaSt, Evt1, State } = decoded.value.values;
    return { ...of(SoC, modeOf(ChaSt), capacity), alarms: batteryAlarms(Evt1), isFaulty: State === BATTERY_FAULT };
  }
  const decoded = decodeModel(storageModel, words, place);
  return decoded.ok ? of(decoded.value.values.ChaState, modeOf(decoded.value.values.ChaSt), capacity) : null;
};
