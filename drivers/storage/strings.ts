import { type Percent, percent } from '#base/units.ts';
import type { StandardAlarm } from '#site/alarm.ts';
import type { DeviceRecord, ModelPlace } from '#site/device.ts';
import { decodeModel } from '../sunspec/codec.ts';
import { batteryAlarms } from '../sunspec/events.ts';
import { batteryBankModel } from '../sunspec/models/battery-bank.ts';
import { batteryStringModel } from '../sunspec/models/battery-string.ts';
import { HEADER_REGISTERS, spanTo } from '../sunspec/points.ts';
import { placeOf } from '../sunspec/record.ts';

/** Strings with a model of their own (804) that are asked. */
const STRINGS_MAX = 4;
/** StrConFail and ConFail: a button pushed (1) and a string switched off (4) are somebody's will, no fault. */
const CONNECTION_FAULTS: readonly (number | null)[] = [2, 3, 5, 6, 7, 8];
/** StrDisRsn of a bank. */
const DISABLED_BY_FAULT = 1;
const FULL_PERCENT = 100;

/** What the strings of a battery tell. */
export interface StringsTell {
  readonly alarms: readonly StandardAlarm[];
  /** One of them has a fault, or cannot be connected. */
  readonly isFaulty: boolean;
  /** Mean of the strings that say it; null: none does. */
  readonly stateOfCharge: Percent | null;
}

interface OneString {
  readonly SoC: number | null;
  readonly events: number | null;
  readonly isFaulty: boolean;
}

/** The models in which a device tells of its strings: the bank (803), which has them all, or some strings (804); none: it does not. */
export const stringPlaces = (record: DeviceRecord): readonly ModelPlace[] => {
  const bank = placeOf(record, batteryBankModel.ids);
  return bank === null ? record.models.filter(({ id }) => batteryStringModel.ids.includes(id)).slice(0, STRINGS_MAX) : [bank];
};

/** Is this model one of strings? */
export const isOfStrings = ({ id }: ModelPlace): boolean =>
  batteryBankModel.ids.includes(id) || batteryStringModel.ids.includes(id);

/** Registers to read of such a model: of a bank three strings, of a string all but its modules. */
export const stringRegisters = ({ id, length }: ModelPlace): number =>
  Math.min(
    HEADER_REGISTERS + length,
    batteryBankModel.ids.includes(id) ? spanTo(batteryBankModel, 'Pad2_3') : spanTo(batteryStringModel, 'ModTmp_SF'),
  );

const summed = (strings: readonly OneString[]): StringsTell => {
  const levels = strings.map(({ SoC }) => SoC).filter((level) => level !== null && level >= 0 && level <= FULL_PERCENT);
  const mean = levels.reduce<number>((sum, level) => sum + (level ?? 0), 0) / levels.length;
  return {
    alarms: [...new Set(strings.flatMap(({ events }) => batteryAlarms(events)))],
    isFaulty: strings.some(({ isFaulty }) => isFaulty),
    stateOfCharge: levels.length === 0 ? null : percent(mean),
  };
};

/** Of registers read from the ID of 803 or 804; null: not that model. */
export const readStrings = (words: Uint16Array, place: ModelPlace): StringsTell | null => {
  if (batteryStringModel.ids.includes(place.id)) {
    const decoded = decodeModel(batteryStringModel, words, place);
    if (!decoded.ok) return null;
    const { SoC, Evt1, ConFail } = decoded.value.values;
    return summed([{ SoC, events: Evt1, isFaulty: CONNECTION_FAULTS.includes(ConFail) }]);
  }
  const decoded = decodeModel(batteryBankModel, words, place);
  if (!decoded.ok) return null;
  const { values } = decoded.value;
  const strings = [
    [values.StrSoC_1, values.StrEvt1_1, values.StrConFail_1, values.StrDisRsn_1],
    [values.StrSoC_2, values.StrEvt1_2, values.StrConFail_2, values.StrDisRsn_2],
    [values.StrSoC_3, values.StrEvt1_3, values.StrConFail_3, values.StrDisRsn_3],
  ] as const;
  // Registers past the last string are another model's.
  const own = strings.slice(0, values.NStr ?? 0);
  return summed(
    own.map(([SoC, events, failure, reason]) => ({
      ...{ SoC, events },
      isFaulty: CONNECTION_FAULTS.includes(failure) || reason === DISABLED_BY_FAULT,
    })),
  );
};
