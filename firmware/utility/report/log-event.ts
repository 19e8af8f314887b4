import type { AlarmRecord } from '#control/record.ts';
import { ALARM_BITS } from '#site/alarm.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { UtilitySeconds } from '#base/units.ts';

/** LogEvent.functionSet: Distributed Energy Resources. */
const FUNCTION_SET_DER = 11;
/** The standard's codes are numbered under this private enterprise number (reference 2.4). */
const STANDARD_PEN = 40_732;
/** LogEvent.profileID: IEEE 2030.5. */
const PROFILE = 2;
const ID_MAX = 0xffff;
/** String32. */
const DETAILS_MAX = 32;

/** logEventCode of an alarm (reference 2.4, CSIP Table 14): twice its bit in alarmStatus, one more for its return to normal. Null: no standard code. */
export const logEventCode = (alarm: string, change: AlarmRecord['change']): number | null => {
  const bit = ALARM_BITS.get(alarm);
  return bit === undefined ? null : 2 * bit + (change === 'cleared' ? 1 : 0);
};

/** The LogEvent of an alarm's change, `at` when it happened; null: the standard has no code for it. `seq` numbers it. */
export const logEventFor = (record: AlarmRecord, seq: number, at: UtilitySeconds): ResourceOf<'LogEvent'> | null => {
  const code = logEventCode(record.alarm, record.change);
  if (code === null) return null;
  return {
    createdDateTime: Math.floor(at),
    details: `${record.alarm} ${record.change}`.slice(0, DETAILS_MAX),
    functionSet: FUNCTION_SET_DER,
    logEventCode: code,
    logEventID: seq % (ID_MAX + 1),
    logEventPEN: STANDARD_PEN,
    profileID: PROFILE,
  };
};
