import type { AlarmRecord } from '#control/record.ts';

/** Alarms standing at once; beyond it a new one is recorded as raised each time but not kept (design D10). */
export const ALARMS_MAX = 256;

/** Alarms that stand: name and device to the text they were raised with. Immutable. */
export type AlarmState = ReadonlyMap<string, AlarmRecord>;

export interface AlarmStep {
  readonly state: AlarmState;
  /** Null: nothing changed, nothing to record. */
  readonly record: AlarmRecord | null;
}

const keyOf = (alarm: string, device: string | null): string => `${alarm}\n${device ?? ''}`;

export const noAlarms = (): AlarmState => new Map();

/** Raises an alarm, once: a standing one is neither recorded again nor changed (ieee2030_5 3.13). */
export const raise = (state: AlarmState, alarm: string, device: string | null, text: string): AlarmStep => {
  const key = keyOf(alarm, device);
  if (state.has(key)) return { state, record: null };
  const record: AlarmRecord = { kind: 'alarm', alarm, change: 'raised', device, text };
  if (state.size >= ALARMS_MAX) return { state, record };
  return { state: new Map(state).set(key, record), record };
};

/** Return to normal; nothing where the alarm does not stand. */
export const clear = (state: AlarmState, alarm: string, device: string | null, text: string): AlarmStep => {
  const key = keyOf(alarm, device);
  if (!state.has(key)) return { state, record: null };
  const rest = new Map(state);
  rest.delete(key);
  return { state: rest, record: { kind: 'alarm', alarm, change: 'cleared', device, text } };
};

/** Raises or clears, as `standing` says. */
export const setAlarm = (state: AlarmState, standing: boolean, alarm: string, device: string | null, text: string): AlarmStep =>
  standing ? raise(state, alarm, device, text) : clear(state, alarm, device, text);

/** Standing alarms in the order they were raised: `name` or `name (device)`. */
export const alarmNames = (state: AlarmState): readonly string[] =>
  [...state.values()].map(({ alarm, device }) => (device === null ? alarm : `${alarm} (${device})`));
