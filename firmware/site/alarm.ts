/**
 * The conditions IEEE 2030.5 has an alarm for, by our name, with their bit in DERStatus.alarmStatus (2018 Table "AlarmStatus"). The code
 * of the LogEvent is twice the bit, one more for the return to normal. Our other alarms have no standard code.
 */
export const ALARM_BITS: ReadonlyMap<string, number> = new Map([
  ['over-current', 0],
  ['over-voltage', 1],
  ['under-voltage', 2],
  ['over-frequency', 3],
  ['under-frequency', 4],
  ['voltage-imbalance', 5],
  ['current-imbalance', 6],
  ['local-emergency', 7],
  ['remote-emergency', 8],
  ['low-input-power', 9],
  ['phase-rotation', 10],
]);

/** DERStatus.alarmStatus of the alarms that stand. */
export const alarmStatus = (standing: readonly string[]): number =>
  standing.reduce((bits, alarm) => bits | (ALARM_BITS.has(alarm) ? 1 << (ALARM_BITS.get(alarm) ?? 0) : 0), 0);
