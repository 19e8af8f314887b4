import { percent, wattHours } from '#base/units.ts';
import type { Percent, WattHours } from '#base/units.ts';
import type { StandardAlarm } from '#site/alarm.ts';
import type { DeviceRecord, ModelPlace } from '#site/device.ts';
import type { StorageMode } from '#site/sample.ts';
import { decodeModel } from '../sunspec/codec.ts';
import { batteryAlarms, portAlarms } from '../sunspec/events.ts';
import { batteryModel } from '../sunspec/models/battery.ts';
import { derDcModel } from '../sunspec/models/der-dc.ts';
import { derStorageModel } from '../sunspec/models/der-storage.ts';
import { storageModel } from '../sunspec/models/storage.ts';
import { HEADER_REGISTERS, spanTo } from '../sunspec/points.ts';
import { placeOf } from '../sunspec/record.ts';
import { isOfStrings, readStrings, stringPlaces, stringRegisters } from './strings.ts';

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

/** What a battery tells of itself beside how full it is. */
export type Condition = Required<Pick<Charge, 'alarms' | 'isFaulty'>> & Partial<Pick<Charge, 'stateOfCharge'>>;

/** The models of it, but for the one that says how full it is: the battery (802), its strings (803, 804) and the DC ports (714). */
export const conditionPlaces = (record: DeviceRecord): readonly ModelPlace[] =>
  [placeOf(record, batteryModel.ids), ...stringPlaces(record), placeOf(record, derDcModel.ids)].filter(
    (place) => place !== null && place !== chargePlace(record),
  ) as readonly ModelPlace[];

/** Registers to read of such a model: of 714 four ports. */
export const conditionRegisters = (place: ModelPlace): number =>
  isOfStrings(place)
    ? stringRegisters(place)
    : Math.min(HEADER_REGISTERS + place.length, derDcModel.ids.includes(place.id) ? spanTo(derDcModel, 'DCAlrm_4') : Infinity);

/** Port type of a battery, and the state of a port that has an error. */
const PORT_ESS = 1;
const PORT_ERROR = 3;

/** Of registers read from the ID of 802, 803, 804 or 714; null: not that model, or nothing of a battery in it. */
export const readCondition = (words: Uint16Array, place: ModelPlace): Condition | null => {
  if (isOfStrings(place)) return readStrings(words, place);
  if (!derDcModel.ids.includes(place.id)) {
    const charge = readCharge(words, place, null);
    return charge === null ? null : { alarms: charge.alarms ?? [], isFaulty: charge.isFaulty ?? false };
  }
  const decoded = decodeModel(derDcModel, words, place);
  if (!decoded.ok) return null;
  const { values } = decoded.value;
  const ports = [
    [values.PrtTyp_1, values.DCSta_1, values.DCAlrm_1],
    [values.PrtTyp_2, values.DCSta_2, values.DCAlrm_2],
    [values.PrtTyp_3, values.DCSta_3, values.DCAlrm_3],
    [values.PrtTyp_4, values.DCSta_4, values.DCAlrm_4],
  ] as const;
  // Registers past the last port are another model's.
  const own = ports.slice(0, values.NPrt ?? 0).filter(([type]) => type === PORT_ESS);
  if (own.length === 0) return null;
  return {
    alarms: own.flatMap(([, , events]) => portAlarms(events)),
    isFaulty: own.some(([, state]) => state === PORT_ERROR),
  };
};

/** How full it is, with what its other models told of its condition; where nothing else says how full it is, its strings do. */
export const withConditions = (charge: Charge, conditions: Iterable<Condition>): Charge => {
  const all = [...conditions];
  if (all.length === 0) return charge;
  const levels = all.map(({ stateOfCharge }) => stateOfCharge ?? null).filter((level) => level !== null);
  const mean = levels.length === 0 ? null : percent(levels.reduce<number>((sum, level) => sum + level, 0) / levels.length);
  return {
    ...charge,
    stateOfCharge: charge.stateOfCharge ?? mean,
    alarms: [...new Set([...(charge.alarms ?? []), ...all.flatMap(({ alarms }) => alarms)])],
    isFaulty: charge.isFaulty === true || all.some(({ isFaulty }) => isFaulty),
  };
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
