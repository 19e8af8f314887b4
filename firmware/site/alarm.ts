/**
 * The conditions IEEE 2030.5 has an alarm for, by our name, in the order of their bits in DERStatus.alarmStatus (2018 Table "AlarmStatus"). The code
 * of the LogEvent is twice the bit, one more for the return to normal. Our other alarms have no standard code.
 */
export const STANDARD_ALARMS = [
  'over-current',
  'over-voltage',
  'under-voltage',
  'over-frequency',
  'under-frequency',
  'voltage-imbalance',
  'current-imbalance',
  'local-emergency',
  'remote-emergency',
  'low-input-power',
  'phase-rotation',
] as const;
export type StandardAlarm = (typeof STANDARD_ALARMS)[number];

export const ALARM_BITS: ReadonlyMap<string, number> = new Map(STANDARD_ALARMS.map((alarm, bit) => [alarm, bit]));

/** DERStatus.alarmStatus of the alarms that stand. */
export const alarmStatus = (standing: readonly string[]): number =>
  standing.reduce((bits, alarm) => bits | (ALARM_BITS.has(alarm) ? 1 << (ALARM_BITS.get(alarm) ?? 0) : 0), 0);
